-- title: Provisional months by silo | 暂定月份
-- one row is: one subject that feeds report on by the month or period, in one month
-- answers: is what this silo says of the month complete enough to be believed?
-- key: subject, month
-- rules: A month is provisional for a subject if it is for any of its feeds (monthly.coverage). Subjects that no feed
--   reports on by the month (leases, the register) have no row: they are complete.
-- known gaps: none known
-- checked by: tests/models/monthly.provisional_month
select
    c.subject,
    c.month,
    m.month_number,
    max(case when c.is_provisional then 1 else 0 end) = 1 as is_provisional
from monthly.coverage as c
inner join monthly.month as m on c.month = m.month
group by c.subject, c.month, m.month_number
