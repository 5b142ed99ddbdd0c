-- title: Entries by month | 月度门禁与停车
-- one row is: one enterprise in one month for which its entries were counted | 一家企业有进出计数的一个月
-- answers: how many people and vehicles come in for this enterprise? | 这家企业每月有多少人员和车辆进门？
-- key: enterprise_id, month
-- rules: Sums of the counted entries, by the enterprise that the access system names; counts only, no person's
--   passage.
--   | 按门禁系统所记企业汇总进门次数；只有次数，不含任何个人的通行记录。
-- known gaps: Visitors and staff are not distinguished. | 访客与员工未加区分。
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.access
select
    l.enterprise_id,
    m.month,
    cast(sum(a.people_entry_count) as bigint) as people_entry_count,
    cast(sum(a.vehicle_entry_count) as bigint) as vehicle_entry_count,
    max(a.received_at) as received_at
from known.access_count as a
inner join resolved.link as l on a.feed = l.feed and a.source_key = l.source_key
inner join monthly.month as m on a.month = m.month
group by l.enterprise_id, m.month
