select *
from snapshots.presence
