-- rule: Every snapshot is of this night | 各快照均为当晚
-- severity: critical
-- stage: snapshots
-- why: tables of two nights side by side answer one question in two ways
-- next step: build all snapshots again for the night
with table_stamp as (
    select
        'snapshots.enterprise_month' as table_name,
        as_of
    from snapshots.enterprise_month
    group by as_of
    union all
    select
        'snapshots.enterprise_current' as table_name,
        as_of
    from snapshots.enterprise_current
    group by as_of
    union all
    select
        'snapshots.park_month' as table_name,
        as_of
    from snapshots.park_month
    group by as_of
    union all
    select
        'snapshots.presence' as table_name,
        as_of
    from snapshots.presence
    group by as_of
    union all
    select
        'snapshots.assessment' as table_name,
        as_of
    from snapshots.assessment
    group by as_of
    union all
    select
        'snapshots.presence_month' as table_name,
        as_of
    from snapshots.presence_month
    group by as_of
    union all
    select
        'snapshots.group_month' as table_name,
        as_of
    from snapshots.group_month
    group by as_of
    union all
    select
        'snapshots.enterprise_year' as table_name,
        as_of
    from snapshots.enterprise_year
    group by as_of
    union all
    select
        'snapshots.per_mu_indicator' as table_name,
        as_of
    from snapshots.per_mu_indicator
    group by as_of
    union all
    select
        'snapshots.per_mu_score' as table_name,
        as_of
    from snapshots.per_mu_score
    group by as_of
)

select
    s.table_name,
    s.as_of,
    n.as_of as night_as_of
from table_stamp as s
cross join ops.night as n
where s.as_of is distinct from n.as_of
