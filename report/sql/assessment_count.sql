select
    t.assessment_code,
    count(a.enterprise_id) as enterprise_count
from rules.assessment_title as t
left join snapshots.assessment as a on t.assessment_code = a.assessment_code
group by t.assessment_code
order by enterprise_count desc, t.assessment_code asc
