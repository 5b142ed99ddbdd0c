-- title: How well the addresses of a pair agree | 地址比对
-- one row is: one pair of a left record and a known enterprise that both state an address, by the best of these
-- answers: are they in one room, at one number, on one road, in one city, or elsewhere, and how many bits is that?
-- key: left_id, right_id
-- rules: The best level that holds: premises (road, number and all that follows), other_room (road and number, and as
--   many numbers after them that are others), other_number (one road, two numbers), text (nearly the same words, by
--   the share of common characters in rules/matching.yml), number (road and number), building (by the park's own
--   code, stated or known of the address: building_place), road, near (much the same words), other_road (in one
--   city), city, other_building, elsewhere. Bits: the share of known enterprises there (premises_count,
--   building_count, city_count).
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
with levelled_pair as (
    select
        s.*,
        case
            when s.is_same_premises then 'premises'
            when s.is_other_room then 'other_room'
            when s.is_other_number then 'other_number'
            when
                s.text_similarity >= rule.same_text_similarity and length(s.left_place) >= 6 and not s.is_other_road
                then 'text'
            when s.is_same_number then 'number'
            when s.is_same_building then 'building'
            when s.is_same_city and s.is_same_road then 'road'
            when
                s.is_same_city and s.text_similarity >= rule.near_text_similarity and length(s.left_place) >= 6
                and not s.is_other_road
                then 'near'
            when s.is_same_city and s.is_other_road then 'other_road'
            when s.is_same_city then 'city'
            when s.is_other_building then 'other_building'
            when s.left_city is null or s.right_city is null then 'unknown'
            else 'elsewhere'
        end as level
    from address_similarity as s
    cross join rules.matching as rule
),

weighed_pair as (
    select
        l.left_id,
        l.right_id,
        l.level,
        l.left_city,
        l.right_place,
        case l.level
            when 'premises' then greatest(coalesce(p.bits, 0), coalesce(c.bits, 0) + rule.same_place_bits)
            when 'text'
                then greatest(
                    coalesce(c.bits, 0) + rule.same_place_bits,
                    case when l.is_same_number then coalesce(n.bits, 0) else 0 end
                )
            when 'number' then greatest(coalesce(n.bits, 0), coalesce(c.bits, 0) + rule.same_road_bits)
            when 'other_room'
                then greatest(coalesce(n.bits, 0), coalesce(c.bits, 0) + rule.same_road_bits) + rule.other_room_bits
            when 'building' then coalesce(b.bits, 0)
            when 'road' then coalesce(c.bits, 0) + rule.same_road_bits
            when 'near' then coalesce(c.bits, 0) + rule.same_road_bits
            when 'city' then coalesce(c.bits, 0)
            when 'other_road' then coalesce(c.bits, 0) + rule.other_road_bits
            when 'other_number' then coalesce(c.bits, 0) + rule.elsewhere_bits
            when 'elsewhere' then rule.elsewhere_bits
            when 'other_building' then rule.other_building_bits
            when 'unknown' then 0
        end as bits
    from levelled_pair as l
    cross join rules.matching as rule
    left join city_count as c on l.left_city = c.city
    left join building_count as b on l.building = b.building
    left join premises_count as p on p.level = 'premises' and l.road = p.road and l.premises = p.premises
    left join premises_count as n on n.level = 'number' and l.road = n.road and l.number = n.premises
),

ranked_pair as (
    select
        w.left_id,
        w.right_id,
        w.level,
        w.bits,
        w.left_city,
        w.right_place,
        row_number()
            over (partition by w.left_id, w.right_id order by w.bits desc, w.level asc, w.right_place asc)
            as match_rank
    from weighed_pair as w
)

select
    p.left_id,
    p.right_id,
    p.right_place,
    p.left_city,
    p.level as address_level,
    p.bits as address_bits
from ranked_pair as p
where p.match_rank = 1
