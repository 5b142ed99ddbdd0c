select
    w.row_id,
    w.limit_group_code,
    w.action_code,
    w.topic_en,
    w.topic_zh,
    w.hint_level_code,
    w.enterprise_id,
    w.enterprise_name,
    w.work_en,
    w.work_zh,
    w.office_en,
    w.office_zh,
    w.since_date,
    w.due_date,
    w.list_date,
    w.asked_count,
    w.work_state_code,
    w.work_answer_code,
    w.hit_rate_en,
    w.hit_rate_zh,
    l.building_name
from snapshots.work_list as w
left join snapshots.enterprise_label as l on w.enterprise_id = l.enterprise_id
order by
    case w.limit_group_code when 'answer' then 1 when 'call' then 2 when 'introduction' then 3 else 4 end,
    w.work_state_code = 'answered',
    w.work_state_code = 'later',
    w.work_state_code = 'new',
    w.rank_in_group,
    w.row_id
