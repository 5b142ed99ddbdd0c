select
    t.enterprise_id,
    t.enterprise_name,
    t.institute_name,
    t.tie_code,
    t.tie_level_code,
    t.tie_count,
    t.granted_tie_count,
    t.first_tie_date,
    t.last_tie_date
from industry.research_tie as t
order by
    case t.tie_level_code when 'lasting' then 0 when 'occasional' then 1 when 'possible' then 2 else 3 end asc,
    t.tie_count desc,
    t.last_tie_date desc,
    t.enterprise_id asc,
    t.institute_key asc
