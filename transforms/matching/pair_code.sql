-- title: Pairs with codes that share a half | 代码半同
-- one row is: one left record with an unusable code and one known enterprise
-- answers: which enterprise has this code but for a typing error?
-- key: left_id, right_id
-- rules: Codes of 18 characters that agree in places 9 to 13 or in places 14 to 18: one wrong character leaves one of
--   them whole. Whether the rest agrees is seen by comparing (code_comparison).
-- known gaps: Codes with a character too many or too few are not compared.
-- checked by: tests/transforms/test_matching.py
with left_half as (
    select
        l.id,
        substr(l.code, 9, 5) as first_half,
        substr(l.code, 14, 5) as second_half
    from left_code as l
    where length(l.code) = 18
),

right_half as (
    select
        r.id,
        substr(r.code, 9, 5) as first_half,
        substr(r.code, 14, 5) as second_half
    from right_code as r
    where length(r.code) = 18
),

shared_half as (
    select
        a.id as left_id,
        k.id as right_id
    from left_half as a
    inner join right_half as k on a.first_half = k.first_half
    union all
    select
        a.id as left_id,
        k.id as right_id
    from left_half as a
    inner join right_half as k on a.second_half = k.second_half
)

select distinct
    s.left_id,
    s.right_id
from shared_half as s
