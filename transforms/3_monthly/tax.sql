-- title: Tax by kind and period | 分税种税款（所属期）
-- one row is: one enterprise, one kind of tax and one period the tax is for | 一家企业一个税种的一个税款所属期
-- answers: what tax was due for a period, and what has been paid for it so far? | 该所属期应纳多少税，至今实缴多少？
-- key: enterprise_id, tax_kind_code, period_start, period_end
-- rules: Due comes from the returns, paid from the treasury: payments less refunds, by the period they are for,
--   whenever they came. The row belongs to the month in which the period ends; quarters and annual settlements are not
--   spread. Where a return states that nothing is due and nothing was paid, paid is 0; where something is due and
--   nothing has come, paid has no value. Nor has it where a payment to date gives no amount of the period
--   (monthly.unread). By the month of payment (入库): monthly.tax_receipt.
--   | 应纳取自申报表，实缴取自国库：该所属期的缴款减退税，不论何时入库。记在所属期止月；季度和汇算清缴不摊分。申报为无
--   应纳且无缴款的，实缴为0；有应纳而未入库的，实缴为空；
--   累计数得不出当期金额的，实缴也为空（见“已报但无可用数值”）。按入库月份统计的见“入库税额（按入库月份）”。
-- known gaps: Payments of a period stated differently from the return's have a row of their own.
--   | 缴款所写所属期与申报表不一致的，单独成行。
-- column paid_amount: tax paid for the period less refunds, yuan; a refund is negative
--   | 实缴税额（所属期口径） 该所属期实缴税额，已扣退税，单位：元；退税为负
-- rebuild: by_enterprise
-- codes tax_kind_code: vat, cit, iit, surcharge, stamp, property, land_use, consumption, other
-- checked by: tests/models/monthly.tax
with stated_tax as (
    select
        l.enterprise_id,
        f.tax_kind_code,
        f.period_start,
        f.period_end,
        f.tax_due_amount,
        cast(null as decimal(30, 2)) as paid_amount,
        cast(null as date) as paid_date,
        0 as is_unknown_payment,
        f.received_at
    from known.tax_filing as f
    inner join resolved.link as l on f.feed = l.feed and f.source_key = l.source_key
    union all
    select
        l.enterprise_id,
        p.tax_kind_code,
        p.period_start,
        p.period_end,
        cast(null as decimal(30, 2)) as tax_due_amount,
        p.paid_amount,
        p.paid_date,
        -- a running total that gives no figure of the period (monthly.unread)
        case when p.paid_amount is null then 1 else 0 end as is_unknown_payment,
        p.received_at
    from known.tax_payment as p
    inner join resolved.link as l on p.feed = l.feed and p.source_key = l.source_key
),

tax_sum as (
    select
        enterprise_id,
        tax_kind_code,
        period_start,
        period_end,
        sum(tax_due_amount) as tax_due_amount,
        sum(paid_amount) as paid_amount,
        -sum(case when paid_amount < 0 then paid_amount end) as refunded_amount,
        count(paid_amount) as payment_count,
        max(paid_date) as last_paid_date,
        max(is_unknown_payment) as is_unknown_payment,
        max(received_at) as received_at
    from stated_tax
    group by enterprise_id, tax_kind_code, period_start, period_end
)

select
    s.enterprise_id,
    s.tax_kind_code,
    m.month,
    s.period_start,
    s.period_end,
    month_number(s.period_end) - month_number(s.period_start) + 1 as period_months,
    cast(s.tax_due_amount as decimal(30, 2)) as tax_due_amount,
    cast(
        case
            when s.is_unknown_payment = 1 then null
            when s.paid_amount is null and s.tax_due_amount = 0 then 0
            else s.paid_amount
        end as decimal(30, 2)
    ) as paid_amount,
    cast(coalesce(s.refunded_amount, 0) as decimal(30, 2)) as refunded_amount,
    cast(s.payment_count as integer) as payment_count,
    s.last_paid_date,
    s.received_at
from tax_sum as s
inner join monthly.month as m on cast(date_trunc('month', s.period_end) as date) = m.month
