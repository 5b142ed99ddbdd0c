-- title: Agreement of the silos by field | 字段一致性统计
-- one row is: one field, a silo that is believed, and another silo that states the field too
--   | 一个字段、一个被采用的部门和另一个也有该字段的部门
-- answers: how often do two silos agree, and on which fields do they contradict each other?
--   | 两个部门多大程度一致，在哪些字段上互相矛盾？
-- key: field_code, winning_subject, subject
-- rules: Over enterprises for which the first silo's value is in the golden record (resolved.enterprise_value)
--   and the other one states a value too. conflict_count: enterprises of which the other one says something else,
--   beyond spaces and, for names, beyond spelling. is_queued: such contradictions wait for a person
--   (resolved.field_conflict; rules/conflict.yml).
--   | 统计主档采用前一部门之值、另一部门也有取值的企业。冲突企业数：另一部门取值不同（不止空格；名称则不止写法）的企业
--   数。列入待核：此类矛盾等待人工核对。
-- known gaps: Addresses are compared as texts, so most of their conflicts are spelling. A former name or code is
--   something else, too.
--   | 地址按文本比较，所以冲突多为写法不同。曾用名或旧代码也算不同。
-- column conflict_count: enterprises of which the other silo says something else | 冲突企业数 另一部门取值不同的企业个数
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
    cast(100.0 * sum(o.is_conflict) / nullif(count(*), 0) as decimal(30, 2)) as conflict_pct,
    c.field_code is not null as is_queued
from other as o
inner join resolved.enterprise_value as w
    on o.enterprise_id = w.enterprise_id and o.field_code = w.field_code and w.is_winner
left join rules.conflict as c on o.field_code = c.field_code
group by o.field_code, w.subject, o.subject, c.field_code
