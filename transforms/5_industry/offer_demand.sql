-- title: Offers of what several tenants buy outside | 园内可供、多家外购
-- one row is: one public offer of a tenant, valid tonight, of what at least three other tenants buy outside the park
--   | 在园企业当晚有效的一项公开供给，至少三家其他在园企业向园外采购此类服务
-- answers: which tenant's offer should be shown to all tenants again? | 哪家企业的供给值得再向全体企业发布？
-- key: offer_key
-- rules: Limits in rules/trade_gap.yml.
--   * The offer holds tonight, and an enterprise on site makes it (industry.offer, signals.present_enterprise).
--   * Its kind is the very thing that a class of goods is (need_kind_code in rules/goods_industry.yml): heat, storage,
--   staff, training. No other goods count; a sector or a likeness of words is never a reason.
--   * At least three enterprises on site other than the one that offers bought such goods outside, each from the least
--   amount on, and none of them has 80 % of it (industry.purchase).
--   * The row is of the one that offers. It says what this one offers publicly, and that at least three tenants buy
--   such things outside: no number of them, no amount, none of their names, none of those that sell to them. No buyer
--   has a row: a row would say that it buys.
--   | 界限见规则文件。
--   * 供给当晚有效，供给方为在园企业。
--   * 供给类型与商品类别一致（规则文件所列：供热、仓储、用工、培训），其他商品一律不计；仅行业或文字相近不作为理由。
--   * 除供给方外，至少三家在园企业在园外采购此类商品，各达到最低金额，且无一家占80%以上。
--   * 该行属于供给方：只写其公开的供给，以及至少三家企业向园外采购此类服务；不写家数、金额、采购方和其现有卖方。采购方不列行，
--   列出即说明其在采购。
-- example: A offers training; B, C and D buy education services outside for 20,000 each: a row of A. Where D buys for
--   200,000, it has 83 %: no row.
--   | 甲提供培训；乙、丙、丁各在园外采购教育服务2万元：列甲一行。丁采购20万元时占83%：不列。
-- known gaps: A class of goods is broader than an offer. Who knows two of three buyers learns that there is a third.
--   That tenants buy outside does not say that they look for another seller.
--   | 商品类别比具体供给宽。知道其中两家的人可推知还有第三家。企业在园外采购，不等于想换卖方。
-- checked by: tests/models/industry.offer_demand, tests/transforms/test_offer_demand.py
with valid_offer as (
    select o.*
    from industry.offer as o
    inner join signals.present_enterprise as h on o.offered_by_id = h.enterprise_id
    cross join industry.list_day as t
    where
        (o.valid_from_date is null or o.valid_from_date <= t.list_date)
        and (o.valid_until_date is null or o.valid_until_date >= t.list_date)
),

-- a feed with five digits says less than a class of seven: its goods are of no kind
bought_kind as (
    select
        p.buyer_key,
        g.need_kind_code,
        sum(p.outside_amount) as amount
    from industry.purchase as p
    inner join rules.goods_industry as g on p.goods_code = g.goods_prefix
    where g.need_kind_code is not null
    group by p.buyer_key, g.need_kind_code
),

other_buyer as (
    select
        o.offer_key,
        count(*) as buyer_count,
        sum(b.amount) as amount,
        max(b.amount) as largest_amount
    from valid_offer as o
    inner join bought_kind as b on o.need_kind_code = b.need_kind_code and o.offered_by_id <> b.buyer_key
    cross join rules.trade_gap as r
    where b.amount >= r.buyer_amount_min
    group by o.offer_key
)

select
    o.offer_key,
    o.offered_by_id as enterprise_id,
    e.enterprise_name,
    o.need_kind_code,
    o.valid_until_date,
    filled(
        w.several_buyers_en,
        'kind', k.title_en,
        'until', coalesce(filled(w.several_until_en, 'date', cast(o.valid_until_date as varchar)), ''),
        'count', cast(r.buyers_min as varchar),
        'offer_no', o.offer_no,
        'name', e.enterprise_name
    ) as work_en,
    filled(
        w.several_buyers_zh,
        'kind', k.title_zh,
        'until', coalesce(filled(w.until_zh, 'date', cast(o.valid_until_date as varchar)), ''),
        'count', cast(r.buyers_min as varchar),
        'offer_no', o.offer_no,
        'name', e.enterprise_name
    ) as work_zh,
    r.version as rule_version
from valid_offer as o
inner join other_buyer as b on o.offer_key = b.offer_key
cross join rules.introduction_words as w
cross join rules.trade_gap as r
inner join resolved.enterprise as e on o.offered_by_id = e.enterprise_id
inner join rules.need_kind as k on o.need_kind_code = k.need_kind_code
where b.buyer_count >= r.buyers_min and 100 * b.largest_amount < r.largest_share_pct * b.amount
