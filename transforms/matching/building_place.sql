-- title: Where each building is | 楼栋所在门牌
-- one row is: one road, number and building number
-- answers: which of the park's own buildings is this, where a record states the address and no building code?
-- key: road, stem
-- rules: Read from the records on both sides that state both. stem is the road's number and the next number or
--   letters (388-12 of 388号12幢928室). Only where enough records, and enough of them, state one code
--   (building_records_min, building_share_min in rules/matching.yml).
-- known gaps: A road number that is a building by itself is not read.
-- checked by: tests/transforms/test_matching.py
with stated_building as (
    select
        l.road,
        l.building,
        regexp_extract(l.premises, '^[0-9]+-[0-9A-Z]+') as stem
    from left_address as l
    where l.building is not null and l.road is not null
    union all
    select
        r.road,
        r.building,
        regexp_extract(r.premises, '^[0-9]+-[0-9A-Z]+') as stem
    from right_address as r
    where r.building is not null and r.road is not null
),

building_count as (
    select
        s.road,
        s.stem,
        s.building,
        count(*) as record_count,
        sum(count(*)) over (partition by s.road, s.stem) as all_count
    from stated_building as s
    where s.stem <> ''
    group by s.road, s.stem, s.building
)

select
    c.road,
    c.stem,
    c.building
from building_count as c
cross join rules.matching as rule
where c.record_count >= rule.building_records_min and c.record_count >= rule.building_share_min * c.all_count
