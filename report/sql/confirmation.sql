select c.*
from ops.confirmation as c
inner join ops.night as n on c.night_id = n.night_id
order by c.confirmed_at
