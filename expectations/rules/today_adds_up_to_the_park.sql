-- rule: Today's figures add up to the park's total of the month | 企业现状各项合计等于园区当月合计
-- severity: critical
-- stage: snapshots
-- why: a figure of an enterprise that has left, or one that is suspect, makes the park larger than it is
-- next step: compare the months with signals.believed_month; older figures belong in the columns last_
with by_enterprise as (
    select
        'headcount' as signal_code,
        headcount_month as month,
        sum(cast(insured_headcount as decimal(30, 3))) as value
    from snapshots.enterprise_current
    where insured_headcount is not null
    group by headcount_month
    union all
    select
        'sales' as signal_code,
        sales_month as month,
        sum(cast(sales_amount as decimal(30, 3))) as value
    from snapshots.enterprise_current
    where sales_amount is not null
    group by sales_month
    union all
    select
        'tax' as signal_code,
        tax_month as month,
        sum(cast(tax_paid_amount as decimal(30, 3))) as value
    from snapshots.enterprise_current
    where tax_paid_amount is not null
    group by tax_month
    union all
    select
        'leased_area' as signal_code,
        leased_area_month as month,
        sum(cast(leased_area_m2 as decimal(30, 3))) as value
    from snapshots.enterprise_current
    where leased_area_m2 is not null
    group by leased_area_month
    union all
    select
        'electricity' as signal_code,
        electricity_month as month,
        sum(cast(electricity_kwh as decimal(30, 3))) as value
    from snapshots.enterprise_current
    where electricity_kwh is not null
    group by electricity_month
    union all
    select
        'water' as signal_code,
        water_month as month,
        sum(cast(water_m3 as decimal(30, 3))) as value
    from snapshots.enterprise_current
    where water_m3 is not null
    group by water_month
    union all
    select
        'gas' as signal_code,
        gas_month as month,
        sum(cast(gas_m3 as decimal(30, 3))) as value
    from snapshots.enterprise_current
    where gas_m3 is not null
    group by gas_month
    union all
    select
        'registered_capital' as signal_code,
        registered_capital_month as month,
        sum(cast(registered_capital_amount as decimal(30, 3))) as value
    from snapshots.enterprise_current
    where registered_capital_amount is not null
    group by registered_capital_month
),

-- periods of unlike length that end in the same month are one month of today's table
by_park as (
    select
        p.signal_code,
        p.month,
        sum(p.total_value) as value
    from snapshots.park_month as p
    inner join signals.believed_month as b
        on p.signal_code = b.signal_code and p.period_months = b.period_months and p.month = b.month
    where
        p.signal_code in (
            'headcount',
            'sales',
            'tax',
            'leased_area',
            'electricity',
            'water',
            'gas',
            'registered_capital'
        )
    group by p.signal_code, p.month
)

select
    e.value as sum_of_enterprises,
    p.value as park_total,
    coalesce(e.signal_code, p.signal_code) as signal_code,
    coalesce(e.month, p.month) as month
from by_enterprise as e
full outer join by_park as p on e.signal_code = p.signal_code and e.month = p.month
where coalesce(e.value, 0) <> coalesce(p.value, 0)
