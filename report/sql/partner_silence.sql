select
    s.enterprise_id,
    l.enterprise_name,
    s.side_code,
    s.partner_name,
    s.partner_enterprise_id,
    s.last_traded_month,
    s.silent_month_count,
    s.longest_pause_month_count,
    s.trade_24m_amount,
    s.steady_tenant_count,
    s.silent_tenant_count
from industry.partner_silence as s
left join snapshots.enterprise_label as l on s.enterprise_id = l.enterprise_id
order by s.silent_tenant_count desc, s.partner_name asc, s.trade_24m_amount desc, s.enterprise_id asc, s.side_code asc
