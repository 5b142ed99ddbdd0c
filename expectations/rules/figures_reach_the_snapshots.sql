-- rule: What the silos report of a month reaches the snapshots | 各部门月度数据进入快照
-- severity: critical
-- stage: snapshots
-- why: a night without figures is a broken night, not an empty park; a park that has only a register has none to show
-- next step: look at the steps between known.* and the snapshot for the subject named
with reported as (
    select
        'employment' as subject,
        month
    from known.employment
    union all
    select
        'utility_use' as subject,
        month
    from known.utility_use
    union all
    select
        'access_count' as subject,
        month
    from known.access_count
    union all
    select
        'tax_payment' as subject,
        cast(date_trunc('month', period_end) as date) as month
    from known.tax_payment
),

measured as (
    select
        r.subject,
        count(*) as row_count
    from reported as r
    inner join monthly.month as m on r.month = m.month
    group by r.subject
)

select
    subject,
    row_count,
    'snapshots.enterprise_month' as table_name
from measured
where not exists (select 1 from snapshots.enterprise_month)
union all
select
    subject,
    row_count,
    'snapshots.park_month' as table_name
from measured
where not exists (select 1 from snapshots.park_month)
