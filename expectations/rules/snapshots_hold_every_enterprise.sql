-- rule: The snapshots hold every enterprise, and no other | 快照包含全部企业
-- severity: critical
-- stage: snapshots
-- why: who is missing from a list is not looked for
-- next step: compare the snapshot's joins with resolved.enterprise for these ids
with listed_enterprise as (
    select
        'snapshots.presence' as table_name,
        enterprise_id
    from snapshots.presence
    union all
    select
        'snapshots.enterprise_current' as table_name,
        enterprise_id
    from snapshots.enterprise_current
    union all
    select
        'snapshots.assessment' as table_name,
        enterprise_id
    from snapshots.assessment
),

expected_enterprise as (
    select
        'snapshots.presence' as table_name,
        enterprise_id
    from resolved.enterprise
    union all
    select
        'snapshots.enterprise_current' as table_name,
        enterprise_id
    from resolved.enterprise
    union all
    select
        'snapshots.assessment' as table_name,
        enterprise_id
    from resolved.enterprise
)

select
    coalesce(x.table_name, l.table_name) as table_name,
    coalesce(x.enterprise_id, l.enterprise_id) as enterprise_id,
    case when l.enterprise_id is null then 'missing' else 'no enterprise' end as reason
from expected_enterprise as x
full outer join listed_enterprise as l on x.table_name = l.table_name and x.enterprise_id = l.enterprise_id
where x.enterprise_id is null or l.enterprise_id is null
union all
select
    'snapshots.enterprise_month' as table_name,
    m.enterprise_id,
    'no enterprise' as reason
from snapshots.enterprise_month as m
left join resolved.enterprise as e on m.enterprise_id = e.enterprise_id
where e.enterprise_id is null
group by m.enterprise_id
