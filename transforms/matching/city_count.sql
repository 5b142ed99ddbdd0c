-- title: How many known enterprises a city has | 城市企业数
-- one row is: one city of the known enterprises' addresses
-- answers: how much does it say that two records are of one city?
-- key: city
-- rules: bits are the share of the known enterprises, as a whole number of bits, none below 0.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
select
    a.city,
    greatest(round(k.enterprise_bits - log2(count(distinct a.id))), 0) as bits
from right_address as a
cross join known_count as k
where a.city is not null
group by a.city, k.enterprise_bits
