-- title: Bought outside by several tenants | 园区外购缺口
-- one row is: one class of goods that at least three tenants bought outside in the last twelve complete months
--   | 近十二个完整月至少三家在园企业向园外采购的一类商品
-- answers: what do several tenants buy outside, and does a tenant sell it? | 多家企业都在外购什么，园内有没有人卖？
-- key: goods_code
-- rules: From the buyers' own invoices (industry.purchase): net purchases of enterprises on site from sellers that are
--   not.
--   * a buyer counts from the least amount on (rules/trade_gap.yml).
--   * Sellers: enterprises on site with net sales of the class, to any buyer.
--   * introduce: there is such a seller.
--   * attract: there is none.
--   * Fewer than three buyers are not shown.
--   * is_dominated: one buyer has 80 % of what is bought outside or more, so that the amount is nearly its own.
--   * Title and maker division by the longest beginning of the code in rules/goods_industry.yml; the division is empty
--   where the class belongs to several, or to none for certain.
--   | 依据买方发票：在园企业向非在园卖方的净采购额，不含自然人。
--   * 达到最低金额的买方才计。
--   * 园内卖方：在园企业该类商品有净销售额的，不论卖给谁。
--   * 有园内卖方的建议对接。
--   * 没有的可作招引方向。
--   * 少于三家买方的不列出。
--   * 一家买方占外购净额80%以上的另注。
--   * 商品名称与所属行业按规则文件中最长的前缀；跨大类或不能确定的，行业为空。
-- known gaps: A class of goods is broad: a seller of the class need not sell the very thing. It says what was
--   bought, not that a firm will come. Invoices without a goods code are left out.
--   | 商品分类较粗：同类卖方未必卖同一种东西。只说明买过什么，不预示有企业会来。没有编码的发票不计。
-- codes gap_step_code:
--   * introduce: a tenant sells it | 园内对接
--   * attract: no tenant sells it | 招引方向
-- checked by: tests/models/industry.gap
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
),

goods_purchase as (
    select
        p.goods_code,
        count(distinct case when p.outside_amount >= rule.buyer_amount_min then p.buyer_key end) as buyer_count,
        sum(greatest(p.outside_amount, 0)) as outside_amount,
        max(greatest(p.outside_amount, 0)) as largest_amount,
        sum(greatest(p.inside_amount, 0)) as inside_amount
    from industry.purchase as p
    cross join rules.trade_gap as rule
    group by p.goods_code
),

sale as (
    select
        t.seller_key,
        t.goods_code,
        sum(t.net_amount) as amount
    from monthly.trade_side as t
    cross join last_month as l
    cross join rules.dependence as rule
    inner join party as s on t.seller_key = s.party_key and s.is_here = 1
    where
        t.reporting_side_code = 'seller'
        and t.goods_code <> 'none'
        and month_number(t.month) <= l.until_number
        and month_number(t.month) > l.until_number - rule.window_months
    group by t.seller_key, t.goods_code
),

seller as (
    select
        s.goods_code,
        count(*) as seller_count
    from sale as s
    cross join rules.trade_gap as rule
    where s.amount >= rule.seller_amount_min
    group by s.goods_code
)

select
    b.goods_code,
    g.title_zh as goods_class_title_zh,
    g.title_en as goods_class_title_en,
    coalesce(seven.title_zh, five.title_zh) as goods_title_zh,
    coalesce(seven.title_en, five.title_en) as goods_title_en,
    case when seven.goods_prefix is null then five.maker_division_code else seven.maker_division_code end
        as maker_division_code,
    cast(b.buyer_count as integer) as buyer_count,
    cast(b.outside_amount as decimal(30, 2)) as outside_amount,
    cast(100 * b.outside_amount / nullif(b.outside_amount + b.inside_amount, 0) as decimal(30, 2)) as outside_share_pct,
    100 * b.largest_amount >= rule.largest_share_pct * b.outside_amount as is_dominated,
    cast(coalesce(s.seller_count, 0) as integer) as seller_count,
    case when s.seller_count > 0 then 'introduce' else 'attract' end as gap_step_code,
    rule.version as rule_version
from goods_purchase as b
cross join rules.trade_gap as rule
left join seller as s on b.goods_code = s.goods_code
left join rules.goods as g on substr(b.goods_code, 1, 3) = g.goods_class_code
left join rules.goods_industry as seven on b.goods_code = seven.goods_prefix
left join rules.goods_industry as five on substr(b.goods_code, 1, 5) = five.goods_prefix
where b.buyer_count >= rule.buyers_min
