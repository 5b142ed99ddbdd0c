select *
from snapshots.park_current
