-- title: Figures compared | 指标对比
-- one row is: one figure of an enterprise that is here, in one of the last twelve months, beside itself a quarter and a
--   year before
--   | 一家在园企业的一项数值在最近十二个月中的一个月，旁列一季前和一年前的同一数值
-- answers: what is it now, what was it three months, a year, and a year and three months before?
--   | 它现在是多少，三个月前、一年前、一年零三个月前各是多少？
-- key: enterprise_id, measure_code, month
-- rules: Measures of rules/alert_measure.yml. Believed figures only: no provisional month, no suspect value
--   (signals.plausibility), and none of what a merger, division or moved payroll brought or took within a year
--   (signals.flow; of a payroll only the staff). Money is added up over three months, which must all be known.
--   | 衡量的项目由规则规定。只用可信数值：不含暂定月份、异常值，也不含一年内因合并、分立、转移参保而来去的部分（转移参
--   保只扣人数）。金额按三个月合计，三个月须齐全。
-- known gaps: A month without a figure has no row, and one that is missing before leaves its column empty.
--   | 缺数的月份没有行，之前缺数的相应栏为空。
-- column measure_code: which figure: headcount, entries, electricity, water, sales (of three months), leased_area
--   | 指标 何种数值：参保人数、人员进出、用电、用水、销售额（三个月）、租赁面积
-- column value_15m_before: figure of exactly fifteen months before | 十五个月前值 恰好15个月前的数值
-- rebuild: by_enterprise
-- checked by: tests/models/signals.limit_reached, tests/models/signals.activity_fall
with succession as (
    -- what came or went by succession is no sign; of a payroll that moved, only the staff is not
    select
        f.enterprise_id,
        max(case when f.succession_code in ('merged', 'split', 'taken_over') then 1 else 0 end) as is_whole
    from signals.flow as f
    inner join monthly.month as l on l.is_last_month
    where
        f.flow_code in ('succession_in', 'succession_out')
        and f.month_number > l.month_number - 12
    group by f.enterprise_id
),

-- the months that are looked back on, and what they are compared with
needed_month as (
    select m.month_number
    from monthly.month as m
    inner join monthly.month as l on l.is_last_month
    cross join rules.alert_limit as u
    where m.month_number <= l.month_number and m.month_number > l.month_number - u.history_months - 18
),

believed_value as (
    select
        s.enterprise_id,
        r.measure_code,
        r.window_months,
        s.month_number,
        s.period_months,
        s.value
    from signals.signal as s
    inner join rules.alert_measure as r on s.signal_code = r.signal_code
    inner join signals.present_enterprise as h on s.enterprise_id = h.enterprise_id
    inner join needed_month as k on s.month_number = k.month_number
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    left join succession as c
        on s.enterprise_id = c.enterprise_id
    where
        not s.is_provisional
        and p.enterprise_id is null
        and (c.enterprise_id is null or (c.is_whole = 0 and r.measure_code <> 'headcount'))
),

three_months as (
    select
        enterprise_id,
        measure_code,
        month_number,
        sum(value) over three as value,
        sum(period_months) over three as covered_months
    from believed_value
    where window_months = 3
    window three as (
        partition by enterprise_id, measure_code order by month_number range between 2 preceding and current row
    )
),

summed_value as (
    select
        enterprise_id,
        measure_code,
        month_number,
        value
    from believed_value
    where window_months = 1
    union all
    select
        enterprise_id,
        measure_code,
        month_number,
        value
    from three_months
    where covered_months = 3
)

select
    v.enterprise_id,
    v.measure_code,
    m.month,
    v.month_number,
    cast(v.value as decimal(30, 3)) as value,
    cast(q.value as decimal(30, 3)) as value_3m_before,
    cast(y.value as decimal(30, 3)) as value_12m_before,
    cast(b.value as decimal(30, 3)) as value_15m_before
from summed_value as v
inner join monthly.month as l on l.is_last_month
cross join rules.alert_limit as u
inner join monthly.month as m on v.month_number = m.month_number
left join summed_value as q
    on v.enterprise_id = q.enterprise_id and v.measure_code = q.measure_code and v.month_number - 3 = q.month_number
left join summed_value as y
    on v.enterprise_id = y.enterprise_id and v.measure_code = y.measure_code and v.month_number - 12 = y.month_number
left join summed_value as b
    on v.enterprise_id = b.enterprise_id and v.measure_code = b.measure_code and v.month_number - 15 = b.month_number
where v.month_number > l.month_number - u.history_months
