-- title: How many pairs a kind of key may find | 候选对上限
-- one row is: the limit
-- answers: how much may one kind of key cost, so that the time grows as the number of records does?
-- key: pair_count
-- rules: pairs_per_record for every left record, pairs_min at least (rules/matching.yml).
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
select greatest(rule.pairs_min, rule.pairs_per_record * (select count(distinct l.id) from left_name as l)) as pair_count
from rules.matching as rule
