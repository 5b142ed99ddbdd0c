-- title: Matches that a person should decide | 待人工核对
-- one row is: one source record that waits for a person | 一条等人判定归属的来源记录
-- answers: which records should somebody decide first, why, and which enterprises may they be?
--   | 先核对哪些记录？为什么要核对、怎样核对？它们可能是哪两家企业？
-- key: 数据源, 来源主键
-- rules: The rows of resolved.review_queue; work it by 优先级, then 所涉份额.
--   | 按优先级、所涉份额从大到小处理；判定后下一期生效。
-- column 数据源: 报送该记录的数据源
-- column 原因: 为什么要由人核对，如代码与名称分属两家企业、名称相似但不足以认定
-- column 建议步骤: 这种情况怎样核对、找谁核实
-- known gaps: Other addresses of a candidate are not shown. | 候选企业的其他地址未列出。
select
    f.title_zh as 数据源,
    q.source_key as 来源主键,
    q.priority as 优先级,
    code_name(q.reason_code) as 原因,
    q.evidence_zh as 依据说明,
    o.next_step_zh as 建议步骤,
    q.share_pct as 所涉份额,
    q.stated_name as 来源名称,
    q.stated_code as 来源代码,
    q.stated_address as 来源地址,
    q.candidate_name as 候选企业名称,
    q.candidate_code as 候选企业代码,
    q.candidate_address as 候选企业地址,
    code_name(q.candidate_method) as 候选依据,
    q.candidate_score as 候选得分,
    q.runner_up_name as 次选企业名称,
    q.runner_up_code as 次选企业代码,
    q.runner_up_address as 次选企业地址,
    code_name(q.runner_up_method) as 次选依据,
    q.runner_up_score as 次选得分,
    q.candidate_count as 候选数
from resolved.review_queue as q
left join ops.feed as f on q.feed = f.feed
left join rules.match_outcome as o on q.reason_code = o.outcome_code
