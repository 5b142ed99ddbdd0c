-- title: Falls and rises beyond a limit | 升降越限
-- one row is: one limit of rules/alert_evidence.yml that one fall or rise of an enterprise that is here reaches
--   | 一家在园企业的一项升降所达到的一个规则界限
-- answers: what has fallen or risen beyond a limit that matters, by how much, and since when?
--   | 哪项指标的升降超过了界限，幅度多大，从何时起？
-- key: enterprise_id, sign_code, limit_value
-- rules: Of the figures of signals.alert_measure, by sign_code: <measure>_fall and _rise (rules/alert_measure.yml): the
--   latest month, or for money three months, against the same of the year before. staff_quick_rise: staff over three
--   months. crowding: fall of the leased area per head over the year. since_month: the first month, without a weaker
--   one behind it, that reached the limit too, of the last twelve. What falls with all activity: signals.activity_fall.
--   | 取“指标对比”的数值，按迹象代码：某指标下降或上升，为最近一个月（金额为三个月）与上年同期比较；用工快增为三个月
--   内的参保人数；拥挤为一年内人均租赁面积的下降。起始月份：最近十二个月内连续达到该界限的第一个月。随整体活动下降的
--   见“活动量下降”。
-- known gaps: Without figures of a year before there is no fall. A month without a figure does not interrupt.
--   | 没有上年数值的不算。缺数的月份不中断连续。
-- column value: fall or rise in per cent | 升降幅度 升降幅度，百分比
-- column limit_value: the limit that it reaches, per cent | 越限值 所达到的界限，百分比
-- column month: latest month of the figure | 月份 数值的最近月份
-- column since_month: first month, without interruption, in which the limit was reached | 起始月份 连续达到该界限的第一个月
-- rebuild: by_enterprise
-- checked by: tests/models/signals.limit_reached
with measure_fall as (
    select
        *,
        -growth_pct(value, value_3m_before) as quarter_fall_pct,
        -growth_pct(value, value_12m_before) as year_fall_pct
    from signals.alert_measure
),

direction as (
    select 1 as is_fall
    union all
    select 0 as is_fall
),

-- every figure of the months that are looked back on; the more, the stronger
measured_sign as (
    select
        c.enterprise_id,
        concat(c.measure_code, case when d.is_fall = 1 then '_fall' else '_rise' end) as sign_code,
        c.month_number,
        cast(
            case
                when abs(c.value - c.value_12m_before) < r.change_min then 0
                when d.is_fall = 1 then c.year_fall_pct
                when c.value_12m_before < r.rise_from then 0
                else -c.year_fall_pct
            end as decimal(30, 2)
        ) as value,
        c.value_12m_before as earlier_figure,
        c.value as figure
    from measure_fall as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    cross join direction as d
    where c.year_fall_pct is not null
    union all
    select
        c.enterprise_id,
        'staff_quick_rise' as sign_code,
        c.month_number,
        cast(
            case when c.value - c.value_3m_before < r.change_min + 1 then 0 else -c.quarter_fall_pct end
            as decimal(30, 2)
        ) as value,
        c.value_3m_before as earlier_figure,
        c.value as figure
    from measure_fall as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    where c.measure_code = 'headcount' and c.quarter_fall_pct is not null
    union all
    -- leased area per head, of who leases and has more staff than a year before
    select
        h.enterprise_id,
        'crowding' as sign_code,
        h.month_number,
        cast(
            100 - 100 * (a.value / nullif(h.value, 0)) / nullif(a.value_12m_before / nullif(h.value_12m_before, 0), 0)
            as decimal(30, 2)
        ) as value,
        cast(a.value_12m_before / nullif(h.value_12m_before, 0) as decimal(30, 1)) as earlier_figure,
        cast(a.value / nullif(h.value, 0) as decimal(30, 1)) as figure
    from measure_fall as h
    inner join measure_fall as a
        on h.enterprise_id = a.enterprise_id and h.month_number = a.month_number and a.measure_code = 'leased_area'
    inner join rules.alert_measure as r on h.measure_code = r.measure_code
    where h.measure_code = 'headcount' and h.value - h.value_12m_before >= r.change_min and h.value_12m_before > 0
),

newest as (
    select
        enterprise_id,
        sign_code,
        max(month_number) as month_number
    from measured_sign
    group by enterprise_id, sign_code
),

latest as (
    select
        m.enterprise_id,
        m.sign_code,
        m.month_number,
        m.value,
        m.earlier_figure,
        m.figure
    from measured_sign as m
    inner join newest as n
        on m.enterprise_id = n.enterprise_id and m.sign_code = n.sign_code and m.month_number = n.month_number
    inner join monthly.month as l on l.is_last_month
    cross join rules.alert_limit as u
    where m.value > 0 and m.month_number > l.month_number - u.recent_months - 2
),

stated_limit as (
    select distinct
        sign_code,
        value_min as limit_value
    from rules.alert_evidence
),

reached_limit as (
    select
        t.*,
        r.limit_value
    from latest as t
    inner join stated_limit as r on t.sign_code = r.sign_code and t.value >= r.limit_value
),

-- since when: the months behind the last one in which it was weaker
limit_run as (
    select
        enterprise_id,
        sign_code,
        limit_value,
        month_number,
        sum(case when earlier_value < limit_value then 1 else 0 end) over (
            partition by enterprise_id, sign_code, limit_value order by month_number desc
        ) as weaker_count
    from (
        select
            r.enterprise_id,
            r.sign_code,
            r.limit_value,
            m.month_number,
            m.value as earlier_value
        from reached_limit as r
        inner join measured_sign as m on r.enterprise_id = m.enterprise_id and r.sign_code = m.sign_code
    ) as looked_back
),

limit_start as (
    select
        enterprise_id,
        sign_code,
        limit_value,
        min(month_number) as month_number
    from limit_run
    where weaker_count = 0
    group by enterprise_id, sign_code, limit_value
)

select
    r.enterprise_id,
    r.sign_code,
    cast(r.limit_value as decimal(30, 1)) as limit_value,
    cast(r.value as decimal(30, 2)) as value,
    m.month,
    b.month as since_month,
    case
        when r.sign_code = 'crowding'
            then concat(
                cast(cast(r.earlier_figure as decimal(30, 1)) as varchar), ' → ',
                cast(cast(r.figure as decimal(30, 1)) as varchar)
            )
        else concat(
            number_text(r.earlier_figure), ' → ', number_text(r.figure)
        )
    end as detail_en,
    case
        when r.sign_code = 'crowding'
            then concat(
                cast(cast(r.earlier_figure as decimal(30, 1)) as varchar), '→',
                cast(cast(r.figure as decimal(30, 1)) as varchar)
            )
        else concat(
            number_text(r.earlier_figure), '→', number_text(r.figure)
        )
    end as detail_zh
from reached_limit as r
inner join limit_start as s
    on r.enterprise_id = s.enterprise_id and r.sign_code = s.sign_code and r.limit_value = s.limit_value
inner join monthly.month as m on r.month_number = m.month_number
inner join monthly.month as b on s.month_number = b.month_number
