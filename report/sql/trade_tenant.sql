select
    d.enterprise_id,
    l.enterprise_name,
    d.side_code,
    d.partner_count,
    d.total_amount,
    d.in_park_share_pct,
    d.partner_name,
    d.partner_enterprise_id,
    d.share_pct,
    d.months_active,
    d.hhi,
    d.dependence_level,
    d.dependence_basis_code,
    d.until_month
from industry.dependence as d
left join snapshots.enterprise_label as l on d.enterprise_id = l.enterprise_id
order by
    case d.dependence_level when 'high' then 0 when 'notable' then 1 else 2 end asc,
    d.total_amount desc,
    d.enterprise_id asc,
    d.side_code asc
