-- title: Per-mu score | 亩均评价得分
-- one row is: one enterprise that a per-mu scheme scores, in one complete year
--   | 一家参评企业一个完整年度在一种评价办法下的得分
-- answers: how well does it use its land by a county's rules, what is its class, and what would lift it one class?
--   | 按当地办法用地效益如何、属于哪一档，怎样才能升一档？
-- key: enterprise_id, year_number, scheme_code
-- rules:
--   * Points, rank and class as in snapshots.per_mu_rank; missing_* names the indicators that no silo supplies.
--   * lift_*: the points up to the lowest of the next better class, and for each single indicator how much more of its
--     numerator, or less of its denominator, would bring them. The smallest change relative to today is named. Fewer
--     people are never advised.
--   * Years with suspect figures have a row, and no points.
--   | * 得分、名次、档次同亩均评价排名；没有数据来源的指标列在“未提供指标”。
--   * 升档建议：算出到上一档还差多少分，以及单独提高每项指标的分子或减少分母要多少才够，取相对现状改动最小的一项；从不建议减员。
--   * 有存疑数据的年度有行而无得分。
-- known gaps: Of two indicators that share a figure (tax per mu, tax per kWh) each is moved by itself: less is needed
--   than stated. In a min-max the lowest and highest are held still. The advice assumes that no other enterprise
--   improves. A class of few is chance: look at ranked_count.
--   | 共用同一数据的两项指标（亩均税收、单位用电税收）各自单算，实际所需更少；极值法中最高、最低值视为不变；未考虑其他企业也在提高；参评户数很少时档次带有偶然性。
-- column tax_paid_amount: tax of all kinds paid for periods that end in the year, yuan
--   | 年税收 所属期止于该年的全部税种实缴税额，已扣退税，元
-- column electricity_kwh: electricity used in the year, kWh | 年用电量 全年用电量，千瓦时
-- rebuild: nightly
-- checked by: tests/models/snapshots.per_mu_score, tests/transforms/test_mu_schemes.py
with needed_value as (
    -- the value that each indicator, moved alone, would need
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
                    cast(i.indicator_points + c.next_points - c.mu_points as double) * cast(i.benchmark_value as double)
                    / nullif(cast(i.indicator_weight_used as double), 0)
            else
                cast(i.lowest_value as double)
                + (
                    cast(i.indicator_points + c.next_points - c.mu_points as double) * 100
                    / nullif(cast(i.indicator_weight_used as double), 0) - s.base_points
                )
                / nullif(100.0 - s.base_points, 0)
                * cast(i.highest_value - i.lowest_value as double)
        end as needed_value
    from snapshots.per_mu_rank as c
    inner join snapshots.per_mu_indicator as i
        on c.enterprise_id = i.enterprise_id and c.year_number = i.year_number and c.scheme_code = i.scheme_code
    inner join rules.per_mu_scheme as s on c.scheme_code = s.scheme_code and c.scheme_version = s.scheme_version
    where
        c.next_points is not null
        and i.indicator_value is not null
        and (
            i.indicator_points_max is null
            or i.indicator_points + c.next_points - c.mu_points <= i.indicator_points_max
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
        ) as row_rank
    from needed_value
    where needed_value > indicator_value
),

-- space is stated in m2 of leased area, not in mu of land
amounts as (
    select
        l.enterprise_id,
        l.year_number,
        l.scheme_code,
        l.indicator_code,
        m.name_en,
        m.name_zh,
        g.name_en as more_name_en,
        g.name_zh as more_name_zh,
        g.unit_en as more_unit_en,
        g.unit_zh as more_unit_zh,
        d.name_en as less_name_en,
        d.name_zh as less_name_zh,
        d.unit_en as less_unit_en,
        d.unit_zh as less_unit_zh,
        case when m.denominator_code = 'land' then '' else ' a year' end as less_time_en,
        case when m.denominator_code = 'land' then '' else '年' end as less_time_zh,
        number_text(
            ceil(cast(l.needed_value * l.denominator_value - l.numerator_value as decimal(30, 4)))
        ) as more_text,
        number_text(
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
                as decimal(30, 4)
            ))
        ) as less_text
    from lever as l
    inner join rules.per_mu_measure as m on l.indicator_code = m.indicator_code
    inner join rules.signal as g on m.numerator_code = g.signal_code
    left join rules.signal as d on m.less_signal_code = d.signal_code
    inner join snapshots.enterprise_year as y on l.enterprise_id = y.enterprise_id and l.year_number = y.year_number
    where l.row_rank = 1
),

missing as (
    select
        i.scheme_code,
        i.scheme_version,
        string_agg(m.name_en, ', ' order by i.indicator_code) as missing_en,
        string_agg(m.name_zh, '、' order by i.indicator_code) as missing_zh
    from rules.per_mu_indicator as i
    inner join rules.per_mu_measure as m on i.indicator_code = m.indicator_code
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
    s.supplied_weight,
    g.missing_en,
    g.missing_zh,
    s.mu_rank,
    s.ranked_count,
    s.mu_class_code,
    s.next_class_code,
    s.next_points - s.mu_points as missing_points,
    a.indicator_code as lift_indicator_code,
    case
        when
            s.next_class_code is not null and a.indicator_code is null
            then filled(w.no_lift_en, 'class', s.next_class_code)
        when a.indicator_code is not null
            then filled(
                w.lift_en,
                'class', s.next_class_code,
                'indicator', a.name_en,
                'more', concat(a.more_text, ' ', a.more_unit_en),
                'measure', a.more_name_en,
                'or_less',
                case
                    when a.less_name_en is not null and a.less_text is not null
                        then filled(
                            w.or_less_en, 'less', concat(a.less_text, ' ', a.less_unit_en), 'measure', a.less_name_en,
                            'time', coalesce(a.less_time_en, '')
                        )
                    else ''
                end
            )
    end as lift_en,
    case
        when
            s.next_class_code is not null and a.indicator_code is null
            then filled(w.no_lift_zh, 'class', s.next_class_code)
        when a.indicator_code is not null
            then filled(
                w.lift_zh,
                'class', s.next_class_code,
                'indicator', a.name_zh,
                'more', concat(a.more_text, a.more_unit_zh),
                'measure', a.more_name_zh,
                'or_less',
                case
                    when a.less_name_zh is not null and a.less_text is not null
                        then filled(
                            w.or_less_zh, 'less', concat(a.less_text, a.less_unit_zh), 'measure', a.less_name_zh,
                            'time', coalesce(a.less_time_zh, '')
                        )
                    else ''
                end
            )
    end as lift_zh,
    y.suspect_value_count,
    y.is_provisional,
    s.as_of,
    s.rule_version
from snapshots.per_mu_rank as s
inner join snapshots.enterprise_year as y on s.enterprise_id = y.enterprise_id and s.year_number = y.year_number
inner join rules.per_mu_scheme as t on s.scheme_code = t.scheme_code and s.scheme_version = t.scheme_version
cross join rules.per_mu_words as w
left join missing as g on s.scheme_code = g.scheme_code and s.scheme_version = g.scheme_version
left join amounts as a
    on s.enterprise_id = a.enterprise_id and s.year_number = a.year_number and s.scheme_code = a.scheme_code
