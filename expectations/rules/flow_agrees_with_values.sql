-- rule: A flow's name agrees with its two values | 变动类型与前后数值一致
-- severity: critical
-- stage: snapshots
-- why: an expansion that lost, or an opening of who was there, turns the park's totals round
-- next step: look at the enterprise's rows in signals.signal around the month
select
    enterprise_id,
    signal_code,
    month,
    flow_code,
    earlier_value,
    value,
    change
from signals.flow
where
    (flow_code in ('open', 'move_in') and not (coalesce(earlier_value, 0) <= 0 and value > 0))
    or (flow_code in ('close', 'move_out') and not (earlier_value > 0 and coalesce(value, 0) = 0))
    or (flow_code in ('expand', 'succession_in') and not coalesce(value > earlier_value, false))
    or (flow_code in ('contract', 'succession_out') and not coalesce(value < earlier_value, false))
    or (flow_code = 'open_ended' and not (earlier_value > 0 and value is null))
    or (flow_code not in ('open_ended', 'resumed') and change is null)
    or change is distinct from value - earlier_value
