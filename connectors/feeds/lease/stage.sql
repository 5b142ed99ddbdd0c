-- Dates come as date cells, as day numbers or as 2026年1月31日; the register's last day of a lease is inclusive.
select
    row_number,
    客户编号 as source_key,
    合同编号 as lease_no,
    统一社会信用代码 as uscc,
    承租人 as enterprise_name,
    楼栋 as building_code,
    房号 as room,
    地址 as address,
    to_amount("建筑面积(㎡)") as leased_area_m2,
    to_date(起租日) as start_date,
    to_date(到期日) as end_date,
    to_date(退租日) as terminated_date,
    to_amount("月租金(元)") as monthly_rent_amount
from delivery
