select
    n.enterprise_id,
    n.need_key,
    n.need_kind_code,
    n.needed_quantity,
    n.quantity_unit_code,
    n.stated_date,
    n.due_date,
    n.office_en,
    n.office_zh,
    n.first_contact_date,
    n.is_first_contact_on_time,
    n.is_unresolved,
    n.closed_date,
    n.need_outcome_code
from industry.need as n
order by n.enterprise_id asc, n.is_unresolved desc, n.stated_date desc, n.need_key asc
