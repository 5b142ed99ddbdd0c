-- title: Provisional months by silo | 暂定月份
-- one row is: one subject that feeds report on by the month or period, in one month
--   | 一个按月或按期报送的主题的一个月
-- answers: is what this silo says of the month complete enough to be believed? | 该来源这个月的数据是否已齐全可信？
-- key: subject, month
-- rules: A month is provisional for a subject if it is for any of its feeds (monthly.coverage). Subjects that no feed
--   reports on by the month (leases, the register) have no row: they are complete.
--   | 该主题任一数据源在该月为暂定的，即为暂定。不按月报送的主题（租约、登记）没有行，视为完整。
-- known gaps: none known | 暂无已知缺陷。
-- checked by: tests/models/monthly.provisional_month
select
    c.subject,
    c.month,
    m.month_number,
    max(case when c.is_provisional then 1 else 0 end) = 1 as is_provisional
from monthly.coverage as c
inner join monthly.month as m on c.month = m.month
group by c.subject, c.month, m.month_number
