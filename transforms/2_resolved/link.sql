-- title: Which enterprise a source record belongs to | 记录与企业的对应
-- one row is: one source record (feed, source_key) that is tied to an enterprise
-- answers: whose headcount, tax or lease is this, and why do we think so?
-- key: feed, source_key
-- rules: The decision of resolved.match_decision with the score of its method (rules/match_method.yml). Records that
--   nothing identifies have no row here; they stand in resolved.unmatched. decided_at is the as_of of the night (every
--   night decides anew); when a person judged stands in the evidence.
-- known gaps: Since when a link holds is not kept yet.
-- checked by: tests/models/resolved.link, tests/models/resolved.match_decision, tests/transforms/test_resolution.py
select
    d.feed,
    d.source_key,
    d.subject,
    d.enterprise_id,
    d.method,
    cast(m.score as decimal(3, 2)) as score,
    d.evidence,
    d.outcome_code,
    concat(r.version, '; ', m.version) as rule_version,
    n.as_of as decided_at
from resolved.match_decision as d
inner join rules.match_method as m on d.method = m.method
cross join rules.resolution as r
cross join ops.night as n
where d.enterprise_id is not null
