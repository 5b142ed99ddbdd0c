-- title: The enterprise that a record's codes lead to | 记录代码指向的企业
-- one row is: one source record (feed, source_key), also where its codes lead nowhere
--   | 一条来源记录，代码无所指的也列入
-- answers: which enterprise does this record name by a code, by which kind of code, and does the register know that
--   code?
--   | 这条记录用代码指向哪家企业，用的哪种代码，登记中有没有这个代码？
-- key: feed, source_key
-- rules: A USCC with both check digits right goes first, registered or not. Else the first registered of:
--   organisation code (alone, or in a 15-character tax number), registration number, a code of an unknown form that
--   the register states letter for letter; else the same in that order among codes that only other silos know.
--   | 两位校验码均正确的统一社会信用代码优先，不论是否在册。否则依次取首个在册的：组织机构代码（单独或在15位税号中）、
--   工商注册号、登记机关逐字载有的其他代码；再否则按同样次序取只有其他部门知道的代码。
-- known gaps: A USCC that the register does not know is not looked up by the organisation code within it.
--   | 登记中没有的统一社会信用代码，不再用其中的组织机构代码去查。
-- checked by: tests/models/resolved.code_match, tests/transforms/test_resolution.py
with uscc_code as (
    select *
    from resolved.enterprise_code
    where code_kind = 'uscc'
),

org_code as (
    select *
    from resolved.enterprise_code
    where code_kind = 'org_code'
),

registration_code as (
    select *
    from resolved.enterprise_code
    where code_kind = 'registration_no'
),

other_code as (
    select *
    from resolved.enterprise_code
    where code_kind = 'stated_code'
),

asked_record as (
    select
        feed,
        source_key,
        uscc,
        case when uscc is null then org_code end as org_code,
        registration_no,
        stated_code,
        taxpayer_no
    from resolved.source_record
),

found_record as (
    select
        s.feed,
        s.source_key,
        s.taxpayer_no,
        u.enterprise_id as uscc_enterprise_id,
        o.enterprise_id as org_enterprise_id,
        r.enterprise_id as registration_enterprise_id,
        t.enterprise_id as stated_enterprise_id,
        coalesce(u.is_registered, false) as is_uscc_registered,
        coalesce(o.is_registered, false) as is_org_registered,
        coalesce(r.is_registered, false) as is_registration_registered,
        coalesce(u.enterprise_count, o.enterprise_count, r.enterprise_count, t.enterprise_count, 0) as code_count
    from asked_record as s
    left join uscc_code as u on s.uscc = u.code
    left join org_code as o on s.org_code = o.code
    left join registration_code as r on s.registration_no = r.code
    left join other_code as t on s.stated_code = t.code
),

chosen_code as (
    select
        *,
        case
            when uscc_enterprise_id is not null then 'uscc'
            when is_org_registered and org_enterprise_id is not null then 'org_code'
            when is_registration_registered and registration_enterprise_id is not null then 'registration_no'
            when stated_enterprise_id is not null then 'stated_code'
            when org_enterprise_id is not null then 'org_code'
            when registration_enterprise_id is not null then 'registration_no'
        end as code_kind
    from found_record
)

select
    feed,
    source_key,
    case code_kind
        when 'uscc' then uscc_enterprise_id
        when 'org_code' then org_enterprise_id
        when 'registration_no' then registration_enterprise_id
        when 'stated_code' then stated_enterprise_id
    end as code_enterprise_id,
    case when code_kind = 'org_code' and length(taxpayer_no) = 15 then 'taxpayer_no' else code_kind end as method,
    case code_kind
        when 'uscc' then is_uscc_registered
        when 'org_code' then is_org_registered
        when 'registration_no' then is_registration_registered
        when 'stated_code' then true
        else false
    end as is_registered,
    code_count as enterprise_count
from chosen_code
