-- title: Assessment of every enterprise | 企业评估
-- one row is: one enterprise | 一家企业
-- answers: is it still here; is it expanding, contracting, new or about to leave; on what evidence?
--   | 企业是否仍在园？近十二个月是扩张、收缩、新入园还是拟撤离？依据是什么？
-- key: 企业编号
-- rules: The assessment of snapshots.assessment in words.
--   | 综合参保人数、销售额、实缴税额、租赁面积、用电量五项指标与上年同期比较；存疑数据和承继带来的变动不计。
-- column 评估依据: 各项指标与上年同期比较的文字说明，附数据
-- column 评估月份: 评估所用数据的截止月份，以当月第一天表示
-- known gaps: A tenant that stays on without a recorded renewal is about to leave for six months. An enterprise that
--   leaves all of a sudden shows no sign before. | 到期后续住但台账未登记续租的企业，六个月内判为拟撤离。突然撤离的企业事先没有迹象。
select
    a.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(a.assessment_code) as 评估,
    a.evidence_zh as 评估依据,
    a.left_month as 撤离月份,
    a.successor_name as 承接方名称,
    a.heard_signal_count as 可比指标数,
    a.rising_signal_count as 上升指标数,
    a.falling_signal_count as 下降指标数,
    a.suspect_value_count as 剔除的异常值个数,
    a.space_until_date as 最晚到期日,
    a.last_active_month as 最近活动月份,
    a.month as 评估月份
from snapshots.assessment as a
inner join snapshots.enterprise_label as l on a.enterprise_id = l.enterprise_id
