-- title: Presence by month | 月度在园情况
-- one row is: one enterprise in one month in which it leases, pays tax, insures staff, uses utilities or has entries
--   here | 一家企业一个有在园痕迹的月份（租房、纳税、参保、水电气用量、门禁，有一项即算）
-- answers: since when, until when, and by what is this enterprise in the park?
--   | 企业从何时到何时、凭什么算在园？
-- key: enterprise_id, month
-- rules: As snapshots.presence, for every month (rules/presence.yml).
--   * is_leasing: a lease in force at the month's end, or a unit occupied.
--   * is_paying_tax: a return or payment for a period that ended within 6 months up to the month.
--   * is_insuring, is_using_utilities, is_accessing: insured staff above zero, a reading above zero, an entry, each
--     within 3 months.
--   * is_operating: any of the last three: people or meters are here.
--   * is_registered: registered by the month's end, not cancelled or revoked by then.
--   * A month without a row is a month without a trace. The last month's rows are the active ones of
--     snapshots.presence.
--   | * 在租：月末有有效租约或占用房产。
--   * 纳税：截至该月6个月内的所属期有申报或缴税。
--   * 参保、有用量、有门禁记录：3个月内有参保人员、水电气用量、门禁记录。
--   * 有现场活动：后三项有一项即是，说明人或表具在园内。
--   * 在册：月末已登记，且未注销、未吊销。
--   * 没有行的月份即没有任何在园痕迹；最近一个月的行与在园情况一致。
-- known gaps: A trace holds a few months on, so an end shows late; signals.flow dates it. A revocation without a date
--   counts for no month. Registered here is not distinguished from registered elsewhere.
--   | 痕迹会延续几个月，离园时间因而显示偏晚，确切月份见进出与增减；没有日期的吊销不计；注册在本园和注册在外地未作区分。
-- column is_registered: whether the register has it at the month's end, neither cancelled nor revoked
--   | 是否在册 月末登记机关有这家企业，且未注销、未吊销
-- column is_leasing: whether a lease was in force, or a unit occupied, at the month's end
--   | 是否在租 月末是否有有效租约或占用房产
-- rebuild: by_enterprise
-- checked by: tests/models/snapshots.presence_month, expectations/rules/presence_agrees_with_its_months.sql
with trace as (
    select
        enterprise_id,
        month,
        'lease' as trace_code
    from monthly.lease_area
    union all
    select
        enterprise_id,
        month,
        'lease' as trace_code
    from monthly.premises
    union all
    select
        enterprise_id,
        month,
        'tax' as trace_code
    from monthly.tax
    union all
    select
        enterprise_id,
        month,
        'staff' as trace_code
    from monthly.headcount
    where insured_headcount > 0
    union all
    select
        enterprise_id,
        month,
        'utility' as trace_code
    from monthly.utility
    where used_quantity > 0
    union all
    select
        enterprise_id,
        month,
        'access' as trace_code
    from monthly.access
    where people_entry_count > 0 or vehicle_entry_count > 0
),

enterprise_trace as (
    select
        t.enterprise_id,
        m.month_number,
        max(case when t.trace_code = 'lease' then m.month_number end) as lease_number,
        max(case when t.trace_code = 'tax' then m.month_number end) as tax_number,
        max(case when t.trace_code = 'staff' then m.month_number end) as staff_number,
        max(case when t.trace_code = 'utility' then m.month_number end) as utility_number,
        max(case when t.trace_code = 'access' then m.month_number end) as access_number
    from trace as t
    inner join monthly.month as m on t.month = m.month
    group by t.enterprise_id, m.month_number
),

-- the months in which a trace may still hold
span as (
    select
        t.enterprise_id,
        min(t.month_number) as first_number,
        max(t.month_number) + max(greatest(r.recent_months, r.tax_recent_months)) as last_number
    from enterprise_trace as t
    cross join rules.presence as r
    group by t.enterprise_id
),

followed_month as (
    select
        s.enterprise_id,
        m.month,
        m.month_number,
        m.month_end_date,
        t.lease_number,
        max(t.tax_number) over up_to as tax_number,
        max(t.staff_number) over up_to as staff_number,
        max(t.utility_number) over up_to as utility_number,
        max(t.access_number) over up_to as access_number
    from span as s
    inner join monthly.month as m on m.month_number between s.first_number and s.last_number
    left join enterprise_trace as t on s.enterprise_id = t.enterprise_id and m.month_number = t.month_number
    window up_to as (
        partition by s.enterprise_id order by m.month_number rows between unbounded preceding and current row
    )
),

presence_state as (
    select
        f.enterprise_id,
        f.month,
        f.month_end_date,
        f.lease_number is not null as is_leasing,
        coalesce(f.tax_number > f.month_number - r.tax_recent_months, false) as is_paying_tax,
        coalesce(f.staff_number > f.month_number - r.recent_months, false) as is_insuring,
        coalesce(f.utility_number > f.month_number - r.recent_months, false) as is_using_utilities,
        coalesce(f.access_number > f.month_number - r.recent_months, false) as is_accessing,
        r.version as rule_version
    from followed_month as f
    cross join rules.presence as r
)

select
    p.enterprise_id,
    p.month,
    e.identity_code = 'register'
    and coalesce(e.registered_date <= p.month_end_date, true)
    and coalesce(e.cancelled_date > p.month_end_date, true) as is_registered,
    p.is_insuring or p.is_using_utilities or p.is_accessing as is_operating,
    p.is_leasing,
    p.is_paying_tax,
    p.is_insuring,
    p.is_using_utilities,
    p.is_accessing,
    o.as_of,
    p.rule_version
from presence_state as p
inner join resolved.enterprise as e on p.enterprise_id = e.enterprise_id
cross join ops.night as o
where p.is_leasing or p.is_paying_tax or p.is_insuring or p.is_using_utilities or p.is_accessing
