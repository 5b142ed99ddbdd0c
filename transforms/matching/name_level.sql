-- title: In what way two names are alike | 名称相似程度
-- one row is: one name of a record beside one name of a known enterprise
-- answers: are they the same name, the same but for a slip, or a short name of the other?
-- key: left_id, right_id, left_key, right_key, left_body
-- rules: The first that holds:
--   * same_name (the same key).
--   * branch_mismatch (the full name of a branch beside one that is none: never the same enterprise).
--   * other_place (full names of the same body, and each states a place that the other does not).
--   * sister (one character that name_difference finds to be no typing error).
--   * same_body (the same but for place and legal form).
--   * typing_error (one character wrong, missing, too many, or two that changed places; bodies of three and more).
--   * begins (the known name begins with the short one).
--   * inside (the short name is within the known one, not at its beginning).
--   * subsequence (all characters of the short one in their order).
--   * shortened (the record's name begins with the known body).
--   * most (seven tenths of the characters, three at least).
--   * none: nothing of these.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
select
    s.left_id,
    s.right_id,
    s.left_key,
    s.right_key,
    s.left_body,
    s.right_body,
    s.is_left_joint_stock,
    s.is_right_joint_stock,
    s.is_right_branch and not s.is_left_branch as is_branch_for_short,
    s.is_left_full,
    coalesce(d.is_other_word, false) as is_other_word,
    -- Acme Ltd is not Acme PLC
    coalesce(s.left_form <> s.right_form, false) as is_other_form,
    s.left_place,
    s.left_place = s.right_place as is_same_place,
    s.common_characters,
    length(s.left_body) as left_length,
    length(s.right_body) as right_length,
    case
        when s.left_key = s.right_key then 'same_name'
        when s.is_left_branch <> s.is_right_branch and not s.is_left_short then 'branch_mismatch'
        when
            s.is_left_full and s.left_place <> '' and s.right_place <> ''
            and not contains(s.left_place, s.right_place) and not contains(s.right_place, s.left_place)
            and s.left_body = s.right_body
            then 'other_place'
        when s.left_body <> s.right_body and d.is_sister then 'sister'
        when s.left_body = s.right_body then 'same_body'
        when s.is_left_short and starts_with(s.right_body, s.left_body) and length(s.left_body) >= 2 then 'begins'
        when
            (s.edit_distance = 1 or s.edit_distance_of_keys = 1)
            and length(s.left_body) >= 3
            and length(s.right_body) >= 3
            then 'typing_error'
        when starts_with(s.right_body, s.left_body) and length(s.left_body) >= 2 then 'begins'
        when contains(s.right_key, s.left_body) and length(s.left_body) >= 2 then 'inside'
        when s.common_in_name = length(s.left_body) and length(s.left_body) >= 2 then 'subsequence'
        when starts_with(s.left_body, s.right_body) and length(s.right_body) >= 3 then 'shortened'
        when s.common_characters >= 3 and s.common_characters >= 0.7 * length(s.left_body) then 'most'
        else 'none'
    end as level
from name_similarity as s
left join name_difference as d
    on
        s.left_id = d.left_id and s.right_id = d.right_id and s.left_key = d.left_key and s.right_key = d.right_key
        and s.left_body = d.left_body and s.right_body = d.right_body
