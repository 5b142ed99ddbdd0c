-- One wide row becomes a payment and a refund. A refund is stated above zero and leaves the treasury: its sign turns.
with stated_year as (
    select
        row_number,
        stock_code as source_key,
        full_name as enterprise_name,
        make_date(try_cast(year as integer), 1, 1) as period_start,
        make_date(try_cast(year as integer), 12, 31) as period_end,
        to_amount(支付的各项税费) as taxes_paid_amount,
        to_amount(收到的税费返还) as refunds_amount,
        支付的各项税费 is null and 收到的税费返还 is null as is_empty
    from delivery
)

select
    row_number,
    source_key,
    concat(source_key, '-', year(period_end), '-paid') as payment_no,
    enterprise_name,
    'other' as tax_kind_code,
    period_start,
    period_end,
    period_end as paid_date,
    taxes_paid_amount as paid_amount,
    case when is_empty then 'neither taxes paid nor refunds are stated' end as skip_because
from stated_year
where is_empty or taxes_paid_amount is not null
union all
select
    row_number,
    source_key,
    concat(source_key, '-', year(period_end), '-refund') as payment_no,
    enterprise_name,
    'other' as tax_kind_code,
    period_start,
    period_end,
    period_end as paid_date,
    -refunds_amount as paid_amount,
    cast(null as varchar) as skip_because
from stated_year
where refunds_amount is not null
