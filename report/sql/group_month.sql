select
    g.part_kind,
    g.part_code,
    g.part_title_zh,
    g.part_title_en,
    g.month,
    g.signal_code,
    g.period_months,
    g.total_value,
    g.enterprise_count,
    g.change_12m_pct,
    g.is_provisional
from snapshots.group_month as g
where g.signal_code in ('headcount', 'tax_received', 'leased_area', 'electricity')
order by g.part_kind, g.part_code, g.signal_code, g.month
