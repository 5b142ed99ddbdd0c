-- title: Flows | 进出与增减
-- one row is: one signal of one enterprise in one period that can be compared with the period before
-- answers: did it open, close, expand, contract, move in or move out; or is the change only on paper?
-- key: enterprise_id, signal_code, month
-- rules: Each period is compared with the one before it of the same length (a month with the last month, a quarter
--   with the last quarter). Start: positive now, a reported zero or no value ever before. The first period that
--   anybody reported starts nothing: what was before is not known; of what is registered (capital, branches,
--   investments) that is the calendar's first month. It is move_in if the enterprise was registered long before it was
--   first seen here, and the start belongs to its arrival; else open. End: a reported zero, no row in a complete book
--   (leases, the register), nothing for three believable months in a row, or nothing any more after the register
--   cancelled it. It is move_out if the end belongs to the departure of an enterprise that the register has alive: all
--   it had here of people, space and meters has ended, or the register says that it moved; else close.
--   What is registered does not move, and nobody takes it over: first branch open, one more expand, none left close.
--   Otherwise expand, contract, or unchanged within the signal's tolerance (rules/signal.yml). Where one enterprise
--   carries on another (signals.succession, facts only), the loss of the old one and the gain of the new one are
--   succession_out and succession_in, with the kind and the other side's id: no flow. For a merger, division or
--   taking-over that is within some months of it (rules/flow.yml); the headcount of the side that goes on only in the
--   month in which people were seen to move; the ends of the old one and the starts of the new one up to a year
--   later. For a payroll that moved it is the headcount of that month. A changed code or name never shows: the
--   enterprise_id is the same. A value after a gap is "resumed" and no flow; the earlier value is then the last one
--   before the gap. No row where this or the earlier month is provisional, or its value suspect
--   (signals.plausibility). How long is long, and all other limits, stand in rules/flow.yml.
-- known gaps: What changes across a gap is in no flow. All of a change in the window of a merger is taken as the
--   merger's. A stop without a word is dated right but seen three months late; until the last of its people, space
--   and meters has ended, a leaver's ends read close.
-- parts: enterprise_id
-- checked by: tests/models/signals.flow
with last_month as (
    select month_number
    from monthly.month
    where is_last_month
),

first_month as (
    select min(month_number) as month_number
    from monthly.month
),

-- the last month that can be believed: nothing stops after it, as far as we know
believed_until as (
    select
        r.signal_code,
        coalesce(max(s.month_number), l.month_number) as month_number
    from rules.signal as r
    cross join last_month as l
    left join monthly.provisional_month as s on r.subject = s.subject and not s.is_provisional
    group by r.signal_code, l.month_number
),

-- before its first period nothing is known of a signal: who has a value in it did not start in it; the register dates
-- what it says, so that even the park's only branch has a month in which it was opened
seen_first as (
    select
        s.signal_code,
        s.period_months,
        min(case when r.is_of_register then c.month_number else s.month_number end) as month_number
    from signals.signal_month as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    cross join first_month as c
    group by s.signal_code, s.period_months
),

-- when any silo but the register first and last had something of it
seen as (
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

-- a month that is not complete, or a figure that nobody should believe, says nothing of a change
told as (
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
),

neighbours as (
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
    from told
),

-- a value, against the one before
changed as (
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
            when n.last_number is null then 'start'
            when n.last_number < n.month_number - n.period_months and r.missing_means = 'unknown' then 'resumed'
            when n.last_number < n.month_number - n.period_months then 'start'
            when n.last_value = 0 and n.value > 0 then 'start'
            when n.last_value > 0 and n.value = 0 then 'end'
            else 'change'
        end as step,
        n.positive_number
    from neighbours as n
    inner join rules.signal as r on n.signal_code = r.signal_code
    inner join seen_first as f on n.signal_code = f.signal_code and n.period_months = f.period_months
    where
        not n.is_doubtful
        and (
            n.last_number is null or n.last_number < n.month_number - n.period_months or not n.is_last_doubtful
        )
),

-- nothing, after a value
stopped as (
    select
        n.enterprise_id,
        n.signal_code,
        n.month_number + n.period_months as month_number,
        n.period_months,
        n.value as earlier_value,
        cast(0 as decimal(18, 3)) as value,
        'end' as step,
        n.positive_number
    from neighbours as n
    cross join rules.flow as rule
    inner join rules.signal as r on n.signal_code = r.signal_code
    inner join believed_until as b on n.signal_code = b.signal_code
    left join resolved.enterprise as e on n.enterprise_id = e.enterprise_id
    left join
        monthly.provisional_month as s
        on r.subject = s.subject and n.month_number + n.period_months = s.month_number
    where
        n.value > 0
        and not n.is_doubtful
        and not coalesce(s.is_provisional, false)
        and n.month_number + n.period_months <= b.month_number
        and (
            (
                r.missing_means = 'zero'
                and (n.next_number is null or n.next_number > n.month_number + n.period_months)
            )
            or (
                n.next_number is null
                and (
                    n.month_number + n.period_months + rule.close_missing_months - 1 <= b.month_number
                    or month_number(e.cancelled_date) <= n.month_number + n.period_months
                )
            )
        )
),

every_step as (
    select * from changed
    where step is not null
    union all
    select * from stopped
),

-- with the side on which a succession would explain it (what is registered nobody brings)
stepped as (
    select
        e.*,
        case
            when r.is_of_register or e.step = 'resumed' then 'none'
            when e.value > e.earlier_value then 'successor'
            when e.value < e.earlier_value then 'predecessor'
            else 'none'
        end as role,
        case when e.signal_code = 'headcount' then 1 else 0 end as is_headcount,
        case when e.step in ('start', 'end') then 'whole' else 'part' end as step_kind
    from every_step as e
    inner join rules.signal as r on e.signal_code = r.signal_code
),

ended as (
    select
        enterprise_id,
        signal_code,
        max(month_number) as month_number
    from stepped
    where step = 'end'
    group by enterprise_id, signal_code
),

-- gone: every signal of people, space and meters has ended; of who never had one, every signal
here as (
    select
        s.enterprise_id,
        min(s.first_number) as first_number,
        coalesce(max(case when r.shows_presence then s.last_number end), max(s.last_number)) as last_number,
        coalesce(
            min(case when r.shows_presence then case when e.month_number > s.last_number then 1 else 0 end end),
            min(case when e.month_number > s.last_number then 1 else 0 end)
        ) as is_gone
    from seen as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    left join ended as e on s.enterprise_id = e.enterprise_id and s.signal_code = e.signal_code
    group by s.enterprise_id
),

judged as (
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
            when s.step = 'resumed' then 'resumed'
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
    from stepped as s
    cross join rules.flow as rule
    inner join rules.signal as r on s.signal_code = r.signal_code
    inner join monthly.month as m on s.month_number = m.month_number
    left join here as h on s.enterprise_id = h.enterprise_id
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
from judged
