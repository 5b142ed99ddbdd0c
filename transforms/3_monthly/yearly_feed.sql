-- title: Feeds with one figure a year | 年报类数据源
-- one row is: one feed of staff that states one figure a year
--   | 一个每年只报一个数的参保数据源
-- answers: which figures are a yearly series, to be held against the year before and not against the month before?
--   | 谁的数值是年度序列，应与上年而不是上月比较？
-- key: feed
-- rules:
--   * What the feed declares (feed.yml: period_months).
--   * Where it declares nothing: facts of more than one month, all of the same month of the year.
--   | * 以数据源声明的所属期月数为准。
--   * 未声明的：有数的月份不止一个，且都在一年中的同一月份。
-- known gaps: The first year of a feed that declares nothing cannot be distinguished from a first month.
--   | 未声明所属期长度的数据源，第一年与第一个月无法区分。
-- checked by: tests/models/monthly.yearly_feed
with stated_feed as (
    select
        feed,
        count(distinct month) as month_count,
        count(distinct month(month)) as turn_count
    from known.fact
    where subject = 'employment'
    group by feed
)

select s.feed
from stated_feed as s
left join ops.feed as f on s.feed = f.feed
where
    f.period_months = 12
    or (f.period_months is null and s.month_count > 1 and s.turn_count = 1)
