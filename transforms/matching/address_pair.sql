-- title: Addresses to compare | 待比对地址
-- one row is: one address of a left record and one of a known enterprise whose names are alike
-- answers: which parts of the two addresses agree?
-- key: left_id, right_id, left_place, right_place
-- rules: Only pairs that name_comparison kept. is_same_city also where the known name itself holds the record's city.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
select
    c.left_id,
    c.right_id,
    l.place as left_place,
    r.place as right_place,
    l.city as left_city,
    r.city as right_city,
    l.road,
    l.number,
    l.premises,
    l.building,
    coalesce(l.building = r.building, false) as is_same_building,
    coalesce(l.building <> r.building, false) as is_other_building,
    coalesce(l.city = r.city, false) or coalesce(contains(c.right_key, l.city), false) as is_same_city,
    coalesce(l.road = r.road, false) as is_same_road,
    coalesce(l.road = r.road and l.number = r.number and l.number <> '', false) as is_same_number,
    coalesce(l.road = r.road and l.number <> r.number and l.number <> '' and r.number <> '', false) as is_other_number,
    coalesce(l.road = r.road and l.premises = r.premises and contains(l.premises, '-'), false) as is_same_premises,
    coalesce(l.road <> r.road and l.number <> '' and r.number <> '', false) as is_other_road,
    -- 388-12-928 and 388-12-1709: both say the room, and it is not the same one
    coalesce(
        l.road = r.road and l.number = r.number and l.premises <> r.premises and contains(l.premises, '-')
        and length(replace(l.premises, '-', '')) - length(l.premises)
        = length(replace(r.premises, '-', '')) - length(r.premises), false
    ) as is_other_room
from name_comparison as c
inner join left_address as l on c.left_id = l.id
inner join right_address as r on c.right_id = r.id
where
    (l.place is not null and r.place is not null)
    or (l.building is not null and r.building is not null)
