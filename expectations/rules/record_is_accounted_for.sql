-- rule: Every known source record is linked to an enterprise or listed as unmatched | 每条来源记录都已关联或列为未匹配
-- severity: critical
-- stage: resolved
-- why: a record in neither place is dropped silently, and its headcount, tax or rent is missing from every total
-- next step: rebuild from resolve; if it stays, look in resolved.source_record for the record and why it is left out
with known_record as (
    -- a vacant unit of property and a building are about no enterprise
    select
        feed,
        source_key
    from known.fact
    where is_of_enterprise
    group by feed, source_key
)

select
    k.feed,
    k.source_key
from known_record as k
left join resolved.link as l on k.feed = l.feed and k.source_key = l.source_key
left join resolved.unmatched as u on k.feed = u.feed and k.source_key = u.source_key
where l.source_key is null and u.source_key is null
