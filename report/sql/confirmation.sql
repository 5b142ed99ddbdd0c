select
    c.observed,
    c.confirmed_by,
    c.confirmed_because,
    c.confirmed_at
from ops.confirmation as c
inner join ops.night as n on c.night_id = n.night_id
order by c.confirmed_at
