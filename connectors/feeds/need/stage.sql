-- The service desk has no key of its own for an enterprise: the code is the key, or the name where no code was written.
-- A blank quantity is not known; a 0 cannot be meant and is quarantined.
select
    row_number,
    coalesce(统一社会信用代码, 企业名称) as source_key,
    诉求编号 as need_no,
    统一社会信用代码 as uscc,
    企业名称 as enterprise_name,
    诉求类型 as need_kind_code,
    nullif(to_amount(数量), 0) as needed_quantity,
    单位 as quantity_unit_code,
    楼栋 as building_code,
    to_date(提出日期) as stated_date,
    to_date(期望日期) as due_date,
    to_date(首次联系日期) as first_contact_date,
    to_date(办结日期) as closed_date,
    办理结果 as need_outcome_code,
    承办部门 as office_name
from delivery
