-- Capital is "30(万美元)", "1,200(万元人民币)", "100万人民币", "500（万元（港币））"; its unit may be missing or two ("元/万元").
select
    row_number,
    code as source_key,
    name as enterprise_name,
    etype as enterprise_type,
    address,
    to_capital_currency(capital) as currency_code,
    case when length(code) = 18 then code end as uscc,
    case when length(code) <> 18 then code end as registration_no,
    to_date(regdate) as registered_date,
    to_capital_amount(capital) as registered_capital_amount
from delivery
