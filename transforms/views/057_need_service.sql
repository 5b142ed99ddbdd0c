-- title: Service of needs | 诉求办理情况
-- one row is: one office in charge | 一行是：一个承办部门
-- answers: does each office contact in time whoever stated a need? | 各部门是否按时联系提出诉求的企业？
-- key: 承办部门
-- rules: Needs stated in the last 12 months; open ones whenever stated. | 近十二个月内提出的诉求；未办结件数不限提出时间。
-- known gaps: none known | 无
-- column 承办部门: 负责办理的部门
select
    s.office_zh as 承办部门,
    s.stated_count as 诉求件数,
    s.contact_judged_count as 应联系件数,
    s.contact_on_time_count as 按时联系件数,
    s.contact_on_time_pct as 按时联系率,
    s.closed_count as 办结件数,
    s.met_count as 解决件数,
    s.unresolved_count as 未办结件数
from snapshots.need_service as s
