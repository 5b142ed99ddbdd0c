-- title: Falls and rises beyond a limit | 升降越限
-- one row is: one limit of rules/alert_sign.yml that one fall or rise of an enterprise that is here reaches
-- answers: what has fallen or risen beyond a limit that matters, by how much, and since when?
-- key: enterprise_id, sign_code, limit_value
-- rules: Believed figures only: no provisional month, no suspect value (signals.plausibility), and none of what a
--   merger, division or moved payroll brought or took within a year (signals.flow; of a payroll only the staff).
--   <measure>_fall and _rise (rules/alert_measure.yml): the latest month, or for money three months, against the same
--   of the year before. activity_fall: of staff, entries, electricity and water each the fall over three months, less
--   the same fall a year before, and no more than that against a year before, so that no season is one; of entries and
--   meters what all enterprises together do is taken out first; of these falls the middle one. staff_quick_rise: staff
--   over three months. crowding: fall of the leased area per head over the year. since_month: the first month, without
--   a weaker one behind it, that reached the limit too, of the last twelve.
-- known gaps: Without figures of a year before there is no fall. A month without a figure does not interrupt. Where
--   most enterprises have the same trouble, it is taken for a season.
-- column value: fall or rise in per cent | 升降幅度
-- column limit_value: the limit that it reaches, per cent | 越限值
-- column month: latest month of the figure | 月份
-- column since_month: first month, without interruption, in which the limit was reached | 起始月份
-- checked by: tests/models/signals.limit_reached
with rule as (
    select distinct
        history_months,
        recent_months
    from rules.alert
),

last_month as (
    select
        month,
        month_number
    from monthly.month
    where is_last_month
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
        and f.month_number > l.month_number - 12
    group by f.enterprise_id
),

-- the months that are looked back on, and what they are compared with
needed_month as (
    select m.month_number
    from monthly.month as m
    cross join last_month as l
    cross join rule as u
    where m.month_number <= l.month_number and m.month_number > l.month_number - u.history_months - 18
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
    inner join signals.here as h on s.enterprise_id = h.enterprise_id
    inner join needed_month as k on s.month_number = k.month_number
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    left join succession as c
        on s.enterprise_id = c.enterprise_id
    where
        not s.is_provisional
        and p.enterprise_id is null
        and (c.enterprise_id is null or (c.is_whole = 0 and r.measure_code <> 'headcount'))
),

three_months as (
    select
        enterprise_id,
        measure_code,
        month_number,
        sum(value) over three as value,
        sum(period_months) over three as covered_months
    from believed
    where window_months = 3
    window three as (
        partition by enterprise_id, measure_code order by month_number range between 2 preceding and current row
    )
),

summed as (
    select
        enterprise_id,
        measure_code,
        month_number,
        value
    from believed
    where window_months = 1
    union all
    select
        enterprise_id,
        measure_code,
        month_number,
        value
    from three_months
    where covered_months = 3
),

-- what all enterprises together did over three months
season as (
    select
        v.measure_code,
        v.month_number,
        cast(sum(v.value) / nullif(sum(q.value), 0) as decimal(18, 6)) as factor
    from summed as v
    inner join rules.alert_measure as r on v.measure_code = r.measure_code
    inner join summed as q
        on v.enterprise_id = q.enterprise_id and v.measure_code = q.measure_code and v.month_number - 3 = q.month_number
    where r.has_season and v.value > 0 and q.value > 0
    group by v.measure_code, v.month_number
),

-- the months that are looked back on, each with three months, a year, and a year and three months before
compared as (
    select
        v.enterprise_id,
        v.measure_code,
        v.month_number,
        v.value,
        q.value as quarter_value,
        y.value as year_value,
        cast(100 - 100 * v.value / nullif(q.value * coalesce(s.factor, 1), 0) as decimal(18, 4)) as quarter_fall_pct,
        cast(100 - 100 * v.value / nullif(y.value, 0) as decimal(18, 4)) as year_fall_pct,
        cast(100 - 100 * y.value / nullif(b.value * coalesce(t.factor, 1), 0) as decimal(18, 4))
            as quarter_fall_pct_before
    from summed as v
    cross join last_month as l
    cross join rule as u
    left join summed as q
        on v.enterprise_id = q.enterprise_id and v.measure_code = q.measure_code and v.month_number - 3 = q.month_number
    left join summed as y
        on
            v.enterprise_id = y.enterprise_id and v.measure_code = y.measure_code
            and v.month_number - 12 = y.month_number
    left join summed as b
        on
            v.enterprise_id = b.enterprise_id and v.measure_code = b.measure_code
            and v.month_number - 15 = b.month_number
    left join season as s on v.measure_code = s.measure_code and v.month_number = s.month_number
    left join season as t on v.measure_code = t.measure_code and v.month_number - 12 = t.month_number
    where v.month_number > l.month_number - u.history_months
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
        cast(c.quarter_value as bigint) as quarter_value,
        cast(c.value as bigint) as value
    from compared as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    where r.is_activity and c.quarter_fall_pct is not null and c.year_fall_pct is not null
),

-- of up to four the middle one, or the mean of the middle two: without the largest and the smallest
activity as (
    select
        enterprise_id,
        month_number,
        cast(
            case
                when count(*) <= 2 then sum(fall_pct) / nullif(count(*), 0)
                else (sum(fall_pct) - max(fall_pct) - min(fall_pct)) / nullif(count(*) - 2, 0)
            end
            as decimal(18, 1)
        ) as fall_pct
    from active
    group by enterprise_id, month_number
),

way as (
    select 1 as is_fall
    union all
    select 0 as is_fall
),

-- every figure of the months that are looked back on; the more, the stronger
measured as (
    select
        enterprise_id,
        'activity_fall' as sign_code,
        month_number,
        fall_pct as value,
        cast(null as decimal(18, 3)) as earlier_figure,
        cast(null as decimal(18, 3)) as figure
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
        c.year_value as earlier_figure,
        c.value as figure
    from compared as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    cross join way as d
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
        c.quarter_value as earlier_figure,
        c.value as figure
    from compared as c
    inner join rules.alert_measure as r on c.measure_code = r.measure_code
    where c.measure_code = 'headcount' and c.quarter_fall_pct is not null
    union all
    -- leased area per head, of who leases and has more staff than a year before
    select
        h.enterprise_id,
        'crowding' as sign_code,
        h.month_number,
        cast(
            100 - 100 * (a.value / nullif(h.value, 0)) / nullif(a.year_value / nullif(h.year_value, 0), 0)
            as decimal(18, 1)
        ) as value,
        cast(a.year_value / nullif(h.year_value, 0) as decimal(18, 1)) as earlier_figure,
        cast(a.value / nullif(h.value, 0) as decimal(18, 1)) as figure
    from compared as h
    inner join compared as a
        on h.enterprise_id = a.enterprise_id and h.month_number = a.month_number and a.measure_code = 'leased_area'
    inner join rules.alert_measure as r on h.measure_code = r.measure_code
    where h.measure_code = 'headcount' and h.value - h.year_value >= r.change_min and h.year_value > 0
),

newest as (
    select
        enterprise_id,
        sign_code,
        max(month_number) as month_number
    from measured
    group by enterprise_id, sign_code
),

latest as (
    select
        m.enterprise_id,
        m.sign_code,
        m.month_number,
        m.value,
        m.earlier_figure,
        m.figure
    from measured as m
    inner join newest as n
        on m.enterprise_id = n.enterprise_id and m.sign_code = n.sign_code and m.month_number = n.month_number
    cross join last_month as l
    cross join rule as u
    where m.value > 0 and m.month_number > l.month_number - u.recent_months - 2
),

stated_limit as (
    select distinct
        sign_code,
        value_min as limit_value
    from rules.alert_sign
),

reached as (
    select
        t.*,
        r.limit_value
    from latest as t
    inner join stated_limit as r on t.sign_code = r.sign_code and t.value >= r.limit_value
),

-- the last month in which it was weaker, and the first one behind
weaker as (
    select
        c.enterprise_id,
        c.sign_code,
        c.limit_value,
        max(case when m.value < c.limit_value then m.month_number else 0 end) as weaker_number
    from reached as c
    inner join measured as m on c.enterprise_id = m.enterprise_id and c.sign_code = m.sign_code
    group by c.enterprise_id, c.sign_code, c.limit_value
),

stronger as (
    select
        w.enterprise_id,
        w.sign_code,
        w.limit_value,
        min(m.month_number) as month_number
    from weaker as w
    inner join measured as m
        on w.enterprise_id = m.enterprise_id and w.sign_code = m.sign_code and w.weaker_number < m.month_number
    group by w.enterprise_id, w.sign_code, w.limit_value
),

-- the figures behind the fall of activity, in the order in which people ask for them
activity_words as (
    select
        a.enterprise_id,
        concat_ws(
            ', ',
            max(case when a.measure_code = 'headcount' then concat('staff ', a.quarter_value, ' → ', a.value) end),
            max(case when a.measure_code = 'entries' then concat('entries ', a.quarter_value, ' → ', a.value) end),
            max(case
                when a.measure_code = 'electricity'
                    then concat('electricity ', a.quarter_value, ' → ', a.value, ' kWh')
            end),
            max(case when a.measure_code = 'water' then concat('water ', a.quarter_value, ' → ', a.value, ' m³') end)
        ) as detail_en,
        concat_ws(
            '、',
            max(case when a.measure_code = 'headcount' then concat('参保', a.quarter_value, '→', a.value, '人') end),
            max(case when a.measure_code = 'entries' then concat('进出', a.quarter_value, '→', a.value, '人次') end),
            max(case
                when a.measure_code = 'electricity' then concat('用电', a.quarter_value, '→', a.value, '千瓦时')
            end),
            max(case when a.measure_code = 'water' then concat('用水', a.quarter_value, '→', a.value, '立方米') end)
        ) as detail_zh
    from active as a
    inner join latest as t
        on a.enterprise_id = t.enterprise_id and a.month_number = t.month_number and t.sign_code = 'activity_fall'
    group by a.enterprise_id
),

worded as (
    select
        c.*,
        case
            when c.sign_code = 'crowding'
                then concat(
                    cast(cast(c.earlier_figure as decimal(18, 1)) as varchar), ' → ',
                    cast(cast(c.figure as decimal(18, 1)) as varchar), ' m² a head'
                )
            when c.sign_code = 'activity_fall' then w.detail_en
            else concat(
                cast(cast(c.earlier_figure as bigint) as varchar), ' → ', cast(cast(c.figure as bigint) as varchar)
            )
        end as detail_en,
        case
            when c.sign_code = 'crowding'
                then concat(
                    '人均', cast(cast(c.earlier_figure as decimal(18, 1)) as varchar), '→',
                    cast(cast(c.figure as decimal(18, 1)) as varchar), '平方米'
                )
            when c.sign_code = 'activity_fall' then w.detail_zh
            else concat(
                cast(cast(c.earlier_figure as bigint) as varchar), '→', cast(cast(c.figure as bigint) as varchar)
            )
        end as detail_zh
    from reached as c
    left join activity_words as w on c.enterprise_id = w.enterprise_id
)

select
    c.enterprise_id,
    c.sign_code,
    cast(c.limit_value as decimal(18, 1)) as limit_value,
    cast(c.value as decimal(18, 1)) as value,
    m.month,
    b.month as since_month,
    c.detail_en,
    c.detail_zh
from worded as c
inner join stronger as s
    on c.enterprise_id = s.enterprise_id and c.sign_code = s.sign_code and c.limit_value = s.limit_value
inner join monthly.month as m on c.month_number = m.month_number
inner join monthly.month as b on s.month_number = b.month_number
