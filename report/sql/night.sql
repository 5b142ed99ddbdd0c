select
    n.night_id,
    n.as_of,
    n.park_name
from ops.night as n
