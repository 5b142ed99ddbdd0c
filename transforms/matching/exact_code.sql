-- title: Left records and the known enterprise with their code | 代码精确匹配
-- one row is: one left record with a code, or an organisation code in it, that some known enterprise has
-- answers: which enterprise has this code?
-- key: left_id
-- rules: The same code letter for letter first, else the same organisation code (9 characters with a right check
--   digit, alone, in a 15-character tax number, or in places 9 to 17 of a credit code). right_id is empty where
--   several enterprises have it.
-- known gaps: none known
-- checked by: tests/transforms/test_match_files.py
with found_pair as (
    select
        l.id as left_id,
        r.id as right_id,
        1 as standing
    from left_code as l
    inner join right_code as r on l.code = r.code
    union all
    select
        l.id as left_id,
        r.id as right_id,
        2 as standing
    from left_code as l
    inner join right_code as r on l.org_code = r.org_code
),

code_count as (
    select
        f.left_id,
        f.standing,
        count(distinct f.right_id) as enterprise_count,
        min(f.right_id) as right_id
    from found_pair as f
    group by f.left_id, f.standing
),

best_standing as (
    select
        c.left_id,
        min(c.standing) as standing
    from code_count as c
    group by c.left_id
)

select
    c.left_id,
    case when c.enterprise_count = 1 then c.right_id end as right_id,
    c.enterprise_count,
    case c.standing when 1 then 'code' else 'org_code' end as method
from code_count as c
inner join best_standing as b on c.left_id = b.left_id and c.standing = b.standing
