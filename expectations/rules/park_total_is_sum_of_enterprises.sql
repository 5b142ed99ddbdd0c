-- rule: The park's totals are the sums of its enterprises | 园区合计等于企业之和
-- severity: critical
-- stage: snapshots
-- why: two tables of one night that do not add up cannot both be believed
-- next step: compare both with signals.signal for the month; a model that drops or doubles rows is the cause
with shown_figure as (
    select
        t.month,
        t.suspect_signal_codes,
        f.*
    from snapshots.enterprise_month as t
    cross join (
        values
        ('headcount', 1, t.insured_headcount),
        ('leased_area', 1, t.leased_area_m2),
        ('electricity', 1, t.electricity_kwh),
        ('sales', t.sales_period_months, t.sales_amount),
        ('tax', t.tax_period_months, t.tax_paid_amount)
    ) as f (signal_code, period_months, value)
    where f.value is not null
),

by_enterprise as (
    select
        month,
        signal_code,
        period_months,
        sum(
            case
                when not coalesce(contains(suspect_signal_codes, signal_code), false) then cast(value as decimal(30, 3))
            end
        ) as value
    from shown_figure
    group by month, signal_code, period_months
),

by_park as (
    select
        month,
        signal_code,
        period_months,
        total_value as value
    from snapshots.park_month
    where signal_code in ('leased_area', 'electricity', 'sales', 'tax')
    union all
    -- an enterprise's staff are the same people, reported every month or once a year
    select
        month,
        signal_code,
        1 as period_months,
        sum(total_value) as value
    from snapshots.park_month
    where signal_code = 'headcount'
    group by month, signal_code
)

select
    e.value as sum_of_enterprises,
    p.value as park_total,
    coalesce(e.month, p.month) as month,
    coalesce(e.signal_code, p.signal_code) as signal_code,
    coalesce(e.period_months, p.period_months) as period_months
from by_enterprise as e
full outer join by_park as p
    on e.month = p.month and e.signal_code = p.signal_code and e.period_months = p.period_months
-- a signal of which the last enterprise has closed has 0 in the park, and no enterprise
where coalesce(e.value, 0) <> coalesce(p.value, 0)
