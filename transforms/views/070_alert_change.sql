-- title: Alerts since the night before | 预警每日变化
-- one row is: one alert that is there tonight or was there the night before | 一条今晚或上一期存在的预警
-- answers: which alerts are new, raised, lowered or ended since yesterday?
--   | 和上一期相比，哪些预警是新增、升级、降级或解除的？
-- key: 企业编号, 预警类型
-- rules: The rows of snapshots.alert_change in words. | 与上一次发布的预警逐条比较；首次发布时为空。
-- known gaps: An alert also ends when the enterprise has left. | 企业已经离园时预警也会解除，见企业评估。
select
    a.enterprise_id as 企业编号,
    a.enterprise_name as 企业名称,
    code_name(a.alert_code) as 预警类型,
    code_name(a.change_code) as 变动类型,
    code_name(a.level_code_before) as 原预警级别,
    code_name(a.level_code) as 预警级别,
    a.score_before as 原得分,
    a.score as 得分,
    a.reasons_zh as 理由,
    park_time(a.previous_as_of) as 上期截至时间
from snapshots.alert_change as a
