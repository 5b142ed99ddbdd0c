-- title: Enterprises that are here | 在园企业
-- one row is: one enterprise that leases at the end of the last month, or was seen lately
--   | 一家在最近一个月末有租约或近期有踪迹的企业
-- answers: which enterprises are on site and can receive alerts? | 哪些企业在园，可以对其预警？
-- key: enterprise_id
-- rules: A lease in force at the end of the last complete month; or staff, a meter's reading or entries above zero
--   within the last months (rules/alert.yml, present_months). An enterprise that has left (signals.departure) is not
--   here, whatever it had before. A registered address or a tax return alone is not being here.
--   | 最近一个完整月份的月末有在租合同；或在规则所定的最近几个月内有人参保、表具有读数或有进出。已撤离的企业（见去留判定）
--   不算在园。仅有注册地址或纳税申报不算在园。
-- known gaps: Premises registers are not read: they state no end. | 不读取房产台账，因为它没有终止日。
-- column last_seen_month: last month of a lease, staff, readings or entries | 最近出现月份 最近一次有租约、参保、读数或进出的月份
-- rebuild: by_enterprise
-- checked by: tests/models/signals.present_enterprise
with seen_month as (
    select
        a.enterprise_id,
        a.month
    from monthly.lease_area as a
    inner join monthly.month as l on a.month = l.month and l.is_last_month
    union all
    select
        h.enterprise_id,
        h.month
    from monthly.headcount as h
    inner join monthly.month as m on h.month = m.month
    inner join monthly.month as l on l.is_last_month
    cross join rules.alert_limit as u
    where h.insured_headcount > 0 and m.month_number > l.month_number - u.present_months
    union all
    select
        t.enterprise_id,
        t.month
    from monthly.utility as t
    inner join monthly.month as m on t.month = m.month
    inner join monthly.month as l on l.is_last_month
    cross join rules.alert_limit as u
    where t.used_quantity > 0 and m.month_number > l.month_number - u.present_months
    union all
    select
        a.enterprise_id,
        a.month
    from monthly.access as a
    inner join monthly.month as m on a.month = m.month
    inner join monthly.month as l on l.is_last_month
    cross join rules.alert_limit as u
    where a.people_entry_count > 0 and m.month_number > l.month_number - u.present_months
)

select
    s.enterprise_id,
    max(s.month) as last_seen_month
from seen_month as s
left join signals.departure as d on s.enterprise_id = d.enterprise_id
where d.left_ground_code is null
group by s.enterprise_id
