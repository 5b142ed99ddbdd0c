select
    r.suite,
    r.object_name,
    r.check_name,
    r.severity,
    r.observed,
    r.unexpected_count,
    r.message
from ops.validation_result as r
inner join ops.night as n on r.night_id = n.night_id
where not r.success
order by r.severity = 'critical' desc, r.suite, r.check_name asc
