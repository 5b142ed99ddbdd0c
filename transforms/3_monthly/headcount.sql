-- title: Insured headcount by month | 月度参保人数
-- one row is: one enterprise in one month for which at least one of its units reported insured staff
-- answers: how many people does this enterprise insure here?
-- key: enterprise_id, month
-- rules: The sum over the enterprise's employing units, as last corrected by this night. A month nobody reported has
--   no row; a reported 0 is 0. A month covers everybody insured in it, also for part of it, as the social insurance
--   bureau counts.
-- known gaps: Two feeds that report the same people would be added up. Staff on an agency's payroll (劳务派遣) count at
--   the agency.
-- checked by: tests/models/monthly.headcount
select
    l.enterprise_id,
    e.month,
    cast(sum(e.insured_headcount) as bigint) as insured_headcount,
    cast(sum(e.wage_amount) as decimal(18, 2)) as wage_amount,
    cast(count(*) as integer) as unit_count,
    max(e.received_at) as received_at
from known.employment as e
inner join resolved.link as l on e.feed = l.feed and e.source_key = l.source_key
inner join monthly.month as m on e.month = m.month
group by l.enterprise_id, e.month
