-- title: How each source record was decided | 记录匹配判定
-- one row is: one source record (feed, source_key), matched or not
-- answers: which enterprise does this record belong to, by which evidence; and if none, why not?
-- key: feed, source_key
-- rules: In this order. A person's judgement wins: different (from the enterprise that it would come to otherwise),
--   else same, else unsure; none of those that contradict each other is applied (resolved.judgement_conflict). A
--   chain of "same" belongs to the enterprise that it names, else to the one that the rules tie its records to. A
--   registered record is its own enterprise (by its code, else by its name). Any other record goes by code: USCC with
--   both check digits right; then the organisation code in a 15-character tax number, the organisation code alone,
--   the registration number, or a code of an unknown form that the register states letter for letter. Then by exact
--   name key: present, then former names. Never automatically: a code of one registered enterprise with the name of
--   another one (contradiction); a name or code of several enterprises (ambiguous). These stand alone until somebody
--   judges them, and so does a name that nobody in the register bears: it becomes an enterprise of its own, so that a
--   tenant unknown to the register is seen. A valid code that the register does not know is its own enterprise too,
--   and is queued if its name is registered under another code.
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

-- where an enterprise that a judgement names is tonight: under its id, else where all has gone that would have that id
named_place as (
    select
        j.named_id,
        d.enterprise_id,
        1 as standing
    from (select distinct other_enterprise_id as named_id from resolved.judgement) as j
    inner join decided as d on j.named_id = d.enterprise_id
    union
    select
        j.named_id,
        d.enterprise_id,
        2 as standing
    from (select distinct other_enterprise_id as named_id from resolved.judgement) as j
    inner join decided as d on j.named_id = d.own_enterprise_id
),

named as (
    select
        named_id,
        case
            when min(standing) = 1 then named_id
            when count(distinct enterprise_id) = 1 then min(enterprise_id)
        end as enterprise_id
    from named_place
    group by named_id
),

-- where a chain of `same` belongs: to the enterprise it names, else to the one that the rules tie its records to
chain_lead as (
    select
        j.chain,
        count(j.other_enterprise_id) > 0 as is_named,
        max(n.enterprise_id) as named_enterprise_id,
        count(distinct case when d.method <> 'own_record' then d.enterprise_id end) as tied_count,
        min(case when d.method <> 'own_record' then d.enterprise_id end) as tied_enterprise_id,
        min(d.enterprise_id) as any_enterprise_id
    from resolved.judgement as j
    inner join decided as d on j.feed = d.feed and j.source_key = d.source_key
    left join named as n on j.other_enterprise_id = n.named_id
    where j.decision = 'same'
    group by j.chain
),

chained as (
    select
        d.*,
        j.decided_by as chained_by,
        j.decided_on as chained_on,
        j.reason as chained_why,
        case
            when d.subject = 'registration' and c.named_enterprise_id = d.enterprise_id then null
            when j.decision = 'contradiction' and d.subject <> 'registration' then 'contradiction'
            when j.decision = 'same' and not c.is_named and c.tied_count > 1 then 'contradiction'
            when j.decision = 'same' and (c.named_enterprise_id is not null or not c.is_named) then 'same'
        end as chained_as,
        case
            when j.decision <> 'same' or j.decision is null then d.enterprise_id
            when c.is_named then coalesce(c.named_enterprise_id, d.enterprise_id)
            else coalesce(c.tied_enterprise_id, c.any_enterprise_id)
        end as placed_enterprise_id
    from decided as d
    left join resolved.judgement as j
        on d.feed = j.feed and d.source_key = j.source_key and j.decision in ('same', 'contradiction')
    left join chain_lead as c on j.chain = c.chain
),

-- `different` where both would come to one enterprise, `unsure` where the rules tie the record to no other one
parted as (
    select
        c.feed,
        c.source_key,
        j.decision,
        j.decided_by,
        j.decided_on,
        j.reason,
        coalesce(j.chain, concat(c.feed, '/', c.source_key)) as own_name,
        row_number() over (
            partition by c.feed, c.source_key
            order by
                case j.decision when 'different' then 1 else 2 end,
                j.decided_on desc,
                j.line_number desc,
                coalesce(j.other_enterprise_id, concat(j.other_feed, '/', j.other_source_key))
        ) as place
    from chained as c
    inner join resolved.judgement as j
        on c.feed = j.feed and c.source_key = j.source_key and j.decision in ('different', 'unsure')
    left join named as n on j.other_enterprise_id = n.named_id
    left join chained as o on j.other_feed = o.feed and j.other_source_key = o.source_key
    where
        (
            j.decision = 'different' and coalesce(c.chained_as, 'same') = 'same'
            and coalesce(n.enterprise_id, o.placed_enterprise_id) = c.placed_enterprise_id
        )
        or (
            j.decision = 'unsure' and c.chained_as is null
            and (
                coalesce(c.method, 'own_record') = 'own_record'
                or coalesce(n.enterprise_id, o.placed_enterprise_id) = c.placed_enterprise_id
            )
        )
),

applied as (
    select
        c.*,
        c.enterprise_id as rule_enterprise_id,
        coalesce(p.decision, c.chained_as) as judged_as,
        coalesce(p.decided_by, c.chained_by) as decided_by,
        coalesce(p.decided_on, c.chained_on) as decided_on,
        coalesce(p.reason, c.chained_why) as reason,
        case when c.chained_as = 'same' then c.placed_enterprise_id end as other_enterprise_id,
        case
            when p.decision = 'different' then p.own_name else concat(c.feed, '/', c.source_key)
        end as own_name
    from chained as c
    left join parted as p on c.feed = p.feed and c.source_key = p.source_key and p.place = 1
)

select
    feed,
    source_key,
    subject,
    case
        when judged_as = 'same' then other_enterprise_id
        when judged_as is not null then concat('E', substr(sha256(concat('record:', own_name)), 1, 15))
        else enterprise_id
    end as enterprise_id,
    rule_enterprise_id,
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
