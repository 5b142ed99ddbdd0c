-- rule: No figure was received after the night's end | 指标未使用当晚之后收到的数据
-- severity: critical
-- stage: snapshots
-- why: the same as_of must give the same rows for ever, whatever arrived since
-- next step: look for a model that reads staged.* instead of known.*; run the night again
with figure as (
    select
        'monthly.headcount' as table_name,
        max(received_at) as received_at
    from monthly.headcount
    union all
    select
        'monthly.sales' as table_name,
        max(received_at) as received_at
    from monthly.sales
    union all
    select
        'monthly.tax' as table_name,
        max(received_at) as received_at
    from monthly.tax
    union all
    select
        'monthly.tax_receipt' as table_name,
        max(received_at) as received_at
    from monthly.tax_receipt
    union all
    select
        'monthly.lease_area' as table_name,
        max(received_at) as received_at
    from monthly.lease_area
    union all
    select
        'monthly.premises' as table_name,
        max(received_at) as received_at
    from monthly.premises
    union all
    select
        'monthly.utility' as table_name,
        max(received_at) as received_at
    from monthly.utility
    union all
    select
        'monthly.access' as table_name,
        max(received_at) as received_at
    from monthly.access
)

select
    f.table_name,
    f.received_at,
    n.as_of
from figure as f
cross join ops.night as n
where f.received_at > n.as_of
