-- title: Source records that found no registered enterprise | 未匹配记录
-- one row is: one source record that is tied to no enterprise of the register
-- answers: what do the silos say of enterprises that the register does not know, and which records can nobody place?
-- key: feed, source_key
-- rules: Every record whose outcome is not "matched", with the reason. Where enterprise_id is filled, the record's
--   facts are counted under that enterprise of its own; where it is empty (neither name nor usable code), its facts
--   are in no total.
-- known gaps: none known
-- checked by: tests/transforms/test_resolution.py
select
    d.feed,
    d.source_key,
    d.subject,
    d.outcome_code as reason_code,
    d.enterprise_id,
    s.name as stated_name,
    s.stated_code,
    s.code_check,
    s.address as stated_address,
    s.first_received_at,
    s.last_received_at,
    d.evidence
from resolved.match_decision as d
inner join resolved.source_record as s on d.feed = s.feed and d.source_key = s.source_key
where d.outcome_code <> 'matched'
