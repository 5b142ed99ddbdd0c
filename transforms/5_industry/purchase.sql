-- title: What tenants buy | 在园企业采购
-- one row is: one enterprise on site and one class of goods that it bought in the last twelve complete months
--   | 一家在园企业近十二个完整月采购的一类商品
-- answers: how much of a class of goods does this tenant buy outside, and how much in the park?
--   | 这家企业的某类商品向园外采购多少，向园内采购多少？
-- key: buyer_key, goods_code
-- rules: From the buyers' own invoices: net purchases of enterprises on site (signals.present_enterprise), without
--   natural persons and invoices without a goods code. Inside is from sellers on site, outside from all others. The
--   window is that of rules/dependence.yml, up to the last month that is not provisional for trade.
--   | 依据买方发票的净采购额，买方为在园企业，不含自然人和没有编码的发票；卖方在园的为园内，其余为园外。统计期见规则文件，截至最近一个非暂定月份。
-- known gaps: Red letters that outweigh invoices make an amount negative. A firm absent here may buy all the same.
--   | 红字超过开具的为负。没有记录不等于没有采购。
-- column inside_amount: what it bought of the goods in the park, yuan | 园内采购净额 向在园卖方采购该类商品的净额，单位：元
-- column outside_amount: what it bought of the goods outside, yuan | 外购净额 向园外卖方采购该类商品的净额，单位：元
-- checked by: tests/models/industry.gap, tests/models/industry.purchase
with last_month as (
    select max(case when not is_provisional then month_number(month) end) as until_number
    from monthly.trade_month
),

party as (
    select
        p.party_key,
        max(case when h.enterprise_id is not null then 1 else 0 end) as is_here
    from monthly.trade_party as p
    left join signals.present_enterprise as h on p.enterprise_id = h.enterprise_id
    group by p.party_key
)

select
    t.buyer_key,
    t.goods_code,
    cast(sum(case when s.is_here = 1 then t.net_amount else 0 end) as decimal(30, 2)) as inside_amount,
    cast(sum(case when s.is_here = 0 then t.net_amount else 0 end) as decimal(30, 2)) as outside_amount
from monthly.trade_side as t
cross join last_month as l
cross join rules.dependence as rule
inner join party as b on t.buyer_key = b.party_key and b.is_here = 1
inner join party as s on t.seller_key = s.party_key
where
    t.reporting_side_code = 'buyer'
    and t.seller_key <> 'persons'
    and t.goods_code <> 'none'
    and month_number(t.month) <= l.until_number
    and month_number(t.month) > l.until_number - rule.window_months
group by t.buyer_key, t.goods_code
