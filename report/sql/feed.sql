with feed_delivery as (
    select
        b.feed,
        count(*) as delivery_count,
        sum(b.rows_landed) as rows_landed,
        sum(b.rows_rejected) as rows_rejected,
        sum(b.rows_changed) as rows_changed
    from ops.batch as b
    group by b.feed
),

feed_coverage as (
    select
        c.feed,
        max(c.month) as month,
        max_by(c.coverage_pct, c.month) as coverage_pct,
        max_by(c.is_provisional, c.month) as is_provisional
    from monthly.coverage as c
    group by c.feed
)

select
    f.feed,
    f.title_zh,
    f.title_en,
    f.office,
    f.owner,
    f.stale_days,
    f.last_received_at,
    date_diff('day', f.last_received_at, n.as_of) as age_days,
    f.last_received_at is null or date_diff('day', f.last_received_at, n.as_of) > f.stale_days as is_stale,
    coalesce(d.delivery_count, 0) as delivery_count,
    coalesce(d.rows_landed, 0) as rows_landed,
    coalesce(d.rows_rejected, 0) as rows_rejected,
    coalesce(d.rows_changed, 0) as rows_changed,
    c.month,
    c.coverage_pct,
    c.is_provisional
from ops.feed as f
cross join ops.night as n
left join feed_delivery as d on f.feed = d.feed
left join feed_coverage as c on f.feed = c.feed
order by f.feed
