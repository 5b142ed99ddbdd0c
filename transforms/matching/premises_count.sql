-- title: How many known enterprises share a number or premises | 同址企业数
-- one row is: one road with a number, and, as level premises, with all that follows it
-- answers: how much does it say that two records are at one number, or in one room?
-- key: level, road, premises
-- rules: bits are the share of the known enterprises, as a whole number of bits. Only what the left side asks for.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
with asked_number as (
    select distinct
        l.road,
        l.number
    from left_address as l
    where l.road is not null and l.number <> ''
),

known_number as (
    select distinct
        r.id,
        r.road,
        r.number,
        r.premises
    from right_address as r
    inner join asked_number as a on r.road = a.road and r.number = a.number
)

select
    'number' as level,
    t.road,
    t.number as premises,
    count(*) as enterprise_count,
    greatest(round(k.enterprise_bits - log2(count(distinct t.id))), 0) as bits
from known_number as t
cross join known_count as k
group by t.road, t.number, k.enterprise_bits
union all
select
    'premises' as level,
    t.road,
    t.premises,
    count(*) as enterprise_count,
    greatest(round(k.enterprise_bits - log2(count(distinct t.id))), 0) as bits
from known_number as t
cross join known_count as k
group by t.road, t.premises, k.enterprise_bits
