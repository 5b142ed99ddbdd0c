select
    g.goods_code,
    g.goods_class_title_zh,
    g.goods_class_title_en,
    g.goods_title_zh,
    g.goods_title_en,
    g.maker_division_code,
    g.buyer_count,
    g.outside_amount,
    g.outside_share_pct,
    g.seller_count,
    g.gap_step_code
from industry.gap as g
order by g.outside_amount desc, g.goods_code asc
