-- title: Fall of activity | 活动量下降
-- one row is: one limit of rules/alert_evidence.yml that the fall of activity of an enterprise that is here reaches
--   | 一家在园企业的活动量降幅所达到的一个规则界限
-- answers: are fewer people at work here than three months ago, beyond the season, and since when?
--   | 扣除季节因素后，这里上班的人是否比三个月前少了，从何时起？
-- key: enterprise_id, limit_value
-- rules: Of staff, entries, electricity and water (rules/alert_measure.yml: is_activity) each the fall over three
--   months, less the same fall a year before, and no more than that against a year before, so that no season is one; of
--   entries and meters (has_season) what all enterprises together do is taken out first; of these falls the middle
--   one. Figures are those of signals.alert_measure. since_month: the first month, without a weaker one behind it, that
--   reached the limit too, of the last twelve.
--   | 对参保人数、进出次数、用电、用水各算三个月的降幅，减去上年同期同样的降幅，且不超过与上年同月相比的降幅，以免把季
--   节当下降；进出与表具先扣除全体企业的共同变化；取各降幅的中位数。数值取自“指标对比”。起始月份：最近十二个月内连
--   续达到该界限的第一个月。
-- known gaps: Without figures of a year before there is no fall. A month without a figure does not interrupt. Where
--   most enterprises have the same trouble, it is taken for a season.
--   | 没有上年数值的不算降幅。缺数的月份不中断连续。多数企业同时遇到困难时，会被当作季节。
-- column value: fall in per cent | 降幅 降幅，百分比
-- column limit_value: the limit that it reaches, per cent | 越限值 所达到的界限，百分比
-- column month: latest month of the figures | 月份 数值的最近月份
-- column since_month: first month, without interruption, in which the limit was reached | 起始月份 连续达到该界限的第一个月
-- checked by: tests/models/signals.activity_fall
with season as (
    -- what all enterprises together did over three months, in these and in the months a year before
    select
        c.measure_code,
        c.month_number,
        cast(sum(c.value) / nullif(sum(c.value_before), 0) as decimal(30, 6)) as factor
    from (
        select
            measure_code,
            month_number,
            value,
            value_3m_before as value_before
        from signals.alert_measure
        union all
        select
            measure_code,
            month_number - 12 as month_number,
            value_12m_before as value,
            value_15m_before as value_before
        from signals.alert_measure
    ) as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    where r.has_season and c.value > 0 and c.value_before > 0
    group by c.measure_code, c.month_number
),

-- the fall of each kind of activity
kind_fall as (
    select
        c.enterprise_id,
        c.measure_code,
        c.month_number,
        cast(
            least(
                100 - 100 * c.value / nullif(c.value_3m_before * coalesce(s.factor, 1), 0)
                - greatest(
                    coalesce(100 - 100 * c.value_12m_before / nullif(c.value_15m_before * coalesce(t.factor, 1), 0), 0),
                    0
                ),
                100 - 100 * c.value / nullif(c.value_12m_before, 0)
            ) as decimal(30, 1)
        ) as fall_pct,
        cast(c.value_3m_before as bigint) as quarter_value,
        cast(c.value as bigint) as value
    from signals.alert_measure as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    left join season as s on c.measure_code = s.measure_code and c.month_number = s.month_number
    left join season as t on c.measure_code = t.measure_code and c.month_number - 12 = t.month_number
    where r.is_activity and c.value_3m_before <> 0 and c.value_12m_before <> 0
),

-- of up to four the middle one, or the mean of the middle two: without the largest and the smallest
activity as (
    select
        enterprise_id,
        month_number,
        cast(
            case
                when count(*) <= 2 then sum(fall_pct) / nullif(count(*), 0)
                else (sum(fall_pct) - max(fall_pct) - min(fall_pct)) / nullif(count(*) - 2, 0)
            end
            as decimal(30, 1)
        ) as fall_pct
    from kind_fall
    group by enterprise_id, month_number
),

newest as (
    select
        enterprise_id,
        max(month_number) as month_number
    from activity
    group by enterprise_id
),

stated_limit as (
    select distinct value_min as limit_value
    from rules.alert_evidence
    where sign_code = 'activity_fall'
),

reached_limit as (
    select
        a.enterprise_id,
        a.month_number,
        a.fall_pct as value,
        r.limit_value
    from activity as a
    inner join newest as n on a.enterprise_id = n.enterprise_id and a.month_number = n.month_number
    inner join stated_limit as r on a.fall_pct >= r.limit_value
    inner join monthly.month as l on l.is_last_month
    cross join rules.alert_limit as u
    where a.month_number > l.month_number - u.recent_months - 2
),

-- since when: the months behind the last one in which it was weaker
limit_run as (
    select
        enterprise_id,
        limit_value,
        month_number,
        sum(case when earlier_value < limit_value then 1 else 0 end) over (
            partition by enterprise_id, limit_value order by month_number desc
        ) as weaker_count
    from (
        select
            r.enterprise_id,
            r.limit_value,
            m.month_number,
            m.fall_pct as earlier_value
        from reached_limit as r
        inner join activity as m on r.enterprise_id = m.enterprise_id
    ) as looked_back
),

limit_start as (
    select
        enterprise_id,
        limit_value,
        min(month_number) as month_number
    from limit_run
    where weaker_count = 0
    group by enterprise_id, limit_value
),

reached_month as (
    select distinct
        enterprise_id,
        month_number
    from reached_limit
),

figure_words as (
    select
        a.enterprise_id,
        a.measure_code,
        concat(g.name_en, ' ', a.quarter_value, ' → ', a.value, ' ', g.unit_en) as words_en,
        concat(g.name_zh, a.quarter_value, '→', a.value, g.unit_zh) as words_zh
    from kind_fall as a
    inner join reached_month as t on a.enterprise_id = t.enterprise_id and a.month_number = t.month_number
    inner join rules.alert_measure as r on a.measure_code = r.measure_code
    inner join rules.signal as g on r.signal_code = g.signal_code
),

-- the figures behind the fall, in the order in which people ask for them
words as (
    select
        enterprise_id,
        concat_ws(
            ', ',
            max(case when measure_code = 'headcount' then words_en end),
            max(case when measure_code = 'entries' then words_en end),
            max(case when measure_code = 'electricity' then words_en end),
            max(case when measure_code = 'water' then words_en end)
        ) as detail_en,
        concat_ws(
            '、',
            max(case when measure_code = 'headcount' then words_zh end),
            max(case when measure_code = 'entries' then words_zh end),
            max(case when measure_code = 'electricity' then words_zh end),
            max(case when measure_code = 'water' then words_zh end)
        ) as detail_zh
    from figure_words
    group by enterprise_id
)

select
    r.enterprise_id,
    cast(r.limit_value as decimal(30, 1)) as limit_value,
    cast(r.value as decimal(30, 1)) as value,
    m.month,
    b.month as since_month,
    w.detail_en,
    w.detail_zh
from reached_limit as r
inner join limit_start as s on r.enterprise_id = s.enterprise_id and r.limit_value = s.limit_value
inner join monthly.month as m on r.month_number = m.month_number
inner join monthly.month as b on s.month_number = b.month_number
inner join words as w on r.enterprise_id = w.enterprise_id
