-- title: Successions in the register | 登记承继
-- one row is: one merger or division: an enterprise, and one that carries on its business or a part of it
-- answers: into what was this merged, from what was it split off, and when?
-- key: predecessor_reference, successor_reference, succession_code
-- rules: From resolved.relation: the one merged into another is the predecessor (merged); the one split off is the
--   successor (split). A side that no silo knows has no enterprise_id; its code or name is its reference. Each row is
--   a pair as stated: nothing follows chains, so A → B → A cannot loop. What people and premises show besides, and
--   payrolls moved to labour agencies, is added in signals.succession: users read that one. Changes within one
--   enterprise (name, code, seat) are in resolved.identity_event.
-- known gaps: The register dates the entry, people move up to two months earlier or later.
-- codes succession_code: merged, split
-- checked by: tests/models/resolved.succession, tests/system/test_successions.py
select
    case when relation_code = 'merged_into' then enterprise_id else other_enterprise_id end
        as predecessor_enterprise_id,
    case when relation_code = 'merged_into' then other_enterprise_id else enterprise_id end
        as successor_enterprise_id,
    case when relation_code = 'merged_into' then enterprise_id else other_reference end as predecessor_reference,
    case when relation_code = 'merged_into' then other_reference else enterprise_id end as successor_reference,
    case when relation_code = 'merged_into' then 'merged' else 'split' end as succession_code,
    since_date as event_date,
    feed
from resolved.relation
where relation_code in ('merged_into', 'split_from') and evidence_kind = 'event'
