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

stated_value as not materialized (
    select
        s.feed,
        s.source_key,
        s.subject,
        'enterprise_name' as field_code,
        s.name as value_text,
        s.name_key as compared_text,
        s.last_received_at as received_at
    from resolved.source_record as s
    union all
    select
        s.feed,
        s.source_key,
        s.subject,
        'uscc' as field_code,
        s.uscc as value_text,
        s.uscc as compared_text,
        s.last_received_at as received_at
    from resolved.source_record as s
    union all
    select
        s.feed,
        s.source_key,
        s.subject,
        'registration_no' as field_code,
        s.registration_no as value_text,
        s.registration_no as compared_text,
        s.last_received_at as received_at
    from resolved.source_record as s
    union all
    select
        s.feed,
        s.source_key,
        s.subject,
        case when s.subject = 'registration' then 'registered_address' else 'operating_address' end as field_code,
        s.address as value_text,
        replace(s.address, ' ', '') as compared_text,
        s.last_received_at as received_at
    from resolved.source_record as s
    union all
    select
        r.feed,
        r.source_key,
        'registration' as subject,
        'industry_code' as field_code,
        r.industry_code as value_text,
        r.industry_code as compared_text,
        r.received_at
    from known.registration as r
    union all
    select
        r.feed,
        r.source_key,
        'registration' as subject,
        'status_code' as field_code,
        r.status_code as value_text,
        r.status_code as compared_text,
        r.received_at
    from known.registration as r
    union all
    select
        r.feed,
        r.source_key,
        'registration' as subject,
        'registered_date' as field_code,
        cast(r.registered_date as varchar) as value_text,
        cast(r.registered_date as varchar) as compared_text,
        r.received_at
    from known.registration as r
    union all
    select
        r.feed,
        r.source_key,
        'registration' as subject,
        'cancelled_date' as field_code,
        cast(r.cancelled_date as varchar) as value_text,
        cast(r.cancelled_date as varchar) as compared_text,
        r.received_at
    from known.registration as r
    union all
    select
        r.feed,
        r.source_key,
        'registration' as subject,
        'registered_capital_amount' as field_code,
        cast(r.registered_capital_amount as varchar) as value_text,
        cast(r.registered_capital_amount as varchar) as compared_text,
        r.received_at
    from known.registration as r
    union all
    select
        r.feed,
        r.source_key,
        'registration' as subject,
        'currency_code' as field_code,
        r.currency_code as value_text,
        r.currency_code as compared_text,
        r.received_at
    from known.registration as r
    union all
    select
        r.feed,
        r.source_key,
        'registration' as subject,
        'enterprise_type' as field_code,
        r.enterprise_type as value_text,
        r.enterprise_type as compared_text,
        r.received_at
    from known.registration as r
    union all
    select
        r.feed,
        r.source_key,
        'registration' as subject,
        'division_code' as field_code,
        r.division_code as value_text,
        r.division_code as compared_text,
        r.received_at
    from known.registration as r
    union all
    select
        r.feed,
        r.source_key,
        'registration' as subject,
        'parent_uscc' as field_code,
        r.parent_uscc as value_text,
        r.parent_uscc as compared_text,
        r.received_at
    from known.registration as r
    union all
    select
        e.feed,
        e.source_key,
        'registration_event' as subject,
        'status_code' as field_code,
        e.event_code as value_text,
        e.event_code as compared_text,
        e.received_at
    from known.registration_event as e
    where e.event_code in ('cancelled', 'revoked')
    union all
    select
        e.feed,
        e.source_key,
        'registration_event' as subject,
        'cancelled_date' as field_code,
        cast(e.event_date as varchar) as value_text,
        cast(e.event_date as varchar) as compared_text,
        e.received_at
    from known.registration_event as e
    where e.event_code in ('cancelled', 'revoked')
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

linked_value as not materialized (
    select
        l.enterprise_id,
        s.field_code,
        s.value_text,
        s.feed,
        s.compared_text,
        s.subject,
        s.source_key,
        s.received_at,
        a.authority_rank,
        o.enterprise_id is not null as is_alone
    from stated_value as s
    inner join resolved.link as l on s.feed = l.feed and s.source_key = l.source_key
    inner join field_rank as a on s.field_code = a.field_code and s.subject = a.subject
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
