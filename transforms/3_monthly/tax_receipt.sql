-- title: Tax by month of payment | 入库税款
-- one row is: one enterprise, one kind of tax and one month in which money came in or went back
-- answers: what did the treasury receive from this enterprise in a month?
-- key: enterprise_id, tax_kind_code, month
-- rules: By the day of payment, whatever period the tax is for: what a treasury counts (入库口径). Refunds are taken off.
--   Growth, flows and trends use monthly.tax, by period, because a late payment is not growth.
-- known gaps: none known
-- parts: enterprise_id
-- codes tax_kind_code: vat, cit, iit, surcharge, stamp, property, land_use, consumption, other
-- checked by: tests/models/monthly.tax_receipt
select
    l.enterprise_id,
    p.tax_kind_code,
    m.month,
    cast(sum(p.paid_amount) as decimal(18, 2)) as paid_amount,
    cast(coalesce(-sum(case when p.paid_amount < 0 then p.paid_amount end), 0) as decimal(18, 2)) as refunded_amount,
    cast(count(*) as integer) as payment_count,
    max(p.received_at) as received_at
from known.tax_payment as p
inner join resolved.link as l on p.feed = l.feed and p.source_key = l.source_key
inner join monthly.month as m on cast(date_trunc('month', p.paid_date) as date) = m.month
group by l.enterprise_id, p.tax_kind_code, m.month
