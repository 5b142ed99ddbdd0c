select
    count(*) as check_count,
    count(case when not r.success and r.severity = 'critical' then 1 end) as failed_count,
    count(case when not r.success and r.severity <> 'critical' then 1 end) as warned_count
from ops.validation_result as r
inner join ops.night as n on r.night_id = n.night_id
