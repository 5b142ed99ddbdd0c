-- title: Trade by pair and month | 企业间交易（月）
-- one row is: one seller, one buyer and one month with invoices of either | 一个卖方与一个买方有发票往来的一个月
-- answers: what did one sell to the other, who says so, and do both say the same? | 双方交易额是多少，谁报的，两边是否一致？
-- key: seller_key, buyer_key, month
-- rules:
--   * trade_amount: net of voided invoices and red letters; the seller's where it reports (it issues the invoices),
--   else the buyer's.
--   * difference_amount: the seller's less the buyer's, where both report.
--   * difference_code: agree or amounts_differ where both report. buyer_missing, seller_missing: only one reports,
--   although the other
--   is one of our enterprises and reports around that month. not_expected: the other is outside, a person, or
--   reports no trade.
--   * is_provisional: the month is, for trade (monthly.trade_month).
--   | * 交易净额：已扣作废和红字；卖方有报的取卖方（发票由其开具），否则取买方。
--   * 两边差额：双方都报的，卖方减买方。
--   * 差异类型：双方都报的为一致或金额不一致；只有一方报、而另一方是本系统企业且前后月份有报的，为买方缺、卖方缺；另一方在园外、是自然人或不报交易的，不应有对账。
--   * 是否暂定：该月交易数据未报齐。
-- example: A issues 1,000 to B, voids 200 of it, and writes a red letter of 100: trade_amount 700.
--   | 甲向乙开具1000元，其中作废200元，另有红字100元：交易净额700元。
-- known gaps: That a firm is absent here does not say that it does not trade. A ledger that is late is missing until
--   it comes.
--   | 没有交易记录不等于没有交易；迟到的一方在补齐之前显示为缺。
-- checked by: tests/models/monthly.trade, tests/system/test_trade.py
with pair_month as (
    select
        seller_key,
        buyer_key,
        month,
        sum(case when reporting_side_code = 'seller' then net_amount end) as seller_amount,
        sum(case when reporting_side_code = 'buyer' then net_amount end) as buyer_amount,
        max(case when reporting_side_code = 'seller' then 1 else 0 end) as is_from_seller,
        max(case when reporting_side_code = 'buyer' then 1 else 0 end) as is_from_buyer,
        sum(case when reporting_side_code = 'seller' then invoice_count end) as seller_invoice_count,
        sum(case when reporting_side_code = 'buyer' then invoice_count end) as buyer_invoice_count,
        sum(case when reporting_side_code = 'seller' then voided_count end) as seller_voided_count,
        sum(case when reporting_side_code = 'buyer' then voided_count end) as buyer_voided_count,
        sum(case when reporting_side_code = 'seller' then voided_amount end) as seller_voided_amount,
        sum(case when reporting_side_code = 'buyer' then voided_amount end) as buyer_voided_amount,
        sum(case when reporting_side_code = 'seller' then red_amount end) as seller_red_amount,
        sum(case when reporting_side_code = 'buyer' then red_amount end) as buyer_red_amount
    from monthly.trade_side
    group by seller_key, buyer_key, month
),

-- who has a ledger, and from when to when
report as (
    select
        case reporting_side_code when 'seller' then seller_key else buyer_key end as party_key,
        min(month_number(month)) as first_number,
        max(month_number(month)) as last_number
    from monthly.trade_side
    group by case reporting_side_code when 'seller' then seller_key else buyer_key end
),

party as (
    select
        party_key,
        min(enterprise_id) as enterprise_id,
        min(party_name) as party_name
    from monthly.trade_party
    group by party_key
)

select
    t.seller_key,
    t.buyer_key,
    t.month,
    s.enterprise_id as seller_enterprise_id,
    b.enterprise_id as buyer_enterprise_id,
    s.party_name as seller_name,
    b.party_name as buyer_name,
    case when t.is_from_seller = 0 then 'buyer' when t.is_from_buyer = 0 then 'seller' else 'both' end
        as reported_by_code,
    cast(t.seller_amount as decimal(30, 2)) as seller_amount,
    cast(t.buyer_amount as decimal(30, 2)) as buyer_amount,
    cast(coalesce(t.seller_amount, t.buyer_amount) as decimal(30, 2)) as trade_amount,
    cast(t.seller_amount - t.buyer_amount as decimal(30, 2)) as difference_amount,
    case
        when t.seller_amount = t.buyer_amount then 'agree'
        when t.is_from_seller = 1 and t.is_from_buyer = 1 then 'amounts_differ'
        when
            t.is_from_buyer = 0 and b.enterprise_id is not null
            and month_number(t.month) >= rb.first_number
            and month_number(t.month) <= rb.last_number + rule.expected_after_periods
            then 'buyer_missing'
        when
            t.is_from_seller = 0 and s.enterprise_id is not null
            and month_number(t.month) >= rs.first_number
            and month_number(t.month) <= rs.last_number + rule.expected_after_periods
            then 'seller_missing'
        else 'not_expected'
    end as difference_code,
    cast(coalesce(t.seller_invoice_count, t.buyer_invoice_count) as bigint) as invoice_count,
    cast(coalesce(t.seller_voided_count, t.buyer_voided_count) as bigint) as voided_count,
    cast(coalesce(t.seller_voided_amount, t.buyer_voided_amount) as decimal(30, 2)) as voided_amount,
    cast(coalesce(t.seller_red_amount, t.buyer_red_amount) as decimal(30, 2)) as red_amount,
    coalesce(c.is_provisional, true) as is_provisional
from pair_month as t
inner join party as s on t.seller_key = s.party_key
inner join party as b on t.buyer_key = b.party_key
cross join rules.coverage as rule
left join report as rs on t.seller_key = rs.party_key
left join report as rb on t.buyer_key = rb.party_key
left join monthly.trade_month as c on t.month = c.month
