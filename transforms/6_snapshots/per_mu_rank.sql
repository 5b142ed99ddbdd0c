-- title: Places in per-mu rankings | 亩均评价排名
-- one row is: one enterprise that a per-mu scheme scores, in one complete year
--   | 一家参评企业一个完整年度在一种评价办法下的名次
-- answers: what is its rank and class among those ranked with it, and from how many points on is the next class?
--   | 在同组企业中排第几名、属于哪一档，多少分可到上一档？
-- key: enterprise_id, year_number, scheme_code
-- rules:
--   * mu_points: the sum of its points (snapshots.per_mu_indicator).
--   * mu_rank: counted from the best; equal points share a place. Ranked together are the enterprises of one scheme,
--     version and year with land, and those without apart (ranking_code); ranked_count says how many.
--   * mu_class_code: by the share of the ranks before it (rules/per_mu_scheme.yml). Of four enterprises one is A,
--   none D.
--   * next_points: the points of the lowest in the next better class.
--   * supplied_weight: how much of the scheme's weight has a value of this enterprise.
--   * Years with suspect figures have a row, and no points.
--   | * 得分：各项指标得分合计。
--   * 名次：从最好排起，同分同名次；同一办法、同一年度内，有用地的与无用地的分开排。
--   * 档次：按排在其前面的户数占比划分（评价办法规则）；共四户时一户为A类，没有D类。
--   * 上一档最低得分：高一档企业中的最低分。
--   * 有数权重：这家企业有数指标的权重合计。
--   * 有存疑数据的年度有行而无得分。
-- example: of 20 ranked together 1 to 5 are A (25 %), 6 to 14 B (70 %), 15 to 19 C (95 %), the last one D.
--   | 同组20家：第1至5名为A（25%），第6至14名为B（70%），第15至19名为C（95%），最后一名为D。
-- known gaps: A class of few is chance: look at ranked_count. | 参评户数很少时，档次带有偶然性，须同时看参评户数。
-- checked by: tests/models/snapshots.per_mu_score, tests/transforms/test_mu_schemes.py
with enterprise_score as (
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
    from snapshots.per_mu_indicator
    group by enterprise_id, year_number, scheme_code, scheme_version, ranking_code
),

ranked_enterprise as (
    select
        *,
        rank() over (
            partition by scheme_code, scheme_version, year_number, ranking_code order by mu_points desc
        ) as row_rank,
        count(*) over (partition by scheme_code, scheme_version, year_number, ranking_code) as ranked_count
    from enterprise_score
    where ranking_code <> 'not_ranked'
),

classed_enterprise as (
    select
        p.*,
        case
            when (p.row_rank - 1) * 100 < s.class_a_pct * p.ranked_count then 'A'
            when (p.row_rank - 1) * 100 < s.class_b_pct * p.ranked_count then 'B'
            when (p.row_rank - 1) * 100 < s.class_c_pct * p.ranked_count then 'C'
            else 'D'
        end as class_code
    from ranked_enterprise as p
    inner join rules.per_mu_scheme as s on p.scheme_code = s.scheme_code and p.scheme_version = s.scheme_version
),

class_floor as (
    select
        scheme_code,
        scheme_version,
        year_number,
        ranking_code,
        class_code,
        min(mu_points) as floor_points
    from classed_enterprise
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
    cast(s.supplied_weight as decimal(30, 4)) as supplied_weight,
    cast(c.row_rank as integer) as mu_rank,
    cast(c.ranked_count as integer) as ranked_count,
    c.class_code as mu_class_code,
    n.next_class_code,
    n.next_points,
    s.as_of,
    s.rule_version
from enterprise_score as s
left join classed_enterprise as c
    on s.enterprise_id = c.enterprise_id and s.year_number = c.year_number and s.scheme_code = c.scheme_code
left join next_class as n
    on
        c.scheme_code = n.scheme_code and c.scheme_version = n.scheme_version and c.year_number = n.year_number
        and c.ranking_code = n.ranking_code and c.class_code = n.class_code
