-- title: End of all leases | 最后租约到期日
-- one row is: one enterprise that has or had a lease
-- answers: until when has this enterprise space here, with all that it has signed?
-- key: enterprise_id
-- rules: The last day of the last of all its leases, those that are signed and have not begun among them; a lease that
--   is terminated before its end ends then. One lease without an end, and there is no last day.
-- known gaps: A tenant who stays on after the end without a renewal has no lease. Overlapping leases of one room all
--   count.
-- column until_date: last day of the last lease; empty where one has no end | 最后到期日
-- column terminated_date: latest day on which a lease was terminated before its end | 最近提前解除日
-- parts: enterprise_id
-- checked by: tests/models/monthly.lease_end
select
    t.enterprise_id,
    case
        when max(case when l.end_date is null and l.terminated_date is null then 1 else 0 end) = 0
            then max(coalesce(least(l.end_date, l.terminated_date), l.end_date, l.terminated_date))
    end as until_date,
    max(case
        when l.terminated_date is not null and (l.end_date is null or l.terminated_date < l.end_date)
            then l.terminated_date
    end) as terminated_date
from known.lease as l
inner join resolved.link as t on l.feed = t.feed and l.source_key = t.source_key
group by t.enterprise_id
