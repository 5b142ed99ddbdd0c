-- title: Entries by month | 月度门禁与停车
-- one row is: one enterprise in one month for which its entries were counted
-- answers: how many people and vehicles come in for this enterprise?
-- key: enterprise_id, month
-- rules: Sums of the counted entries, by the enterprise that the access system names; counts only, no person's
--   passage.
-- known gaps: Visitors and staff are not told apart.
-- parts: enterprise_id
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
