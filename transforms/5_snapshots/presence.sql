-- title: Presence and gaps | 在园情况与数据缺口
-- one row is: one enterprise that any silo speaks of
-- answers: who is known to which silo, who is missing where, and what should somebody do about it?
-- key: enterprise_id
-- rules: Present up to the last complete month (rules/presence.yml): leasing = a lease in force at its end, or a unit
--   occupied; paying tax = a return or payment for a period that ended in the last 6 months; insuring = insured staff
--   above zero, using utilities = a reading above zero, accessing = an entry, each in the last 3 months. Registered =
--   the register has it and does not call it cancelled or revoked. Gaps, in the order of rules/gap.yml, look only at
--   silos that any feed fills. gap_code is the first gap with its suggested next step, gap_codes all of them.
-- known gaps: Registered here is not told from registered elsewhere: that needs the park's own addresses. Records
--   that wait for a person (resolved.review_queue) appear as enterprises of their own.
-- parts: enterprise_id
-- checked by: tests/models/snapshots.presence
with last_month as (
    select
        month,
        month_number
    from monthly.month
    where is_last_month
),

trace as (
    select
        enterprise_id,
        'lease' as trace_code,
        max(month) as month
    from monthly.lease_area
    group by enterprise_id
    union all
    select
        enterprise_id,
        'premises' as trace_code,
        max(month) as month
    from monthly.premises
    group by enterprise_id
    union all
    select
        enterprise_id,
        'tax' as trace_code,
        max(month) as month
    from monthly.tax
    group by enterprise_id
    union all
    select
        enterprise_id,
        'staff' as trace_code,
        max(month) as month
    from monthly.headcount
    where insured_headcount > 0
    group by enterprise_id
    union all
    select
        enterprise_id,
        'utility' as trace_code,
        max(month) as month
    from monthly.utility
    where used_quantity > 0
    group by enterprise_id
    union all
    select
        enterprise_id,
        'access' as trace_code,
        max(month) as month
    from monthly.access
    where people_entry_count > 0 or vehicle_entry_count > 0
    group by enterprise_id
),

traced as (
    select
        t.enterprise_id,
        max(case when t.trace_code in ('lease', 'premises') then t.month end) as last_lease_month,
        max(case when t.trace_code = 'tax' then t.month end) as last_tax_month,
        max(case when t.trace_code = 'staff' then t.month end) as last_headcount_month,
        max(case when t.trace_code = 'utility' then t.month end) as last_utility_month,
        max(case when t.trace_code = 'access' then t.month end) as last_access_month
    from trace as t
    group by t.enterprise_id
),

known_to as (
    select
        l.enterprise_id,
        max(case when s.silo_code = 'register' then 1 else 0 end) as is_known_to_register,
        max(case when s.silo_code = 'tax' then 1 else 0 end) as is_known_to_tax,
        max(case when s.silo_code = 'insurance' then 1 else 0 end) as is_known_to_insurance,
        max(case when s.silo_code = 'property' then 1 else 0 end) as is_known_to_property,
        max(case when s.silo_code = 'utilities' then 1 else 0 end) as is_known_to_utilities,
        max(case when s.silo_code = 'access' then 1 else 0 end) as is_known_to_access,
        count(distinct l.feed) as feed_count
    from resolved.link as l
    inner join rules.subject as s on l.subject = s.subject
    group by l.enterprise_id
),

fed as (
    select
        max(case when s.silo_code = 'register' then 1 else 0 end) as has_register,
        max(case when s.silo_code = 'tax' then 1 else 0 end) as has_tax,
        max(case when s.silo_code = 'insurance' then 1 else 0 end) as has_insurance,
        max(case when s.silo_code = 'property' then 1 else 0 end) as has_property
    from monthly.silo as i
    inner join rules.subject as s on i.subject = s.subject
    where s.is_complete
),

present as (
    select
        e.enterprise_id,
        e.enterprise_name,
        e.uscc,
        e.identity_code,
        e.status_code,
        k.is_known_to_register = 1 as is_known_to_register,
        k.is_known_to_tax = 1 as is_known_to_tax,
        k.is_known_to_insurance = 1 as is_known_to_insurance,
        k.is_known_to_property = 1 as is_known_to_property,
        k.is_known_to_utilities = 1 as is_known_to_utilities,
        k.is_known_to_access = 1 as is_known_to_access,
        k.feed_count,
        e.identity_code = 'register' and coalesce(e.status_code, '') not in ('cancelled', 'revoked') as is_registered,
        coalesce(t.last_lease_month = m.month, false) as is_leasing,
        coalesce(
            month_number(t.last_tax_month) > m.month_number - r.tax_recent_months, false
        ) as is_paying_tax,
        coalesce(
            month_number(t.last_headcount_month) > m.month_number - r.recent_months, false
        ) as is_insuring,
        coalesce(
            month_number(t.last_utility_month) > m.month_number - r.recent_months, false
        ) as is_using_utilities,
        coalesce(
            month_number(t.last_access_month) > m.month_number - r.recent_months, false
        ) as is_accessing,
        t.last_lease_month,
        t.last_tax_month,
        t.last_headcount_month,
        t.last_utility_month,
        t.last_access_month,
        m.month,
        r.version as rule_version
    from resolved.enterprise as e
    inner join known_to as k on e.enterprise_id = k.enterprise_id
    cross join last_month as m
    cross join rules.presence as r
    left join traced as t on e.enterprise_id = t.enterprise_id
),

active as (
    select
        *,
        is_leasing or is_paying_tax or is_insuring or is_using_utilities or is_accessing as is_active_here
    from present
),

-- each gap by itself: a name where it holds, nothing where it does not
gapped as (
    select
        a.*,
        case when f.has_register = 1 and a.is_active_here and a.identity_code <> 'register' then 'not_in_register' end
            as gap_register,
        case when a.is_active_here and a.status_code in ('cancelled', 'revoked') then 'closed_but_active' end
            as gap_closed,
        case when f.has_tax = 1 and a.is_leasing and not a.is_paying_tax then 'tenant_unknown_to_tax' end as gap_tax,
        case when f.has_property = 1 and a.is_paying_tax and not a.is_leasing then 'taxpayer_without_lease' end
            as gap_lease,
        case when f.has_insurance = 1 and a.is_leasing and not a.is_insuring then 'tenant_without_staff' end
            as gap_staff,
        case
            when
                f.has_property = 1 and (a.is_insuring or a.is_using_utilities or a.is_accessing)
                and not a.is_leasing and not a.is_paying_tax
                then 'staff_without_lease'
        end as gap_operating,
        case when a.is_registered and not a.is_active_here then 'registered_only' end as gap_activity
    from active as a
    cross join fed as f
),

named as (
    select
        *,
        coalesce(gap_register, gap_closed, gap_tax, gap_lease, gap_staff, gap_operating, gap_activity) as gap_code,
        concat_ws('; ', gap_register, gap_closed, gap_tax, gap_lease, gap_staff, gap_operating, gap_activity)
            as gap_codes
    from gapped
),

gap_version as (
    select max(version) as version
    from rules.gap
)

select
    n.enterprise_id,
    n.enterprise_name,
    n.uscc,
    n.identity_code,
    n.status_code,
    n.is_registered,
    n.is_leasing,
    n.is_paying_tax,
    n.is_insuring,
    n.is_using_utilities,
    n.is_accessing,
    n.is_active_here,
    n.is_known_to_register,
    n.is_known_to_tax,
    n.is_known_to_insurance,
    n.is_known_to_property,
    n.is_known_to_utilities,
    n.is_known_to_access,
    n.feed_count,
    n.last_lease_month,
    n.last_tax_month,
    n.last_headcount_month,
    n.last_utility_month,
    n.last_access_month,
    n.gap_code,
    nullif(n.gap_codes, '') as gap_codes,
    g.title_en as gap_title_en,
    g.title_zh as gap_title_zh,
    g.next_step_en,
    g.next_step_zh,
    n.month,
    o.as_of,
    concat(n.rule_version, '; ', v.version) as rule_version
from named as n
cross join ops.night as o
cross join gap_version as v
left join rules.gap as g on n.gap_code = g.gap_code
