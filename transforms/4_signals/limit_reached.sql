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
    inner join signals.here as h on s.enterprise_id = h.enterprise_id
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

latest as (
    select
        m.enterprise_id,
        m.sign_code,
        m.month_number,
        m.value,
        m.detail_en,
        m.detail_zh
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
from reached as c
inner join stronger as s
    on c.enterprise_id = s.enterprise_id and c.sign_code = s.sign_code and c.limit_value = s.limit_value
inner join monthly.month as m on c.month_number = m.month_number
inner join monthly.month as b on s.month_number = b.month_number
