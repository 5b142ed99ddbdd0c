-- title: Leases that fall due | 租约到期
-- one row is: one enterprise with leases in force in one building | 一家企业在一栋楼的在租合同
-- answers: which leases end when, how much space falls free, and has anything been signed beyond it?
--   | 哪些企业的租约什么时候到期、涉及多少面积、之后有没有续签？
-- key: 企业编号, 楼栋名称
-- rules: Leases in force at the end of the last complete month, by building.
--   | 最近一个完整月份月末有效的租约，按楼栋列示；按“最早到期日”筛选即得某段时间到期的租约。
-- column 租赁面积: 该企业在这栋楼的在租面积合计，平方米；有几份合同的为合计，不都在同一天到期
-- column 楼栋名称: 租约所在的楼栋；楼栋台账没有名称的为楼栋编号
-- column 距到期天数: 从最近一个完整月份月末到最早到期日的天数；负数为已过期
-- column 最早到期日: 该企业在这栋楼的在租合同中最早到期的日期
-- column 最晚到期日: 该企业全部租约（含其他楼栋和尚未起租的续签）中最晚的到期日；有不定期租约的为空
-- column 到期后是否另有租约: 最早到期日之后是否还有已签的租约；“否”即尚未续签
-- column 月租金: 该企业在这栋楼的月租金合计，元
-- column 在租合同数: 该企业在这栋楼月末有效的租赁合同份数
-- column 数据月份: 最近一个完整月份，以当月第一天表示
-- known gaps: A firm with several leases in one building shows its area once, under the earliest end.
--   | 同一楼栋有几份合同的企业合为一行，面积列在最早到期日之下。
select
    b.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    coalesce(g.building_name, b.building_code) as 楼栋名称,
    b.leased_area_m2 as 租赁面积,
    b.monthly_rent_amount as 月租金,
    b.lease_count as 在租合同数,
    b.due_3m_area_m2 as 三个月内到期面积,
    b.due_6m_area_m2 as 六个月内到期面积,
    b.due_12m_area_m2 as 十二个月内到期面积,
    b.due_6m_unrenewed_area_m2 as 六个月内到期未续签面积,
    b.next_lease_end_date as 最早到期日,
    date_diff('day', m.month_end_date, b.next_lease_end_date) as 距到期天数,
    e.until_date as 最晚到期日,
    case
        when b.next_lease_end_date is null then null
        else yes_no(e.enterprise_id is null or e.until_date is null or e.until_date > b.next_lease_end_date)
    end as 到期后是否另有租约,
    b.month as 数据月份
from monthly.lease_building as b
inner join monthly.month as m on b.month = m.month and m.is_last_month
inner join snapshots.enterprise_label as l on b.enterprise_id = l.enterprise_id
left join monthly.building as g on b.building_code = g.building_code
left join monthly.lease_end as e on b.enterprise_id = e.enterprise_id
