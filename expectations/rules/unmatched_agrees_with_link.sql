-- rule: An unmatched record has the same enterprise in both lists | 未匹配记录与关联表一致
-- severity: critical
-- stage: resolved
-- why: a record with an enterprise in one list only is counted by some totals and not by others
-- next step: rebuild from resolve; if it stays, look at the record in resolved.match_decision
select
    u.feed,
    u.source_key,
    u.reason_code,
    u.enterprise_id as unmatched_enterprise_id,
    l.enterprise_id as linked_enterprise_id
from resolved.unmatched as u
left join resolved.link as l on u.feed = l.feed and u.source_key = l.source_key
where u.enterprise_id is distinct from l.enterprise_id
