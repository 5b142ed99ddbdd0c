select
    a.enterprise_id,
    a.enterprise_name,
    a.alert_code,
    a.change_code,
    a.level_code_before,
    a.level_code
from snapshots.alert_change as a
where a.change_code <> 'same'
order by a.enterprise_id, a.alert_code
