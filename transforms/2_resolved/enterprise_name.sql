-- title: Names by which an enterprise is or was known | 企业名称
-- one row is: one name key of one enterprise, of the best kind that this enterprise has it in
-- answers: which enterprises may a name mean, today or formerly?
-- key: enterprise_id, name_key
-- rules: Names come from the register (registered), its former names and renamings (former), and records tied by a
--   code to an enterprise that the register does not know (stated). name_standing 1 = of an enterprise that the
--   register knows by a code, 2 = of one it knows by name only, 3 = of one known by code to other silos only; a name
--   is looked up in the lowest standing that has it.
-- known gaps: A former name carries no dates here: a name given up by one enterprise and taken by another is
--   ambiguous for all records, and goes to the review queue. Renamings without a valid code in the event are not
--   used.
-- checked by: tests/models/resolved.match_decision, tests/transforms/test_resolution.py
with known as (
    select
        a.enterprise_id,
        s.name_key,
        s.name,
        'registered' as name_kind,
        case when a.anchor_kind in ('code', 'org_code') then 1 else 2 end as name_standing,
        1 as preference
    from resolved.source_record as s
    inner join resolved.record_anchor as a on s.feed = a.feed and s.source_key = a.source_key
    where s.subject = 'registration' and s.name_key is not null
    union all
    select
        r.code_enterprise_id as enterprise_id,
        f.name_key,
        f.name,
        'former' as name_kind,
        case when r.is_registered then 1 else 3 end as name_standing,
        2 as preference
    from resolved.source_alias as f
    inner join resolved.code_match as r on f.feed = r.feed and f.source_key = r.source_key
    where r.code_enterprise_id is not null
    union all
    select
        r.code_enterprise_id as enterprise_id,
        s.name_key,
        s.name,
        'stated' as name_kind,
        3 as name_standing,
        3 as preference
    from resolved.source_record as s
    inner join resolved.code_match as r on s.feed = r.feed and s.source_key = r.source_key
    where
        s.subject <> 'registration' and r.code_enterprise_id is not null and not r.is_registered
        and s.name_key is not null
)

select
    enterprise_id,
    name_key,
    min(name_standing) as name_standing,
    case min(preference) when 1 then 'registered' when 2 then 'former' else 'stated' end as name_kind,
    coalesce(
        min(case when preference = 1 then name end),
        min(case when preference = 2 then name end),
        min(name)
    ) as enterprise_name
from known
group by enterprise_id, name_key
