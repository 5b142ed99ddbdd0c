-- Amounts come in 10,000 yuan. A small negative flow is real (statistics offices balance with it) and stays.
select
    row_number,
    to_count(年份) as year_number,
    部门分类 as sector_system_code,
    upper(plain_text(产出部门)) as from_sector_code,
    case when 投入部门 = '总产出' then 'output' else upper(plain_text(投入部门)) end as to_sector_code,
    to_amount(金额_万元) * 10000 as flow_amount
from delivery
