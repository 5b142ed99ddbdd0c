-- title: Assessment of every enterprise | 企业评估
-- one row is: one enterprise | 一家企业
-- answers: is it expanding, contracting, new or leaving, and on what evidence?
--   | 企业近十二个月是扩张、收缩、新入园还是要走？依据是什么？
-- key: 企业编号
-- rules: The assessment of snapshots.assessment in words.
--   | 综合参保人数、销售额、税款、租赁面积、用电量五项指标与上年同期的比较得出；存疑数据和企业承继带来的变动不计。
-- known gaps: A tenant who stays on without a recorded renewal may read as about to leave.
--   | 到期后续住但台账未登记续租的企业，可能被判为要撤离。
select
    a.enterprise_id as 企业编号,
    a.enterprise_name as 企业名称,
    code_name(a.assessment_code) as 评估,
    a.evidence_zh as 评估依据,
    a.heard_signal_count as 可比指标数,
    a.rising_signal_count as 上升指标数,
    a.falling_signal_count as 下降指标数,
    a.space_until_date as 租约最终到期日,
    a.month as 评估月份
from snapshots.assessment as a
