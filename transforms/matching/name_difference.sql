-- title: What differs between two names that are nearly the same | 一字之差的性质
-- one row is: one name of a record beside one name of a known enterprise that differs by one character
-- answers: may the difference be a typing error, or is it what sister firms differ by?
-- key: left_id, right_id, left_key, right_key, left_body, right_body
-- rules: The words are those of rules/name_mark.yml. is_sister, the first that holds: the characters that differ are
--   marks on both sides (第八, 第五; 明达, 新明达); what differs is near in front of a slot word (永清支行, 永宁支行); it is
--   part of a place (苏州, 泰州); both are branches and it is behind the company's name. is_other_word: the one character
--   makes a known word with both of its neighbours, on either side (隆达投资, 隆裕投资): each may be a firm's own name.
-- known gaps: A number that was typed wrongly is taken for a sister's.
-- checked by: tests/transforms/test_matching.py
with near_same as (
    select
        s.left_id,
        s.right_id,
        s.left_key,
        s.right_key,
        s.left_body,
        s.right_body,
        s.is_left_branch and s.is_right_branch as are_branches,
        s.left_text,
        s.right_text,
        s.common_start,
        length(s.left_text) as left_length,
        length(s.right_text) as right_length
    from name_similarity as s
    where s.edit_distance = 1 or s.edit_distance_of_keys = 1
),

-- a character too many on one side has nothing on the other
differing as (
    select
        n.*,
        substr(n.left_text, 1, n.common_start) as start_text,
        case when n.left_length >= n.right_length then substr(n.left_text, n.common_start + 1, 1) else '' end as left_one,
        case when n.left_length <= n.right_length then substr(n.right_text, n.common_start + 1, 1) else '' end
            as right_one,
        case
            when n.left_length >= n.right_length then substr(n.left_text, n.common_start + 2)
            else substr(n.right_text, n.common_start + 2)
        end as end_text
    from near_same as n
),

word_pattern as (
    select
        rule.word_count_min,
        concat('^.{0,', cast(rule.slot_distance as varchar), '}(', string_agg(w.word, '|' order by w.word), ')')
            as slot_pattern
    from rules.name_mark as w
    cross join rules.matching as rule
    where w.kind = 'slot_word'
    group by rule.slot_distance, rule.word_count_min
)

select
    d.left_id,
    d.right_id,
    d.left_key,
    d.right_key,
    d.left_body,
    d.right_body,
    ((d.left_one = '' or l.word is not null) and (d.right_one = '' or r.word is not null))
    or regexp_matches(d.end_text, p.slot_pattern)
    or e.word is not null
    or (d.are_branches and (contains(d.start_text, '公司') or d.left_text = d.left_body)) as is_sister,
    coalesce(
        least(lb.name_count, la.name_count, rb.name_count, ra.name_count) >= p.word_count_min, false
    ) as is_other_word
from differing as d
cross join word_pattern as p
left join rules.name_mark as l on l.kind = 'mark' and d.left_one = l.word
left join rules.name_mark as r on r.kind = 'mark' and d.right_one = r.word
left join rules.name_mark as e
    on e.kind = 'place_end' and substr(d.end_text, 1, 1) = e.word and d.left_one <> '' and d.right_one <> ''
-- one character for another: the words that it makes with the one before and the one behind
left join gram_count as lb on concat(right(d.start_text, 1), d.left_one) = lb.gram and d.right_one <> ''
left join gram_count as la on concat(d.left_one, left(d.end_text, 1)) = la.gram and d.right_one <> ''
left join gram_count as rb on concat(right(d.start_text, 1), d.right_one) = rb.gram and d.left_one <> ''
left join gram_count as ra on concat(d.right_one, left(d.end_text, 1)) = ra.gram and d.left_one <> ''
