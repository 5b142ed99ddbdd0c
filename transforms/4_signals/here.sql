-- title: Enterprises that are here | 在园企业
-- one row is: one enterprise that leases at the end of the last month, or was seen lately
-- answers: who is here, so that it can be warned of?
-- key: enterprise_id
-- rules: A lease in force at the end of the last complete month; or staff, a meter's reading or entries above zero
--   within the last months (rules/alert.yml, present_months). A registered address or a tax return alone is not being
--   here.
-- known gaps: Who has left stays here for as many months as silos tell of the last ones. Premises registers are not
--   read: they state no end.
-- column last_seen_month: last month of a lease, staff, readings or entries | 最近出现月份
-- parts: enterprise_id
-- checked by: tests/models/signals.here
with rule as (
    select distinct present_months
    from rules.alert
),

last_month as (
    select
        month,
        month_number
    from monthly.month
    where is_last_month
),

seen as (
    select
        a.enterprise_id,
        a.month
    from monthly.lease_area as a
    inner join last_month as l on a.month = l.month
    union all
    select
        h.enterprise_id,
        h.month
    from monthly.headcount as h
    inner join monthly.month as m on h.month = m.month
    cross join last_month as l
    cross join rule as u
    where h.insured_headcount > 0 and m.month_number > l.month_number - u.present_months
    union all
    select
        t.enterprise_id,
        t.month
    from monthly.utility as t
    inner join monthly.month as m on t.month = m.month
    cross join last_month as l
    cross join rule as u
    where t.used_quantity > 0 and m.month_number > l.month_number - u.present_months
    union all
    select
        a.enterprise_id,
        a.month
    from monthly.access as a
    inner join monthly.month as m on a.month = m.month
    cross join last_month as l
    cross join rule as u
    where a.people_entry_count > 0 and m.month_number > l.month_number - u.present_months
)

select
    enterprise_id,
    max(month) as last_seen_month
from seen
group by enterprise_id
