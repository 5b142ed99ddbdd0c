-- title: Enterprises elsewhere that might come | 招引对象
-- one row is: one enterprise outside the park | 园外一家企业
-- answers: which enterprises to call first, and why; which were excluded, and why?
--   | 先联系哪些园外企业，依据是什么；哪些被排除，为什么？
-- key: 来源主键
-- rules: The rows of industry.candidate in words. The order: parents of tenants, 扩张, 远近, 需要, cities, branches,
--   capital. No score.
--   | 排序：园内企业的总公司、扩张、远近、需要、设点城市数、设点数、注册资本；没有综合评分；被排除的没有排序。
-- known gaps: A list to call, no forecast. | 是联系名单，不是预测。
select
    t.candidate_rank as 排序,
    t.enterprise_name as 企业名称,
    t.uscc as 统一社会信用代码,
    code_name(t.expands_level) as 扩张,
    code_name(t.near_level) as 远近,
    code_name(t.wanted_level) as 需要,
    t.seen_buyer_count as 已见采购企业数,
    yes_no(t.is_parent_of_tenant) as 是否园内企业总公司,
    t.recent_branch_count as 近期设点数,
    t.branch_count as 设点数,
    t.branch_city_count as 设点城市数,
    t.last_opened_date as 最近设点日期,
    t.industry_code as 行业代码,
    t.division_code as 注册地代码,
    t.registered_capital_amount as 注册资本,
    t.registered_date as 成立日期,
    code_name(t.excluded_code) as 排除原因,
    t.source_key as 来源主键
from industry.candidate as t
