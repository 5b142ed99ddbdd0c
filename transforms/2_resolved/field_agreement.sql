-- title: Agreement of the silos by field | 字段一致性统计
-- one row is: one field, a silo that is believed, and another silo that states the field too
-- answers: how often do two silos agree, and on which fields do they contradict each other?
-- key: field_code, winning_subject, subject
-- rules: Over enterprises for which the first silo's value stands in the golden record (resolved.enterprise_value)
--   and the other one states a value too. conflict_count: enterprises of which the other one says something else,
--   beyond spaces and, for names, beyond spelling. is_queued: such contradictions wait for a person
--   (resolved.field_conflict; rules/conflict.yml).
-- known gaps: Addresses are compared as texts, so most of their conflicts are spelling. A former name or code is
--   something else, too.
-- column conflict_count: enterprises of which the other silo says something else | 冲突企业数
-- checked by: tests/models/resolved.field_agreement
with other as (
    select
        enterprise_id,
        field_code,
        subject,
        max(case when is_conflict then 1 else 0 end) as is_conflict
    from resolved.enterprise_value
    where not is_winner
    group by enterprise_id, field_code, subject
)

select
    o.field_code,
    w.subject as winning_subject,
    o.subject,
    count(*) as enterprise_count,
    cast(sum(o.is_conflict) as bigint) as conflict_count,
    cast(100.0 * sum(o.is_conflict) / nullif(count(*), 0) as decimal(5, 2)) as conflict_pct,
    c.field_code is not null as is_queued
from other as o
inner join resolved.enterprise_value as w
    on o.enterprise_id = w.enterprise_id and o.field_code = w.field_code and w.is_winner
left join rules.conflict as c on o.field_code = c.field_code
group by o.field_code, w.subject, o.subject, c.field_code
