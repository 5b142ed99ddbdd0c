select
    p.enterprise_id,
    p.application_count,
    p.invention_count,
    p.utility_model_count,
    p.design_count,
    p.granted_count,
    p.co_application_count,
    p.recent_application_count,
    p.last_application_date
from industry.patent_count as p
order by p.enterprise_id
