-- title: How well the codes of a pair agree | 代码比对
-- one row is: one pair of a left record and a known enterprise that both have a code of 18 characters
-- answers: is the record's code the enterprise's but for a typing error, or another code altogether?
-- key: left_id, right_id
-- rules: mistyped: all but one or two of the 18 characters agree in their places. Anything else is other_code.
-- known gaps: Characters left out, which move all that follow, read as another code.
-- checked by: tests/transforms/test_matching.py
with compared_code as (
    select
        p.left_id,
        p.right_id,
        hamming(l.code, r.code) as differing_characters
    from name_comparison as p
    inner join left_code as l on p.left_id = l.id
    inner join right_code as r on p.right_id = r.id
    where length(l.code) = 18 and length(r.code) = 18 and strlen(l.code) = 18 and strlen(r.code) = 18
)

select
    c.left_id,
    c.right_id,
    case when min(c.differing_characters) <= 2 then 'mistyped' else 'other_code' end as code_level,
    case when min(c.differing_characters) <= 2 then max(rule.code_mistyped_bits) else max(rule.other_code_bits) end
        as code_bits
from compared_code as c
cross join rules.matching as rule
group by c.left_id, c.right_id
