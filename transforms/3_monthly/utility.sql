-- title: Utility use by month | 月度水电气用量
-- one row is: one enterprise, one utility and one month for which at least one of its meters was read
--   | 一家企业一种能源至少有一只表被抄读的一个月
-- answers: how much electricity, water and gas does this enterprise use? | 这家企业用多少电、水、气？
-- key: enterprise_id, utility_code, month
-- rules: The sum over the enterprise's meters: electricity in kWh, water and gas in m3. A month without a reading has
--   no row, and neither has a reading of which the month's use does not follow (monthly.unread).
--   | 汇总该企业各表具：电为千瓦时，水和气为立方米。无人抄表的月份没有行；由读数得不出当月用量的也没有行（见已报但无可用数值）。
-- known gaps: A meter under two accounts of the enterprise in one month is two. Shared meters count for
--   the enterprise that the feed names. An estimated reading is not distinguished from a real one.
--   | 同一只表当月记在该企业两个户号下的算两只。共用表具计在数据源所写的企业。未区分估抄与实抄。
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.utility
select
    l.enterprise_id,
    u.utility_code,
    m.month,
    cast(sum(u.used_quantity) as decimal(30, 3)) as used_quantity,
    cast(count(*) as integer) as meter_count,
    max(u.received_at) as received_at
from known.utility_use as u
inner join resolved.link as l on u.feed = l.feed and u.source_key = l.source_key
inner join monthly.month as m on u.month = m.month
where u.used_quantity is not null
group by l.enterprise_id, u.utility_code, m.month
