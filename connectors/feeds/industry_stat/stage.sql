-- A code's length says its level; a letter before digits is only the section that they belong to. Amounts come in
-- 10,000 yuan.
select
    row_number,
    地区代码 as area_code,
    地区 as area_name,
    to_count(年份) as year_number,
    分类标准 as classification_code,
    case
        when 行业代码 in ('全部', '00') then 'total'
        when regexp_full_match(upper(plain_text(行业代码)), '[A-T]') then 'section'
        when regexp_full_match(upper(plain_text(行业代码)), '[A-T]?[0-9]{2}') then 'division'
        when regexp_full_match(upper(plain_text(行业代码)), '[A-T]?[0-9]{3}') then 'group'
        when regexp_full_match(upper(plain_text(行业代码)), '[A-T]?[0-9]{4}') then 'class'
    end as industry_level,
    case
        when 行业代码 in ('全部', '00') then 'total'
        when regexp_full_match(upper(plain_text(行业代码)), '[A-T]') then upper(plain_text(行业代码))
        else nullif(regexp_extract(upper(plain_text(行业代码)), '^[A-T]?([0-9]{2,4})$', 1), '')
    end as industry_code,
    to_count(企业数) as enterprise_count,
    to_count(从业人数) as staff_headcount,
    to_amount(营业收入_万元) * 10000 as sales_amount,
    to_amount(税收_万元) * 10000 as tax_amount
from delivery
