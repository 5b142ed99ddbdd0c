-- title: How many known names begin with an asked one | 简称重名数
-- one row is: one asked body
-- answers: how many enterprises could this short name mean, and how many bear it as a whole?
-- key: body
-- rules: bits are the share of the known enterprises, as a whole number of bits.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
select
    p.body,
    count(*) as prefix_count,
    count(case when p.is_whole then 1 end) as whole_count,
    round(k.enterprise_bits - log2(count(*))) as prefix_bits,
    round(k.enterprise_bits - log2(greatest(count(case when p.is_whole then 1 end), 1))) as whole_bits
from prefix as p
cross join known_count as k
group by p.body, k.enterprise_bits
