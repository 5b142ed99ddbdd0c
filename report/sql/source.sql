select
    l.enterprise_id,
    l.feed,
    f.title_zh,
    f.title_en,
    f.office,
    l.source_key,
    l.method,
    l.score,
    l.evidence,
    l.evidence_zh,
    l.valid_from,
    l.valid_to,
    l.outcome_code
from resolved.link as l
left join ops.feed as f on l.feed = f.feed
order by l.enterprise_id, l.feed, l.source_key
