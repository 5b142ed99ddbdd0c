select
    g.enterprise_id,
    g.gap_code,
    g.gap_rank,
    g.gap_title_en,
    g.gap_title_zh,
    g.since_month,
    g.next_step_en,
    g.next_step_zh
from snapshots.presence_gap as g
order by g.enterprise_id, g.gap_rank
