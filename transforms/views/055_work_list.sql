-- title: Work list | 工作清单
-- one row is: one thing for one person to do this week | 一行是：本周要办的一件事
-- answers: what should we do this week, for which enterprise, and who does it? | 本周要办什么、为哪家企业、由谁办？
-- key: 清单编号
-- rules: The rows of snapshots.work_list in words; docs/worklist.md says what comes onto it and how to answer.
--   | 每周新增至多15件：答复诉求6件、联系走访4件、牵线对接3件、招商2件；无人回复的第7、14、21天再次提醒，第30天移出。
-- known gaps: What exceeds the weekly limit waits for the next week. | 超出每周限额的顺延到下一周。
-- column 起因日期: 诉求提出之日；预警为首次出现的月份
-- column 应完成日期: 未联系的诉求为应联系日期，其余为期望日期；电话、走访为首次列入后第七天
-- column 企业名称: 事项涉及的企业；招商事项为园外企业，外购缺口为空
-- column 承办部门: 负责办理该事项的部门
select
    w.row_id as 清单编号,
    code_name(w.action_code) as 事项,
    w.topic_zh as 事由,
    w.enterprise_id as 企业编号,
    coalesce(l.enterprise_name, w.enterprise_name) as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    w.work_zh as 事项说明,
    code_name(w.hint_level_code) as 把握程度,
    w.hit_rate_zh as 命中情况,
    w.office_zh as 承办部门,
    w.since_date as 起因日期,
    w.due_date as 应完成日期,
    w.first_shown_date as 首次列入日期,
    w.asked_date as 本次提醒日期,
    w.asked_count as 提醒次数,
    w.drop_date as 移出日期,
    code_name(w.work_state_code) as 办理状态,
    code_name(w.work_answer_code) as 回复,
    w.answered_because as 回复说明,
    code_name(w.limit_group_code) as 限额类别,
    w.rank_in_group as 组内次序
from snapshots.work_list as w
left join snapshots.enterprise_label as l on w.enterprise_id = l.enterprise_id
