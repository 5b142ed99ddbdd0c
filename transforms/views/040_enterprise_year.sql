-- title: Enterprises year by year | 企业年度
-- one row is: one enterprise in one complete calendar year | 一家企业一个完整的日历年度
-- answers: what did it pay, sell, employ, lease and use in the year, and on how much land?
--   | 企业全年缴了多少税、销售多少、用工、面积、用电和折算用地各多少？
-- key: 企业编号, 年份
-- rules: The rows of snapshots.enterprise_year in words.
--   | 税收、销售为所属期止于该年的合计（含汇算清缴）；用工、面积为各月平均；含存疑数值的项目为空。
-- column 年实缴税额（所属期口径）: 所属期止于该年的全部税种实缴税额，已扣退税，元
-- column 年入库税额（已扣退税）: 该年实际入库的税额，已扣退税，元
-- column 年销售额: 全年应税销售额，元
-- column 年用电量: 全年用电量，千瓦时
-- column 剔除的异常值个数: 该年因异常而未采用的数值个数
-- column 是否暂定: 该年有月份尚未报齐，结果还会变
-- known gaps: Of a firm that came or went within the year, the figures are of some months.
--   | 年内入园或离园的企业，只含部分月份。
select
    y.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    y.year_number as 年份,
    y.tax_paid_amount as "年实缴税额（所属期口径）",
    y.tax_change_12m_pct as 年实缴税额同比增长率,
    y.tax_received_amount as "年入库税额（已扣退税）",
    y.tax_received_change_12m_pct as 年入库税额同比增长率,
    y.sales_amount as 年销售额,
    y.sales_change_12m_pct as 年销售额同比增长率,
    y.mean_headcount as 年均参保人数,
    y.headcount_change_12m_pct as 年均参保人数同比增长率,
    y.mean_leased_area_m2 as 年均租赁面积,
    y.leased_area_change_12m_pct as 年均租赁面积同比增长率,
    y.land_mu as 折算用地亩数,
    y.electricity_kwh as 年用电量,
    y.electricity_change_12m_pct as 年用电量同比增长率,
    y.suspect_value_count as 剔除的异常值个数,
    yes_no(y.is_provisional) as 是否暂定
from snapshots.enterprise_year as y
inner join snapshots.enterprise_label as l on y.enterprise_id = l.enterprise_id
