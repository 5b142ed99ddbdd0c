-- title: Pairs worth comparing | 候选对
-- one row is: one left record and one known enterprise that share something few share
-- answers: with which enterprises is a record compared?
-- key: left_id, right_id
-- rules: A pair shares the name, a name that begins alike, the name behind a mistyped place, a name but for one
--   character (typing_error), the premises, one of the two rarest pairs of neighbouring characters (in one building of
--   the three rarest), in one city one of the two rarest characters, or half of a mistyped code.
--   * What more enterprises share than rules/matching.yml allows finds no candidate by itself, so that ten thousand
--   records of one name cost no more than one.
--   * Of pairs of characters the commoner ones find no candidate once there are more pairs than pair_budget.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
with by_name as (
    select
        l.id as left_id,
        p.id as right_id
    from left_name as l
    inner join prefix_count as c on l.body = c.body
    inner join prefix as p on c.body = p.body
    cross join rules.matching as rule
    where c.prefix_count <= rule.block_max or (p.is_whole and c.whole_count <= rule.block_max)
),

-- the same name, although only one side's address shows that it begins with a place
bearer_count as (
    select
        r.name_key,
        count(distinct r.id) as enterprise_count
    from right_name as r
    group by r.name_key
),

by_whole_name as (
    select
        l.id as left_id,
        r.id as right_id
    from left_name as l
    inner join bearer_count as c on l.name_key = c.name_key
    inner join right_name as r on c.name_key = r.name_key
    cross join rules.matching as rule
    where c.enterprise_count <= rule.block_max
),

-- a full name that begins with a place in which a character is wrong (限莞宜安科技 for 东莞宜安科技)
beyond_place as (
    select
        n.id,
        substr(n.body, 3) as body
    from left_name as n
    where n.is_full and length(n.body) >= 4
    union all
    select
        n.id,
        substr(n.body, 4) as body
    from left_name as n
    where n.is_full and length(n.body) >= 5
),

body_count as (
    select
        r.body,
        count(*) as enterprise_count
    from right_name as r
    group by r.body
),

by_mistyped_place as (
    select
        l.id as left_id,
        r.id as right_id
    from beyond_place as l
    inner join body_count as c on l.body = c.body
    inner join right_name as r on c.body = r.body
    cross join rules.matching as rule
    where c.enterprise_count <= rule.mistyped_place_max
),

name_in_city as (
    select
        l.id as left_id,
        p.id as right_id,
        l.body,
        a.city
    from left_name as l
    inner join prefix_count as c on l.body = c.body
    inner join left_address as a on l.id = a.id
    inner join prefix as p on c.body = p.body
    inner join right_address as b on p.id = b.id and a.city = b.city
    cross join rules.matching as rule
    where c.prefix_count > rule.block_max
),

crowded_city as (
    select
        n.body,
        n.city
    from name_in_city as n
    cross join rules.matching as rule
    group by n.body, n.city, rule.block_max
    having count(distinct n.right_id) > max(rule.block_max)
),

by_premises as (
    select
        l.id as left_id,
        r.id as right_id
    from left_address as l
    inner join premises_count as c on l.road = c.road and l.premises = c.premises and c.level = 'premises'
    inner join right_address as r on l.road = r.road and l.premises = r.premises
    cross join rules.matching as rule
    where c.enterprise_count <= rule.premises_max
),

left_position as (
    select
        n.id,
        n.body,
        unnest(range(1, length(n.body))) as row_rank
    from left_name as n
    where n.is_short
),

ranked_gram as (
    select
        l.id,
        l.gram,
        c.name_count,
        row_number() over (partition by l.id order by c.name_count, l.gram) as row_rank
    from (select distinct
        p.id,
        substr(p.body, cast(p.row_rank as integer), 2) as gram
    from left_position as p) as l
    inner join gram_count as c on l.gram = c.gram
),

gram_of_left as (
    select r.*
    from ranked_gram as r
    cross join rules.matching as rule
    where r.name_count <= rule.block_max
),

gram_cost as (
    select
        g.name_count,
        sum(count(*) * g.name_count) over (order by g.name_count) as pair_count
    from gram_of_left as g
    where g.row_rank <= 2
    group by g.name_count
),

gram_limit as (
    select coalesce(max(g.name_count), 0) as name_count
    from gram_cost as g
    cross join pair_budget as b
    where g.pair_count <= b.pair_count
),

right_position as (
    select
        n.id,
        n.body,
        unnest(range(1, length(n.body))) as row_rank
    from right_name as n
),

left_in_building as (
    select
        g.id,
        g.gram,
        a.building
    from ranked_gram as g
    inner join left_address as a on g.id = a.id
    where g.row_rank <= 3 and a.building is not null
),

right_in_building as (
    select distinct
        r.id,
        substr(r.body, cast(r.row_rank as integer), 2) as gram,
        a.building
    from right_position as r
    inner join right_address as a on r.id = a.id
    where a.building is not null
),

by_building as (
    select
        l.id as left_id,
        r.id as right_id
    from left_in_building as l
    inner join right_in_building as r on l.building = r.building and l.gram = r.gram
),

by_gram as (
    select
        l.id as left_id,
        r.id as right_id
    from right_position as r
    inner join gram_of_left as l on substr(r.body, cast(r.row_rank as integer), 2) = l.gram
    inner join gram_limit as g on l.name_count <= g.name_count
    where l.row_rank <= 2
)

select
    p.left_id,
    p.right_id
from (
    select * from by_name
    union all
    select * from by_whole_name
    union all
    select * from by_mistyped_place
    union all
    select
        n.left_id,
        n.right_id
    from name_in_city as n
    left join crowded_city as c on n.body = c.body and n.city = c.city
    where c.body is null
    union all
    select * from by_premises
    union all
    select * from by_gram
    union all
    select * from by_building
    union all
    select * from pair_typing_error
    union all
    select * from pair_city_character
    union all
    select * from pair_code
) as p
group by p.left_id, p.right_id
