-- The year's last month. Wages are a month's: the year's cash divided by twelve.
select
    row_number,
    short_name as source_key,
    short_name as enterprise_name,
    办公地址 as address,
    cast(to_amount(支付给职工以及为职工支付的现金) / 12 as decimal(18, 2)) as wage_amount,
    make_date(try_cast(year as integer), 12, 1) as month,
    to_count(职工人数) as insured_headcount,
    case when 职工人数 is null then 'the number of staff is missing' end as skip_because
from delivery
