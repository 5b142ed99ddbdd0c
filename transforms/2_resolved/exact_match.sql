-- title: What codes and exact names alone decide | 代码与名称精确判定
-- one row is: one source record (feed, source_key), decided or not
-- answers: whose is this record by its code or its exact name, before anything is compared or judged?
-- key: feed, source_key
-- rules: A registered record is its own enterprise (by its code, else by its name). Any other record goes by code:
--   USCC with both check digits right; then the organisation code in a 15-character tax number, the organisation code
--   alone, the registration number, or a code of an unknown form that the register states letter for letter. Then by
--   exact name key: present, then former names. Never: a code of one registered enterprise with the name of another
--   one (contradiction); a name or code of several enterprises (ambiguous). is_open: nothing here ties it to an
--   enterprise that a code is known of, so resolved.candidate compares it.
-- known gaps: A record has one identity for all its months: the one stated last.
-- checked by: tests/models/resolved.exact_match, tests/transforms/test_resolution.py
with name_best as (
    select
        name_key,
        min(name_standing) as name_standing
    from resolved.enterprise_name
    group by name_key
),

name_found as (
    select
        n.name_key,
        n.name_standing,
        count(*) as enterprise_count,
        min(n.enterprise_id) as enterprise_id,
        min(n.name_kind) as name_kind
    from resolved.enterprise_name as n
    inner join name_best as b on n.name_key = b.name_key and n.name_standing = b.name_standing
    cross join rules.resolution as rule
    where length(n.name_key) >= rule.name_key_min_length
    group by n.name_key, n.name_standing
),

found as (
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
    left join name_found as f on s.name_key = f.name_key
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
    from found
),

decided as (
    select
        *,
        case
            when outcome_code in ('contradiction', 'ambiguous_name', 'ambiguous_code')
                then enterprise_key(concat('record:', feed, '/', source_key))
            when outcome_code = 'no_identity' then null
            when subject = 'registration' and anchor_kind = 'code' then own_enterprise_id
            when outcome_code in ('matched', 'code_not_in_register', 'code_unknown_name_known')
                then coalesce(code_enterprise_id, name_enterprise_id)
            when outcome_code = 'name_not_in_register' then coalesce(name_enterprise_id, own_enterprise_id)
            else own_enterprise_id
        end as enterprise_id,
        case
            when outcome_code in ('contradiction', 'ambiguous_name', 'ambiguous_code') then 'own_record'
            when outcome_code = 'no_identity' then null
            when outcome_code in ('matched', 'code_not_in_register', 'code_unknown_name_known')
                then coalesce(code_method, case when name_kind = 'former' then 'former_name' else 'name' end)
            when name_enterprise_id is not null then 'name'
            else 'own_record'
        end as method
    from automatic
)

select
    *,
    outcome_code in ('name_not_in_register', 'name_too_short', 'ambiguous_name', 'ambiguous_code')
    and subject <> 'registration' and code_enterprise_id is null and name_key is not null
    and name_enterprise_id is null as is_open,
    code_enterprise_id is not null and name_key is not null and not is_name_of_code
    and outcome_code in ('matched', 'contradiction') and subject <> 'registration' as is_name_to_check
from decided
