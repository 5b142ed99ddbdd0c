-- title: Feeds with one figure a year | 年报类数据源
-- one row is: one feed of staff that states one figure a year, always of the same month
--   | 一个每年只报一个数、且总在同一月份的参保数据源
-- answers: whose figures are a yearly series, to be held against the year before and not against the month before?
--   | 谁的数值是年度序列，应与上年而不是上月比较？
-- key: feed
-- rules: More than one month with reports (monthly.coverage), all of the same month of the year.
--   | 有报送的月份不止一个，且都在一年中的同一月份。
-- known gaps: A feed's first year cannot be told from a first month. | 数据源的第一年与第一个月无法区分。
-- checked by: tests/models/monthly.yearly_feed
select feed
from monthly.coverage
where subject = 'employment' and report_count > 0
group by feed
having count(*) > 1 and count(distinct month(month)) = 1
