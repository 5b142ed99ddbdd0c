-- title: Position of industries | 产业地位
-- one row is: one industry in one year, by section, division and group | 一个行业门类、大类或中类的一年
-- answers: which industries lead in the park beyond chance, and is their growth the area's or their own?
--   | 园区哪些行业确为主导，其增长来自地区大势、行业还是自身？
-- key: 行业层级, 行业代码, 年份
-- rules: The rows of industry.position in words.
--   | 区位商须连同上下限看；主导指企业数区位商下限大于1、企业不少于3家（中类5家）、最大企业不足八成；三项偏离份额之和等于人数变化。
-- known gaps: Industries with few enterprises are withheld; not for publication.
--   | 企业过少或一家独大的不公布人数等；可由合计相减推出，仅供内部使用。
select
    code_name(p.industry_level) as 行业层级,
    p.industry_code as 行业代码,
    p.industry_title_zh as 行业名称,
    p.year_number as 年份,
    code_name(p.position_code) as 产业地位,
    code_name(p.withheld_code) as 不公布原因,
    p.enterprise_count as 企业数,
    p.enterprise_share_pct as 企业数占比,
    p.insured_headcount as 参保人数,
    p.staff_share_pct as 人数占比,
    p.largest_share_pct as 最大企业人数占比,
    p.sales_amount as 销售额,
    p.tax_received_amount as "入库税额（已扣退税）",
    p.lq_enterprises as "区位商（企业数）",
    p.lq_enterprises_low as "区位商下限（企业数）",
    p.lq_enterprises_high as "区位商上限（企业数）",
    p.lq_staff as "区位商（人数）",
    p.lq_staff_low as "区位商下限（人数）",
    p.lq_staff_high as "区位商上限（人数）",
    p.lq_staff_without_largest as 剔除最大企业的区位商,
    p.headcount_before as 上年参保人数,
    p.headcount_change as 人数变化,
    p.national_value as 大势份额,
    p.mix_value as 结构偏离,
    p.competitive_value as 竞争力偏离,
    code_name(p.trend_code) as 区位商走势,
    p.area_name as 地区名称,
    p.area_industry_count as 地区该行业企业数,
    p.area_industry_staff as 地区该行业从业人数,
    p.area_growth_pct as 地区该行业增长率
from industry.position as p
