-- One wide row becomes a filing per kind of tax. A kind without any figure is no filing.
with filed_year as (
    select
        row_number,
        stock_code as source_key,
        full_name as enterprise_name,
        make_date(try_cast(year as integer), 1, 1) as period_start,
        make_date(try_cast(year as integer), 12, 31) as period_end,
        to_date(report_date) as filed_date,
        to_amount(营业收入) as revenue_amount,
        to_amount(所得税费用) as income_tax_amount,
        to_amount(税金及附加) as surcharge_amount,
        营业收入 is null and 所得税费用 is null and 税金及附加 is null as is_empty
    from delivery
)

select
    row_number,
    source_key,
    enterprise_name,
    'cit' as tax_kind_code,
    period_start,
    period_end,
    filed_date,
    revenue_amount as sales_amount,
    income_tax_amount as tax_due_amount,
    case when is_empty then 'every figure of the year is missing' end as skip_because
from filed_year
where is_empty or revenue_amount is not null or income_tax_amount is not null
union all
select
    row_number,
    source_key,
    enterprise_name,
    'surcharge' as tax_kind_code,
    period_start,
    period_end,
    filed_date,
    cast(null as decimal(18, 2)) as sales_amount,
    surcharge_amount as tax_due_amount,
    cast(null as varchar) as skip_because
from filed_year
where surcharge_amount is not null
