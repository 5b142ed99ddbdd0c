select
    goods_code,
    goods_class_title_zh,
    goods_class_title_en,
    goods_title_zh,
    goods_title_en,
    maker_division_code,
    buyer_count,
    outside_amount,
    outside_share_pct,
    seller_count,
    gap_step_code
from industry.gap
order by outside_amount desc, goods_code asc
