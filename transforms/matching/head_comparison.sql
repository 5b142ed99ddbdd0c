-- title: What a head office's branches say of an address | 分支机构地址旁证
-- one row is: one left record known by a short name, and one known enterprise with a branch at its address
-- answers: is the firm meant that has branches there, although its own seat is elsewhere?
-- key: left_id, right_id
-- rules: A branch's name goes on after the firm's name. Its address is the firm's too, where it is not that
--   branch's alone: two branches are there, or the record states another address beside it. Bits as of the branch.
-- known gaps: A firm that bears another name than its branches is not found.
-- checked by: tests/transforms/test_matching.py
with head_pair as (
    select
        b.left_id,
        h.right_id,
        b.right_id as branch_id,
        a.address_bits
    from name_comparison as b
    inner join address_comparison as a on b.left_id = a.left_id and b.right_id = a.right_id
    inner join name_comparison as h
        on b.left_id = h.left_id and not h.is_branch_for_short and starts_with(b.right_key, h.right_key)
    where b.is_branch_for_short and not b.is_left_full and a.address_level in ('premises', 'text', 'number')
),

stated_address as (
    select
        a.id,
        count(distinct a.place) as address_count
    from left_address as a
    group by a.id
)

select
    s.left_id,
    s.right_id,
    max(s.address_bits) as address_bits
from head_pair as s
inner join stated_address as a on s.left_id = a.id
group by s.left_id, s.right_id
having count(distinct s.branch_id) >= 2 or max(a.address_count) >= 2
