-- title: Trade as one side reports it | 单方所报交易
-- one row is: one seller, buyer, month and class of goods as one of the two reports it | 买卖双方之一所报的一对企业一个月一类商品的交易
-- answers: what do the seller's and the buyer's own invoices say? | 卖方、买方各自的发票怎么说？
-- key: seller_key, buyer_key, month, goods_code, reporting_side_code
-- rules: Net is what was issued, less voided invoices, less red letters; a red letter counts in the month of its own
--   date. Parties
--   by monthly.trade_party. A firm's trade with itself, under an old and a new code or name, is no trade.
--   | 净额＝开具－作废－红字；红字记在其自身开具的月份。买卖方按“交易主体”归并；同一企业新旧代码、名称之间不算交易。
-- known gaps: A red letter up to four months late lowers its own month, which may be negative, and not the month of
--   the invoice.
--   | 红字最迟可晚四个月，冲减的是红字当月（可能为负），不回冲原发票月份。
-- checked by: tests/models/monthly.trade_side
with reported_trade as (
    select
        case t.direction_code when 'sells' then o.party_key else p.party_key end as seller_key,
        case t.direction_code when 'sells' then p.party_key else o.party_key end as buyer_key,
        t.month,
        t.goods_code,
        case t.direction_code when 'sells' then 'seller' else 'buyer' end as reporting_side_code,
        t.invoice_count,
        t.voided_count,
        t.red_count,
        t.voided_amount,
        t.red_amount,
        t.net_amount
    from known.trade as t
    inner join monthly.trade_party as o
        on concat(coalesce(t.uscc, ''), '|', coalesce(t.enterprise_name, '')) = o.stated_party
    inner join monthly.trade_party as p
        on concat(coalesce(t.partner_taxpayer_no, ''), '|', coalesce(t.partner_name, '')) = p.stated_party
)

select
    r.seller_key,
    r.buyer_key,
    m.month,
    r.goods_code,
    r.reporting_side_code,
    cast(sum(r.invoice_count) as bigint) as invoice_count,
    cast(sum(r.voided_count) as bigint) as voided_count,
    cast(sum(r.red_count) as bigint) as red_count,
    cast(sum(r.voided_amount) as decimal(30, 2)) as voided_amount,
    cast(sum(r.red_amount) as decimal(30, 2)) as red_amount,
    cast(sum(r.net_amount) as decimal(30, 2)) as net_amount
from reported_trade as r
inner join monthly.month as m on r.month = m.month
where r.seller_key <> r.buyer_key
group by r.seller_key, r.buyer_key, m.month, r.goods_code, r.reporting_side_code
