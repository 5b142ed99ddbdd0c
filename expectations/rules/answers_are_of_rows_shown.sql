-- rule: Every answer in outcomes.csv is of a row that a list showed | outcomes.csv 的回复都对应列入过清单的事项
-- severity: warning
-- stage: snapshots
-- why: an answer of a row that no list showed counts nowhere; its id was typed wrongly
-- next step: look the id up with `parkbridge worklist`, and correct the line in outcomes.csv
select
    a.row_id,
    a.work_answer_code,
    a.answered_at
from ops.work_answer as a
left join ops.work_shown as s on a.row_id = s.row_id
where s.row_id is null
