select *
from snapshots.presence_gap
order by enterprise_id, gap_rank
