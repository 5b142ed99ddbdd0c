-- Capital is "500万元人民币", "30(万美元)", "人民币500万元", "5000000元", "５００万" …: the one number in it, times 10,000 behind 万,
-- in the currency it names; yuan where it names none. A branch has no capital.
select
    row_number,
    pripid as source_key,
    uniscid as uscc,
    regno as registration_no,
    entname as enterprise_name,
    oldname as former_names,
    enttype as enterprise_type,
    parentcode as parent_uscc,
    regstate as status_code,
    industryco as industry_code,
    regorg as division_code,
    dom as address,
    to_date(estdate) as registered_date,
    to_date(candate) as cancelled_date,
    try_cast(regexp_extract(plain_number(regcap), '\d+(\.\d+)?') as decimal(28, 6))
    * case when regcap like '%万%' then 10000 else 1 end as registered_capital_amount,
    case
        when not regexp_matches(plain_number(regcap), '\d') then null
        when regcap like '%美元%' then 'USD'
        when regcap like '%欧元%' then 'EUR'
        when regcap like '%港%' then 'HKD'
        else 'CNY'
    end as currency_code
from delivery
