-- title: Whether a code's enterprise bears a name like the one stated | 代码与名称是否相符
-- one row is: one record with a code of an enterprise that bears no such name
-- answers: may the name as stated be that enterprise's, written in another way, or is it another name altogether?
-- key: left_id, right_id
-- rules: The best level of name_level over the enterprise's names. is_alike: the same body, also at another place; one
--   character off that sisters do not differ by; one a short form of the other; or both begin with the same two
--   characters (a firm that keeps its brand when renamed).
-- known gaps: A renaming that the register has not heard of, to another brand, reads as another name.
-- checked by: tests/transforms/test_matching.py
with levelled_pair as (
    select
        n.left_id,
        n.right_id,
        n.level,
        n.level in (
            'same_name', 'same_body', 'other_place', 'typing_error', 'begins', 'inside', 'subsequence', 'shortened'
        )
        or (n.level not in ('branch_mismatch', 'sister') and substr(n.left_body, 1, 2) = substr(n.right_body, 1, 2))
            as is_alike,
        case n.level
            when 'same_name' then 1
            when 'same_body' then 2
            when 'typing_error' then 3
            when 'other_place' then 4
            when 'begins' then 5
            when 'inside' then 6
            when 'subsequence' then 7
            when 'shortened' then 8
            when 'most' then 9
            when 'none' then 10
            else 11
        end as level_rank
    from name_level as n
),

ranked_pair as (
    select
        l.*,
        row_number() over (partition by l.left_id, l.right_id order by l.is_alike desc, l.level_rank asc) as row_rank
    from levelled_pair as l
)

select
    p.left_id,
    p.right_id,
    p.level,
    p.is_alike
from ranked_pair as p
where p.row_rank = 1
