-- title: Utility use by month | 月度水电气用量
-- one row is: one enterprise, one utility and one month for which at least one of its meters was read
-- answers: how much electricity, water and gas does this enterprise use?
-- key: enterprise_id, utility_code, month
-- rules: The sum over the enterprise's meters: electricity in kWh, water and gas in m3. A month nobody read has no
--   row.
-- known gaps: A meter that stands under two accounts of the enterprise in one month is two. Shared meters count for
--   whom the feed names. An estimated reading is not told from a real one.
-- parts: enterprise_id
-- checked by: tests/models/monthly.utility
select
    l.enterprise_id,
    u.utility_code,
    m.month,
    cast(sum(u.used_quantity) as decimal(18, 3)) as used_quantity,
    cast(count(*) as integer) as meter_count,
    max(u.received_at) as received_at
from known.utility_use as u
inner join resolved.link as l on u.feed = l.feed and u.source_key = l.source_key
inner join monthly.month as m on u.month = m.month
group by l.enterprise_id, u.utility_code, m.month
