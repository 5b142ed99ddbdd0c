select
    split_part(r.suite, '.', 1) as area,
    count(*) as check_count,
    count(case when r.success then 1 end) as held_count
from ops.validation_result as r
inner join ops.night as n on r.night_id = n.night_id
group by area
order by area
