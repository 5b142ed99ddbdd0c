-- rule: A week has no more new rows of the work list than its limits | 工作清单每周新增不超过限额
-- severity: warning
-- stage: snapshots
-- why: a list that is longer than a team's week is not worked through; after a limit was lowered in the middle of a
--   week it passes by itself
-- next step: compare snapshots.work_list with ops.work_shown of this week, and read transforms/rules/work_list.yml
select
    n.limit_group_code,
    count(*) as new_count
from snapshots.work_list as n
cross join rules.work_list_limit as l
where n.first_shown_date between cast(date_trunc('week', n.list_date) as date) and n.list_date
group by n.limit_group_code, l.answer_week_max, l.call_week_max, l.introduction_week_max, l.attraction_week_max
having count(*) > case n.limit_group_code
    when 'answer' then l.answer_week_max
    when 'call' then l.call_week_max
    when 'introduction' then l.introduction_week_max
    else l.attraction_week_max
end
