-- The list's own words, one to one.
select
    row_number,
    布点序号 as branch_no,
    企业序号 as source_key,
    类型 as branch_kind_code,
    to_date(设立日期) as opened_date,
    区划代码 as division_code,
    行业代码 as industry_code
from delivery
