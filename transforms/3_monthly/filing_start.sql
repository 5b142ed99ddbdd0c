-- title: First periods told | 申报期起点
-- one row is: one length of period for which sales or taxes are told
-- answers: from which month on do the tax office's books hold periods of this length?
-- key: signal_code, period_months
-- rules: The first month from which as many such periods are told as make a share (rules/coverage.yml: told_min_pct) of
--   the busiest month's: a late return for a year long ago does not begin the books. A quarter put together from months
--   of before that is no quarter: signals.filed_series leaves it out.
-- known gaps: In a park that has grown twentyfold the first years look as if they were not told.
-- codes signal_code: sales, tax
-- column first_month: first month of the earliest such period but for stray ones | 起始月份
-- checked by: tests/models/monthly.filing_start, tests/models/signals.filed_series
with told as (
    select
        'sales' as signal_code,
        period_months,
        cast(date_trunc('month', period_start) as date) as month,
        count(*) as period_count
    from monthly.sales
    group by period_months, cast(date_trunc('month', period_start) as date)
    union all
    select
        'tax' as signal_code,
        period_months,
        cast(date_trunc('month', period_start) as date) as month,
        count(*) as period_count
    from monthly.tax
    where paid_amount is not null
    group by period_months, cast(date_trunc('month', period_start) as date)
),

busiest as (
    select
        signal_code,
        period_months,
        max(period_count) as period_count
    from told
    group by signal_code, period_months
)

select
    t.signal_code,
    t.period_months,
    min(t.month) as first_month
from told as t
inner join busiest as b on t.signal_code = b.signal_code and t.period_months = b.period_months
cross join rules.coverage as r
where t.period_count * 100 >= b.period_count * r.told_min_pct
group by t.signal_code, t.period_months
