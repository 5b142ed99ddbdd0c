select *
from snapshots.alert_change
order by enterprise_id, alert_code
