select
    f.enterprise_id,
    f.other_enterprise_id,
    o.enterprise_name as other_name,
    f.role,
    s.succession_code,
    s.standing_code,
    s.effective_month,
    s.event_date,
    s.people_count
from signals.succession as s
cross join (
    values
    (s.predecessor_enterprise_id, s.successor_enterprise_id, 'predecessor'),
    (s.successor_enterprise_id, s.predecessor_enterprise_id, 'successor')
) as f (enterprise_id, other_enterprise_id, role)
left join resolved.enterprise as o on f.other_enterprise_id = o.enterprise_id
where f.enterprise_id is not null
order by f.enterprise_id asc, s.effective_month desc
