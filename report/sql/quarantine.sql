select
    q.feed,
    f.title_zh,
    f.title_en,
    q.reason,
    count(*) as row_count,
    count(distinct q.batch_id) as batch_count,
    max(q.batch_id) as last_batch_id
from ops.quarantine as q
left join ops.feed as f on q.feed = f.feed
group by q.feed, f.title_zh, f.title_en, q.reason
order by row_count desc, q.feed asc, q.reason asc
limit 200
