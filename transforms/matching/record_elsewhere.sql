-- title: Records whose name is found elsewhere | 名称相同而地址不符的记录
-- one row is: one left record that its exact name alone decides, and whose address is none of that enterprise's
-- answers: whose name should be held against those who are at the address?
-- key: left_id
-- rules: Both sides state a road and a number, or a building, and no pair of addresses shares them: perhaps another
--   enterprise writes its name likewise but for the legal form, and is there.
-- known gaps: An address without a number is not held against the name.
-- checked by: tests/transforms/test_matching.py
select l.id as left_id
from left_record as l
inner join right_enterprise as e on l.name_enterprise_id = e.enterprise_id
inner join left_address as a on l.id = a.id
inner join right_address as b on e.id = b.id
where
    (a.number <> '' and b.number <> '')
    or (a.building is not null and b.building is not null)
group by l.id
having
    count(
        case
            when (a.road = b.road and a.number = b.number and a.number <> '') or a.building = b.building then 1
        end
    ) = 0
