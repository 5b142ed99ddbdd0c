-- title: What differs between two names that are nearly the same | 一字之差的性质
-- one row is: one name of a record beside one name of a known enterprise that differs by one character
-- answers: may the difference be a typing error, or is it what sister firms differ by?
-- key: left_id, right_id, left_key, right_key, left_body, right_body
-- rules: The words are those of rules/name_mark.yml.
--   * is_sister, the first that holds: the characters that differ are marks on both sides (第八, 第五; 明达, 新明达); what
--   differs is near in front of a slot word (永清支行, 永宁支行); it is part of a place (苏州, 泰州); both are branches and it is
--   behind the company's name.
--   * is_other_word: the record's character is about as usual between its neighbours as the known one (隆达投资, 隆裕投资), so
--   that each may be a firm's own name.
--   * A typing error makes what no name holds (航天任代 for 航天时代).
--   * Two joint-stock companies hardly ever differ by one character at one door (1 pair of China's 17,498): their
--   places and words may be mistyped.
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
        s.is_left_joint_stock and s.is_right_joint_stock as are_joint_stock,
        s.left_text,
        s.right_text,
        s.common_start,
        length(s.left_text) as left_length,
        length(s.right_text) as right_length
    from name_similarity as s
    where s.edit_distance = 1 or s.edit_distance_of_keys = 1
),

-- a character too many on one side has nothing on the other
differing_pair as (
    select
        n.*,
        substr(n.left_text, 1, n.common_start) as start_text,
        case when n.left_length >= n.right_length then substr(n.left_text, n.common_start + 1, 1) else '' end
            as left_one,
        case when n.left_length <= n.right_length then substr(n.right_text, n.common_start + 1, 1) else '' end
            as right_one,
        case
            when n.left_length >= n.right_length then substr(n.left_text, n.common_start + 2)
            else substr(n.right_text, n.common_start + 2)
        end as end_text
    from near_same as n
),

-- the differing character with its neighbours, as each side has it; the joins below are by equality alone, because a
-- further condition on the left side of a left join is compared row by row
window_pair as (
    select
        d.*,
        substr(d.left_text, greatest(d.common_start, 1), length(d.left_one) + least(d.common_start, 1) + 1)
            as left_window,
        substr(d.right_text, greatest(d.common_start, 1), length(d.right_one) + least(d.common_start, 1) + 1)
            as right_window,
        case when d.left_one <> '' and d.right_one <> '' then left(d.end_text, 1) end as end_one
    from differing_pair as d
),

window_text as (
    select w.left_window as text
    from window_pair as w
    union
    select w.right_window as text
    from window_pair as w
),

window_gram as (
    select
        t.text,
        substr(t.text, cast(t.position as integer), 2) as gram
    from (select
        w.text,
        unnest(range(1, length(w.text))) as position
    from window_text as w) as t
),

-- how usual the characters are side by side, in bits
window_bits as (
    select
        g.text,
        avg(log2(coalesce(c.name_count, 0) + 0.5)) as bits
    from window_gram as g
    left join gram_count as c on g.gram = c.gram
    group by g.text
),

mark as (
    select w.word
    from rules.name_mark as w
    where w.kind = 'mark'
),

place_end as (
    select w.word
    from rules.name_mark as w
    where w.kind = 'place_end'
),

form_pattern as (
    select string_agg(w.word, '|' order by w.word) as legal_form_pattern
    from rules.name_word as w
    where w.kind = 'legal_form'
),

word_pattern as (
    select
        rule.other_word_bits,
        concat('^.{0,', cast(rule.slot_distance as varchar), '}(', string_agg(w.word, '|' order by w.word), ')')
            as slot_pattern
    from rules.name_mark as w
    cross join rules.matching as rule
    where w.kind = 'slot_word'
    group by rule.slot_distance, rule.other_word_bits
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
    or (e.word is not null and not d.are_joint_stock)
    or (d.are_branches and (regexp_matches(d.start_text, f.legal_form_pattern) or d.left_text = d.left_body))
        as is_sister,
    not d.are_joint_stock and coalesce(r_bits.bits - l_bits.bits < p.other_word_bits, true) as is_other_word
from window_pair as d
cross join word_pattern as p
cross join form_pattern as f
left join mark as l on d.left_one = l.word
left join mark as r on d.right_one = r.word
left join place_end as e on d.end_one = e.word
left join window_bits as l_bits on d.left_window = l_bits.text
left join window_bits as r_bits on d.right_window = r_bits.text
