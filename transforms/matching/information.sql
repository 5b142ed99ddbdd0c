-- title: How much a body of a name says | 名称信息量
-- one row is: one body on the left side
-- answers: how unlikely is it, in bits, that a name holds these characters one after the other by chance?
-- key: body
-- rules: The first character by its share of the names, each next one by its share among what follows the one before
--   it (a bigram model of the known enterprises' names, with half a sighting for what was never seen).
-- known gaps: Characters further apart are taken as independent.
-- checked by: tests/transforms/test_matching.py
with asked_body as (
    select distinct l.body
    from left_name as l
),

body_position as (
    select
        a.body,
        unnest(range(1, length(a.body))) as position
    from asked_body as a
),

gram_chain as (
    select
        p.body,
        sum(greatest(log2(coalesce(c.name_count, 1)) - log2(coalesce(g.name_count, 0.5)), 0)) as bits
    from body_position as p
    left join gram_count as g on substr(p.body, cast(p.position as integer), 2) = g.gram
    left join character_count as c on substr(p.body, cast(p.position as integer), 1) = c.character_text
    group by p.body
)

select
    a.body,
    round(k.enterprise_bits - log2(coalesce(c.name_count, 0.5)) + coalesce(h.bits, 0)) as bits
from asked_body as a
cross join known_count as k
left join character_count as c on substr(a.body, 1, 1) = c.character_text
left join gram_chain as h on a.body = h.body
