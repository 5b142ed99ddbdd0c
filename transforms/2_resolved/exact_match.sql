-- title: What codes and exact names alone decide | 代码与名称精确判定
-- one row is: one source record (feed, source_key), decided or not | 一条来源记录，无论是否认定
-- answers: which enterprise does this record belong to by its code or its exact name, before anything is compared or
--   judged? | 仅凭代码或全名，这条记录属于哪家企业？
-- key: feed, source_key
-- rules:
--   * A registered record is its own enterprise (by its code, else by its name).
--   * Any other record goes by code: USCC with both check digits right; then the organisation code in a 15-character
--   tax number, the organisation code alone, the registration number, or a code of an unknown form that the register
--   states letter for letter.
--   * Then by exact name key: present, then former names.
--   * A short name that a gate or meter states for a building is compared instead, unless the register has it: a firm
--   and its branch elsewhere are both called so.
--   * Never: a code of one registered enterprise with the name of another one (contradiction); a name or code of
--   several enterprises (ambiguous).
--   * is_open: neither code nor exact name ties it to an enterprise with a known code: resolved.candidate compares it
--   (is_compared in rules/match_outcome.yml).
--   | * 登记记录即其自身企业（先按代码，再按名称）。
--   * 其余记录依次按：两位校验码均正确的统一社会信用代码；十五位税号中的组织机构代码、单独的组织机构代码、工商注册号、与登记册
--   逐字相同的旧代码。
--   * 再按全名（先现名后曾用名）。
--   * 只有简称和楼栋的，除登记册有此名外，转入比对（总部与异地分支常用同一简称）。
--   * 代码与名称分属两家、一名或一码多家的，不归任何一家。
--   * is_open 表示代码和全名都不能认定，转入比对。
-- known gaps: A record has one identity for all its months: the one stated last. | 一条记录各月只有一个归属，以最近一次所填为准。
-- checked by: tests/models/resolved.exact_match, tests/transforms/test_resolution.py
with best_name_standing as (
    select
        name_key,
        min(name_standing) as name_standing
    from resolved.enterprise_name
    group by name_key
),

name_holder as (
    select
        n.name_key,
        n.name_standing,
        count(*) as enterprise_count,
        min(n.enterprise_id) as enterprise_id,
        min(n.name_kind) as name_kind
    from resolved.enterprise_name as n
    inner join best_name_standing as b on n.name_key = b.name_key and n.name_standing = b.name_standing
    cross join rules.resolution as rule
    where length(n.name_key) >= rule.name_key_min_length
    group by n.name_key, n.name_standing
),

found_record as (
    select
        s.feed,
        s.source_key,
        s.subject,
        s.name,
        s.name_key,
        s.stated_code,
        s.code_check,
        a.enterprise_id as own_enterprise_id,
        a.anchor_kind,
        c.code_enterprise_id,
        c.method as code_method,
        c.is_registered as is_code_registered,
        c.enterprise_count as code_count,
        f.name_standing,
        f.name_kind,
        coalesce(f.enterprise_count, 0) as name_count,
        case when f.enterprise_count = 1 then f.enterprise_id end as name_enterprise_id,
        n.name_key is not null as is_name_of_code
    from resolved.source_record as s
    inner join resolved.record_anchor as a on s.feed = a.feed and s.source_key = a.source_key
    inner join resolved.code_match as c on s.feed = c.feed and s.source_key = c.source_key
    -- a short name in a building may be a sister's or a branch's of the firm that bears it elsewhere
    left join name_holder as f
        on
            s.name_key = f.name_key
            and (f.name_standing < 3 or not starts_with(coalesce(a.anchor_text, ''), concat(s.name_key, '@')))
    left join resolved.enterprise_name as n on c.code_enterprise_id = n.enterprise_id and s.name_key = n.name_key
),

automatic as (
    select
        *,
        case
            when own_enterprise_id is null and code_enterprise_id is null then 'no_identity'
            when subject = 'registration' and anchor_kind = 'code' then 'matched'
            when subject = 'registration' and anchor_kind = 'org_code' and code_enterprise_id is not null then 'matched'
            when
                is_code_registered and name_enterprise_id is not null and name_standing < 3
                and name_enterprise_id <> code_enterprise_id and not is_name_of_code
                then 'contradiction'
            when
                code_enterprise_id is not null and not is_code_registered
                and name_enterprise_id is not null and name_standing < 3
                then 'code_unknown_name_known'
            when code_enterprise_id is not null and is_code_registered then 'matched'
            when code_enterprise_id is not null then 'code_not_in_register'
            when name_enterprise_id is not null and name_standing < 3 then 'matched'
            when name_enterprise_id is not null then 'name_not_in_register'
            when name_count > 1 then 'ambiguous_name'
            when code_count > 1 then 'ambiguous_code'
            when anchor_kind = 'record' then 'name_too_short'
            else 'name_not_in_register'
        end as outcome_code
    from found_record
),

decided_record as (
    select
        a.*,
        case
            when r.is_alone then enterprise_key(concat('record:', a.feed, '/', a.source_key))
            when a.outcome_code = 'no_identity' then null
            when a.subject = 'registration' and a.anchor_kind = 'code' then a.own_enterprise_id
            when a.outcome_code = 'name_not_in_register' then coalesce(a.name_enterprise_id, a.own_enterprise_id)
            else coalesce(a.code_enterprise_id, a.name_enterprise_id)
        end as enterprise_id,
        case
            when r.is_alone then 'own_record'
            when a.outcome_code = 'no_identity' then null
            when a.outcome_code = 'name_not_in_register'
                then case when a.name_enterprise_id is not null then 'name' else 'own_record' end
            else coalesce(a.code_method, case when a.name_kind = 'former' then 'former_name' else 'name' end)
        end as method,
        r.is_compared and a.subject <> 'registration' and a.code_enterprise_id is null and a.name_key is not null
        and a.name_enterprise_id is null as is_open
    from automatic as a
    inner join rules.match_outcome as r on a.outcome_code = r.outcome_code
)

select
    *,
    code_enterprise_id is not null and name_key is not null and not is_name_of_code
    and outcome_code in ('matched', 'contradiction') and subject <> 'registration' as is_name_to_check
from decided_record
