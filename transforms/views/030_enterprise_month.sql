-- title: Enterprises month by month | 企业月度
-- one row is: one enterprise in one month in which a silo other than the register has a figure of it
--   | 一家企业一个月（登记以外任一部门有数的月份）
-- answers: staff, sales, tax, space, meters and entries of this enterprise in this month, side by side, with growth?
--   | 这家企业这个月的人数、销售、税收、面积、水电气、门禁各是多少，环比同比怎样？
-- key: 企业编号, 月份
-- rules: The rows of snapshots.enterprise_month in words, with the building of the month.
--   | 没有报送的为空，报零的为0；按季申报的销售额、税额记在季末月份，所属期月数为3。存疑指标的数值照列，不计增长率。
-- column 楼栋名称: 当月所在的主要楼栋
-- column 是否暂定: 本行至少有一项数据尚未报齐
-- column 存疑指标: 数值存疑的指标，数值照列而不计增长率，多项以顿号分隔
-- known gaps: Kinds of tax beyond VAT and corporate income tax: 核对.监测指标. | 增值税、企业所得税以外的税种见税收月度及核对库。
select
    m.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    coalesce(g.building_name, b.building_code) as 楼栋名称,
    m.month as 月份,
    m.insured_headcount as 参保人数,
    m.headcount_change_1m_pct as 参保人数环比增长率,
    m.headcount_change_12m_pct as 参保人数同比增长率,
    m.sales_amount as 销售额,
    m.sales_period_months as 销售额所属期月数,
    m.sales_change_1m_pct as 销售额环比增长率,
    m.sales_change_3m_pct as 销售额较三个月前增长率,
    m.sales_change_12m_pct as 销售额同比增长率,
    m.tax_paid_amount as "实缴税额（所属期口径）",
    m.tax_period_months as 税额所属期月数,
    m.tax_change_12m_pct as 当期实缴税额同比增长率,
    m.vat_paid_amount as 实缴增值税,
    m.cit_paid_amount as 实缴企业所得税,
    m.leased_area_m2 as 租赁面积,
    m.leased_area_change_12m_pct as 租赁面积同比增长率,
    m.electricity_kwh as 用电量,
    m.electricity_change_1m_pct as 用电量环比增长率,
    m.electricity_change_12m_pct as 用电量同比增长率,
    m.water_m3 as 用水量,
    m.gas_m3 as 用气量,
    m.people_entry_count as 人员进出次数,
    m.vehicle_entry_count as 车辆进出次数,
    m.registered_capital_amount as 注册资本,
    code_names(m.suspect_signal_codes) as 存疑指标,
    yes_no(m.is_provisional) as 是否暂定
from snapshots.enterprise_month as m
inner join snapshots.enterprise_label as l on m.enterprise_id = l.enterprise_id
left join monthly.main_building as b
    on m.enterprise_id = b.enterprise_id and m.month between b.from_month and b.until_month
left join monthly.building as g on b.building_code = g.building_code
