-- rule: A record waits for a person if and only if its enterprise is in review | 待人工核对的记录与识别依据 review 一致
-- severity: critical
-- stage: resolved
-- why: readers leave out enterprises that are in review; one that waits under another identity counts as certain, and
--   one in review without a record in the queue waits for ever
-- next step: rebuild from resolve; if it stays, compare resolved.review_queue with resolved.enterprise and say in
--   transforms/rules/match_outcome.yml whether the outcome waits
with queued_enterprise as (
    select
        d.enterprise_id,
        count(*) as waiting_record_count,
        min(concat(q.feed, '/', q.source_key)) as waiting_record
    from resolved.review_queue as q
    inner join resolved.match_decision as d on q.feed = d.feed and q.source_key = d.source_key
    group by d.enterprise_id
),

-- the register has it for certain: a doubt about another of its records leaves it what it is
registered_enterprise as (
    select distinct d.enterprise_id
    from resolved.match_decision as d
    inner join rules.match_outcome as r on d.outcome_code = r.outcome_code
    where d.subject = 'registration' and not r.is_waiting
)

select
    coalesce(e.enterprise_id, q.enterprise_id) as enterprise_id,
    e.identity_code,
    coalesce(q.waiting_record_count, 0) as waiting_record_count,
    q.waiting_record
from resolved.enterprise as e
full join queued_enterprise as q on e.enterprise_id = q.enterprise_id
left join registered_enterprise as r on coalesce(e.enterprise_id, q.enterprise_id) = r.enterprise_id
where
    e.enterprise_id is null
    or (e.identity_code = 'review') is distinct from (q.enterprise_id is not null and r.enterprise_id is null)
