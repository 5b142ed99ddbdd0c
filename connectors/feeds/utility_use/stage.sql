-- One row of the meter book is one meter and month.
select
    row_number,
    户号 as source_key,
    表号 as meter_no,
    户名 as enterprise_name,
    用电地址 as address,
    类别 as utility_code,
    to_month(抄表月份) as month,
    to_quantity(用量) as used_quantity
from delivery
