-- title: Bought outside by several tenants | 外购缺口
-- one row is: one class of goods that at least three tenants bought outside | 至少三家在园企业向园外采购的一类商品
-- answers: what do several tenants buy outside, and does a tenant sell it? | 多家企业都在外购什么，园内有没有人卖？
-- key: 商品编码
-- rules: From industry.gap: the rules are there. | 口径见 industry.gap。
-- known gaps: A class of goods is broad; it says what was bought, not that a firm will come. | 商品分类较粗；只说明买过什么，不预示有企业
--   会来。
select
    g.goods_code as 商品编码,
    g.goods_class_title_zh as 商品大类,
    g.goods_title_zh as 商品名称,
    g.maker_division_code as 生产行业大类,
    g.buyer_count as 外购企业数,
    g.outside_amount as 外购净额,
    g.outside_share_pct as 外购比例,
    yes_no(g.is_dominated) as 是否一家独大,
    g.seller_count as 园内卖方数,
    code_name(g.gap_step_code) as 建议步骤
from industry.gap as g
