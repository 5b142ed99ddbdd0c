-- rule: Presence of today is that of its last month | 在园情况与最近月份一致
-- severity: critical
-- stage: snapshots
-- why: two tables that say who is here must not name different enterprises
-- next step: compare the enterprise's traces in monthly.*; one of both models reads other months of rules/presence.yml
with active_enterprise as (
    select *
    from snapshots.presence
    where is_leasing or is_paying_tax or is_insuring or is_using_utilities or is_accessing
),

present_by_month as (
    select h.*
    from snapshots.presence_month as h
    inner join monthly.month as l on h.month = l.month and l.is_last_month
)

select
    coalesce(p.enterprise_id, m.enterprise_id) as enterprise_id,
    p.is_leasing,
    m.month
from active_enterprise as p
full outer join present_by_month as m on p.enterprise_id = m.enterprise_id
where
    p.is_leasing is distinct from m.is_leasing
    or p.is_paying_tax is distinct from m.is_paying_tax
    or p.is_insuring is distinct from m.is_insuring
    or p.is_using_utilities is distinct from m.is_using_utilities
    or p.is_accessing is distinct from m.is_accessing
