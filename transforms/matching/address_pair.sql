-- title: Addresses to compare | 待比对地址
-- one row is: one address of a left record and one of a known enterprise with a similar name
-- answers: which parts of the two addresses agree?
-- key: left_id, right_id, left_place, right_place
-- rules: Only pairs that name_comparison kept. is_same_city also where the known name itself holds the record's city.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
with right_building as (
    select
        r.id,
        r.building,
        min(r.place) as place
    from right_address as r
    where r.building is not null
    group by r.id, r.building
),

place_pair as (
    select
        c.left_id,
        c.right_id,
        c.right_key,
        l.place as left_place,
        r.place as right_place,
        l.city as left_city,
        r.city as right_city,
        l.road,
        r.road as right_road,
        l.number,
        r.number as right_number,
        l.premises,
        r.premises as right_premises,
        l.building,
        r.building as right_building
    from name_comparison as c
    inner join left_address as l on c.left_id = l.id
    inner join right_address as r on c.right_id = r.id
    where l.place is not null and (r.place is not null or (l.building is not null and r.building is not null))
    union all
    -- who states a building alone is compared with each building once
    select
        c.left_id,
        c.right_id,
        c.right_key,
        l.place as left_place,
        r.place as right_place,
        l.city as left_city,
        cast(null as varchar) as right_city,
        l.road,
        cast(null as varchar) as right_road,
        l.number,
        cast(null as varchar) as right_number,
        l.premises,
        cast(null as varchar) as right_premises,
        l.building,
        r.building as right_building
    from name_comparison as c
    inner join left_address as l on c.left_id = l.id
    inner join right_building as r on c.right_id = r.id
    where l.place is null and l.building is not null
)

select
    p.left_id,
    p.right_id,
    p.left_place,
    p.right_place,
    p.left_city,
    p.right_city,
    p.road,
    p.number,
    p.premises,
    p.building,
    coalesce(p.building = p.right_building, false) as is_same_building,
    coalesce(p.building <> p.right_building, false) as is_other_building,
    coalesce(p.left_city = p.right_city, false) or coalesce(contains(p.right_key, p.left_city), false) as is_same_city,
    coalesce(p.road = p.right_road, false) as is_same_road,
    coalesce(p.road = p.right_road and p.number = p.right_number and p.number <> '', false) as is_same_number,
    coalesce(
        p.road = p.right_road and p.number <> p.right_number and p.number <> '' and p.right_number <> '', false
    ) as is_other_number,
    coalesce(p.road = p.right_road and p.premises = p.right_premises and contains(p.premises, '-'), false)
        as is_same_premises,
    coalesce(p.road <> p.right_road and p.number <> '' and p.right_number <> '', false) as is_other_road,
    -- 388-12-928 and 388-12-1709: both say the room, and it is not the same one
    coalesce(
        p.road = p.right_road and p.number = p.right_number and p.premises <> p.right_premises
        and contains(p.premises, '-')
        and length(replace(p.premises, '-', '')) - length(p.premises)
        = length(replace(p.right_premises, '-', '')) - length(p.right_premises), false
    ) as is_other_room
from place_pair as p
