-- rule: An unregistered record says whether other feeds know its enterprise | 登记册没有的记录注明其他数据源有无
-- severity: critical
-- stage: resolved
-- why: an enterprise that several feeds know is missing from the register; one that a single feed knows may be misspelt
-- next step: rebuild from resolve; if it stays, compare resolved.unmatched with resolved.link
with other_feed as (
    select
        u.feed,
        u.source_key,
        min(l.feed) as other_feed
    from resolved.unmatched as u
    inner join resolved.link as l on u.enterprise_id = l.enterprise_id and u.feed <> l.feed
    group by u.feed, u.source_key
)

select
    u.feed,
    u.source_key,
    u.reason_code,
    u.enterprise_id,
    f.other_feed
from resolved.unmatched as u
left join other_feed as f on u.feed = f.feed and u.source_key = f.source_key
left join rules.match_outcome as a on u.reason_code = a.outcome_code
left join rules.match_outcome as s on u.reason_code = s.several_feeds_code
where
    (a.several_feeds_code is not null and f.other_feed is not null)
    or (s.several_feeds_code is not null and f.other_feed is null)
