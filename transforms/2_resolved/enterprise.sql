-- title: Enterprises | 企业
-- one row is: one enterprise that any source reports; a branch is an enterprise of its own
--   | 任一来源提到的一家企业；分支机构单独算一家
-- answers: which enterprise is this, by the best source for each field? | 这是哪家企业？各项取最可靠来源的值
-- key: enterprise_id
-- rules: Each field is the winning value of resolved.enterprise_value (rules/authority.yml). identity_code says what
--   the enterprise is known by. The first that holds:
--   * register: a registered record belongs to it, and no person has to decide which enterprise that is.
--   * review: one of its records waits for a person, that is, is in resolved.review_queue. Most such records are an
--     enterprise of their own until decided (is_alone in rules/match_outcome.yml). Where an unregistered code has a
--     waiting record (code_unknown_name_known), all records of that code are one enterprise, and it is review.
--   * code: a valid code that is not in the register.
--   * name: a name only.
--   A registered enterprise stays register while two people disagree about one of its records: the record is in doubt,
--   not the enterprise. conflict_count is the number of fields on which some source contradicts the value shown.
--   | 各项取胜出来源的值（rules/authority.yml）。识别依据依次为：register 登记册有记录且该记录归属已定；review 有记录待人工核对
--   （即在待人工核对表中，判定前多为单独一家；登记册没有的代码如有一条记录待核对，该代码的全部记录算一家，亦为 review）；
--   code 有效代码但登记册没有；name 仅有名称。已登记企业的某条记录两人判定不一致时仍为 register。
-- known gaps: Of several registrations of one enterprise the best-ranked value learned last is shown, not the one in
--   force. | 一家企业有多条登记时，取级别最高且最近收到的值，不一定是现行登记。
-- checked by: tests/models/resolved.enterprise, expectations/rules/queued_is_in_review.sql
with winning_value as (
    select
        enterprise_id,
        max(case when field_code = 'enterprise_name' then value_text end) as enterprise_name,
        max(case when field_code = 'uscc' then value_text end) as uscc,
        max(case when field_code = 'registration_no' then value_text end) as registration_no,
        max(case when field_code = 'enterprise_type' then value_text end) as enterprise_type,
        max(case when field_code = 'industry_code' then value_text end) as industry_code,
        max(case when field_code = 'division_code' then value_text end) as division_code,
        max(case when field_code = 'registered_address' then value_text end) as registered_address,
        max(case when field_code = 'operating_address' then value_text end) as operating_address,
        max(case when field_code = 'status_code' then value_text end) as status_code,
        max(case when field_code = 'registered_date' then value_text end) as registered_date,
        max(case when field_code = 'cancelled_date' then value_text end) as cancelled_date,
        max(case when field_code = 'registered_capital_amount' then value_text end) as registered_capital_amount,
        max(case when field_code = 'currency_code' then value_text end) as currency_code,
        max(case when field_code = 'parent_uscc' then value_text end) as parent_uscc
    from resolved.enterprise_value
    where is_winner
    group by enterprise_id
),

conflict as (
    select
        enterprise_id,
        count(distinct field_code) as conflict_count
    from resolved.enterprise_value
    where is_conflict
    group by enterprise_id
),

linked_enterprise as (
    select
        l.enterprise_id,
        count(*) as record_count,
        count(distinct l.feed) as feed_count,
        max(case when l.subject = 'registration' and not r.is_waiting then 1 else 0 end) as is_registered,
        max(case when s.own_code is not null or s.org_code is not null then 1 else 0 end) as has_code,
        max(case when w.feed is not null then 1 else 0 end) as is_in_review,
        min(s.first_received_at) as first_received_at,
        max(s.last_received_at) as last_received_at
    from resolved.link as l
    inner join resolved.source_record as s on l.feed = s.feed and l.source_key = s.source_key
    inner join rules.match_outcome as r on l.outcome_code = r.outcome_code
    left join resolved.review_candidate as w on l.feed = w.feed and l.source_key = w.source_key and w.match_rank = 1
    group by l.enterprise_id
)

select
    l.enterprise_id,
    w.enterprise_name,
    w.uscc,
    w.registration_no,
    substr(w.uscc, 9, 9) as org_code,
    w.enterprise_type,
    w.industry_code,
    w.division_code,
    w.registered_address,
    w.operating_address,
    w.status_code,
    cast(w.registered_date as date) as registered_date,
    cast(w.cancelled_date as date) as cancelled_date,
    cast(w.registered_capital_amount as decimal(30, 2)) as registered_capital_amount,
    w.currency_code,
    w.parent_uscc,
    case
        when l.is_registered = 1 then 'register'
        when l.is_in_review = 1 then 'review'
        when l.has_code = 1 then 'code'
        else 'name'
    end as identity_code,
    l.record_count,
    l.feed_count,
    coalesce(c.conflict_count, 0) as conflict_count,
    l.first_received_at,
    l.last_received_at
from linked_enterprise as l
left join winning_value as w on l.enterprise_id = w.enterprise_id
left join conflict as c on l.enterprise_id = c.enterprise_id
