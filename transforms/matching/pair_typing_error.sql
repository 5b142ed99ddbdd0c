-- title: Pairs with names that differ by one character | 一字之差
-- one row is: one left record and one known enterprise
-- answers: which enterprise has this name but for one character that is wrong, missing, too many, or changed places?
-- key: left_id, right_id
-- rules: Both names give the same text when one character is left out of either or of both (symmetric deletion, Garbe
--   2012). Names of at least three characters.
-- known gaps: Two typing errors in one name are found by other ways only.
-- checked by: tests/transforms/test_matching.py
with left_position as (
    select
        n.id,
        n.body,
        -- place 0 leaves nothing out
        unnest(range(0, length(n.body) + 1)) as position
    from left_name as n
    where length(n.body) >= 3
),

left_variant as (
    select distinct
        l.id,
        case
            when l.position = 0 then l.body
            else
                concat(
                    substr(l.body, 1, cast(l.position - 1 as integer)),
                    substr(l.body, cast(l.position + 1 as integer))
                )
        end as variant
    from left_position as l
),

asked_variant as (
    select distinct v.variant
    from left_variant as v
),

right_position as (
    select
        n.id,
        n.body,
        unnest(range(0, length(n.body) + 1)) as position
    from right_name as n
    where length(n.body) >= 3
),

right_variant as (
    select distinct
        r.id,
        a.variant
    from right_position as r
    inner join asked_variant as a
        on
            case
                when r.position = 0 then r.body
                else
                    concat(
                        substr(r.body, 1, cast(r.position - 1 as integer)),
                        substr(r.body, cast(r.position + 1 as integer))
                    )
            end = a.variant
),

left_variant_count as (
    select
        l.variant,
        count(*) as left_count
    from left_variant as l
    group by l.variant
),

right_variant_count as (
    select
        r.variant,
        count(*) as right_count
    from right_variant as r
    group by r.variant
),

variant_cost as (
    select
        b.right_count,
        sum(sum(b.right_count * a.left_count)) over (order by b.right_count) as pair_count
    from right_variant_count as b
    inner join left_variant_count as a on b.variant = a.variant
    cross join rules.matching as rule
    where b.right_count <= rule.block_max
    group by b.right_count
),

variant_limit as (
    select max(c.right_count) as right_count
    from variant_cost as c
    cross join pair_budget as p
    where c.pair_count <= p.pair_count
),

rare_variant as (
    select b.variant
    from right_variant_count as b
    inner join variant_limit as m on b.right_count <= m.right_count
)

select distinct
    l.id as left_id,
    r.id as right_id
from left_variant as l
inner join rare_variant as f on l.variant = f.variant
inner join right_variant as r on l.variant = r.variant
