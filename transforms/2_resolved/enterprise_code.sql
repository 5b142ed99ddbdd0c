-- title: Codes and the enterprise that bears them | 企业代码对照
-- one row is: one code of one kind (USCC, registration number, organisation code, or the register's own unknown form)
--   | 一种代码的一个值（统一社会信用代码、注册号、组织机构代码或登记所用的其他形式）
-- answers: which enterprise does a code in a silo belong to? | 某部门所写的代码属于哪家企业？
-- key: code_kind, code
-- rules: What the register states outranks what other silos state; a whole code outranks an organisation code alone.
--   Old codes lead to the enterprise that has the new one (resolved.code_group). A code that belongs to several
--   enterprises after that has no enterprise_id here and links nothing by itself.
--   | 登记所载优先于其他部门；完整代码优先于单独的组织机构代码。旧代码指向换发新代码的企业。之后仍属于几家企业的代码没
--   有企业编号，单凭它不作关联。
-- known gaps: Social insurance unit numbers are not used as codes yet. | 社保单位编号尚未作为代码使用。
-- checked by: tests/models/resolved.match_decision, tests/transforms/test_resolution.py
with code_holder as (
    select
        'uscc' as code_kind,
        s.uscc as code,
        a.enterprise_id,
        case when s.subject = 'registration' then 1 else 2 end as standing
    from resolved.source_record as s
    inner join resolved.record_anchor as a on s.feed = a.feed and s.source_key = a.source_key
    where s.uscc is not null
    union all
    select
        'registration_no' as code_kind,
        s.registration_no as code,
        a.enterprise_id,
        case when s.subject = 'registration' then 1 else 2 end as standing
    from resolved.source_record as s
    inner join resolved.record_anchor as a on s.feed = a.feed and s.source_key = a.source_key
    where s.registration_no is not null
    union all
    select
        'org_code' as code_kind,
        s.org_code as code,
        a.enterprise_id,
        case when s.subject = 'registration' then 1 when a.anchor_kind = 'code' then 2 else 3 end as standing
    from resolved.source_record as s
    inner join resolved.record_anchor as a on s.feed = a.feed and s.source_key = a.source_key
    where s.org_code is not null
    union all
    select
        'stated_code' as code_kind,
        s.stated_code as code,
        a.enterprise_id,
        1 as standing
    from resolved.source_record as s
    inner join resolved.record_anchor as a on s.feed = a.feed and s.source_key = a.source_key
    where s.subject = 'registration' and s.own_code = s.stated_code and s.code_check <> 'valid'
    union all
    -- codes that no source states any more
    select
        case when length(g.code) = 18 then 'uscc' else 'registration_no' end as code_kind,
        g.code,
        enterprise_key(concat('code:', g.anchor_code)) as enterprise_id,
        1 as standing
    from resolved.code_group as g
    where length(g.code) in (15, 18)
    union all
    select
        'org_code' as code_kind,
        substr(g.code, 9, 9) as code,
        enterprise_key(concat('code:', g.anchor_code)) as enterprise_id,
        1 as standing
    from resolved.code_group as g
    where length(g.code) = 18
),

best_standing as (
    select
        code_kind,
        code,
        min(standing) as standing
    from code_holder
    group by code_kind, code
)

select
    s.code_kind,
    s.code,
    case when count(distinct s.enterprise_id) = 1 then min(s.enterprise_id) end as enterprise_id,
    count(distinct s.enterprise_id) as enterprise_count,
    s.standing = 1 as is_registered
from code_holder as s
inner join best_standing as b on s.code_kind = b.code_kind and s.code = b.code and s.standing = b.standing
group by s.code_kind, s.code, s.standing
