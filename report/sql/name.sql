select
    n.enterprise_id,
    n.enterprise_name,
    n.name_kind
from resolved.enterprise_name as n
order by n.enterprise_id, n.name_standing, n.enterprise_name
