-- rule: Leased area, staff, electricity and tax of all buildings are those of the park | 各楼栋合计等于园区
-- severity: critical
-- stage: snapshots
-- why: what an enterprise has in several buildings is split; parts that do not add up have lost or doubled something
-- next step: look for an enterprise with rows in monthly.building_share that do not run from 0 to total_area_m2
with building_total as (
    select
        month,
        'leased_area' as signal_code,
        sum(leased_area_m2) as value
    from snapshots.building_month
    group by month
    union all
    select
        month,
        'headcount' as signal_code,
        sum(insured_headcount) as value
    from snapshots.building_month
    group by month
    union all
    select
        month,
        'electricity' as signal_code,
        sum(electricity_kwh) as value
    from snapshots.building_month
    group by month
    union all
    select
        month,
        'tax_received' as signal_code,
        sum(tax_received_amount) as value
    from snapshots.building_month
    group by month
),

park_total as (
    select
        month,
        signal_code,
        sum(total_value) as value
    from snapshots.park_month
    where signal_code in ('leased_area', 'headcount', 'electricity')
    group by month, signal_code
    union all
    select
        month,
        'tax_received' as signal_code,
        sum(received_amount) as value
    from monthly.tax_receipt
    group by month
)

select
    b.month,
    b.signal_code,
    b.value as sum_of_buildings,
    coalesce(p.value, 0) as park_total
from building_total as b
left join park_total as p on b.month = p.month and b.signal_code = p.signal_code
where
    b.value <> coalesce(p.value, 0)
    -- the park has no figure where nothing was reported: then no building has one, and zero is a figure
    or (p.value is null and b.value is not null and b.signal_code in ('headcount', 'electricity'))
