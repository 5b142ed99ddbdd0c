-- title: Calendar of months | 月历
-- one row is: one month, from the first with a report to the last complete one | 一个月，自最早有数据的月份至
--   最近一个完整月
-- answers: which months are measured as of this night? | 本次快照覆盖哪些月份？
-- key: month
-- rules:
--   * The last month is the one before the month of the night's as_of. There is always the last month.
--   * The first is the earliest month of a subject that is expected every period (warehouse/subjects.yml: expected):
--     staff, tax, meters, entries; but no more than months_max months back (rules/calendar.yml).
--   * Where there is no such fact, leases and premises set it (since): they list what is there today, so of earlier
--     years they show only what has survived.
--   | 末月为快照日期的上一个月；首月为按期报送数据的最早月份，但不超过设定的最长月数；没有此类数据时取租约、房产台账
--   的最早日期。
-- known gaps: as_of is UTC: in the first hours of a month, park time, the month just ended may still be missing; the
--   next night has it. | 快照时间按 UTC：园区时间每月最初几小时内，刚结束的月份可能次日才出现。
-- checked by: tests/models/monthly.month
with last_month as (
    select cast(date_trunc('month', cast(as_of as date)) - interval '1' month as date) as month
    from ops.night
),

-- subjects that are reported every period set the first month; those that list what is there now only where none is
first_fact as (
    select
        min(month) as reported_month,
        cast(date_trunc('month', min(since_date)) as date) as since_month
    from known.fact
    where is_expected or since_date is not null
    group by subject
),

bounds as (
    select
        l.month as last_month,
        greatest(
            coalesce(min(s.reported_month), min(e.since_month), l.month),
            cast(l.month - interval '1' month * (r.months_max - 1) as date)
        ) as first_month
    from last_month as l
    cross join rules.calendar as r
    left join first_fact as s on l.month >= s.reported_month
    left join first_fact as e on l.month >= e.since_month
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
