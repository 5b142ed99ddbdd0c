-- the largest ties between enterprises on site; a chart of more names cannot be read
select
    p.seller_enterprise_id,
    p.buyer_enterprise_id,
    coalesce(s.short_name, p.seller_name) as seller_short_name,
    coalesce(b.short_name, p.buyer_name) as buyer_short_name,
    p.trade_12m_amount,
    p.buyer_share_pct,
    p.months_active,
    p.until_month
from industry.partner as p
left join snapshots.enterprise_label as s on p.seller_enterprise_id = s.enterprise_id
left join snapshots.enterprise_label as b on p.buyer_enterprise_id = b.enterprise_id
where p.is_in_park and p.trade_12m_amount > 0
order by p.trade_12m_amount desc, p.seller_key asc, p.buyer_key asc
limit 30
