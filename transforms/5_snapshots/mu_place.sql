-- title: Places in per-mu rankings | 亩均评价排名
-- one row is: one enterprise that a per-mu scheme scores, in one complete year
-- answers: in which place and class is it among those ranked with it, and from how many points on is the next class?
-- key: enterprise_id, year_number, scheme_code
-- rules: mu_points is the sum of its points (snapshots.mu_indicator). rank_place counts from the best; equal points
--   share a place. Ranked together are the enterprises of one scheme, version and year with land, and those without
--   apart (ranking_code); ranked_count says how many. Class by the share of the ranks before it (rules/mu_scheme.yml):
--   of four enterprises one is A and nobody D. next_points are those of the lowest in the next better class.
--   supplied_weight is how much of the scheme's weight has a value of this enterprise. Years with suspect figures have
--   a row, and no points.
-- known gaps: A class of few is chance: look at ranked_count.
-- checked by: tests/models/snapshots.mu_score, tests/transforms/test_mu_schemes.py
with summed as (
    select
        enterprise_id,
        year_number,
        scheme_code,
        scheme_version,
        ranking_code,
        sum(indicator_points) as mu_points,
        sum(case when indicator_value is not null then indicator_weight else 0 end) as supplied_weight,
        max(as_of) as as_of,
        max(rule_version) as rule_version
    from snapshots.mu_indicator
    group by enterprise_id, year_number, scheme_code, scheme_version, ranking_code
),

placed as (
    select
        *,
        rank() over (
            partition by scheme_code, scheme_version, year_number, ranking_code order by mu_points desc
        ) as place,
        count(*) over (partition by scheme_code, scheme_version, year_number, ranking_code) as ranked_count
    from summed
    where ranking_code <> 'not_ranked'
),

classed as (
    select
        p.*,
        case
            when (p.place - 1) * 100 < s.class_a_pct * p.ranked_count then 'A'
            when (p.place - 1) * 100 < s.class_b_pct * p.ranked_count then 'B'
            when (p.place - 1) * 100 < s.class_c_pct * p.ranked_count then 'C'
            else 'D'
        end as class_code
    from placed as p
    inner join rules.mu_scheme as s on p.scheme_code = s.scheme_code and p.scheme_version = s.scheme_version
),

class_floor as (
    select
        scheme_code,
        scheme_version,
        year_number,
        ranking_code,
        class_code,
        min(mu_points) as floor_points
    from classed
    group by scheme_code, scheme_version, year_number, ranking_code, class_code
),

next_class as (
    select
        c.scheme_code,
        c.scheme_version,
        c.year_number,
        c.ranking_code,
        c.class_code,
        max(b.class_code) as next_class_code,
        min(b.floor_points) as next_points
    from class_floor as c
    inner join class_floor as b
        on
            c.scheme_code = b.scheme_code and c.scheme_version = b.scheme_version and c.year_number = b.year_number
            and c.ranking_code = b.ranking_code and c.class_code > b.class_code
    group by c.scheme_code, c.scheme_version, c.year_number, c.ranking_code, c.class_code
)

select
    s.enterprise_id,
    s.year_number,
    s.scheme_code,
    s.scheme_version,
    s.ranking_code,
    s.mu_points,
    cast(s.supplied_weight as decimal(9, 4)) as supplied_weight,
    cast(c.place as integer) as rank_place,
    cast(c.ranked_count as integer) as ranked_count,
    c.class_code as mu_class_code,
    n.next_class_code,
    n.next_points,
    s.as_of,
    s.rule_version
from summed as s
left join classed as c
    on s.enterprise_id = c.enterprise_id and s.year_number = c.year_number and s.scheme_code = c.scheme_code
left join next_class as n
    on
        c.scheme_code = n.scheme_code and c.scheme_version = n.scheme_version and c.year_number = n.year_number
        and c.ranking_code = n.ranking_code and c.class_code = n.class_code
