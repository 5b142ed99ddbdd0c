-- title: How many enterprises are known | 已知企业数
-- one row is: the right side as a whole
-- answers: among how many does a record look for its own?
-- key: none, one row
-- rules: In bits (log2), a whole number, so that a few more enterprises change nothing.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
select ceil(log2(greatest(count(distinct n.id), 2))) as enterprise_bits
from right_name as n
