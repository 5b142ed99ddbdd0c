-- title: End of all leases | 最后租约到期日
-- one row is: one enterprise that has or had a lease | 一家现有或曾有租约的企业
-- answers: until when has this enterprise space here, with all that it has signed?
--   | 按已签的全部合同，这家企业的场地最晚到哪一天？
-- key: enterprise_id
-- rules: The last day of the last of all its leases, those that are signed and have not begun among them; a lease that
--   is terminated before its end ends then. One lease without an end, and there is no last day.
--   | 取全部租约（含已签未起租的）中最后到期的一天；提前解除的以解除日为准。有一份无到期日的，就没有最晚到期日。
-- known gaps: A tenant who stays on after the end without a renewal has no lease. Overlapping leases of one room all
--   count.
--   | 到期未续签而继续占用的，视为没有租约。同一房间重叠的合同都计入。
-- column until_date: last day of the last lease; empty where one has no end | 最晚到期日 全部租约中最后到期的一天；有无到期日的租约时为空
-- column terminated_date: latest day on which a lease was terminated before its end | 最近提前解除日 最近一次提前解除租约的日期
-- rebuild: by_enterprise
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
