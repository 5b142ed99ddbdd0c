-- title: Occupied premises by month | 月末占用房产
-- one row is: one enterprise in one month with at least one unit of property occupied at its end
--   | 一家企业在月末至少占用一处房产的一个月
-- answers: how many units does this enterprise occupy, of what rateable value? | 这家企业占用几处房产，计税价值多少？
-- key: enterprise_id, month
-- rules: From the premises register as of this night: a unit counts from the month its present occupier took it, and
--   not while vacant.
--   | 以截至当晚的房产台账为准：自现占用人占用当月起计，空置期间不计。
-- known gaps: Occupiers before the present one are not seen here; signals.premises_change has what changed between
--   deliveries.
--   | 看不到现占用人之前的占用人；两次交付之间的变化见“房产变动”。
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.premises
select
    l.enterprise_id,
    m.month,
    cast(count(*) as integer) as premises_count,
    cast(sum(p.rateable_value_amount) as decimal(30, 2)) as rateable_value_amount,
    max(p.received_at) as received_at
from known.premises as p
inner join resolved.link as l on p.feed = l.feed and p.source_key = l.source_key
inner join monthly.month as m on p.occupied_since_date <= m.month_end_date
where not p.is_vacant
group by l.enterprise_id, m.month
