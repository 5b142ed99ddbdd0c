-- title: Known names that begin with an asked one | 以简称开头的名称
-- one row is: one asked body and one known enterprise with a name body that begins with it
-- answers: which enterprises does a short name abbreviate by leaving off its end?
-- key: body, id
-- rules: Bodies of 2 to 12 characters; longer ones only where they are equal.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
with asked_body as (
    select distinct
        l.body,
        length(l.body) as body_length
    from left_name as l
    where length(l.body) >= 2
),

lengths as (
    select distinct a.body_length
    from asked_body as a
    where a.body_length <= 12
),

name_beginning as (
    select
        r.id,
        substr(r.body, 1, cast(n.body_length as integer)) as body,
        length(r.body) = n.body_length as is_whole
    from right_name as r
    inner join lengths as n on length(r.body) >= n.body_length
    union all
    select
        r.id,
        r.body,
        true as is_whole
    from right_name as r
    where length(r.body) > 12
)

select
    b.body,
    b.id,
    max(b.is_whole) as is_whole
from name_beginning as b
inner join asked_body as a on b.body = a.body
group by b.body, b.id
