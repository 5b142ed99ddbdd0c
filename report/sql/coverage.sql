select
    c.feed,
    c.month,
    c.expected_count,
    c.reported_count,
    c.coverage_pct,
    c.coverage_min_pct,
    c.is_provisional
from monthly.coverage as c
qualify dense_rank() over (order by c.month desc) <= 13
order by c.feed, c.month
