select
    o.enterprise_id,
    o.first_shown_date,
    o.action_code,
    o.topic_code,
    coalesce(k.title_en, a.title_en) as topic_en,
    coalesce(k.title_zh, a.title_zh) as topic_zh,
    o.work_answer_code,
    o.came_of_it_code
from industry.outcome as o
left join rules.need_kind as k on o.topic_code = k.need_kind_code
left join rules.alert as a on o.topic_code = a.alert_code
order by o.enterprise_id asc, o.first_shown_date desc, o.row_id asc
