-- title: How each source record was decided | 记录匹配判定
-- one row is: one source record (feed, source_key), matched or not
-- answers: which enterprise does this record belong to, by which evidence; and if none, why not?
-- key: feed, source_key
-- rules: In this order. A person's judgement wins: same, else different (from the enterprise that the rules choose),
--   else unsure; to take a judgement back, remove its line. A registered record is its own enterprise (by its code,
--   else by its name). Any other record goes by code: USCC with both check digits right; then the organisation code in
--   a 15-character tax number, the organisation code alone, the registration number, or a code of an unknown form that
--   the register states letter for letter. Then by exact name key: present, then former names. Never automatically: a
--   code of one registered enterprise with the name of another one (contradiction); a name or code of several
--   enterprises (ambiguous). These stand alone until somebody judges them, and so does a name that nobody in the
--   register bears: it becomes an enterprise of its own, so that a tenant unknown to the register is seen. A valid
--   code that the register does not know is its own enterprise too, and is queued if its name is registered under
--   another code.
-- known gaps: A code with a name that nobody else bears is believed, however different the name is. Typing errors,
--   short names and addresses are not compared yet. A record has one identity for all its months: the one stated last.
-- checked by: tests/models/resolved.match_decision, tests/transforms/test_resolution.py
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
                then concat('E', substr(sha256(concat('record:', feed, '/', source_key)), 1, 15))
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
),

-- what people said of the record, where it bears on it
judgement_applied as (
    select
        d.feed,
        d.source_key,
        j.decision,
        j.decided_by,
        j.decided_on,
        j.reason,
        coalesce(j.other_enterprise_id, o.enterprise_id) as other_enterprise_id,
        row_number() over (
            partition by d.feed, d.source_key
            order by
                case j.decision when 'contradiction' then 1 when 'same' then 2 when 'different' then 3 else 4 end,
                j.decided_on desc,
                coalesce(j.other_enterprise_id, o.enterprise_id)
        ) as place
    from decided as d
    inner join resolved.judgement as j on d.feed = j.feed and d.source_key = j.source_key
    left join decided as o on j.other_feed = o.feed and j.other_source_key = o.source_key
    where
        j.decision in ('contradiction', 'unsure')
        or (j.decision = 'same' and coalesce(j.other_enterprise_id, o.enterprise_id) is not null)
        or (j.decision = 'different' and coalesce(j.other_enterprise_id, o.enterprise_id) = d.enterprise_id)
),

applied as (
    select
        d.*,
        j.decision as judged_as,
        j.decided_by,
        j.decided_on,
        j.reason,
        j.other_enterprise_id
    from decided as d
    left join judgement_applied as j on d.feed = j.feed and d.source_key = j.source_key and j.place = 1
)

select
    feed,
    source_key,
    subject,
    case
        when judged_as = 'same' then other_enterprise_id
        when judged_as is not null then concat('E', substr(sha256(concat('record:', feed, '/', source_key)), 1, 15))
        else enterprise_id
    end as enterprise_id,
    case when judged_as = 'same' then 'judgement' when judged_as is not null then 'own_record' else method end
        as method,
    case
        when judged_as = 'same' then 'matched'
        when judged_as = 'different' then 'judged_different'
        when judged_as = 'unsure' then 'judged_unsure'
        when judged_as = 'contradiction' then 'judgements_contradict'
        else outcome_code
    end as outcome_code,
    code_enterprise_id,
    name_enterprise_id,
    name_count as name_enterprise_count,
    case
        when judged_as is not null then concat(decided_by, ' on ', decided_on, ': ', judged_as, '; ', reason)
        when method = 'uscc' then concat('USCC ', stated_code)
        when method = 'taxpayer_no' then concat('organisation code in tax number ', stated_code)
        when method = 'org_code' then concat('organisation code ', stated_code)
        when method = 'registration_no' then concat('registration number ', stated_code)
        when
            method = 'stated_code'
            then concat('code ', stated_code, ' (', code_check, ') letter for letter as registered')
        when method in ('name', 'former_name')
            then concat(
                'name ', name,
                case
                    when code_check not in ('valid', 'none') then concat('; code ', stated_code, ' ', code_check) else
                        ''
                end
            )
        when outcome_code = 'contradiction'
            then concat('code ', stated_code, ' is one enterprise''s, name ', name, ' another one''s')
        when outcome_code = 'ambiguous_name'
            then concat('name ', name, ' belongs to ', cast(name_count as varchar), ' enterprises')
        when outcome_code = 'ambiguous_code'
            then concat('code ', stated_code, ' belongs to ', cast(code_count as varchar), ' enterprises')
        when outcome_code = 'no_identity' then 'neither a usable code nor a name'
        else concat('no other silo knows ', coalesce(name, stated_code))
    end as evidence
from applied
