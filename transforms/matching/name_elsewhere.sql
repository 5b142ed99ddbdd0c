-- title: Names that are found elsewhere | 名称相同而地址不符
-- one row is: one left record that its exact name alone decides, with an address that is none of that enterprise's
-- answers: which names should not be believed before the addresses are compared?
-- key: left_id
-- rules: Both sides state a road and a number, and no pair of addresses shares them: perhaps another enterprise
--   writes its name likewise but for the legal form, and is there.
-- known gaps: An address without a number is not held against the name.
-- checked by: tests/transforms/test_match_files.py
select d.left_id
from decided_exactly as d
inner join left_address as l on d.left_id = l.id
inner join right_address as r on d.right_id = r.id
where d.method = 'name' and l.number <> '' and r.number <> ''
group by d.left_id
having count(case when l.road = r.road and l.number = r.number then 1 end) = 0
