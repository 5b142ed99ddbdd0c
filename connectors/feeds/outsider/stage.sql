-- Capital comes in 10,000 yuan. A code with a wrong check digit stays: industry.candidate excludes the enterprise
-- and says why.
select
    row_number,
    企业序号 as source_key,
    upper(plain_text(统一社会信用代码)) as uscc,
    企业名称 as enterprise_name,
    登记状态 as status_code,
    to_date(成立日期) as registered_date,
    to_amount(cast(注册资本_万元 as varchar)) * 10000 as registered_capital_amount,
    行业代码 as industry_code,
    区划代码 as division_code
from delivery
