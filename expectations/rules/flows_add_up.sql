-- rule: Creation less destruction is the net change, and with the rest explains all of it | 创造减消失等于净变化
-- severity: critical
-- stage: snapshots
-- why: a flow that is counted twice or nowhere makes growth out of nothing
-- next step: compare snapshots.park_month with signals.flow for the month and signal
select
    month,
    signal_code,
    period_months,
    creation_value,
    destruction_value,
    net_value,
    drift_value,
    succession_value,
    open_value + move_in_value + expand_value as gains,
    close_value + move_out_value + contract_value as losses,
    compared_value - compared_earlier_value as change_of_the_compared,
    open_ended_count
from snapshots.park_month
where
    creation_value is distinct from open_value + move_in_value + expand_value
    or (destruction_value is null) <> (compared_value is null or coalesce(open_ended_count, 0) > 0)
    or destruction_value <> close_value + move_out_value + contract_value
    or net_value is distinct from creation_value - destruction_value
    or reallocation_value is distinct from creation_value + destruction_value - abs(net_value)
    or compared_value - compared_earlier_value
    is distinct from creation_value - coalesce(close_value, 0) - coalesce(move_out_value, 0) - contract_value
    + drift_value + succession_value
    -- while a report is missing, zero closings cannot be known
    or (open_ended_count > 0 and (close_count = 0 or move_out_count = 0))
