-- title: Pairs of one city that share a rare character | 同城同字
-- one row is: one left record and one known enterprise
-- answers: which enterprises of its city might an abbreviated name mean that keeps single characters only?
-- key: left_id, right_id
-- rules: The two rarest characters of the left name, in the city of its address (湖北广电 for 湖北省广播电视信息网络).
-- known gaps: In a city where too many share the character (rules/matching.yml) no candidate is found this way.
-- checked by: tests/transforms/test_matching.py
with left_city as (
    select distinct
        l.id,
        l.city
    from left_address as l
    where l.city is not null
),

asked_character as (
    select
        n.id,
        a.city,
        n.character_text,
        row_number() over (partition by n.id, a.city order by c.name_count, n.character_text) as row_rank
    from (
        select distinct
            l.id,
            unnest(string_split(l.body, '')) as character_text
        from left_name as l
    ) as n
    inner join left_city as a on n.id = a.id
    inner join character_count as c on n.character_text = c.character_text
),

wanted_character as (
    select distinct
        a.city,
        a.character_text
    from asked_character as a
    where a.row_rank <= 2
),

known_character as (
    select distinct
        r.id,
        r.city,
        r.character_text
    from (
        select
            n.id,
            a.city,
            unnest(string_split(n.body, '')) as character_text
        from right_name as n
        inner join right_address as a on n.id = a.id
        where a.city in (select w.city from wanted_character as w)
    ) as r
    inner join wanted_character as w on r.city = w.city and r.character_text = w.character_text
),

rare_character as (
    select
        t.city,
        t.character_text
    from known_character as t
    cross join rules.matching as rule
    group by t.city, t.character_text, rule.city_character_max
    having count(*) <= max(rule.city_character_max)
)

select distinct
    a.id as left_id,
    t.id as right_id
from asked_character as a
inner join rare_character as f on a.city = f.city and a.character_text = f.character_text
inner join known_character as t on a.city = t.city and a.character_text = t.character_text
where a.row_rank <= 2
