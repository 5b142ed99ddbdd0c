-- title: Signs | 预警迹象
-- one row is: one sign that speaks for one alert about one enterprise that is here, as of tonight
-- answers: what evidence is there, since when, how much does it say, and does it count or only repeat another?
-- key: enterprise_id, alert_code, sign_code
-- rules: Only of enterprises that are here: leasing at the end of the last month, or staff, meters or entries within
--   the last months (rules/alert.yml). Falls and rises are of believed figures: no provisional month, no suspect value
--   (signals.plausibility), and none of what a merger, division or moved payroll brought or took within a year
--   (signals.flow). <measure>_fall and _rise: against the same month, or the same three, of the year before.
--   activity_fall: of staff, entries, electricity and water each the fall over three months, less the same fall a year
--   before, and no more than that against a year before (so that no season is one; what all do together is taken out
--   of entries and meters); of these the middle one. staff_quick_rise: staff over three months. crowding: fall of the
--   leased area per head over the year. lease_ending: months until the last of all leases ends, with no other signed;
--   lease_terminated: that end is a termination; lease_over: it has ended before tonight, within half a year. tax_late: taxes of some months paid late or open, tax_open: due and not paid, where their share
--   exceeds that of the year before by ten points. seat_moved: the registered seat has moved and whether people follow is open;
--   abnormal_listed: on the list of abnormal operations still; invested_elsewhere, branch_opened: within a year.
--   threshold_share: signals.threshold_watch. Points by rules/alert_sign.yml: of a sign's bands that apply, the
--   strongest. weight: points, halved for every half-life since the sign was last seen. Signs of one group have one
--   cause: the heaviest is counted, the others stand beside it.
-- known gaps: Rent that is not paid is in no silo. Without figures of a year before there is no activity_fall. An
--   enterprise that stays on in a lease without a written end shows no lease_ending. Investments and branches
--   within the park are not told from those elsewhere.
-- column since_month: first month, without interruption, in which the sign was at least as strong | 起始月份
-- column last_seen_month: month in which the sign was last seen | 最近出现月份
-- column value: per cent, months, items or 1, by sign_code (rules/alert_sign.yml) | 迹象值
-- checked by: tests/models/signals.sign
with rule as (
    select distinct
        version,
        present_months,
        late_days,
        tax_months,
        tax_items_min,
        event_months,
        history_months,
        recent_months
    from rules.alert
),

last_month as (
    select
        m.month,
        m.month_number,
        cast(o.as_of as date) as night_date
    from monthly.month as m
    cross join ops.night as o
    where m.is_last_month
),

seen as (
    select a.enterprise_id
    from monthly.lease_area as a
    inner join last_month as l on a.month = l.month
    union all
    select h.enterprise_id
    from monthly.headcount as h
    inner join monthly.month as m on h.month = m.month
    cross join last_month as l
    cross join rule as u
    where h.insured_headcount > 0 and m.month_number > l.month_number - u.present_months
    union all
    select t.enterprise_id
    from monthly.utility as t
    inner join monthly.month as m on t.month = m.month
    cross join last_month as l
    cross join rule as u
    where t.used_quantity > 0 and m.month_number > l.month_number - u.present_months
    union all
    select a.enterprise_id
    from monthly.access as a
    inner join monthly.month as m on a.month = m.month
    cross join last_month as l
    cross join rule as u
    where a.people_entry_count > 0 and m.month_number > l.month_number - u.present_months
),

here as (
    select enterprise_id
    from seen
    group by enterprise_id
),

-- what came or went by succession is no sign; of a payroll that moved, only the staff is not
succession as (
    select
        f.enterprise_id,
        max(case when f.succession_code in ('merged', 'split', 'taken_over') then 1 else 0 end) as is_whole
    from signals.flow as f
    cross join last_month as l
    where
        f.flow_code in ('succession_in', 'succession_out')
        and year(f.month) * 12 + month(f.month) > l.month_number - 12
    group by f.enterprise_id
),

believed as (
    select
        s.enterprise_id,
        r.measure_code,
        r.window_months,
        s.month_number,
        s.period_months,
        s.value
    from signals.signal as s
    inner join rules.alert_measure as r on s.signal_code = r.signal_code
    inner join here as h on s.enterprise_id = h.enterprise_id
    cross join last_month as l
    cross join rule as u
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    left join succession as c
        on s.enterprise_id = c.enterprise_id and (c.is_whole = 1 or r.measure_code = 'headcount')
    where
        not s.is_provisional
        and p.enterprise_id is null
        and c.enterprise_id is null
        and s.month_number <= l.month_number
        and s.month_number > l.month_number - u.history_months - 18
),

summed as (
    select
        enterprise_id,
        measure_code,
        window_months,
        month_number,
        period_months,
        case when window_months = 1 then value else sum(value) over three end as value,
        case when window_months = 1 then period_months else sum(period_months) over three end as covered_months
    from believed
    window three as (
        partition by enterprise_id, measure_code order by month_number range between 2 preceding and current row
    )
),

paired as (
    select
        enterprise_id,
        measure_code,
        month_number,
        period_months,
        value,
        max(value) over (
            partition by enterprise_id, measure_code order by month_number range between 3 preceding and 3 preceding
        ) as quarter_value,
        max(value) over (
            partition by enterprise_id, measure_code order by month_number range between 12 preceding and 12 preceding
        ) as year_value
    from summed
    where covered_months = window_months
),

-- what all enterprises together did over three months
season as (
    select
        p.measure_code,
        p.month_number,
        cast(sum(p.value) / nullif(sum(p.quarter_value), 0) as decimal(18, 6)) as factor
    from paired as p
    inner join rules.alert_measure as r on p.measure_code = r.measure_code
    where r.has_season and p.value > 0 and p.quarter_value > 0
    group by p.measure_code, p.month_number
),

fallen as (
    select
        p.enterprise_id,
        p.measure_code,
        p.month_number,
        p.period_months,
        p.value,
        p.quarter_value,
        p.year_value,
        cast(
            100 - 100 * p.value / nullif(p.quarter_value * coalesce(s.factor, 1), 0) as decimal(18, 4)
        ) as quarter_fall_pct,
        cast(100 - 100 * p.value / nullif(p.year_value, 0) as decimal(18, 4)) as year_fall_pct
    from paired as p
    left join season as s on p.measure_code = s.measure_code and p.month_number = s.month_number
),

compared as (
    select
        *,
        max(quarter_fall_pct) over (
            partition by enterprise_id, measure_code order by month_number range between 12 preceding and 12 preceding
        ) as quarter_fall_pct_before
    from fallen
),

recent as (
    select
        c.*,
        c.month_number = max(c.month_number) over (partition by c.enterprise_id, c.measure_code)
        and c.month_number > l.month_number - u.recent_months - c.period_months + 1 as is_latest
    from compared as c
    cross join last_month as l
    cross join rule as u
    where c.month_number > l.month_number - u.history_months
),

-- the fall of each kind of activity
active as (
    select
        c.enterprise_id,
        c.measure_code,
        c.month_number,
        cast(
            least(c.quarter_fall_pct - greatest(coalesce(c.quarter_fall_pct_before, 0), 0), c.year_fall_pct)
            as decimal(18, 1)
        ) as fall_pct,
        c.quarter_value,
        c.value
    from recent as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    where r.is_activity and c.quarter_fall_pct is not null and c.year_fall_pct is not null
),

ranked as (
    select
        *,
        row_number() over (partition by enterprise_id, month_number order by fall_pct, measure_code) as place,
        count(*) over (partition by enterprise_id, month_number) as measure_count
    from active
),

activity as (
    select
        enterprise_id,
        month_number,
        cast(
            sum(case when place * 2 between measure_count and measure_count + 2 then fall_pct end)
            / nullif(count(case when place * 2 between measure_count and measure_count + 2 then 1 end), 0)
            as decimal(18, 1)
        ) as fall_pct,
        concat_ws(
            ', ',
            max(case when measure_code = 'headcount' then concat(
                'staff ', cast(cast(quarter_value as bigint) as varchar), ' → ', cast(cast(value as bigint) as varchar)
            ) end),
            max(case when measure_code = 'entries' then concat(
                'entries ', cast(cast(quarter_value as bigint) as varchar), ' → ',
                cast(cast(value as bigint) as varchar)
            ) end),
            max(case when measure_code = 'electricity' then concat(
                'electricity ', cast(cast(quarter_value as bigint) as varchar), ' → ',
                cast(cast(value as bigint) as varchar), ' kWh'
            ) end),
            max(case when measure_code = 'water' then concat(
                'water ', cast(cast(quarter_value as bigint) as varchar), ' → ',
                cast(cast(value as bigint) as varchar), ' m³'
            ) end)
        ) as detail_en,
        concat_ws(
            '、',
            max(case when measure_code = 'headcount' then concat(
                '参保', cast(cast(quarter_value as bigint) as varchar), '→', cast(cast(value as bigint) as varchar), '人'
            ) end),
            max(case when measure_code = 'entries' then concat(
                '进出', cast(cast(quarter_value as bigint) as varchar), '→', cast(cast(value as bigint) as varchar), '人次'
            ) end),
            max(case when measure_code = 'electricity' then concat(
                '用电', cast(cast(quarter_value as bigint) as varchar), '→', cast(cast(value as bigint) as varchar),
                '千瓦时'
            ) end),
            max(case when measure_code = 'water' then concat(
                '用水', cast(cast(quarter_value as bigint) as varchar), '→', cast(cast(value as bigint) as varchar),
                '立方米'
            ) end)
        ) as detail_zh
    from ranked
    group by enterprise_id, month_number
),

-- leased area per head, of who leases and insures
crowded as (
    select
        h.enterprise_id,
        h.month_number,
        cast(
            100 - 100 * (a.value / nullif(h.value, 0)) / nullif(a.year_value / nullif(h.year_value, 0), 0)
            as decimal(18, 1)
        ) as fall_pct,
        cast(a.value / nullif(h.value, 0) as decimal(18, 1)) as area_per_head_m2,
        cast(a.year_value / nullif(h.year_value, 0) as decimal(18, 1)) as earlier_area_per_head_m2
    from recent as h
    inner join recent as a
        on h.enterprise_id = a.enterprise_id and h.month_number = a.month_number and a.measure_code = 'leased_area'
    inner join rules.alert_measure as r on h.measure_code = r.measure_code
    where h.measure_code = 'headcount' and h.value - h.year_value >= r.change_min and h.year_value > 0
),

-- every figure of the months that are looked back on; the more, the stronger
measured as (
    select
        enterprise_id,
        'activity_fall' as sign_code,
        month_number,
        fall_pct as value,
        detail_en,
        detail_zh
    from activity
    union all
    select
        c.enterprise_id,
        concat(c.measure_code, case when d.is_fall = 1 then '_fall' else '_rise' end) as sign_code,
        c.month_number,
        cast(
            case
                when abs(c.value - c.year_value) < r.change_min then 0
                when d.is_fall = 1 then c.year_fall_pct
                when c.year_value < r.rise_from then 0
                else -c.year_fall_pct
            end as decimal(18, 1)
        ) as value,
        concat(
            cast(cast(c.year_value as bigint) as varchar), ' → ', cast(cast(c.value as bigint) as varchar)
        ) as detail_en,
        concat(
            cast(cast(c.year_value as bigint) as varchar), '→', cast(cast(c.value as bigint) as varchar)
        ) as detail_zh
    from recent as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    cross join (
        select 1 as is_fall
        union all
        select 0 as is_fall
    ) as d
    where c.year_fall_pct is not null
    union all
    select
        c.enterprise_id,
        'staff_quick_rise' as sign_code,
        c.month_number,
        cast(
            case when c.value - c.quarter_value < r.change_min + 1 then 0 else -c.quarter_fall_pct end
            as decimal(18, 1)
        ) as value,
        concat(
            cast(cast(c.quarter_value as bigint) as varchar), ' → ', cast(cast(c.value as bigint) as varchar)
        ) as detail_en,
        concat(
            cast(cast(c.quarter_value as bigint) as varchar), '→', cast(cast(c.value as bigint) as varchar)
        ) as detail_zh
    from recent as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    where c.measure_code = 'headcount' and c.quarter_fall_pct is not null
    union all
    select
        enterprise_id,
        'crowding' as sign_code,
        month_number,
        fall_pct as value,
        concat(
            cast(earlier_area_per_head_m2 as varchar), ' → ', cast(area_per_head_m2 as varchar), ' m² a head'
        ) as detail_en,
        concat('人均', cast(earlier_area_per_head_m2 as varchar), '→', cast(area_per_head_m2 as varchar), '平方米')
            as detail_zh
    from crowded
),

newest as (
    select
        enterprise_id,
        sign_code,
        max(month_number) as month_number
    from measured
    group by enterprise_id, sign_code
),

-- the day on which the last of all leases ends, those that are signed and have not begun among them
lease_end as (
    select
        t.enterprise_id,
        case
            when max(case when l.end_date is null and l.terminated_date is null then 1 else 0 end) = 0
                then max(coalesce(least(l.end_date, l.terminated_date), l.end_date, l.terminated_date))
        end as until_date,
        max(case
            when l.terminated_date is not null and (l.end_date is null or l.terminated_date < l.end_date)
                then l.terminated_date
        end) as terminated_date
    from known.lease as l
    inner join resolved.link as t on l.feed = t.feed and l.source_key = t.source_key
    inner join here as h on t.enterprise_id = h.enterprise_id
    group by t.enterprise_id
),

lease as (
    select
        enterprise_id,
        until_date,
        coalesce(until_date = terminated_date, false) as is_terminated,
        year(until_date) * 12 + month(until_date) as until_number
    from lease_end
    where until_date is not null
),

tax_believed as (
    select month
    from monthly.coverage
    where subject = 'tax_payment'
    group by month
    having max(case when is_provisional then 1 else 0 end) = 0
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
    inner join here as h on t.enterprise_id = h.enterprise_id
    inner join monthly.month as m on t.month = m.month
    inner join tax_believed as b on t.month = b.month
    cross join last_month as l
    cross join rule as u
    where
        t.period_months < 12
        and (t.tax_due_amount > 0 or t.paid_amount > 0)
        and cast(t.period_end + interval '1' day * (u.late_days + 4) as date) <= l.night_date
        and l.month_number - m.month_number < u.tax_months + 13
),

tax_count as (
    select
        t.enterprise_id,
        c.sign_code,
        count(case when t.age_months <= u.tax_months then 1 end) as item_count,
        count(case when t.age_months <= u.tax_months and t.sign_code in ('tax_open', c.sign_code) then 1 end) as bad_count,
        count(case when t.age_months > u.tax_months then 1 end) as item_count_before,
        count(case when t.age_months > u.tax_months and t.sign_code is not null then 1 end) as bad_count_before,
        min(case when t.age_months <= u.tax_months and t.sign_code in ('tax_open', c.sign_code) then t.month_number end)
            as first_number,
        max(case when t.age_months <= u.tax_months and t.sign_code in ('tax_open', c.sign_code) then t.month_number end)
            as last_number
    from tax_item as t
    cross join rule as u
    cross join (
        select 'tax_late' as sign_code
        union all
        select 'tax_open' as sign_code
    ) as c
    group by t.enterprise_id, c.sign_code
),

happened as (
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

event as (
    select
        p.enterprise_id,
        p.sign_code,
        max(p.event_date) as event_date
    from happened as p
    inner join here as h on p.enterprise_id = h.enterprise_id
    left join (
        select
            enterprise_id,
            max(event_date) as event_date
        from happened
        where sign_code = 'abnormal_removed'
        group by enterprise_id
    ) as r on p.enterprise_id = r.enterprise_id and p.sign_code = 'abnormal_listed' and r.event_date >= p.event_date
    where p.sign_code <> 'abnormal_removed' and r.enterprise_id is null
    group by p.enterprise_id, p.sign_code
),

found as (
    select
        m.enterprise_id,
        m.sign_code,
        m.value,
        m.month_number as last_number,
        cast(null as bigint) as since_number,
        m.detail_en,
        m.detail_zh
    from measured as m
    inner join newest as n
        on m.enterprise_id = n.enterprise_id and m.sign_code = n.sign_code and m.month_number = n.month_number
    cross join last_month as l
    cross join rule as u
    where m.value > 0 and m.month_number > l.month_number - u.recent_months - 2
    union all
    select
        e.enterprise_id,
        'lease_ending' as sign_code,
        cast(e.until_number - l.month_number as decimal(18, 1)) as value,
        l.month_number as last_number,
        cast(null as bigint) as since_number,
        cast(e.until_date as varchar) as detail_en,
        cast(e.until_date as varchar) as detail_zh
    from lease as e
    cross join last_month as l
    where e.until_date >= l.night_date and e.until_number - l.month_number <= 24
    union all
    select
        e.enterprise_id,
        'lease_terminated' as sign_code,
        1 as value,
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
        l.month_number as last_number,
        e.until_number as since_number,
        cast(e.until_date as varchar) as detail_en,
        cast(e.until_date as varchar) as detail_zh
    from lease as e
    cross join last_month as l
    where e.until_date < l.night_date and e.until_number > l.month_number - 6
    union all
    select
        t.enterprise_id,
        t.sign_code,
        t.bad_count as value,
        t.last_number,
        t.first_number as since_number,
        concat(cast(t.bad_count as varchar), ' of ', cast(t.item_count as varchar)) as detail_en,
        concat(cast(t.item_count as varchar), '笔中', cast(t.bad_count as varchar), '笔') as detail_zh
    from tax_count as t
    cross join rule as u
    where
        t.bad_count >= u.tax_items_min
        and t.bad_count * 10 * greatest(t.item_count_before, 1)
        >= (t.bad_count_before * 10 + greatest(t.item_count_before, 1)) * t.item_count
    union all
    select
        e.enterprise_id,
        e.sign_code,
        1 as value,
        least(year(e.event_date) * 12 + month(e.event_date), l.month_number) as last_number,
        least(year(e.event_date) * 12 + month(e.event_date), l.month_number) as since_number,
        cast(e.event_date as varchar) as detail_en,
        cast(e.event_date as varchar) as detail_zh
    from event as e
    cross join last_month as l
    cross join rule as u
    where year(e.event_date) * 12 + month(e.event_date) > l.month_number - u.event_months
    union all
    select
        w.enterprise_id,
        'threshold_share' as sign_code,
        w.line_share_pct as value,
        year(w.month) * 12 + month(w.month) as last_number,
        year(w.since_month) * 12 + month(w.since_month) as since_number,
        concat(
            cast(cast(w.sales_12m_amount / 10000 as bigint) as varchar), ' of ',
            cast(cast(w.line_amount / 10000 as bigint) as varchar), ' × 10,000 yuan, ', w.trade_en
        ) as detail_en,
        concat(
            cast(cast(w.sales_12m_amount / 10000 as bigint) as varchar), '万元，', w.trade_zh, '线',
            cast(cast(w.line_amount / 10000 as bigint) as varchar), '万元'
        ) as detail_zh
    from signals.threshold_watch as w
    inner join here as h on w.enterprise_id = h.enterprise_id
),

banded as (
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
        b.value_min,
        b.points,
        b.half_life_months,
        -- before, the lease was too far from its end for this band
        e.until_number - least(coalesce(b.lease_months_max, 24), case
            when f.sign_code = 'lease_ending' then ceil(b.value_max) - 1
            else 24
        end) as lease_number,
        b.version,
        row_number() over (
            partition by f.enterprise_id, b.alert_code, f.sign_code order by abs(b.points) desc, b.value_min desc
        ) as place
    from found as f
    cross join last_month as l
    inner join rules.alert_sign as b
        on f.sign_code = b.sign_code and b.value_min <= f.value and (b.value_max is null or b.value_max > f.value)
    left join lease as e on f.enterprise_id = e.enterprise_id and e.until_date >= l.night_date
    where
        b.lease_months_max is null
        or (
            e.until_number - l.month_number <= b.lease_months_max
            and e.until_number - l.month_number >= coalesce(b.lease_months_min, 0)
        )
),

chosen as (
    select *
    from banded
    where place = 1
),

-- of what is measured every month: the last month in which it was weaker, and the first one behind
weaker as (
    select
        c.enterprise_id,
        c.alert_code,
        c.sign_code,
        max(case when m.value < c.value_min then m.month_number else 0 end) as weaker_number
    from chosen as c
    inner join measured as m on c.enterprise_id = m.enterprise_id and c.sign_code = m.sign_code
    group by c.enterprise_id, c.alert_code, c.sign_code
),

stronger as (
    select
        w.enterprise_id,
        w.alert_code,
        w.sign_code,
        min(m.month_number) as first_number
    from weaker as w
    inner join measured as m
        on w.enterprise_id = m.enterprise_id and w.sign_code = m.sign_code and w.weaker_number < m.month_number
    group by w.enterprise_id, w.alert_code, w.sign_code
),

dated as (
    select
        c.enterprise_id,
        c.alert_code,
        c.sign_code,
        c.group_code,
        c.value,
        c.points,
        c.half_life_months,
        c.detail_en,
        c.detail_zh,
        c.last_number,
        least(
            greatest(
                coalesce(c.since_number, w.first_number, c.lease_number),
                coalesce(c.lease_number, c.since_number, w.first_number)
            ),
            c.last_number
        ) as since_number,
        l.month,
        l.month_number - c.last_number as age_months,
        cast(
            c.points * power(0.5, (l.month_number - c.last_number) / nullif(c.half_life_months, 0)) as decimal(9, 2)
        ) as weight,
        c.version
    from chosen as c
    cross join last_month as l
    left join stronger as w
        on c.enterprise_id = w.enterprise_id and c.alert_code = w.alert_code and c.sign_code = w.sign_code
)

select
    d.enterprise_id,
    d.alert_code,
    d.sign_code,
    d.group_code,
    cast(d.value as decimal(18, 1)) as value,
    cast(d.month - interval '1' month * (d.age_months + d.last_number - d.since_number) as date) as since_month,
    cast(d.month - interval '1' month * d.age_months as date) as last_seen_month,
    cast(d.points as decimal(9, 2)) as points,
    d.weight,
    row_number() over (
        partition by d.enterprise_id, d.alert_code, d.group_code order by abs(d.weight) desc, d.sign_code asc
    ) = 1 as is_counted,
    replace(
        replace(t.words_en, '{value}', cast(cast(d.value as decimal(18, 0)) as varchar)),
        '{detail}',
        coalesce(d.detail_en, '')
    ) as words_en,
    replace(
        replace(t.words_zh, '{value}', cast(cast(d.value as decimal(18, 0)) as varchar)),
        '{detail}',
        coalesce(d.detail_zh, '')
    ) as words_zh,
    concat(u.version, '; ', d.version) as rule_version
from dated as d
inner join rules.alert_sign_words as t on d.sign_code = t.sign_code
cross join rule as u
where abs(d.weight) >= 0.1
