select
    p.industry_level,
    p.industry_code,
    p.industry_title_zh,
    p.industry_title_en,
    p.year_number,
    p.position_code,
    p.withheld_code,
    p.enterprise_count,
    p.insured_headcount,
    p.lq_enterprises,
    p.lq_enterprises_low,
    p.lq_enterprises_high,
    p.lq_staff,
    p.lq_staff_low,
    p.lq_staff_high,
    p.lq_staff_without_largest,
    p.headcount_change,
    p.national_value,
    p.mix_value,
    p.competitive_value,
    p.trend_code,
    p.area_name,
    p.area_growth_pct
from industry.position as p
where
    p.year_number = (
        select max(n.year_number)
        from industry.position as n
        where n.area_code is not null
    )
    and p.enterprise_count > 0
order by p.lq_enterprises_low desc nulls last, p.enterprise_count desc, p.industry_code asc
