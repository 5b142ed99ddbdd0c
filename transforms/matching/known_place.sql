-- title: Places by which the known enterprises' names may begin | 名称所冠地名
-- one row is: one city, county or district in the known enterprises' addresses
-- answers: is the beginning of a name a place, also where the record states no address?
-- key: place
-- rules: The words before 市 and, with their last character, before 区 and 县 at the beginning of an address, where
--   several enterprises have them (rules/matching.yml). A city is stored without 市.
-- known gaps: A city is not known if its addresses never say 市.
-- checked by: tests/transforms/test_matching.py
with stated_place as (
    select
        regexp_extract(a.place, '^([^省市区县路街号]{2,4}?)市', 1) as city,
        regexp_extract(a.place, '^[^省市区县路街号]{2,4}?市([^省市区县路街号]{2,4}?)市', 1) as county_city,
        regexp_extract(a.place, '^(?:[^省市区县路街号]{2,4}?市)?([^省市区县路街号]{1,4}?[区县])', 1) as district
    from right_address as a
),

place_name as (
    select s.city as place from stated_place as s
    union all
    select s.county_city as place from stated_place as s
    union all
    select s.district as place from stated_place as s
)

select
    n.place,
    length(n.place) as place_length
from place_name as n
cross join rules.matching as rule
where n.place <> ''
group by n.place, rule.place_addresses_min
having count(*) >= max(rule.place_addresses_min)
