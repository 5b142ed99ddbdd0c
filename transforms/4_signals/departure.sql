-- title: Departures | 去留判定
-- one row is: one enterprise, up to the last complete month | 一家企业，截至最近一个完整月份
-- answers: is it still here; if not, since which month, and how do we know?
--   | 企业是否仍在园；若已撤离，自何月起，依据是什么
-- key: enterprise_id
-- rules: Limits in rules/assessment.yml.
--   * Seen here: a lease in force, an occupied unit, insured staff, a meter that counts, entries at the gate. A tax
--     return or an entry in the register alone is not being here. A suspect figure above zero still shows that
--     somebody is here.
--   * is_here: seen in the last complete month of any of these silos (signals.believed_month), and not longer ago
--     than 6 months.
--   * is_silent: no staff, meters, entries, sales or tax other than zero for 6 months (18 after a yearly figure), no
--     occupied unit either; whether or not a lease runs.
--   * closed, moved_out: not here, and the register has it cancelled or revoked, or moved out.
--   * lease_over: seen before, not here, and all its leases have ended.
--   * silent: seen before, not here, never had a lease, and no silo has a figure of it for 6 months, not even a zero.
--     The silo that saw it last must have reported since.
--   * left_month: the month after the last one in which it was seen; of one never seen, the month in which the
--     register closed or moved it.
--   | 阈值见 rules/assessment.yml。
--   * 在园痕迹：有效租约、占用房屋、参保人员、水电气用量、门禁记录。仅有纳税申报或工商登记不算在园。
--     存疑但大于零的数仍算痕迹。
--   * 是否仍在园：任一部门最近完整月份（见最新可信月份）有在园痕迹，且不早于六个月前。
--   * 是否无经营数据：六个月内无参保、用能、门禁、销售、税款（年度数据为十八个月），与租约是否有效无关。
--   * closed、moved_out：已不在园，且登记已注销或吊销、已迁出。
--   * lease_over：曾在园、已不在园，且全部租约已结束。
--   * silent：曾在园、已不在园，从无租约，且六个月内各部门无任何数据（零申报也算有数据）。
--     最后见到它的部门其后须仍有报送。
--   * 撤离月份：最后一次出现的次月；从未在园的，为登记注销、吊销或迁出的月份。
-- known gaps: A tenant with no other trace than its lease leaves when the lease ends, even if it stays on. An
--   enterprise without a lease that pauses for 6 months has left until it is seen again. A premises register without
--   dates shows no lease end.
--   | 除租约外别无痕迹的企业，租约到期即判为撤离。无租约且停业六个月的企业，再次出现前判为撤离。
--   房屋占用登记无日期时看不出租约到期。
-- column last_seen_month: last month with a lease, an occupied unit, staff, a reading or an entry | 最近在园月份 最近一个有在园痕迹的月份
-- column is_insuring: whether it insures staff in the last complete month of that silo | 是否参保 社保最近完整月份有人参保为是
-- rebuild: by_enterprise
-- checked by: tests/models/signals.departure, benchmarks/assessment.py
with presence_trace as (
    -- a wrong figure still shows that somebody is here; what comes after the last believed month is not yet known
    select
        s.enterprise_id,
        s.signal_code,
        s.month,
        case
            when s.period_months >= 12 then s.month_number + u.yearly_recent_months > m.month_number
            else coalesce(s.month_number + u.left_missing_months > b.month_number, false)
        end as is_recent
    from signals.signal as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    cross join rules.assessment_limit as u
    inner join monthly.month as m on m.is_last_month
    left join signals.believed_month as b on s.signal_code = b.signal_code and s.period_months = b.period_months
    where r.shows_presence and s.value > 0
    union all
    select
        p.enterprise_id,
        'leased_area' as signal_code,
        p.month,
        p.month = m.month as is_recent
    from monthly.premises as p
    inner join monthly.month as m on m.is_last_month
),

presence as (
    select
        enterprise_id,
        max(month) as last_seen_month,
        max(case when is_recent then 1 else 0 end) = 1 as is_recent,
        max(case when is_recent and signal_code = 'headcount' then 1 else 0 end) = 1 as is_insuring,
        max(case when is_recent and signal_code = 'leased_area' then 1 else 0 end) = 1 as is_leasing,
        max(case when signal_code = 'leased_area' then 1 else 0 end) = 1 as has_ever_leased
    from presence_trace
    group by enterprise_id
),

-- what was done here: all but a lease, which may run on unused; a return that states zero is known, and no operation
operation as (
    select
        s.enterprise_id,
        max(case when s.value <> 0 and p.enterprise_id is null then s.month end) as last_operating_month,
        max(s.month_number) as last_known_number,
        max(
            case
                when s.period_months >= 12 and s.value <> 0 and p.enterprise_id is null
                    then s.month_number + u.yearly_recent_months - u.dormant_months
            end
        ) as yearly_until_number
    from signals.signal as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    cross join rules.assessment_limit as u
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    where not r.is_of_register and s.signal_code <> 'leased_area'
    group by s.enterprise_id
),

-- an occupied unit is in use as far as the premises register knows
premises_use as (
    select
        enterprise_id,
        max(month) as last_premises_month
    from monthly.premises
    group by enterprise_id
),

-- whether people and meters went along with the seat, the last time that it moved
last_seat_move as (
    select
        enterprise_id,
        seat_move_code,
        event_date,
        row_number() over (partition by enterprise_id order by event_date desc, event_no desc) as row_rank
    from signals.seat_move
),

known_enterprise as (
    select
        e.enterprise_id,
        e.status_code,
        n.last_seen_month,
        greatest(o.last_operating_month, i.last_premises_month) as last_operating_month,
        coalesce(n.is_recent, false) as is_recent,
        coalesce(n.is_recent and month_number(n.last_seen_month) > m.month_number - u.dormant_months, false)
            as is_here,
        coalesce(n.is_leasing, false) as is_leasing,
        coalesce(n.is_insuring, false) as is_insuring,
        coalesce(n.has_ever_leased, false) or l.enterprise_id is not null as has_ever_leased,
        coalesce(
            greatest(
                month_number(greatest(o.last_operating_month, i.last_premises_month)),
                coalesce(o.yearly_until_number, 0)
            ) <= m.month_number - u.dormant_months,
            true
        ) as is_silent,
        coalesce(
            greatest(o.last_known_number, o.yearly_until_number, month_number(i.last_premises_month))
            <= m.month_number - u.dormant_months,
            true
        ) as is_unknown_lately,
        coalesce(l.until_date < m.month_end_date and not coalesce(n.is_leasing, false), false) as is_lease_over,
        coalesce(
            l.until_date >= m.month_end_date
            and month_number(l.until_date) <= m.month_number + u.lease_ending_months,
            false
        ) as is_lease_ending,
        coalesce(l.until_date = l.terminated_date, false) as is_lease_terminated,
        l.until_date as space_until_date,
        case when e.status_code = 'moved_out' then s.seat_move_code end as seat_move_code,
        case when e.status_code = 'moved_out' then s.event_date else e.cancelled_date end as struck_off_date,
        m.month,
        u.version as rule_version
    from resolved.enterprise as e
    inner join monthly.month as m on m.is_last_month
    cross join rules.assessment_limit as u
    left join presence as n on e.enterprise_id = n.enterprise_id
    left join operation as o on e.enterprise_id = o.enterprise_id
    left join premises_use as i on e.enterprise_id = i.enterprise_id
    left join monthly.lease_end as l on e.enterprise_id = l.enterprise_id
    left join last_seat_move as s on e.enterprise_id = s.enterprise_id and s.row_rank = 1
),

departure as (
    select
        *,
        case
            when is_here then null
            when status_code in ('cancelled', 'revoked') then 'closed'
            when status_code = 'moved_out' then 'moved_out'
            when last_seen_month is null then null
            when is_lease_over then 'lease_over'
            when is_unknown_lately and not is_recent and not has_ever_leased then 'silent'
        end as left_ground_code
    from known_enterprise
)

select
    enterprise_id,
    is_here,
    left_ground_code,
    cast(case
        when left_ground_code is not null
            then coalesce(last_seen_month + interval 1 month, date_trunc('month', struck_off_date))
    end as date) as left_month,
    struck_off_date,
    last_seen_month,
    last_operating_month,
    is_leasing,
    is_insuring,
    is_silent,
    is_lease_over,
    is_lease_ending,
    is_lease_terminated,
    space_until_date,
    seat_move_code,
    month,
    rule_version
from departure
