-- Refunds are negative and stay so. A sole trader's number may be the owner's identity number, which never lands: the
-- name is the key then. Amounts come in fen.
select
    row_number,
    税票号码 as payment_no,
    纳税人识别号 as taxpayer_no,
    纳税人名称 as enterprise_name,
    征收项目 as tax_kind_code,
    coalesce(纳税人识别号, 纳税人名称) as source_key,
    to_date(所属期起) as period_start,
    to_date(所属期止) as period_end,
    to_date(入库日期) as paid_date,
    try_cast(入库金额_分 as bigint) * 0.01 as paid_amount
from delivery
