select *
from snapshots.change
order by enterprise_id, changed_column
