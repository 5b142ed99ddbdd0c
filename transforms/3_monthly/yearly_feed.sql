-- title: Feeds with one figure a year | 年报类数据源
-- one row is: one feed of staff that states one figure a year, always of the same month
-- answers: whose figures are a yearly series, to be held against the year before and not against the month before?
-- key: feed
-- rules: More than one month with reports (monthly.coverage), all of the same month of the year.
-- known gaps: A feed's first year cannot be told from a first month.
-- checked by: tests/models/monthly.yearly_feed
select feed
from monthly.coverage
where subject = 'employment' and report_count > 0
group by feed
having count(*) > 1 and count(distinct month(month)) = 1
