select
    b.enterprise_id,
    b.building_code,
    b.leased_area_m2,
    b.monthly_rent_amount,
    b.next_lease_end_date,
    b.due_6m_area_m2,
    b.due_6m_unrenewed_area_m2,
    coalesce(g.building_name, b.building_code) as building_title,
    e.enterprise_name
from monthly.lease_building as b
inner join monthly.month as m on b.month = m.month and m.is_last_month
left join monthly.building as g on b.building_code = g.building_code
left join resolved.enterprise as e on b.enterprise_id = e.enterprise_id
order by b.next_lease_end_date, b.enterprise_id, b.building_code
