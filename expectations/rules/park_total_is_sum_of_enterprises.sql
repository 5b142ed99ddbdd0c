-- rule: The park's totals are the sums of its enterprises | 园区合计等于企业之和
-- severity: critical
-- stage: snapshots
-- why: two tables of one night that do not add up cannot both be believed
-- next step: compare both with signals.signal for the month; a model that drops or doubles rows is the cause
with by_enterprise as (
    select
        month,
        'headcount' as signal_code,
        1 as period_months,
        sum(
            cast(
                case
                    when not coalesce(contains(suspect_signal_codes, 'headcount'), false) then insured_headcount
                end as decimal(30, 3)
            )
        )
            as value
    from snapshots.enterprise_month
    where insured_headcount is not null
    group by month
    union all
    select
        month,
        'leased_area' as signal_code,
        1 as period_months,
        sum(
            cast(
                case
                    when not coalesce(contains(suspect_signal_codes, 'leased_area'), false) then leased_area_m2
                end as decimal(30, 3)
            )
        )
            as value
    from snapshots.enterprise_month
    where leased_area_m2 is not null
    group by month
    union all
    select
        month,
        'electricity' as signal_code,
        1 as period_months,
        sum(
            cast(
                case
                    when not coalesce(contains(suspect_signal_codes, 'electricity'), false) then electricity_kwh
                end as decimal(30, 3)
            )
        )
            as value
    from snapshots.enterprise_month
    where electricity_kwh is not null
    group by month
    union all
    select
        month,
        'sales' as signal_code,
        sales_period_months as period_months,
        sum(
            cast(
                case
                    when not coalesce(contains(suspect_signal_codes, 'sales'), false) then sales_amount
                end as decimal(30, 3)
            )
        )
            as value
    from snapshots.enterprise_month
    where sales_amount is not null
    group by month, sales_period_months
    union all
    select
        month,
        'tax' as signal_code,
        tax_period_months as period_months,
        sum(
            cast(
                case
                    when not coalesce(contains(suspect_signal_codes, 'tax'), false) then tax_paid_amount
                end as decimal(30, 3)
            )
        )
            as value
    from snapshots.enterprise_month
    where tax_paid_amount is not null
    group by month, tax_period_months
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
