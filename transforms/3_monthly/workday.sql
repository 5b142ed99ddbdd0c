-- title: Working days | 工作日历
-- one row is: one day, from the first year of rules/workday.yml to the end of next year | 一行是：一天，自规则首年至次年年末
-- answers: is this a working day, and how many working days lie between two days? | 某天是否工作日，两天之间有几个工作日？
-- key: workday
-- rules: Monday to Friday are working days, unless rules/workday.yml says otherwise: public holidays, and weekends
--   worked in exchange. workday_number counts them up: the difference of two days' numbers is the working days
--   after the one up to the other.
--   | 周一至周五为工作日，法定节假日与调休按规则；工作日序号逐日累计，两天序号之差即其间的工作日数（不含前一天，含后一天）。
-- example: 2026-09-25 is a holiday, a Friday: 2026-09-24 and 2026-09-28 differ by 1.
--   | 2026年9月25日（周五）放假：9月24日与9月28日的序号相差1。
-- known gaps: A year of which the rules have no rows has plain weeks. A park's own days off are not known.
--   | 规则中没有的年份只按周末计；园区自定的休息日未计。
-- checked by: tests/models/monthly.workday, tests/transforms/test_work_list.py
with bounds as (
    select
        make_date(cast(r.first_year as integer), 1, 1) as first_day,
        make_date(year(cast(o.as_of as date)) + 1, 12, 31) as last_day
    from rules.workday_limit as r
    cross join ops.night as o
),

day_of_calendar as (
    select cast(unnest(generate_series(first_day, last_day, interval '1' day)) as date) as workday
    from bounds
),

kind_of_day as (
    select
        d.workday,
        coalesce(r.is_workday, isodow(d.workday) <= 5) as is_workday
    from day_of_calendar as d
    left join rules.workday as r on d.workday = r.workday
)

select
    workday,
    is_workday,
    cast(sum(case when is_workday then 1 else 0 end) over (order by workday) as bigint) as workday_number
from kind_of_day
