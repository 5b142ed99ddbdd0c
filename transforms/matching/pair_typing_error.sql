-- title: Pairs whose names differ by one character | 一字之差
-- one row is: one left record and one known enterprise
-- answers: whose name is this but for one character that is wrong, missing, too many, or changed places?
-- key: left_id, right_id
-- rules: Both names give the same text when one character is left out of either or of both (symmetric deletion, Garbe
--   2012). Names of at least three characters.
-- known gaps: Two typing errors in one name are found by other ways only.
-- checked by: tests/transforms/test_matching.py
with left_variant as (
    select distinct
        n.id,
        unnest(
            list_append(
                list_transform(
                    range(1, length(n.body) + 1),
                    lambda place: concat(substr(n.body, 1, n.place - 1), substr(n.body, n.place + 1))
                ),
                n.body
            )
        ) as variant
    from left_name as n
    where length(n.body) >= 3
),

asked as (
    select distinct l.variant
    from left_variant as l
),

right_variant as (
    select distinct
        v.id,
        v.variant
    from (
        select
            n.id,
            unnest(
                list_append(
                    list_transform(
                        range(1, length(n.body) + 1),
                        lambda place: concat(substr(n.body, 1, n.place - 1), substr(n.body, n.place + 1))
                    ),
                    n.body
                )
            ) as variant
        from right_name as n
        where length(n.body) >= 3
    ) as v
    inner join asked as a on v.variant = a.variant
),

few as (
    select r.variant
    from right_variant as r
    cross join rules.matching as rule
    group by r.variant, rule.block_max
    having count(*) <= max(rule.block_max)
)

select distinct
    l.id as left_id,
    r.id as right_id
from left_variant as l
inner join few as f on l.variant = f.variant
inner join right_variant as r on l.variant = r.variant
