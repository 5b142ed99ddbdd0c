select
    f.enterprise_id,
    f.month,
    f.signal_code,
    g.name_zh as signal_zh,
    g.name_en as signal_en,
    g.unit_zh,
    g.unit_en,
    f.flow_code,
    f.earlier_value,
    f.value,
    f.change
from signals.flow as f
inner join rules.signal as g on f.signal_code = g.signal_code
where f.flow_code <> 'unchanged' and f.signal_code in ('headcount', 'leased_area', 'registered_capital')
qualify row_number() over (partition by f.enterprise_id order by f.month desc, f.signal_code asc) <= 12
order by f.enterprise_id asc, f.month desc, f.signal_code asc
