select *
from snapshots.building_month
order by building_code, month
