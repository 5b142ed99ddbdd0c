select
    r.enterprise_id,
    r.month,
    g.name_zh as signal_zh,
    g.name_en as signal_en,
    g.unit_zh,
    g.unit_en,
    f.title_zh,
    f.title_en,
    r.known_from,
    r.value_before,
    r.value_after,
    r.revision_code
from snapshots.revision as r
left join rules.signal as g on r.signal_code = g.signal_code
left join ops.feed as f on r.feed = f.feed
qualify
    row_number() over (partition by r.enterprise_id order by r.known_from desc, r.month desc, r.signal_code asc) <= 20
order by r.enterprise_id asc, r.known_from desc, r.month desc, r.signal_code asc
