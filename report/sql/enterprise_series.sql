select
    s.enterprise_id,
    s.signal_code,
    s.month,
    s.period_months,
    s.value,
    case when p.enterprise_id is not null then 'suspect' when s.is_provisional then 'provisional' else '' end as mark
from signals.signal as s
left join signals.plausibility as p
    on
        s.enterprise_id = p.enterprise_id
        and s.signal_code = p.signal_code
        and s.month = p.month
        and s.period_months = p.period_months
where
    s.signal_code in ('headcount', 'sales', 'leased_area', 'electricity')
    or (starts_with(s.signal_code, 'tax_') and not starts_with(s.signal_code, 'tax_received'))
order by s.enterprise_id, s.signal_code, s.month, s.period_months
