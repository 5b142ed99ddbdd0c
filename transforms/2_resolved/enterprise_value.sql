-- title: What each silo says of an enterprise | 企业各来源取值
-- one row is: one value of one field of one enterprise as one feed states it | 某数据源对某企业某字段的一个取值
-- answers: where does a value of the golden record come from, who says otherwise, and since when? | 企业档案的取值
--   来自哪里，哪些来源说法不同？
-- key: enterprise_id, field_code, value_text, feed
-- rules:
--   * Silos are ranked per field in rules/authority.yml: the best rank wins; among equals the value learned last, then
--     the smaller text, so that no row order decides. Losing values stay.
--   * A subject without a rank of its own for a name or a code comes last; for other fields it is not used.
--   * A value conflicts where it differs from the winning one beyond spaces and, for names, beyond spelling (the name's
--     key).
--   | 各来源按字段排序（rules/authority.yml），序号小者为准；未列序号的数据类别，名称与代码排在最后，其他字段不采用。
-- known gaps: Amounts in other currencies are compared as figures. | 外币金额只比较数值。
-- checked by: tests/models/resolved.enterprise_value
with single_record as (
    -- most enterprises of a register are in one record and state each field once: nothing of theirs has to be ranked
    select enterprise_id
    from resolved.link
    group by enterprise_id
    having count(*) = 1 and min(subject) <> 'registration_event'
),

-- of a subject without a rank of its own for a field, the rank that holds for all
field_rank as (
    select
        a.field_code,
        s.subject,
        min(coalesce(o.authority_rank, a.authority_rank)) as authority_rank
    from rules.authority as a
    inner join rules.subject as s on a.subject is null or a.subject = s.subject
    left join rules.authority as o on a.field_code = o.field_code and s.subject = o.subject
    group by a.field_code, s.subject
),

-- every field that has a rank for the subject; one that the record does not state is empty, and falls out below
stated_value as not materialized (
    select
        s.feed,
        s.source_key,
        s.subject,
        a.field_code,
        a.authority_rank,
        case a.field_code
            when 'enterprise_name' then s.name
            when 'uscc' then s.uscc
            when 'registration_no' then s.registration_no
            when 'registered_address' then s.address
            when 'operating_address' then s.address
        end as value_text,
        s.name_key,
        s.last_received_at as received_at
    from resolved.source_record as s
    inner join field_rank as a on s.subject = a.subject
    union all
    select
        r.feed,
        r.source_key,
        a.subject,
        a.field_code,
        a.authority_rank,
        case a.field_code
            when 'industry_code' then r.industry_code
            when 'status_code' then r.status_code
            when 'registered_date' then cast(r.registered_date as varchar)
            when 'cancelled_date' then cast(r.cancelled_date as varchar)
            when 'registered_capital_amount' then cast(r.registered_capital_amount as varchar)
            when 'currency_code' then r.currency_code
            when 'enterprise_type' then r.enterprise_type
            when 'division_code' then r.division_code
            when 'parent_uscc' then r.parent_uscc
        end as value_text,
        null as name_key,
        r.received_at
    from known.registration as r
    inner join field_rank as a on a.subject = 'registration'
    union all
    select
        e.feed,
        e.source_key,
        a.subject,
        a.field_code,
        a.authority_rank,
        case a.field_code
            when 'status_code' then e.event_code
            when 'cancelled_date' then cast(e.event_date as varchar)
        end as value_text,
        null as name_key,
        e.received_at
    from known.registration_event as e
    inner join field_rank as a on a.subject = 'registration_event'
    where e.event_code in ('cancelled', 'revoked')
),

linked_value as not materialized (
    select
        l.enterprise_id,
        s.field_code,
        s.value_text,
        s.feed,
        case
            when s.field_code = 'enterprise_name' then s.name_key
            when s.field_code in ('registered_address', 'operating_address') then replace(s.value_text, ' ', '')
            else s.value_text
        end as compared_text,
        s.subject,
        s.source_key,
        s.received_at,
        s.authority_rank,
        o.enterprise_id is not null as is_alone
    from stated_value as s
    inner join resolved.link as l on s.feed = l.feed and s.source_key = l.source_key
    left join single_record as o on l.enterprise_id = o.enterprise_id
    where s.value_text is not null
),

feed_value as (
    select
        enterprise_id,
        field_code,
        value_text,
        feed,
        min(compared_text) as compared_text,
        min(subject) as subject,
        min(source_key) as source_key,
        max(received_at) as received_at,
        min(authority_rank) as authority_rank
    from linked_value
    where not is_alone
    group by enterprise_id, field_code, value_text, feed
),

ranked_value as (
    select
        *,
        row_number() over (
            partition by enterprise_id, field_code
            order by authority_rank asc, received_at desc, value_text asc, feed asc
        ) as row_rank,
        first_value(compared_text) over (
            partition by enterprise_id, field_code
            order by authority_rank asc, received_at desc, value_text asc, feed asc
        ) as winning_text
    from feed_value
)

select
    enterprise_id,
    field_code,
    value_text,
    feed,
    subject,
    source_key,
    received_at,
    authority_rank,
    row_rank = 1 as is_winner,
    coalesce(compared_text <> winning_text, false) as is_conflict
from ranked_value
union all
select
    enterprise_id,
    field_code,
    value_text,
    feed,
    subject,
    source_key,
    received_at,
    authority_rank,
    true as is_winner,
    false as is_conflict
from linked_value
where is_alone
