-- title: Matches that a person should decide | 待人工核对
-- one row is: one source record that the rules will not tie to an enterprise by themselves, or doubt
-- answers: what should somebody look at, most important first, and what are the candidates?
-- key: feed, source_key
-- rules: Contradictions of code and name first, then contradicting judgements, ambiguous names and codes, then valid
--   codes unknown to the register under a registered name, then judgements "unsure". To decide, add a line to
--   judgements.csv: left is feed/source_key of this row, right the enterprise_id that is the same or different.
-- known gaps: Not ranked by how much money or staff hangs on the match.
-- checked by: tests/models/resolved.review_queue
with one_name as (
    select
        enterprise_id,
        min(case when name_kind = 'registered' then enterprise_name end) as registered_name,
        min(enterprise_name) as any_name
    from resolved.enterprise_name
    group by enterprise_id
)

select
    d.feed,
    d.source_key,
    d.subject,
    d.outcome_code as reason_code,
    case d.outcome_code
        when 'contradiction' then 1
        when 'judgements_contradict' then 2
        when 'ambiguous_name' then 3
        when 'ambiguous_code' then 4
        when 'code_unknown_name_known' then 5
        else 6
    end as priority,
    s.name as stated_name,
    s.stated_code,
    s.address as stated_address,
    d.code_enterprise_id,
    coalesce(c.registered_name, c.any_name) as code_enterprise_name,
    d.name_enterprise_id,
    coalesce(n.registered_name, n.any_name) as name_enterprise_name,
    d.name_enterprise_count,
    d.evidence
from resolved.match_decision as d
inner join resolved.source_record as s on d.feed = s.feed and d.source_key = s.source_key
left join one_name as c on d.code_enterprise_id = c.enterprise_id
left join one_name as n on d.name_enterprise_id = n.enterprise_id
where
    d.outcome_code in (
        'contradiction', 'judgements_contradict', 'ambiguous_name', 'ambiguous_code', 'code_unknown_name_known',
        'judged_unsure'
    )
