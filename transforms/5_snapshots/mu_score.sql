-- title: Per-mu score | 亩均评价得分
-- one row is: one enterprise that a per-mu scheme scores, in one complete year
-- answers: how well does it use its land by a county's rules, in which class is it, and what would lift it one class?
-- key: enterprise_id, year_number, scheme_code
-- rules: mu_points is the sum of its points (snapshots.mu_indicator). rank_place counts from the best; equal points
--   share a place. Ranked together are the enterprises of one scheme, version and year with land, and those without
--   apart (ranking_code); ranked_count says how many. Class by the share of the ranks before it (rules/mu_scheme.yml):
--   of four enterprises one is A and nobody D. supplied_weight is how much of the scheme's weight has a value of this
--   enterprise, and missing_* names the indicators that no silo supplies. What lifts: the points up to the lowest of
--   the next better class, and for each single indicator how much more of its numerator, or less of its denominator,
--   would bring them; the one that asks for the smallest change relative to today is told. Nobody is told to have
--   fewer people. Years with suspect figures have a row, and no points.
-- known gaps: Of two indicators that share a figure (tax per mu, tax per kWh) each is moved by itself: less is needed
--   than told. In a min-max the lowest and highest are held still. That others improve too is not foreseen. A class of
--   few is chance: look at ranked_count.
-- column tax_paid_amount: tax of all kinds paid for periods that end in the year, yuan | 年税收
-- column electricity_kwh: electricity used in the year, kWh | 年用电量
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
),

-- the value that each indicator, moved alone, would need
needed as (
    select
        c.enterprise_id,
        c.year_number,
        c.scheme_code,
        i.indicator_code,
        cast(i.numerator_value as double) as numerator_value,
        cast(i.denominator_value as double) as denominator_value,
        cast(i.indicator_value as double) as indicator_value,
        case
            when i.benchmark_value is not null
                then
                    cast(i.indicator_points + n.next_points - c.mu_points as double) * cast(i.benchmark_value as double)
                    / nullif(cast(i.indicator_weight_used as double), 0)
            else
                cast(i.lowest_value as double)
                + (
                    cast(i.indicator_points + n.next_points - c.mu_points as double) * 100
                    / nullif(cast(i.indicator_weight_used as double), 0) - s.base_points
                )
                / nullif(100.0 - s.base_points, 0)
                * cast(i.highest_value - i.lowest_value as double)
        end as needed_value
    from classed as c
    inner join next_class as n
        on
            c.scheme_code = n.scheme_code and c.scheme_version = n.scheme_version and c.year_number = n.year_number
            and c.ranking_code = n.ranking_code and c.class_code = n.class_code
    inner join snapshots.mu_indicator as i
        on c.enterprise_id = i.enterprise_id and c.year_number = i.year_number and c.scheme_code = i.scheme_code
    inner join rules.mu_scheme as s on c.scheme_code = s.scheme_code and c.scheme_version = s.scheme_version
    where
        i.indicator_value is not null
        and (
            i.indicator_points_max is null
            or i.indicator_points + n.next_points - c.mu_points <= i.indicator_points_max
        )
),

lever as (
    select
        *,
        row_number() over (
            partition by enterprise_id, year_number, scheme_code
            order by
                case when indicator_value > 0 then 0 else 1 end asc,
                needed_value / nullif(indicator_value, 0) asc,
                indicator_code asc
        ) as place
    from needed
    where needed_value > indicator_value
),

-- space is told in m2 of leased area, not in mu of land
amounts as (
    select
        l.enterprise_id,
        l.year_number,
        l.scheme_code,
        l.indicator_code,
        m.name_en,
        m.name_zh,
        m.more_en,
        m.more_zh,
        m.less_en,
        m.less_zh,
        cast(cast(
            ceil(cast(l.needed_value * l.denominator_value - l.numerator_value as decimal(18, 4))) as decimal(18, 0)
        ) as varchar) as more_text,
        cast(cast(
            ceil(cast(
                case
                    when l.numerator_value > 0
                        then
                            (l.denominator_value - l.numerator_value / nullif(l.needed_value, 0))
                            * case
                                when m.denominator_code = 'land'
                                    then cast(y.mean_leased_area_m2 as double) / nullif(cast(y.land_mu as double), 0)
                                else 1
                            end
                end
                as decimal(18, 4)
            )) as decimal(18, 0)
        ) as varchar) as less_text
    from lever as l
    inner join rules.mu_measure as m on l.indicator_code = m.indicator_code
    inner join snapshots.enterprise_year as y on l.enterprise_id = y.enterprise_id and l.year_number = y.year_number
    where l.place = 1
),

missing as (
    select
        i.scheme_code,
        i.scheme_version,
        string_agg(m.name_en, ', ' order by i.indicator_code) as missing_en,
        string_agg(m.name_zh, '、' order by i.indicator_code) as missing_zh
    from rules.mu_indicator as i
    inner join rules.mu_measure as m on i.indicator_code = m.indicator_code
    where m.numerator_code is null
    group by i.scheme_code, i.scheme_version
)

select
    s.enterprise_id,
    s.year_number,
    s.scheme_code,
    s.scheme_version,
    t.scheme_title_en,
    t.scheme_title_zh,
    s.ranking_code,
    y.tax_paid_amount,
    y.sales_amount,
    y.mean_headcount,
    y.mean_leased_area_m2,
    y.land_mu,
    y.electricity_kwh,
    s.mu_points,
    cast(s.supplied_weight as decimal(9, 4)) as supplied_weight,
    g.missing_en,
    g.missing_zh,
    cast(c.place as integer) as rank_place,
    cast(c.ranked_count as integer) as ranked_count,
    c.class_code as mu_class_code,
    n.next_class_code,
    n.next_points - s.mu_points as missing_points,
    a.indicator_code as lift_indicator_code,
    case
        when n.next_class_code is not null and a.indicator_code is null
            then concat('no single indicator lifts it to ', n.next_class_code)
        when a.indicator_code is not null
            then
                concat(
                    'to ', n.next_class_code, ' by ', a.name_en, ': +', a.more_text, ' ', a.more_en,
                    case
                        when a.less_en is not null and a.less_text is not null
                            then concat(', or ', a.less_text, ' ', a.less_en)
                        else ''
                    end
                )
    end as lift_en,
    case
        when n.next_class_code is not null and a.indicator_code is null
            then concat('单项指标不足以升至', n.next_class_code, '类')
        when a.indicator_code is not null
            then
                concat(
                    '升至', n.next_class_code, '类（', a.name_zh, '）：增加', a.more_text, a.more_zh,
                    case
                        when a.less_zh is not null and a.less_text is not null
                            then concat('，或减少', a.less_text, a.less_zh)
                        else ''
                    end
                )
    end as lift_zh,
    y.suspect_value_count,
    y.is_provisional,
    s.as_of,
    s.rule_version
from summed as s
inner join snapshots.enterprise_year as y on s.enterprise_id = y.enterprise_id and s.year_number = y.year_number
inner join rules.mu_scheme as t on s.scheme_code = t.scheme_code and s.scheme_version = t.scheme_version
left join missing as g on s.scheme_code = g.scheme_code and s.scheme_version = g.scheme_version
left join classed as c
    on s.enterprise_id = c.enterprise_id and s.year_number = c.year_number and s.scheme_code = c.scheme_code
left join next_class as n
    on
        c.scheme_code = n.scheme_code and c.scheme_version = n.scheme_version and c.year_number = n.year_number
        and c.ranking_code = n.ranking_code and c.class_code = n.class_code
left join amounts as a
    on s.enterprise_id = a.enterprise_id and s.year_number = a.year_number and s.scheme_code = a.scheme_code
