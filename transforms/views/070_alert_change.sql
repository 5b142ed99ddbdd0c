-- title: Alerts since the night before | 预警每日变化
-- one row is: one alert that is there tonight or was there the night before | 一条本期或上一期存在的预警
-- answers: which alerts are new, raised, lowered or ended since yesterday?
--   | 和上一期相比，哪些预警是新增、升级、降级或解除的？
-- key: 企业编号, 预警类型
-- rules: The rows of snapshots.alert_change in words. | 与上一次发布的预警逐条比较；首次发布时为空。
-- column 企业名称: 企业全称；已不在本期的为上一期所示名称
-- column 企业简称: 去掉地名、括号和组织形式的简称，各企业互不重复；已不在本期的为企业全称
-- known gaps: An alert also ends when the enterprise has left. | 企业已经离园时预警也会解除，须看企业评估。
select
    a.enterprise_id as 企业编号,
    coalesce(l.enterprise_name, a.enterprise_name) as 企业名称,
    coalesce(l.short_name, a.enterprise_name) as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(a.alert_code) as 预警类型,
    code_name(a.change_code) as 变动类型,
    code_name(a.level_code_before) as 原预警级别,
    code_name(a.level_code) as 预警级别,
    a.score_before as 原得分,
    a.score as 得分,
    a.reasons_zh as 理由,
    park_time(a.previous_as_of) as 上期截至时间
from snapshots.alert_change as a
left join snapshots.enterprise_label as l on a.enterprise_id = l.enterprise_id
