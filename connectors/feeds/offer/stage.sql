-- A blank quantity is not known; a 0 cannot be meant and is quarantined.
select
    row_number,
    供给编号 as offer_no,
    供给方 as offered_by_name,
    统一社会信用代码 as offered_by_uscc,
    类型 as need_kind_code,
    nullif(to_amount(数量), 0) as offered_quantity,
    单位 as quantity_unit_code,
    楼栋 as building_code,
    服务范围 as serves_code,
    to_date(有效期起) as valid_from_date,
    to_date(有效期止) as valid_until_date
from delivery
