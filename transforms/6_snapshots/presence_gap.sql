-- title: Gaps between the silos | 数据缺口清单
-- one row is: one gap of one enterprise that holds at the end of the last complete month
--   | 一家企业在最近完整月份的一项数据缺口
-- answers: which enterprise is missing where, since when, and what should be done about it?
--   | 哪家企业在哪个部门缺数据、自何月起、该怎么办？如在租未纳税、纳税无租约、用能无参保、有门禁无租约、仅有登记。
-- key: enterprise_id, gap_code
-- rules: An enterprise has every gap of rules/gap.yml that holds, each in a row of its own; none hides another.
--   * register gaps: not_in_register, closed_but_active, moved_out_but_active, left_but_registered, unplaced_record.
--   * operating gaps: lease_without_tax, lease_without_staff, lease_unused, tax_without_lease, tax_only,
--     staff_without_lease, staff_without_tax, utilities_without_lease, utilities_without_staff,
--     entries_without_lease, registered_only.
--   * pays tax here: a return or a payment in the park's tax feeds for a period that ended in the last 6 months; a
--     return of zero is a return. A taxpayer of another district is in no such feed.
--   * leases here: a lease in force at the month's end, or an occupied unit. Staff, meters and entries: above zero in
--     the last 3 months (rules/presence.yml).
--   * unplaced_record: the record waits for a person, or only a meter or a gate has it, under a name that no other silo
--     knows. It may be of an enterprise that is known, so it has no other gap.
--   * An enterprise that has left (signals.departure) has one gap only: left_but_registered.
--   * What must be absent is only missing where a feed has that silo, and where no record of that silo waits for a
--     person that may be the enterprise's (signals.possible_silo).
--   * registered_only: not of an enterprise that registered, or moved its seat here, after the last complete month.
--   * since_month: the first month, without interruption, in which the conditions held; of closed_but_active and
--     moved_out_but_active not before the register's event; of gaps without any trace the month after the last one.
--   | 符合 rules/gap.yml 条件的缺口逐项列出，互不掩盖。
--   * 登记缺口：登记未查到、注销吊销仍在园、登记迁出仍在园、已撤离仍在册、记录未能对应。其余为经营缺口。
--   * 在本园纳税：园区税务数据中有所属期在近六个月内的申报或入库，零申报也算；在外区纳税的企业不在该数据中。
--   * 在租：月末有有效租约或占用房屋。参保、用能、门禁：近三个月大于零。
--   * 已撤离的企业只列“已撤离但登记仍在册”一项。
--   * 记录未能对应到企业：待人工核对的记录，或只在表具、门禁出现且名称无法对应的；可能属于已知企业，故只列此项。
--   * 未接入数据的部门不计缺口；该部门有待核对记录可能属于这家企业的，判定前也不计。
--   * 仅有工商登记：最近完整月份之后才登记或迁入的不列。
--   * 起始月份：条件连续成立的首月；注销、吊销、迁出类不早于登记事件当月；无任何痕迹的为最后出现的次月。
-- known gaps: Registered here or elsewhere is not distinguished. since_month is not before the first month of
--   the calendar, and does not know since when a feed has a silo. A record of a gate or
--   a meter under a name that leads nowhere (unplaced_record) may be of an enterprise that then seems to lack it.
--   | 注册在本园与注册在外地未作区分。起始月份不早于日历首月，也不考虑部门数据何时接入。门禁、表具记录的名称无法对应的
--   （记录未能对应到企业），其所属企业会显得缺少该部门的数据。
-- rebuild: by_enterprise
-- checked by: tests/models/snapshots.presence_gap, benchmarks/gaps.py
with first_month as (
    select min(month) as month
    from monthly.month
),

silo_coverage as (
    select
        max(case when s.silo_code = 'register' and s.is_complete then 1 else 0 end) as has_register,
        max(case when s.silo_code = 'tax' and s.is_complete then 1 else 0 end) as has_tax,
        max(case when s.silo_code = 'insurance' and s.is_complete then 1 else 0 end) as has_insurance,
        max(case when s.silo_code = 'property' and s.is_complete then 1 else 0 end) as has_property,
        max(case when s.silo_code in ('utilities', 'access') then 1 else 0 end) as has_meters
    from monthly.silo as i
    inner join rules.subject as s on i.subject = s.subject
),

-- a gap that these feeds can show
visible_gap as (
    select g.*
    from rules.gap as g
    cross join silo_coverage as f
    where
        (f.has_register = 1 or g.register_state is null or g.register_state <> 'absent')
        and (f.has_property = 1 or coalesce(g.is_leasing, true))
        and (f.has_tax = 1 or coalesce(g.is_paying_tax, true))
        and (f.has_insurance = 1 or (coalesce(g.is_insuring, true) and coalesce(g.is_operating, true)))
        and (f.has_meters = 1 or coalesce(g.is_operating, true))
),

-- what held in a month; a month without a row is a month without a trace
trait_month as (
    select
        p.enterprise_id,
        p.month,
        m.month_number,
        p.is_leasing,
        p.is_paying_tax,
        p.is_insuring,
        p.is_using_utilities,
        p.is_accessing,
        p.is_operating,
        p.is_leasing or p.is_operating as is_active_here
    from snapshots.presence_month as p
    inner join monthly.month as m on p.month = m.month
),

last_trace as (
    select
        enterprise_id,
        max(month) as month
    from trait_month
    group by enterprise_id
),

-- whether any silo has it that states more than a short name
linked_enterprise as (
    select l.enterprise_id
    from resolved.link as l
    inner join rules.subject as s on l.subject = s.subject
    where s.silo_code not in ('utilities', 'access')
    group by l.enterprise_id
),

-- of which silos a waiting record may be the enterprise's, so that nothing of them is certainly absent
open_question as (
    select
        p.enterprise_id,
        max(case when p.silo_code = 'property' then 1 else 0 end) as may_lease,
        max(case when p.silo_code = 'tax' then 1 else 0 end) as may_pay_tax,
        max(case when p.silo_code = 'insurance' then 1 else 0 end) as may_insure,
        max(case when p.silo_code = 'utilities' then 1 else 0 end) as may_use_utilities,
        max(case when p.silo_code = 'access' then 1 else 0 end) as may_access,
        max(case when p.silo_code in ('insurance', 'utilities', 'access') then 1 else 0 end) as may_operate
    from signals.possible_silo as p
    group by p.enterprise_id
),

last_seat as (
    select
        s.enterprise_id,
        max(s.event_date) as moved_date
    from signals.seat_move as s
    group by s.enterprise_id
),

enterprise_trait as (
    select
        e.enterprise_id,
        e.enterprise_name,
        case
            when e.identity_code = 'review' then 'unplaced'
            when e.identity_code = 'name' and c.enterprise_id is null then 'unplaced'
            when e.identity_code <> 'register' then 'absent'
            when e.status_code in ('cancelled', 'revoked') then 'closed'
            when e.status_code = 'moved_out' then 'moved_out'
            else 'active'
        end as register_state,
        d.left_ground_code is not null as is_left,
        coalesce(t.is_leasing, false) as is_leasing,
        coalesce(t.is_paying_tax, false) as is_paying_tax,
        coalesce(t.is_insuring, false) as is_insuring,
        coalesce(t.is_using_utilities, false) as is_using_utilities,
        coalesce(t.is_accessing, false) as is_accessing,
        coalesce(t.is_operating, false) as is_operating,
        coalesce(t.is_active_here, false) as is_active_here,
        t.enterprise_id is not null as has_trace,
        d.left_month,
        d.struck_off_date,
        e.registered_date,
        v.moved_date,
        l.month as last_trace_month,
        m.month,
        coalesce(q.may_lease, 0) as may_lease,
        coalesce(q.may_pay_tax, 0) as may_pay_tax,
        coalesce(q.may_insure, 0) as may_insure,
        coalesce(q.may_use_utilities, 0) as may_use_utilities,
        coalesce(q.may_access, 0) as may_access,
        coalesce(q.may_operate, 0) as may_operate
    from resolved.enterprise as e
    inner join signals.departure as d on e.enterprise_id = d.enterprise_id
    inner join monthly.month as m on m.is_last_month
    left join linked_enterprise as c on e.enterprise_id = c.enterprise_id
    left join trait_month as t on e.enterprise_id = t.enterprise_id and m.month = t.month
    left join last_trace as l on e.enterprise_id = l.enterprise_id
    left join open_question as q on e.enterprise_id = q.enterprise_id
    left join last_seat as v on e.enterprise_id = v.enterprise_id
),

held_gap as (
    select
        e.*,
        g.gap_code,
        g.gap_group_code,
        g.gap_rank,
        g.title_en,
        g.title_zh,
        g.next_step_en,
        g.next_step_zh,
        g.version,
        g.is_leasing as wants_leasing,
        g.is_paying_tax as wants_tax,
        g.is_insuring as wants_staff,
        g.is_using_utilities as wants_utilities,
        g.is_accessing as wants_entries,
        g.is_operating as wants_operating,
        g.is_active_here as wants_active,
        coalesce(g.has_trace, true) and not coalesce(g.is_left, false) as has_months
    from enterprise_trait as e
    cross join visible_gap as g
    where
        e.is_left = coalesce(g.is_left, false)
        and e.register_state = coalesce(
            g.register_state, case when e.register_state <> 'unplaced' then e.register_state end
        )
        and (g.is_leasing is null or e.is_leasing = g.is_leasing)
        and (g.is_paying_tax is null or e.is_paying_tax = g.is_paying_tax)
        and (g.is_insuring is null or e.is_insuring = g.is_insuring)
        and (g.is_using_utilities is null or e.is_using_utilities = g.is_using_utilities)
        and (g.is_accessing is null or e.is_accessing = g.is_accessing)
        and (g.is_operating is null or e.is_operating = g.is_operating)
        and (g.is_active_here is null or e.is_active_here = g.is_active_here)
        and (g.has_trace is null or e.has_trace = g.has_trace)
        and (coalesce(g.is_leasing, true) or e.may_lease = 0)
        and (coalesce(g.is_paying_tax, true) or e.may_pay_tax = 0)
        and (coalesce(g.is_insuring, true) or e.may_insure = 0)
        and (coalesce(g.is_using_utilities, true) or e.may_use_utilities = 0)
        and (coalesce(g.is_accessing, true) or e.may_access = 0)
        and (coalesce(g.is_operating, true) or e.may_operate = 0)
        -- without any trace: nothing may wait, and it was registered here by the month's end
        and (
            coalesce(g.has_trace, true)
            or (
                e.may_lease + e.may_pay_tax + e.may_operate = 0
                and (e.registered_date is null or e.registered_date <= last_day(e.month))
                and (e.moved_date is null or e.moved_date <= last_day(e.month))
            )
        )
),

-- the months in which the same held before, numbered so that months without interruption share a number
gap_month as (
    select
        h.enterprise_id,
        h.gap_code,
        t.month,
        t.month_number
        - row_number() over (partition by h.enterprise_id, h.gap_code order by t.month_number) as run_number
    from held_gap as h
    inner join trait_month as t on h.enterprise_id = t.enterprise_id
    where
        h.has_months
        and (h.wants_leasing is null or t.is_leasing = h.wants_leasing)
        and (h.wants_tax is null or t.is_paying_tax = h.wants_tax)
        and (h.wants_staff is null or t.is_insuring = h.wants_staff)
        and (h.wants_utilities is null or t.is_using_utilities = h.wants_utilities)
        and (h.wants_entries is null or t.is_accessing = h.wants_entries)
        and (h.wants_operating is null or t.is_operating = h.wants_operating)
        and (h.wants_active is null or t.is_active_here = h.wants_active)
),

gap_run as (
    select
        enterprise_id,
        gap_code,
        min(month) as since_month,
        max(month) as until_month
    from gap_month
    group by enterprise_id, gap_code, run_number
)

select
    h.enterprise_id,
    h.enterprise_name,
    h.gap_code,
    h.gap_group_code,
    h.gap_rank,
    h.title_en as gap_title_en,
    h.title_zh as gap_title_zh,
    cast(case
        when h.is_left then h.left_month
        when not h.has_months
            then
                greatest(
                    f.month, coalesce(h.last_trace_month + interval 1 month, date_trunc('month', h.registered_date))
                )
        when h.register_state in ('closed', 'moved_out')
            then greatest(r.since_month, date_trunc('month', h.struck_off_date))
        else r.since_month
    end as date) as since_month,
    h.next_step_en,
    h.next_step_zh,
    h.month,
    o.as_of,
    h.version as rule_version
from held_gap as h
cross join first_month as f
cross join ops.night as o
left join gap_run as r
    on h.enterprise_id = r.enterprise_id and h.gap_code = r.gap_code and h.month = r.until_month
