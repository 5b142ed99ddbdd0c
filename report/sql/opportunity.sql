select
    t.industry_code,
    t.industry_title_zh,
    t.industry_title_en,
    t.position_code,
    t.enterprise_count,
    concat_ws(', ', t.nearest_1_code, t.nearest_2_code, t.nearest_3_code) as nearest_codes,
    t.estimated_buyer_count,
    t.estimated_purchase_amount,
    t.area_growth_pct,
    t.hit_rate_pct
from industry.opportunity as t
order by t.estimated_purchase_amount desc nulls last, t.industry_code asc
limit 20
