select
    s.office_en,
    s.office_zh,
    s.stated_count,
    s.contact_judged_count,
    s.contact_on_time_pct,
    s.closed_count,
    s.met_count,
    s.unresolved_count
from snapshots.need_service as s
order by s.office_zh
