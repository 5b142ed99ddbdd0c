select
    t.industry_code,
    t.industry_title_zh,
    t.industry_title_en,
    t.position_code,
    t.enterprise_count,
    concat_ws('、', one.industry_title_zh, two.industry_title_zh, three.industry_title_zh) as nearest_zh,
    concat_ws(', ', one.industry_title_en, two.industry_title_en, three.industry_title_en) as nearest_en,
    t.seen_buyer_count,
    t.seen_purchase_amount,
    t.estimated_buyer_count,
    t.estimated_purchase_amount,
    t.area_growth_pct
from industry.opportunity as t
left join industry.position as one
    on one.industry_level = 'division' and t.nearest_1_code = one.industry_code and t.year_number = one.year_number
left join industry.position as two
    on two.industry_level = 'division' and t.nearest_2_code = two.industry_code and t.year_number = two.year_number
left join industry.position as three
    on
        three.industry_level = 'division' and t.nearest_3_code = three.industry_code
        and t.year_number = three.year_number
order by t.estimated_purchase_amount desc nulls last, t.industry_code asc
limit 20
