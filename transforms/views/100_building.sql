-- title: Buildings today | 楼栋现状
-- one row is: one building at the end of the last complete month | 一栋楼在最近一个完整月份的情况
-- answers: how full is each building, what falls due, who works there, and what tax per m2 and mu, against the year
--   before?
--   | 各楼栋出租率多少、多少面积到期、多少人在此工作、单位面积和亩均税收多少，比上年同月如何？
-- key: 楼栋编号
-- rules: The last complete month of snapshots.building_month. An enterprise in several buildings is split by leased
--   area.
--   | 最近一个完整月份的月末数；租用多栋楼的企业，人员、税款、用电按在租面积分摊。不属于任何楼栋的计入“未知”。各月情况见核对库“楼栋月度情况”。
-- column 楼栋编号: 物业系统的楼栋编号；“未知”为未能归到楼栋的部分
-- column 楼栋名称: 楼栋台账所载名称；台账没有的以编号代替
-- column 数据月份: 最近一个完整月份，以当月第一天表示
-- known gaps: Buildings whose lettable area nobody has stated have no occupancy or vacancy.
--   | 台账未载明可租面积的楼栋没有出租率、空置率。
select
    case b.building_code when 'unknown' then '未知' else b.building_code end as 楼栋编号,
    coalesce(b.building_name, case b.building_code when 'unknown' then '未知' else b.building_code end) as 楼栋名称,
    code_name(b.use_code) as 楼栋用途,
    b.lettable_area_m2 as 可租面积,
    b.leased_area_m2 as 在租面积,
    b.occupancy_pct as 出租率,
    b.occupancy_pct_before as 上年同月出租率,
    b.occupancy_change_12m_points as 出租率同比变动,
    b.unlet_area_m2 as 空置面积,
    b.vacancy_pct as 空置率,
    b.unlet_mean_months as 平均空置月数,
    b.long_unlet_area_m2 as 长期空置面积,
    b.inactive_area_m2 as 已租未用面积,
    b.inactive_mean_months as 平均未用月数,
    b.due_area_m2 as 当月到期面积,
    b.due_3m_area_m2 as 三个月内到期面积,
    b.due_6m_area_m2 as 六个月内到期面积,
    b.due_6m_unrenewed_area_m2 as 六个月内到期未续签面积,
    b.due_12m_area_m2 as 十二个月内到期面积,
    b.rent_per_m2_amount as 平均租金,
    b.rent_per_m2_change_12m_pct as 平均租金同比增长率,
    b.tenant_count as 在租企业数,
    b.tenant_count_before as 上年同月在租企业数,
    b.insured_headcount as 参保人数,
    b.headcount_change_12m_pct as 参保人数同比增长率,
    b.electricity_kwh as 用电量,
    b.electricity_change_12m_pct as 用电量同比增长率,
    b.tax_received_12m_amount as 近十二月入库税额,
    b.tax_received_12m_amount_before as 前十二月入库税额,
    b.tax_received_12m_change_pct as 入库税额同比增长率,
    b.building_land_mu as 楼栋占地亩数,
    b.tax_received_12m_per_m2_amount as 单位面积税收,
    b.tax_received_12m_per_mu_amount as 亩均税收,
    b.tax_received_12m_per_mu_amount_before as 上年同期亩均税收,
    b.month as 数据月份
from snapshots.building_month as b
inner join monthly.month as m on b.month = m.month and m.is_last_month
order by b.building_code
