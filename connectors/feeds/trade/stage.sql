-- Amounts come in fen. A partner without a code is known by its name; natural persons have neither (landing made them
-- one). A class of goods has seven digits. An invoice of before 2018 states none; a code of another length is refused.
select
    row_number,
    方向 as direction_code,
    upper(plain_text(本方税号)) as source_key,
    upper(plain_text(本方税号)) as uscc,
    本方名称 as enterprise_name,
    upper(plain_text(对方税号)) as partner_taxpayer_no,
    coalesce(upper(plain_text(对方税号)), 对方名称) as partner_key,
    coalesce(对方名称, 对方税号) as partner_name,
    to_month(开票日期) as month,
    case
        when 税收分类编码 is null then 'none'
        when regexp_full_match(税收分类编码, '[0-9]{7}') then 税收分类编码
    end as goods_code,
    try_cast(张数 as bigint) as invoice_count,
    try_cast(作废张数 as bigint) as voided_count,
    try_cast(红字张数 as bigint) as red_count,
    try_cast(开具金额 as decimal(24, 2)) * 0.01 as issued_amount,
    try_cast(作废金额 as decimal(24, 2)) * 0.01 as voided_amount,
    try_cast(红字金额 as decimal(24, 2)) * 0.01 as red_amount,
    (try_cast(开具金额 as decimal(24, 2)) - try_cast(作废金额 as decimal(24, 2)) - try_cast(红字金额 as decimal(24, 2)))
    * 0.01 as net_amount
from delivery
