-- rule: Every link points to an enterprise that exists | 每条关联都指向存在的企业
-- severity: critical
-- stage: resolved
-- why: figures linked to nothing vanish in the first join
-- next step: rebuild from resolve; if it stays, compare resolved.match_decision with resolved.enterprise for these ids
select
    l.feed,
    l.source_key,
    l.enterprise_id,
    l.method
from resolved.link as l
left join resolved.enterprise as e on l.enterprise_id = e.enterprise_id
where e.enterprise_id is null
