-- title: What codes and exact names decide | 精确匹配结论
-- one row is: one left record
-- answers: is it decided by its code or its name, and if not, what is known so far?
-- key: left_id
-- rules: A code with its own name, or without any name: matched by code. A name without a usable code: matched by
--   name. Everything else stays open and is compared: a code with another name, a name with another valid code,
--   and what neither finds.
-- known gaps: none known
-- checked by: tests/transforms/test_match_files.py
with usable_code as (
    select
        c.id,
        max(c.is_valid) as is_valid
    from left_code as c
    group by c.id
),

right_usable as (
    select
        c.id,
        max(c.is_valid) as is_valid
    from right_code as c
    group by c.id
),

named_record as (
    select distinct n.id
    from left_stated_name as n
),

own_name as (
    select distinct c.left_id
    from exact_code as c
    inner join left_stated_name as l on c.left_id = l.id
    inner join right_stated_name as r on c.right_id = r.id and l.name_key = r.name_key
),

-- a code that several enterprises have contradicts none of them
shared_code as (
    select distinct
        l.id as left_id,
        r.id as right_id
    from left_code as l
    inner join right_code as r on l.code = r.code
),

joined_record as (
    select
        i.id as left_id,
        c.right_id as code_right_id,
        c.method as code_method,
        m.right_id as name_right_id,
        n.id is not null as has_name,
        o.left_id is not null as is_own_name,
        coalesce(u.is_valid, false) and coalesce(r.is_valid, false) and s.left_id is null as has_other_code
    from left_identity as i
    left join exact_code as c on i.id = c.left_id
    left join exact_name as m on i.id = m.left_id
    left join named_record as n on i.id = n.id
    left join own_name as o on i.id = o.left_id
    left join usable_code as u on i.id = u.id
    left join right_usable as r on m.right_id = r.id
    left join shared_code as s on i.id = s.left_id and m.right_id = s.right_id
),

decided_record as (
    select
        j.*,
        case
            when j.code_right_id is not null and (j.is_own_name or not j.has_name) then j.code_method
            when j.code_right_id is null and j.name_right_id is not null and not j.has_other_code then 'name'
        end as method
    from joined_record as j
)

select
    d.left_id,
    d.code_right_id,
    d.code_method,
    d.method,
    case d.method when 'name' then d.name_right_id when d.code_method then d.code_right_id end as right_id,
    d.method is null as is_open
from decided_record as d
