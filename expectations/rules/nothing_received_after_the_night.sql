-- rule: Nothing was received after the night's end | 未使用当晚之后收到的数据
-- severity: critical
-- stage: resolved
-- why: the same as_of must give the same rows for ever, whatever arrived since
-- next step: look for a model that reads staged.* instead of known.*; run the night again
select
    'resolved.enterprise' as table_name,
    e.enterprise_id as row_key,
    e.last_received_at as received_at,
    n.as_of
from resolved.enterprise as e
cross join ops.night as n
where e.last_received_at > n.as_of
union all
select
    'resolved.enterprise_value' as table_name,
    concat_ws(' ', v.enterprise_id, v.field_code, v.feed) as row_key,
    v.received_at,
    n.as_of
from resolved.enterprise_value as v
cross join ops.night as n
where v.received_at > n.as_of
union all
select
    'resolved.unmatched' as table_name,
    concat_ws(' ', u.feed, u.source_key) as row_key,
    u.last_received_at as received_at,
    n.as_of
from resolved.unmatched as u
cross join ops.night as n
where u.last_received_at > n.as_of
