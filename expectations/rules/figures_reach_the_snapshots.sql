-- rule: What the silos report of a month reaches the snapshots | 各部门月度数据进入快照
-- severity: critical
-- stage: snapshots
-- why: a night without figures is a broken night, not an empty park; a park that has only a register has none to show
-- next step: look at the steps between known.* and the snapshot for the subject named
with reported_subject as (
    select
        f.subject,
        count(*) as row_count
    from known.figure as f
    inner join rules.signal as r on f.signal_code = r.signal_code
    inner join monthly.month as m on f.month = m.month
    where f.value is not null
    group by f.subject
)

select
    subject,
    row_count,
    'snapshots.enterprise_month' as table_name
from reported_subject
where not exists (select 1 from snapshots.enterprise_month)
union all
select
    subject,
    row_count,
    'snapshots.park_month' as table_name
from reported_subject
where not exists (select 1 from snapshots.park_month)
