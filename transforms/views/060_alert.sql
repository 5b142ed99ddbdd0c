-- title: Alerts and chances | 预警与机会
-- one row is: one alert about one enterprise | 一家企业的一条预警或机会
-- answers: which enterprise should we visit first, why, and what should be done?
--   | 先走访谁、为什么、该做什么？
-- key: 企业编号, 预警类型
-- rules: The alerts of signals.alert in words; docs/alerts.md says how points add up.
--   | 各项迹象按分值相加，得分越高越该先看；红为把握大、大多属实，黄为尽量不漏。迁出、收缩、欠缴为预警，其余为服务机会。
-- column 得分: 各项迹象的分值合计，越高越该先看；加0.7约合可能性翻一倍
-- column 数据月份: 数据所属的月份，以当月第一天表示
-- known gaps: Unpaid rent is in no silo. | 房租欠缴没有数据来源，须向物业核实。
select
    a.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(a.alert_code) as 预警类型,
    code_name(a.level_code) as 预警级别,
    a.score as 得分,
    a.reasons_zh as 理由,
    a.next_step_zh as 建议步骤,
    a.first_seen_month as 首次出现月份,
    a.last_sign_month as 最近迹象月份,
    a.sign_count as 迹象数,
    a.horizon_months as 预警期月数,
    a.month as 数据月份
from signals.alert as a
inner join snapshots.enterprise_label as l on a.enterprise_id = l.enterprise_id
