-- title: Industries that might fit | 产业机会
-- one row is: one division that does not lead in the park | 一个园区未成主导的行业大类
-- answers: which leading industries are nearest, what do tenants buy of its goods outside, what would they buy of it,
--   and does it grow in the area?
--   | 与哪些主导产业最近，园内企业在外采购多少、可能采购多少，在地区增长如何？
-- key: 行业代码
-- rules: The rows of industry.opportunity in words. Estimates are never added to what is seen.
--   | 估计采购额按投入产出系数推算，不与已见采购相加；不预言哪个产业会来。
-- known gaps: Input-output does not find the next industry. | 投入产出上的接近不能预言下一个产业。
select
    t.industry_code as 行业代码,
    t.industry_title_zh as 行业名称,
    t.year_number as 年份,
    code_name(t.position_code) as 产业地位,
    t.enterprise_count as 企业数,
    one.industry_title_zh as 最近主导产业一,
    t.nearest_1_tie_pct as 往来占比一,
    two.industry_title_zh as 最近主导产业二,
    t.nearest_2_tie_pct as 往来占比二,
    three.industry_title_zh as 最近主导产业三,
    t.nearest_3_tie_pct as 往来占比三,
    t.seen_buyer_count as 已见采购企业数,
    t.seen_purchase_amount as 已见采购额,
    t.estimated_buyer_count as 可能采购企业数,
    t.estimated_purchase_amount as 估计采购额,
    t.area_growth_pct as 地区该行业增长率
from industry.opportunity as t
left join industry.position as one
    on one.industry_level = 'division' and t.nearest_1_code = one.industry_code and t.year_number = one.year_number
left join industry.position as two
    on two.industry_level = 'division' and t.nearest_2_code = two.industry_code and t.year_number = two.year_number
left join industry.position as three
    on
        three.industry_level = 'division' and t.nearest_3_code = three.industry_code
        and t.year_number = three.year_number
