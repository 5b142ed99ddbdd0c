select
    p.month,
    p.signal_code,
    p.period_months,
    p.total_value,
    p.is_provisional,
    p.open_value,
    p.move_in_value,
    p.expand_value,
    p.close_value,
    p.move_out_value,
    p.contract_value,
    p.creation_value,
    p.destruction_value
from snapshots.park_month as p
order by p.month, p.signal_code, p.period_months
