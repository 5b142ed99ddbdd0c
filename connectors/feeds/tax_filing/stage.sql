-- The taxpayer number is both the tax office's key and, most of the time, the credit code. A sole trader's may be the
-- owner's identity number, which never lands: where no pseudonym of it is kept, the name is the key.
-- Amounts come in fen.
select
    row_number,
    纳税人识别号 as taxpayer_no,
    纳税人名称 as enterprise_name,
    征收项目 as tax_kind_code,
    coalesce(纳税人识别号, 纳税人名称) as source_key,
    to_date(所属期起) as period_start,
    to_date(所属期止) as period_end,
    to_date(申报日期) as filed_date,
    try_cast(计税依据_分 as bigint) * 0.01 as sales_amount,
    try_cast(应补退税额_分 as bigint) * 0.01 as tax_due_amount
from delivery
