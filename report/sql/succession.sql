with side as (
    select
        s.predecessor_enterprise_id as enterprise_id,
        s.successor_enterprise_id as other_enterprise_id,
        'predecessor' as role,
        s.succession_code,
        s.standing_code,
        s.effective_month,
        s.event_date,
        s.people_count
    from signals.succession as s
    union all
    select
        s.successor_enterprise_id as enterprise_id,
        s.predecessor_enterprise_id as other_enterprise_id,
        'successor' as role,
        s.succession_code,
        s.standing_code,
        s.effective_month,
        s.event_date,
        s.people_count
    from signals.succession as s
)

select
    s.enterprise_id,
    s.other_enterprise_id,
    o.enterprise_name as other_name,
    s.role,
    s.succession_code,
    s.standing_code,
    s.effective_month,
    s.event_date,
    s.people_count
from side as s
left join resolved.enterprise as o on s.other_enterprise_id = o.enterprise_id
where s.enterprise_id is not null
order by s.enterprise_id asc, s.effective_month desc
