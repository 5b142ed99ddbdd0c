select
    d.enterprise_id,
    d.enterprise_name,
    d.work_en,
    d.work_zh
from industry.offer_demand as d
order by d.enterprise_name asc, d.offer_key asc
