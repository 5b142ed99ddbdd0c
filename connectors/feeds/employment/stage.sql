-- Counts come with thousands marks in some months. Zero staff is a report of zero, not a missing one.
select
    row_number,
    单位编号 as source_key,
    单位编号 as unit_no,
    统一社会信用代码 as uscc,
    单位名称 as enterprise_name,
    单位地址 as address,
    to_month(所属期) as month,
    to_count(参保人数) as insured_headcount,
    to_amount(缴费基数合计) as wage_amount
from delivery
