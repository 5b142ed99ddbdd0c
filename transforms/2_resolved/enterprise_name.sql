-- title: Names by which an enterprise is or was known | 企业名称
-- one row is: one name key of one enterprise, of the best kind that this enterprise has it in
--   | 一家企业的一个名称比对键，取其最好的名称类别
-- answers: which enterprises may a name mean, today or formerly? | 一个名称现在或过去可能指哪些企业？
-- key: enterprise_id, name_key
-- rules: Names come from the register (registered), its former names and renamings (former), and records tied by a
--   code to an enterprise that the register does not know (stated). name_standing 1 = of an enterprise that the
--   register knows by a code, 2 = of one it knows by name only, 3 = of one known by code to other silos only; a name
--   is looked up in the lowest standing that has it.
--   | 名称来自工商登记（现用名）、曾用名和更名事件（曾用名），以及按代码关联到未在册企业的记录（他处所载）。名称等级：1为
--   登记中有代码的企业，2为登记中只有名称的企业，3为只有其他部门按代码知晓的企业；按有该名称的最高等级查找。
-- known gaps: A former name carries no dates here: a name given up by one enterprise and taken by another is
--   ambiguous for all records, and goes to the review queue. Renamings without a valid code in the event are not
--   used.
--   | 曾用名在此没有日期：一家弃用、另一家启用的名称对所有记录都不唯一，列入待人工核对。事件中没有有效代码的更名不采用。
-- checked by: tests/models/resolved.match_decision, tests/transforms/test_resolution.py
with known_name as (
    select
        a.enterprise_id,
        s.name_key,
        s.name,
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
from known_name
group by enterprise_id, name_key
