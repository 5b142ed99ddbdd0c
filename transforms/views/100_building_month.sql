-- title: Buildings month by month | 楼栋月度
-- one row is: one building in one month | 一栋楼一个月
-- answers: how full is it, what falls due, who works and what is paid there, and how was it a year before?
--   | 这栋楼出租率多少、空置多久、多少面积到期、租金税收各多少，比上年同月如何？
-- key: 楼栋编号, 月份
-- rules: The rows of snapshots.building_month in words. All buildings add up to the park.
--   | 面积为月末数；企业租用多栋楼的，人员、用电、税款按在租面积分摊；各楼栋相加等于全园；无法归到楼栋的列为“未知”。
-- column 楼栋名称: 楼栋台账所载的名称；没有名称的为楼栋编号，无法归到楼栋的为“未知”
-- column 楼栋编号: 楼栋编号；无法归到楼栋的为“未知”
-- column 是否暂定: 当月参保或用电数据是否尚未报齐
-- known gaps: Lettable area is tonight's in all months; rooms are not followed, so that durations are estimates.
--   | 可租面积各月均按当前值；不跟踪到房间，空置时长为估计。
select
    case
        when m.building_code = 'unknown' then '未知'
        else coalesce(m.building_name, m.building_code)
    end as 楼栋名称,
    case when m.building_code = 'unknown' then '未知' else m.building_code end as 楼栋编号,
    m.month as 月份,
    code_name(m.use_code) as 楼栋用途,
    m.lettable_area_m2 as 可租面积,
    m.leased_area_m2 as 在租面积,
    m.leased_area_change_12m_pct as 在租面积同比增长率,
    m.occupancy_pct as 出租率,
    m.occupancy_pct_before as 上年同月出租率,
    m.unlet_area_m2 as 空置面积,
    m.vacancy_pct as 空置率,
    m.unlet_mean_months as 平均空置月数,
    m.long_unlet_area_m2 as 长期空置面积,
    m.inactive_area_m2 as 已租未用面积,
    m.inactive_mean_months as 平均未用月数,
    m.due_area_m2 as 当月到期面积,
    m.due_3m_area_m2 as 三个月内到期面积,
    m.due_6m_area_m2 as 六个月内到期面积,
    m.due_12m_area_m2 as 十二个月内到期面积,
    m.due_6m_unrenewed_area_m2 as 六个月内到期未续签面积,
    m.monthly_rent_amount as 月租金,
    m.rent_per_m2_amount as 平均租金,
    m.rent_per_m2_change_12m_pct as 平均租金同比增长率,
    m.tenant_count as 承租企业数,
    m.insured_headcount as 参保人数,
    m.headcount_change_12m_pct as 参保人数同比增长率,
    m.electricity_kwh as 用电量,
    m.electricity_change_12m_pct as 用电量同比增长率,
    m.tax_received_amount as "入库税额（已扣退税）",
    m.tax_received_12m_amount as "近十二月入库税额（已扣退税）",
    m.tax_received_12m_amount_before as "前十二月入库税额（已扣退税）",
    m.tax_received_12m_change_pct as 近十二月入库税额同比增长率,
    m.tax_received_12m_per_m2_amount as 单位面积税收,
    m.building_land_mu as 楼栋占地,
    m.tax_received_12m_per_mu_amount as 亩均税收,
    m.tax_received_12m_per_mu_amount_before as 上年同期亩均税收,
    yes_no(m.is_provisional) as 是否暂定
from snapshots.building_month as m
