-- title: Signs | 预警迹象
-- one row is: one sign that speaks for one alert about one enterprise that is here, as of tonight
--   | 当晚支持一家在园企业某一预警的一条迹象
-- answers: what evidence is there, since when, how much does it say, and does it count or only repeat another?
--   | 有什么依据，从何时起，分量多大，是计入还是只重复另一条？
-- key: enterprise_id, alert_code, sign_code
-- rules: Only of enterprises that are here (signals.present_enterprise).
--   * Falls and rises: signals.limit_reached and signals.activity_fall.
--   * lease_ending: months until the last of all leases ends, with no other signed.
--   * lease_terminated: that end is a termination.
--   * lease_over: it has ended before tonight, some months ago at most.
--   * tax_late: taxes of some months paid late or open; tax_open: due and not paid; each where its share exceeds that
--   of the year before by some points, provisional months left out.
--   * seat_moved: the registered seat has moved and whether people follow is open.
--   * abnormal_listed: on the list of abnormal operations still.
--   * invested_elsewhere, branch_opened: within a year.
--   * threshold_share: signals.threshold_watch, only where the enterprise was not above the line within a year.
--   * Points by rules/alert_evidence.yml: of a sign's bands that apply, the strongest.
--   * weight: points, halved for every half-life since the sign was last seen.
--   * Signs of one group have one cause: the heaviest is counted, the others are listed beside it.
--   | 只针对在园企业。
--   * 升降取自“升降越限”和“活动量下降”。
--   * 租约将尽：距全部租约最后到期的月数，且未另签。
--   * 租约解除：该到期为提前解除。
--   * 租约已尽：当晚之前已到期，至多几个月。
--   * 迟缴：若干月份的税迟缴或未缴；欠缴：应缴未缴；均须其占比较上年高出若干百分点，暂定月份除外。
--   * 住所已迁而人员去留未定。
--   * 仍在经营异常名录。
--   * 一年内对外投资、设立分支。
--   * 临近标准取自“小升规监测”，一年内曾超标准的除外。
--   * 分值由规则规定：同一迹象取适用各档中最重的。
--   * 权重为分值自最近出现起每过一个半衰期减半。
--   * 同组迹象出于同一原因：只计最重的一条，其余并列。
-- example: headcount fell by 24 %, last seen 3 months ago: 1.5 points (from 20 % on) of contraction, half-life 3
--   months: weight 0.75.
--   | 参保人数下降24%，最近出现在3个月前：收缩预警分值1.5（20%起），半衰期3个月，权重0.75。
-- known gaps: Rent that is not paid is in no silo. A lease without a written end shows no lease_ending. Investments
--   and branches within the park are not distinguished from those elsewhere.
--   | 没有来源记载欠租。未写到期日的租约没有租约将尽。园内与园外的投资、分支未加区分。
-- column since_month: first month, without interruption, in which the sign was at least as strong | 起始月份 连续不弱于现在的第一个月
-- column last_seen_month: month in which the sign was last seen | 最近出现月份 最近一次见到该迹象的月份
-- column value: per cent, months, items or 1, by sign_code (rules/alert_evidence.yml) | 迹象值 百分比、月数、项数或1，随迹象代码
-- rebuild: nightly
-- checked by: tests/models/signals.alert_evidence
with last_month as (
    select
        m.month,
        m.month_number,
        cast(o.as_of as date) as night_date
    from monthly.month as m
    cross join ops.night as o
    where m.is_last_month
),

-- a lease that was given up ends on the day of the notice, not on that of the contract
lease as (
    select
        e.enterprise_id,
        e.until_date,
        coalesce(e.until_date = e.terminated_date, false) as is_terminated,
        month_number(e.until_date) as until_number
    from monthly.lease_end as e
    inner join signals.present_enterprise as h on e.enterprise_id = h.enterprise_id
    where e.until_date is not null
),

-- taxes of months long enough ago to be judged; the yearly settlement has a date of its own
tax_item as (
    select
        t.enterprise_id,
        l.month_number - m.month_number as age_months,
        m.month_number,
        case
            when t.paid_amount is null then 'tax_open'
            when t.last_paid_date > cast(t.period_end + interval '1' day * u.late_days as date) then 'tax_late'
        end as sign_code
    from monthly.tax as t
    inner join signals.present_enterprise as h on t.enterprise_id = h.enterprise_id
    inner join monthly.month as m on t.month = m.month
    inner join monthly.provisional_month as p on t.month = p.month and p.subject = 'tax_payment'
    cross join last_month as l
    cross join rules.alert_limit as u
    where
        not p.is_provisional
        and t.period_months < 12
        and (t.tax_due_amount > 0 or t.paid_amount > 0)
        and cast(t.period_end + interval '1' day * (u.late_days + u.settling_days) as date) <= l.night_date
        and l.month_number - m.month_number < u.tax_months + 13
),

tax_sign as (
    select 'tax_late' as sign_code
    union all
    select 'tax_open' as sign_code
),

-- against the habit of the year before: a firm that always pays late says nothing new. What is open counts as late, too
tax_count as (
    select
        t.enterprise_id,
        c.sign_code,
        count(case when t.age_months <= u.tax_months then 1 end) as item_count,
        count(case when t.age_months <= u.tax_months and t.sign_code in ('tax_open', c.sign_code) then 1 end)
            as bad_count,
        count(case when t.age_months > u.tax_months then 1 end) as item_count_before,
        count(case when t.age_months > u.tax_months and t.sign_code is not null then 1 end) as bad_count_before,
        min(case when t.age_months <= u.tax_months and t.sign_code in ('tax_open', c.sign_code) then t.month_number end)
            as first_number,
        max(case when t.age_months <= u.tax_months and t.sign_code in ('tax_open', c.sign_code) then t.month_number end)
            as last_number
    from tax_item as t
    cross join rules.alert_limit as u
    cross join tax_sign as c
    group by t.enterprise_id, c.sign_code
),

-- events of the register, with seats that moved where the people may follow
past_event as (
    select
        t.enterprise_id,
        case e.event_code when 'investment' then 'invested_elsewhere' else e.event_code end as sign_code,
        e.event_date
    from known.registration_event as e
    inner join resolved.link as t on e.feed = t.feed and e.source_key = t.source_key
    where e.event_code in ('investment', 'branch_opened', 'abnormal_listed', 'abnormal_removed')
    union all
    select
        enterprise_id,
        'seat_moved' as sign_code,
        event_date
    from signals.seat_move
    where seat_move_code = 'too_early'
),

removed_entry as (
    select
        enterprise_id,
        max(event_date) as event_date
    from past_event
    where sign_code = 'abnormal_removed'
    group by enterprise_id
),

-- an abnormal entry that was removed since is no sign any more
event as (
    select
        p.enterprise_id,
        p.sign_code,
        max(p.event_date) as event_date
    from past_event as p
    inner join signals.present_enterprise as h on p.enterprise_id = h.enterprise_id
    left join removed_entry as r
        on p.enterprise_id = r.enterprise_id and p.sign_code = 'abnormal_listed' and p.event_date <= r.event_date
    where p.sign_code <> 'abnormal_removed' and r.enterprise_id is null
    group by p.enterprise_id, p.sign_code
),

limit_sign as (
    select
        enterprise_id,
        sign_code,
        value,
        limit_value,
        month,
        since_month,
        detail_en,
        detail_zh
    from signals.limit_reached
    union all
    select
        enterprise_id,
        'activity_fall' as sign_code,
        value,
        limit_value,
        month,
        since_month,
        detail_en,
        detail_zh
    from signals.activity_fall
),

-- every sign in one form: its value, in which month it was last seen, and since when it holds
found_sign as (
    select
        r.enterprise_id,
        r.sign_code,
        r.value,
        r.limit_value,
        m.month_number as last_number,
        b.month_number as since_number,
        r.detail_en,
        r.detail_zh
    from limit_sign as r
    inner join monthly.month as m on r.month = m.month
    inner join monthly.month as b on r.since_month = b.month
    union all
    select
        e.enterprise_id,
        'lease_ending' as sign_code,
        cast(e.until_number - l.month_number as decimal(30, 1)) as value,
        cast(null as decimal(30, 1)) as limit_value,
        l.month_number as last_number,
        cast(null as bigint) as since_number,
        cast(e.until_date as varchar) as detail_en,
        cast(e.until_date as varchar) as detail_zh
    from lease as e
    cross join last_month as l
    cross join rules.alert_limit as u
    where e.until_date >= l.night_date and e.until_number - l.month_number <= u.lease_ahead_months
    union all
    select
        e.enterprise_id,
        'lease_terminated' as sign_code,
        1 as value,
        cast(null as decimal(30, 1)) as limit_value,
        l.month_number as last_number,
        l.month_number as since_number,
        cast(e.until_date as varchar) as detail_en,
        cast(e.until_date as varchar) as detail_zh
    from lease as e
    cross join last_month as l
    where e.is_terminated and e.until_date >= l.night_date
    union all
    select
        e.enterprise_id,
        'lease_over' as sign_code,
        1 as value,
        cast(null as decimal(30, 1)) as limit_value,
        l.month_number as last_number,
        e.until_number as since_number,
        cast(e.until_date as varchar) as detail_en,
        cast(e.until_date as varchar) as detail_zh
    from lease as e
    cross join last_month as l
    cross join rules.alert_limit as u
    where e.until_date < l.night_date and e.until_number > l.month_number - u.lease_over_months
    union all
    select
        t.enterprise_id,
        t.sign_code,
        t.bad_count as value,
        cast(null as decimal(30, 1)) as limit_value,
        t.last_number,
        t.first_number as since_number,
        filled(w.taxes_en, 'bad', cast(t.bad_count as varchar), 'count', cast(t.item_count as varchar)) as detail_en,
        filled(w.taxes_zh, 'bad', cast(t.bad_count as varchar), 'count', cast(t.item_count as varchar)) as detail_zh
    from tax_count as t
    cross join rules.alert_limit as u
    cross join rules.alert_evidence_words_limit as w
    where
        t.bad_count >= u.tax_items_min
        and t.bad_count * 100 * greatest(t.item_count_before, 1)
        >= (t.bad_count_before * 100 + u.tax_more_pct * greatest(t.item_count_before, 1)) * t.item_count
    union all
    select
        e.enterprise_id,
        e.sign_code,
        1 as value,
        cast(null as decimal(30, 1)) as limit_value,
        least(month_number(e.event_date), l.month_number) as last_number,
        least(month_number(e.event_date), l.month_number) as since_number,
        cast(e.event_date as varchar) as detail_en,
        cast(e.event_date as varchar) as detail_zh
    from event as e
    cross join last_month as l
    cross join rules.alert_limit as u
    where month_number(e.event_date) > l.month_number - u.event_months
    union all
    select
        w.enterprise_id,
        'threshold_share' as sign_code,
        w.line_share_pct as value,
        cast(null as decimal(30, 1)) as limit_value,
        month_number(w.month) as last_number,
        month_number(w.since_month) as since_number,
        filled(
            t.near_line_en,
            'sales',
            number_text(w.sales_12m_amount / 10000),
            'line',
            number_text(w.line_amount / 10000),
            'trade', w.trade_en
        ) as detail_en,
        filled(
            t.near_line_zh,
            'sales',
            number_text(w.sales_12m_amount / 10000),
            'line',
            number_text(w.line_amount / 10000),
            'trade', w.trade_zh
        ) as detail_zh
    from signals.threshold_watch as w
    inner join signals.present_enterprise as h on w.enterprise_id = h.enterprise_id
    cross join last_month as l
    cross join rules.alert_evidence_words_limit as t
    cross join rules.alert_limit as u
    where coalesce(month_number(w.above_month) <= l.month_number - u.event_months, true)
),

-- a sign has points by how large it is, and for a departure by how near the end of the lease is
banded_sign as (
    select
        f.enterprise_id,
        b.alert_code,
        f.sign_code,
        b.group_code,
        f.value,
        f.last_number,
        f.since_number,
        f.detail_en,
        f.detail_zh,
        b.points,
        b.half_life_months,
        -- before, the lease was too far from its end for this band
        e.until_number - least(
            coalesce(b.lease_months_max, u.lease_ahead_months),
            case when f.sign_code = 'lease_ending' then ceil(b.value_max) - 1 else u.lease_ahead_months end
        ) as lease_number,
        b.version,
        row_number() over (
            partition by f.enterprise_id, b.alert_code, f.sign_code order by abs(b.points) desc, b.value_min desc
        ) as row_rank
    from found_sign as f
    cross join last_month as l
    cross join rules.alert_limit as u
    inner join rules.alert_evidence as b
        on
            f.sign_code = b.sign_code and f.value >= b.value_min and coalesce(f.value < b.value_max, true)
            and coalesce(f.limit_value = b.value_min, true)
    left join lease as e on f.enterprise_id = e.enterprise_id and l.night_date <= e.until_date
    where
        b.lease_months_max is null
        or (
            e.until_number - l.month_number <= b.lease_months_max
            and e.until_number - l.month_number >= coalesce(b.lease_months_min, 0)
        )
),

-- the strongest band of a sign alone: bands are not added up
chosen_sign as (
    select *
    from banded_sign
    where row_rank = 1
),

-- points fade by halves: what was seen half a year ago weighs less than what was seen today
dated_sign as (
    select
        c.enterprise_id,
        c.alert_code,
        c.sign_code,
        c.group_code,
        c.value,
        c.points,
        c.detail_en,
        c.detail_zh,
        c.last_number,
        least(
            greatest(coalesce(c.since_number, c.lease_number), coalesce(c.lease_number, c.since_number)),
            c.last_number
        ) as since_number,
        l.month,
        l.month_number - c.last_number as age_months,
        cast(
            c.points * power(0.5, (l.month_number - c.last_number) / nullif(c.half_life_months, 0)) as decimal(30, 2)
        ) as weight,
        c.version
    from chosen_sign as c
    cross join last_month as l
),

-- the sentence of each sign, with the name and unit of its signal
sign_words as (
    select
        w.sign_code,
        filled(w.words_en, 'name', coalesce(g.name_en, ''), 'unit', coalesce(g.unit_en, '')) as words_en,
        filled(w.words_zh, 'name', coalesce(g.name_zh, ''), 'unit', coalesce(g.unit_zh, '')) as words_zh
    from rules.alert_evidence_words as w
    left join rules.signal as g on w.signal_code = g.signal_code
)

select
    d.enterprise_id,
    d.alert_code,
    d.sign_code,
    d.group_code,
    cast(d.value as decimal(30, 2)) as value,
    cast(d.month - interval '1' month * (d.age_months + d.last_number - d.since_number) as date) as since_month,
    cast(d.month - interval '1' month * d.age_months as date) as last_seen_month,
    cast(d.points as decimal(30, 2)) as points,
    d.weight,
    -- signs of one group are one cause seen twice: the strongest counts
    row_number() over (
        partition by d.enterprise_id, d.alert_code, d.group_code order by abs(d.weight) desc, d.sign_code asc
    ) = 1 as is_counted,
    filled(
        t.words_en,
        'value', rtrim(rtrim(cast(cast(d.value as decimal(30, 2)) as varchar), '0'), '.'),
        'detail', coalesce(d.detail_en, '')
    ) as words_en,
    filled(
        t.words_zh,
        'value', rtrim(rtrim(cast(cast(d.value as decimal(30, 2)) as varchar), '0'), '.'),
        'detail', coalesce(d.detail_zh, '')
    ) as words_zh,
    concat(u.version, '; ', d.version) as rule_version
from dated_sign as d
inner join sign_words as t on d.sign_code = t.sign_code
cross join rules.alert_limit as u
where abs(d.weight) >= u.weight_min
