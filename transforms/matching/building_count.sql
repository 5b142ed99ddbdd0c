-- title: How many known enterprises a building has | 楼栋企业数
-- one row is: one building by the park's own code
-- answers: how much does it say that two records are in one building?
-- key: building
-- rules: bits are the share of the known enterprises, as a whole number of bits, none below 0.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
select
    a.building,
    greatest(round(k.enterprise_bits - log2(count(distinct a.id))), 0) as bits
from right_address as a
cross join known_count as k
where a.building is not null
group by a.building, k.enterprise_bits
