-- Capital: "30(万美元)", "1,200(万元人民币)", "100万人民币", "500（万元（港币））". What is left of it without figure, brackets, 万 and 元
-- names the currency; nothing left means yuan, if there was a 万 or 元 at all. Both columns stay empty where the unit is
-- missing, is two ("元/万元") or is not known here.
with capital_text as (
    select
        *,
        try_cast(replace(regexp_extract(capital, '^[0-9][0-9,]*(\.[0-9]+)?'), ',', '') as decimal(28, 6)) as figure,
        regexp_replace(capital, '^[0-9][0-9,]*(\.[0-9]+)?|[()（）\s]', '', 'g') as unit
    from delivery
),

capital_currency as (
    select
        *,
        case
            when not regexp_matches(unit, '万|元') then null
            else case replace(replace(unit, '万', ''), '元', '')
                when '' then 'CNY'
                when '人民币' then 'CNY'
                when '美' then 'USD'
                when '欧' then 'EUR'
                when '日' then 'JPY'
                when '港' then 'HKD'
                when '港币' then 'HKD'
                when '香港' then 'HKD'
                when '英镑' then 'GBP'
                when '瑞士法郎' then 'CHF'
                when '新加坡' then 'SGD'
                when '澳大利亚' then 'AUD'
                when '加' then 'CAD'
                when '加拿大' then 'CAD'
                when '丹麦克郎' then 'DKK'
                when '德国马克' then 'DEM'
                when '法国法郎' then 'FRF'
            end
        end as currency
    from capital_text
)

select
    row_number,
    code as source_key,
    name as enterprise_name,
    etype as enterprise_type,
    address,
    currency as currency_code,
    case when length(code) = 18 then code end as uscc,
    case when length(code) <> 18 then code end as registration_no,
    to_date(regdate) as registered_date,
    case when currency is not null then figure * case when unit like '万%' then 10000 else 1 end end
        as registered_capital_amount
from capital_currency
