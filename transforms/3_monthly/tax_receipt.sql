-- title: Tax received by month of payment | 入库税额（按入库月份）
-- one row is: one enterprise, one kind of tax and one month in which money came in or went back
--   | 一家企业一个税种有入库或退库的一个月
-- answers: what did the treasury receive from this enterprise in a month? | 国库在这个月从这家企业收到多少税款？
-- key: enterprise_id, tax_kind_code, month
-- rules: By the day of payment, whatever period the tax is for: what a treasury counts (入库口径). Refunds are taken off.
--   A payment to date that gives no amount of its own is left out (monthly.unread).
--   Growth, flows and trends use monthly.tax, by period, because a late payment is not growth.
--   | 按入库日期统计，不论税款属于哪一期（入库口径），已扣除退税；累计数得不出
--   当期金额的缴款不计入。增长、增减和趋势使用按所属期统计的税款，因为迟缴不是
--   增长。
-- known gaps: what was left out is in no total | 未计入的缴款不在任何合计中。
-- rebuild: by_enterprise
-- codes tax_kind_code: vat, cit, iit, surcharge, stamp, property, land_use, consumption, other
-- checked by: tests/models/monthly.tax_receipt
select
    l.enterprise_id,
    p.tax_kind_code,
    m.month,
    cast(sum(p.paid_amount) as decimal(30, 2)) as received_amount,
    cast(coalesce(-sum(case when p.paid_amount < 0 then p.paid_amount end), 0) as decimal(30, 2)) as refunded_amount,
    cast(count(*) as integer) as payment_count,
    max(p.received_at) as received_at
from known.tax_payment as p
inner join resolved.link as l on p.feed = l.feed and p.source_key = l.source_key
inner join monthly.month as m on cast(date_trunc('month', p.paid_date) as date) = m.month
where p.paid_amount is not null
group by l.enterprise_id, p.tax_kind_code, m.month
