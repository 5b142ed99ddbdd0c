-- title: Flows | 进出与增减
-- one row is: one signal of one enterprise in one period that can be compared with the period before
--   | 一家企业一项指标的一个可与前一期比较的所属期
-- answers: did it open, close, expand, contract, move in or move out; or is the change only on paper?
--   | 它是新设、关闭、扩张、收缩、迁入还是迁出，还是只有纸面上的变化？
-- key: enterprise_id, signal_code, month
-- rules: A period is compared with the one before it of the same length: month with month, quarter with quarter.
--   * start: positive now; before, a reported zero or never a value. The first period that anyone reported starts
--   nothing, because the time before is unknown (capital, branches and investments: the calendar's first month).
--   * move_in: a start that belongs to the arrival of an enterprise registered long before it was first seen here.
--   * open: any other start.
--   * end: a reported zero; no row in a complete book (leases, the register); no value in the whole lists that alone
--   report it (monthly.complete_feed); no value for three believable months; or none after the register cancelled the
--   enterprise.
--   * open_ended: no value any more, and too soon to call it an end: value and change are empty, not zero.
--   * move_out: an end that belongs to the departure of an enterprise that the register has as alive: all its people,
--   space and meters here have ended, or the register has it moved.
--   * close: any other end.
--   * expand, contract: positive in both periods, and the change exceeds the signal's tolerance (rules/signal.yml).
--   * unchanged: a change within the tolerance.
--   * succession_in, succession_out: another enterprise carries this one on (signals.succession, facts only), within
--   some months for a merger, division or take-over; staff of the side that goes on only in the month in which people
--   moved; ends of the old and starts of the new one up to a year later; a moved payroll only staff of that month.
--   * resumed: a value after a gap; the earlier value is the last one before the gap. No flow.
--   * No row where this or the earlier period is provisional, or its value suspect (signals.plausibility): nothing
--   starts or ends against a month that is not complete, nor with a row
--   that could not be read (monthly.unread). Once it is, the start is in the month where it belongs.
--   Registered figures do not move and are not taken over: first branch open, one more expand, none left close. A
--   changed code or name never shows, because the enterprise_id is the same. Limits are in rules/flow.yml.
--   | 与前一个同样长度的所属期比较：月比月，季比季。
--   * 开始：本期为正，此前为报送的零或从无数值。任何人首次报送的一期不算开始，因为之前的情况未知（注册资本、分支、投资为月历首月）。
--   * 迁入：登记早已存在、随企业首次到园发生的开始。
--   * 新设：其他开始。
--   * 结束：报送为零；完整台账（租约、登记）中没有行；全量名单中没有；连续三个可信月份无数值；或登记注销后再无数值。
--   * 未定：已无数值，但尚不足以认定结束；本期值和变动为空，不是零。
--   * 迁出：登记仍存续、随企业离园发生的结束：其人员、场地、表具在园全部结束，或登记已迁出。
--   * 关闭：其他结束。
--   * 扩张、收缩：两期均为正，变动超过该指标阈值。
--   * 不变：变动未超过阈值。
--   * 承继转入、承继转出：已认定由另一企业接续。合并、分立、承接影响其前后若干月；继续经营一方的参保人数只影响人员转移当月；旧企业的结束和新企业的开始至多一年；转移参保只影响当月参保人数。
--   * 恢复：中断后又有数值，前期值取中断前最后一个；不算增减。
--   * 本期或前期为暂定、或数值存疑的没有行：不与未报齐的月份、读不出的行比较开始或结束，报齐后
--   记入所属月份。登记类指标不迁移也不被承接。更名换码看不出变化，因为企业编号不变。界限由规则规定。
-- example: headcount 12 in September and 15 in October, both believed: expand, +3. 15 in October and a reported 0 in
--   November, registered and alive, lease and meters ended: move_out, -15.
--   | 参保人数9月12人、10月15人，均可信：扩张，+3。10月15人、11月报送0人，登记存续，租约和表具均已结束：迁出，-15。
-- known gaps: What changes across a gap, or starts right after a month that never becomes complete, is in no flow. All
--   of a change in the window of a merger is taken as the merger's. A stop without a report is dated right but seen
--   three months late (open_ended until then); until the last of its people, space and meters has ended, a leaver's
--   ends are classed as close. A signal with a suspect last value has no end.
--   | 跨越中断的变化、紧接始终未报齐月份的开始不计入增减。合并影响期内的全部变化都算合并所致。没有报送零的停止，日期正确但要三个月后才看得出，此前为
--   未定；人员、场地、表具尚未全部结束时，离园企业的结束先算关闭。最后一个值存疑的指标没有结束。
-- rebuild: by_enterprise
-- checked by: tests/models/signals.flow
with first_month as (
    select min(month_number) as month_number
    from monthly.month
),

-- the last month that can be believed: nothing stops after it, as far as we know
believed_until as (
    select
        r.signal_code,
        coalesce(max(s.month_number), l.month_number) as month_number
    from rules.signal as r
    inner join monthly.month as l on l.is_last_month
    left join monthly.provisional_month as s on r.subject = s.subject and not s.is_provisional
    group by r.signal_code, l.month_number
),

-- before its first period nothing is known of a signal: who has a value in it did not start in it; the register dates
-- what it says, so that even the park's only branch has a month in which it was opened
first_period as (
    select
        s.signal_code,
        s.period_months,
        min(case when r.is_of_register then c.month_number else s.month_number end) as month_number
    from signals.signal_month as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    cross join first_month as c
    group by s.signal_code, s.period_months
),

-- enterprises that only whole lists report on: who is left out has ended
whole_list as (
    select
        l.enterprise_id,
        l.subject
    from resolved.link as l
    left join monthly.complete_feed as c on l.feed = c.feed
    group by l.enterprise_id, l.subject
    having count(*) = count(c.feed)
),

-- when any silo but the register first and last had something of it
seen_span as (
    select
        s.enterprise_id,
        s.signal_code,
        min(s.month_number) as first_number,
        max(s.month_number) as last_number
    from signals.signal as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    where s.value > 0 and not r.is_of_register
    group by s.enterprise_id, s.signal_code
),

unread_month as (
    select
        enterprise_id,
        subject,
        month_number,
        max(period_months) as period_months
    from monthly.unread
    group by enterprise_id, subject, month_number
),

series as (
    select distinct
        enterprise_id,
        signal_code
    from signals.signal
),

-- a month that is not complete, or a figure that is suspect, says nothing of a change
usable_value as (
    select
        s.enterprise_id,
        s.signal_code,
        s.month_number,
        s.period_months,
        s.value,
        s.is_provisional or p.enterprise_id is not null as is_doubtful
    from signals.signal as s
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    union all
    -- reported, and unread: neither a figure nor silence
    select
        v.enterprise_id,
        v.signal_code,
        u.month_number,
        u.period_months,
        cast(null as decimal(30, 3)) as value,
        true as is_doubtful
    from unread_month as u
    inner join rules.signal as r on u.subject = r.subject
    inner join series as v on u.enterprise_id = v.enterprise_id and r.signal_code = v.signal_code
    left join signals.signal as s
        on v.enterprise_id = s.enterprise_id and v.signal_code = s.signal_code and u.month_number = s.month_number
    where s.enterprise_id is null
),

neighbour_value as (
    select
        enterprise_id,
        signal_code,
        month_number,
        period_months,
        value,
        is_doubtful,
        lag(month_number) over (partition by enterprise_id, signal_code order by month_number) as last_number,
        lag(value) over (partition by enterprise_id, signal_code order by month_number) as last_value,
        lag(is_doubtful) over (partition by enterprise_id, signal_code order by month_number) as is_last_doubtful,
        lead(month_number) over (partition by enterprise_id, signal_code order by month_number) as next_number,
        max(case when value > 0 then month_number end) over (
            partition by enterprise_id, signal_code order by month_number
            rows between unbounded preceding and 1 preceding
        ) as positive_number
    from usable_value
),

-- a value, against the one before
value_change as (
    select
        n.enterprise_id,
        n.signal_code,
        n.month_number,
        n.period_months,
        case
            when n.last_number is null then 0
            when n.last_number < n.month_number - n.period_months and r.missing_means = 'zero' then 0
            else n.last_value
        end as earlier_value,
        n.value,
        case
            when n.last_number is null and n.value <= 0 then null
            when n.last_number is null and n.month_number = f.month_number then null
            when n.last_number is null and s.is_provisional then null
            when n.last_number is null then 'start'
            when n.last_number < n.month_number - n.period_months and r.missing_means = 'unknown' then 'resumed'
            when n.last_number < n.month_number - n.period_months then 'start'
            when n.last_value = 0 and n.value > 0 then 'start'
            when n.last_value > 0 and n.value = 0 then 'end'
            else 'change'
        end as step,
        n.positive_number
    from neighbour_value as n
    inner join rules.signal as r on n.signal_code = r.signal_code
    inner join first_period as f on n.signal_code = f.signal_code and n.period_months = f.period_months
    left join
        monthly.provisional_month as s
        on r.subject = s.subject and n.month_number - n.period_months = s.month_number
    where
        not n.is_doubtful
        and (
            n.last_number is null or n.last_number < n.month_number - n.period_months or not n.is_last_doubtful
        )
),

-- nothing, after a value: an end, or too soon to say
missing_figure as (
    select
        n.enterprise_id,
        n.signal_code,
        n.month_number + n.period_months as month_number,
        n.period_months,
        n.value as earlier_value,
        case
            when r.missing_means = 'zero' then 'end'
            when n.next_number is not null then null
            when w.enterprise_id is not null then 'end'
            when n.month_number + n.period_months + rule.close_missing_months - 1 <= b.month_number then 'end'
            when month_number(e.cancelled_date) <= n.month_number + n.period_months then 'end'
            else 'open_ended'
        end as step,
        n.positive_number
    from neighbour_value as n
    cross join rules.flow as rule
    inner join rules.signal as r on n.signal_code = r.signal_code
    inner join believed_until as b on n.signal_code = b.signal_code
    left join whole_list as w on n.enterprise_id = w.enterprise_id and r.subject = w.subject
    left join resolved.enterprise as e on n.enterprise_id = e.enterprise_id
    left join
        monthly.provisional_month as s
        on r.subject = s.subject and n.month_number + n.period_months = s.month_number
    where
        n.value > 0
        and not n.is_doubtful
        and not coalesce(s.is_provisional, false)
        and n.month_number + n.period_months <= b.month_number
        and (n.next_number is null or n.next_number > n.month_number + n.period_months)
),

value_stop as (
    select
        enterprise_id,
        signal_code,
        month_number,
        period_months,
        earlier_value,
        case when step = 'end' then cast(0 as decimal(30, 3)) end as value,
        step,
        positive_number
    from missing_figure
    where step is not null
),

every_step as (
    select * from value_change
    where step is not null
    union all
    select * from value_stop
),

-- with the side on which a succession would explain it (a registration is never taken over)
flow_step as (
    select
        e.*,
        case
            when r.is_of_register or e.step in ('resumed', 'open_ended') then 'none'
            when e.value > e.earlier_value then 'successor'
            when e.value < e.earlier_value then 'predecessor'
            else 'none'
        end as role,
        case when e.signal_code = 'headcount' then 1 else 0 end as is_headcount,
        case when e.step in ('start', 'end') then 'whole' else 'part' end as step_kind
    from every_step as e
    inner join rules.signal as r on e.signal_code = r.signal_code
),

ended_signal as (
    select
        enterprise_id,
        signal_code,
        max(month_number) as month_number
    from flow_step
    where step = 'end'
    group by enterprise_id, signal_code
),

-- gone: every signal of people, space and meters has ended; of who never had one, every signal
presence_span as (
    select
        s.enterprise_id,
        min(s.first_number) as first_number,
        coalesce(max(case when r.shows_presence then s.last_number end), max(s.last_number)) as last_number,
        coalesce(
            min(case when r.shows_presence then case when e.month_number > s.last_number then 1 else 0 end end),
            min(case when e.month_number > s.last_number then 1 else 0 end)
        ) as is_gone
    from seen_span as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    left join ended_signal as e on s.enterprise_id = e.enterprise_id and s.signal_code = e.signal_code
    group by s.enterprise_id
),

judged_step as (
    select
        s.enterprise_id,
        s.signal_code,
        m.month,
        s.month_number,
        s.period_months,
        s.earlier_value,
        s.value,
        x.other_enterprise_id,
        x.succession_code,
        case
            when s.step in ('resumed', 'open_ended') then s.step
            when x.role = 'successor' then 'succession_in'
            when x.role = 'predecessor' then 'succession_out'
            when
                s.step = 'start'
                and not r.is_of_register
                and s.month_number >= h.first_number
                and s.month_number - h.first_number < rule.arrival_window_months
                and month_number(e.registered_date) + rule.move_in_min_age_months
                < h.first_number
                then 'move_in'
            when s.step = 'start' then 'open'
            when
                s.step = 'end'
                and not r.is_of_register
                and (h.is_gone = 1 or e.status_code = 'moved_out')
                and h.last_number - s.month_number < rule.arrival_window_months
                and e.identity_code = 'register'
                and coalesce(e.status_code, '') in ('active', 'moved_out')
                then 'move_out'
            when s.step = 'end' then 'close'
            when
                abs(s.value - s.earlier_value) * 200
                <= r.min_change_pct * (abs(s.value) + abs(s.earlier_value))
                then 'unchanged'
            when s.value > s.earlier_value then 'expand'
            else 'contract'
        end as flow_code,
        coalesce(s.step = 'start' and s.month_number - s.positive_number <= rule.reactivation_months, false)
            as is_reactivation,
        concat(rule.version, '; ', r.version) as rule_version
    from flow_step as s
    cross join rules.flow as rule
    inner join rules.signal as r on s.signal_code = r.signal_code
    inner join monthly.month as m on s.month_number = m.month_number
    left join presence_span as h on s.enterprise_id = h.enterprise_id
    left join resolved.enterprise as e on s.enterprise_id = e.enterprise_id
    left join signals.succession_month as x
        on
            s.enterprise_id = x.enterprise_id
            and s.month_number = x.month_number
            and s.role = x.role
            and s.is_headcount = x.is_headcount
            and s.step_kind = x.step_kind
)

select
    enterprise_id,
    signal_code,
    month,
    month_number,
    period_months,
    flow_code,
    earlier_value,
    value,
    value - earlier_value as change,
    other_enterprise_id,
    succession_code,
    is_reactivation,
    rule_version
from judged_step
