-- title: Presence and gaps | 在园情况与数据缺口
-- one row is: one enterprise that any silo speaks of | 一家企业（任一部门有记录即列入）
-- answers: which office knows it, is it here, what is missing where, and what should be done about it?
--   | 哪些部门有这家企业的记录、是否在园经营、哪里缺数据、该怎么办？
-- key: enterprise_id
-- rules: Up to the last complete month; limits in rules/presence.yml.
--   * is_leasing: a lease in force at the month's end, or a unit occupied.
--   * is_paying_tax: a return or payment in the park's tax feeds for a period that ended in the last 6 months. A
--     return of zero is a return.
--   * is_insuring: insured staff above zero; is_using_utilities: a reading above zero; is_accessing: an entry; each
--     in the last 3 months.
--   * is_active_here: leases, insures, uses utilities or has entries, and has not left (signals.departure). A tax
--     return or an entry in the register alone is not being here.
--   * is_registered: the register has it, neither cancelled nor revoked.
--   * gap_code: the first operating gap by rank (rules/gap.yml), else the register gap. register_gap_code: the gap of
--     the register, whatever else is missing. gap_codes: all gaps. snapshots.presence_gap has each with its month and
--     step.
--   | 截至最近完整月份，阈值见 rules/presence.yml。
--   * 是否在租：月末有有效租约或占用房屋。
--   * 是否纳税：园区税务数据中有所属期在近六个月内的申报或入库，零申报也算。
--   * 是否参保、是否有水电气用量、是否有门禁记录：近三个月大于零。
--   * 是否在园经营：在租、参保、有用量或有门禁记录，且未撤离（见去留判定）。仅有纳税或登记不算。
--   * 是否在册：工商登记有记录，且未注销或吊销。
--   * 主要数据缺口：按次序取首项经营缺口，没有的取登记缺口。登记缺口另列。逐项明细见数据缺口清单。
-- known gaps: Registered here or elsewhere is not distinguished: that needs the park's own addresses. Records
--   that wait for a person (resolved.review_queue) appear as enterprises of their own.
--   | 注册在本园与注册在外地未作区分。待人工核对的记录在判定前单独成户。
-- rebuild: by_enterprise
-- checked by: tests/models/snapshots.presence
with trace as (
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

last_trace as (
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

enterprise_presence as (
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
    inner join monthly.month as m on m.is_last_month
    cross join rules.presence as r
    left join last_trace as t on e.enterprise_id = t.enterprise_id
),

-- the first gap of each group, and all of them
gap_rank as (
    select
        enterprise_id,
        gap_code,
        gap_group_code,
        gap_title_en,
        gap_title_zh,
        next_step_en,
        next_step_zh,
        gap_rank,
        row_number() over (
            partition by enterprise_id
            order by case when gap_group_code = 'operating' then 0 else 1 end asc, gap_rank asc
        ) as row_rank
    from snapshots.presence_gap
),

enterprise_gap as (
    select
        enterprise_id,
        max(case when row_rank = 1 then gap_code end) as gap_code,
        max(case when row_rank = 1 then gap_title_en end) as gap_title_en,
        max(case when row_rank = 1 then gap_title_zh end) as gap_title_zh,
        max(case when row_rank = 1 then next_step_en end) as next_step_en,
        max(case when row_rank = 1 then next_step_zh end) as next_step_zh,
        max(case when gap_group_code = 'register' then gap_code end) as register_gap_code,
        string_agg(gap_code, '; ' order by gap_rank) as gap_codes
    from gap_rank
    group by enterprise_id
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
    d.left_ground_code is null
    and (n.is_leasing or n.is_insuring or n.is_using_utilities or n.is_accessing) as is_active_here,
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
    g.gap_code,
    g.register_gap_code,
    g.gap_codes,
    g.gap_title_en,
    g.gap_title_zh,
    g.next_step_en,
    g.next_step_zh,
    n.month,
    o.as_of,
    concat(n.rule_version, '; ', v.version) as rule_version
from enterprise_presence as n
inner join signals.departure as d on n.enterprise_id = d.enterprise_id
cross join ops.night as o
cross join rules.gap_limit as v
left join enterprise_gap as g on n.enterprise_id = g.enterprise_id
