-- title: How many names hold two characters side by side | 双字频
-- one row is: one pair of neighbouring characters of the known enterprises' names
-- answers: how rare is it that a name holds these two characters side by side?
-- key: gram
-- rules: Counted over bodies.
-- known gaps: A pair that a name holds twice counts twice.
-- checked by: tests/transforms/test_matching.py
with body_position as (
    select
        n.body,
        unnest(range(1, length(n.body))) as position
    from right_name as n
)

select
    substr(p.body, cast(p.position as integer), 2) as gram,
    count(*) as name_count
from body_position as p
group by substr(p.body, cast(p.position as integer), 2)
