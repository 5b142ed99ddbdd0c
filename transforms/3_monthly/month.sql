-- title: Calendar of months | 月历
-- one row is: one month, from the first that any silo speaks of to the last complete one
--   | 一个月，从任何来源最早涉及的月份到最近一个完整月份
-- answers: which months are measured as of this night? | 截至当晚，统计哪些月份？
-- key: month
-- rules: The last month is the one before the month of the night's as_of; the first is the earliest month in
--   employment, tax, utility and access feeds, but no more than months_max months back (rules/calendar.yml). Where no
--   such feed is there, leases and premises set it: they list what is left today, so what they say of earlier years
--   is only what has survived. There is always the last month.
--   | 最后一个月是截止时刻所在月的前一个月；第一个月是参保、税务、水电气、门禁数据中最早的月份，但不早于规则所定的月数
--   上限。没有这些数据源的，取租约和房产：它们只列现存的，对早年只反映留下来的部分。最近一个完整月份始终存在。
-- known gaps: as_of is UTC: in the first hours of a month, park time, the month just ended may still be missing; the
--   next night has it.
--   | 截止时刻为世界协调时：园区时间每月最初几小时，刚结束的月份可能还没有，下一晚补上。
-- checked by: tests/models/monthly.month
with last_month as (
    select cast(date_trunc('month', cast(as_of as date)) - interval '1' month as date) as month
    from ops.night
),

spoken_of as (
    select min(month) as month from known.employment
    union all
    select cast(date_trunc('month', min(period_end)) as date) as month from known.tax_filing
    union all
    select cast(date_trunc('month', min(period_end)) as date) as month from known.tax_payment
    union all
    select min(month) as month from known.utility_use
    union all
    select min(month) as month from known.access_count
),

occupied as (
    select cast(date_trunc('month', min(start_date)) as date) as month from known.lease
    union all
    select cast(date_trunc('month', min(occupied_since_date)) as date) as month from known.premises
),

bounds as (
    select
        l.month as last_month,
        greatest(
            coalesce(min(s.month), min(e.month), l.month),
            cast(l.month - interval '1' month * (r.months_max - 1) as date)
        ) as first_month
    from last_month as l
    cross join rules.calendar as r
    left join spoken_of as s on l.month >= s.month
    left join occupied as e on l.month >= e.month
    group by l.month, r.months_max
),

months as (
    select
        cast(unnest(generate_series(first_month, last_month, interval '1' month)) as date) as month,
        last_month
    from bounds
)

select
    month,
    month_number(month) as month_number,
    last_day(month) as month_end_date,
    month = last_month as is_last_month
from months
