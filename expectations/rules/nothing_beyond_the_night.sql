-- rule: No month beyond the last complete one is measured | 不含未结束的月份
-- severity: critical
-- stage: snapshots
-- why: a month that is not over looks like a contraction; a month ahead is a slip in a date
-- next step: look at the month's rows in the monthly table, and at how the feed's stage.sql reads its month
with last_month as (
    select max(month) as month
    from monthly.month
    where month < date_trunc('month', (select n.as_of from ops.night as n))
),

dated_row as (
    select
        'snapshots.enterprise_month' as table_name,
        month
    from snapshots.enterprise_month
    union all
    select
        'snapshots.park_month' as table_name,
        month
    from snapshots.park_month
    union all
    select
        'signals.signal' as table_name,
        month
    from signals.signal
    union all
    select
        'monthly.month' as table_name,
        month
    from monthly.month
)

select
    m.table_name,
    m.month,
    count(*) as row_count,
    max(l.month) as last_complete_month
from dated_row as m
cross join last_month as l
where m.month > l.month
group by m.table_name, m.month
