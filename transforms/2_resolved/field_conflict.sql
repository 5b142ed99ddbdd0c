-- title: Contradictions that matter | 重要字段冲突
-- one row is: one value that a source record states against the golden record, in a field where that matters
--   | 一条来源记录在重要字段上与主档相矛盾的一个取值
-- answers: which silo contradicts which, about which enterprise, and what should be corrected?
--   | 哪个部门与哪个部门就谁相矛盾，应由谁更正什么？
-- key: feed, source_key, field_code, value_text
-- rules: Fields and their order are in rules/conflict.yml. A code that the enterprise bore before is no
--   contradiction. An enterprise that the register calls cancelled or revoked contradicts tax paid, staff insured or
--   a lease begun for a period that starts more than active_after_months after its end; then the value is what was
--   last seen. The losing value stays in its source and in resolved.enterprise_value, with the day it came.
--   | 字段及其先后由规则规定。企业用过的旧代码不算矛盾。登记已注销或吊销的企业，在终止后超过规定月数仍有缴税、参保或新
--   起租约的，为矛盾，取值为最后所见。未采用的值连同收到日期保留。
-- known gaps: A contradiction that somebody has looked at stays until an office corrects it.
--   | 有人看过的矛盾会一直列出，直到有关部门更正。
-- checked by: tests/models/resolved.field_conflict
with stated_value as (
    select
        v.enterprise_id,
        v.field_code,
        v.feed,
        v.source_key,
        v.subject,
        v.value_text,
        v.received_at
    from resolved.enterprise_value as v
    left join resolved.enterprise_code as c
        on v.field_code = c.code_kind and v.value_text = c.code and v.enterprise_id = c.enterprise_id
    where v.is_conflict and c.code is null
),

closed_enterprise as (
    select
        e.enterprise_id,
        cast(e.cancelled_date + interval '1' month * r.active_after_months as date) as active_after_date
    from resolved.enterprise as e
    cross join rules.conflict_limit as r
    where e.status_code in ('cancelled', 'revoked') and e.cancelled_date is not null
),

closed_record as (
    select
        l.enterprise_id,
        l.feed,
        l.source_key,
        l.subject,
        c.active_after_date
    from closed_enterprise as c
    inner join resolved.link as l on c.enterprise_id = l.enterprise_id
),

activity as (
    select
        t.feed,
        t.source_key,
        'tax paid for' as seen,
        t.period_start as seen_date,
        t.received_at
    from known.tax_payment as t
    where t.paid_amount > 0
    union all
    select
        e.feed,
        e.source_key,
        'staff insured in' as seen,
        e.month as seen_date,
        e.received_at
    from known.employment as e
    where e.insured_headcount > 0
    union all
    select
        l.feed,
        l.source_key,
        'lease begun in' as seen,
        l.start_date as seen_date,
        l.received_at
    from known.lease as l
),

active_record as (
    select
        r.enterprise_id,
        'status_code' as field_code,
        r.feed,
        r.source_key,
        r.subject,
        concat('active: ', min(a.seen), ' ', substr(cast(max(a.seen_date) as varchar), 1, 7)) as value_text,
        max(a.received_at) as received_at
    from closed_record as r
    inner join activity as a
        on r.feed = a.feed and r.source_key = a.source_key and r.active_after_date < a.seen_date
    group by r.enterprise_id, r.feed, r.source_key, r.subject
),

conflicting_value as (
    select * from stated_value
    union all
    select * from active_record
)

select
    a.feed,
    a.source_key,
    a.field_code,
    a.value_text,
    a.enterprise_id,
    a.subject,
    a.received_at,
    w.value_text as winning_text,
    w.feed as winning_feed,
    w.subject as winning_subject,
    w.source_key as winning_source_key,
    w.received_at as winning_received_at,
    c.priority,
    concat(
        a.field_code,
        ': ',
        a.subject,
        ' says ',
        a.value_text,
        ' (',
        cast(cast(a.received_at as date) as varchar),
        '), ',
        w.subject, ' says ', w.value_text, ' (', cast(cast(w.received_at as date) as varchar), ')'
    ) as evidence,
    c.version as rule_version
from conflicting_value as a
inner join rules.conflict as c on a.field_code = c.field_code
inner join resolved.enterprise_value as w
    on a.enterprise_id = w.enterprise_id and a.field_code = w.field_code and w.is_winner
