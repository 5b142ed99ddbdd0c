select *
from snapshots.park_month
order by month, signal_code, period_months
