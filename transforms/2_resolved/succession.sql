-- title: Successions in the register | 登记承继
-- one row is: one merger or division: an enterprise, and one that carries on its business or a part of it
--   | 一起合并或分立：一家企业，和接续其全部或部分业务的企业
-- answers: into what was this merged, from what was it split off, and when? | 这家企业并入了谁，由谁分立，何时？
-- key: predecessor_reference, successor_reference, succession_code
-- rules: From resolved.relation: the one merged into another is the predecessor (merged); the one split off is the
--   successor (split). A side that no silo knows has no enterprise_id; its code or name is its reference. Each row is
--   a pair as stated: nothing follows chains, so A → B → A cannot loop. What people and premises show besides, and
--   payrolls moved to labour agencies, is added in signals.succession: users read that one. Changes within one
--   enterprise (name, code, seat) are in resolved.identity_event.
--   | 取自企业关系：并入他人的为前身（合并），分立而出的为承继（分立）。没有来源知晓的一方没有编号，以代码或名称为标识。
--   每行是原样的一对，不作链式推导。人员与房屋所显示的、以及转到派遣公司的参保，见“承继关系”，使用者应看该表。同一
--   企业内的变更（名称、代码、住所）见“名称代码住所变更”。
-- known gaps: The register dates the entry, people move up to two months earlier or later.
--   | 登记日期是登记之日，人员转移可早可晚两个月。
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
