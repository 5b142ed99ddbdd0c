-- title: How many names hold two characters side by side | 双字频
-- one row is: one pair of neighbouring characters of the known enterprises' names
-- answers: how rare is it that a name holds these two characters side by side?
-- key: gram
-- rules: Counted over bodies.
-- known gaps: A pair that a name holds twice counts twice.
-- checked by: tests/transforms/test_matching.py
select
    g.gram,
    count(*) as name_count
from (
    select unnest(list_transform(range(1, length(n.body)), lambda place: substr(n.body, n.place, 2))) as gram
    from right_name as n
) as g
group by g.gram
