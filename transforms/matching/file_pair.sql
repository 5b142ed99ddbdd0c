-- title: One answer per left row | 逐行匹配结果
-- one row is: one row of the left file
-- answers: which right row is the same enterprise, how sure is that, why, and which was the next best?
-- key: row_no
-- rules: matched: by code with its own or a similar name, by full name (unless another enterprise of a like name is
--   at the very address and that one is not), or scored at accept_score or more. review: code and name of two
--   enterprises, a code several enterprises have, or a score from review_score on. none: nothing reaches that.
-- known gaps: none known
-- checked by: tests/transforms/test_match_files.py
with best_pair as (
    select
        d.left_id,
        d.code_right_id,
        d.code_method,
        -- an exact name decides unless another enterprise that is alike is where the record says
        d.is_open
        and (
            d.method is null
            or coalesce(
                s.score >= rule.accept_score and s.right_id <> d.right_id
                and s.address_level in ('premises', 'text', 'number', 'building'), false
            )
        ) as is_open,
        d.right_id as exact_right_id,
        d.method as exact_method,
        s.right_id as scored_right_id,
        s.score,
        s.name_level,
        s.address_level,
        s.code_level,
        n.right_id as runner_up_id,
        n.score as runner_up_score,
        a.level as code_name_level,
        a.is_alike
    from decided_exactly as d
    cross join rules.matching as rule
    left join scored as s on d.left_id = s.left_id and s.match_rank = 1
    left join scored as n on d.left_id = n.left_id and n.match_rank = 2
    left join given_name_level as a on d.left_id = a.left_id and d.code_right_id = a.right_id
),

decided_pair as (
    select
        b.*,
        case
            when
                not b.is_open or b.is_alike or (b.code_right_id is null and b.score >= rule.accept_score)
                then 'matched'
            when b.code_right_id is not null or b.score >= rule.review_score then 'review'
            else 'none'
        end as decision,
        case
            when not b.is_open then b.exact_method
            when b.code_right_id is not null then b.code_method
            when b.score >= rule.review_score then 'scored'
        end as method
    from best_pair as b
    cross join rules.matching as rule
),

answer as (
    select
        d.*,
        case d.method
            when d.exact_method then d.exact_right_id
            when d.code_method then d.code_right_id
            when 'scored' then d.scored_right_id
        end as right_id,
        case
            when d.method = 'scored' then d.score
            when d.decision = 'review' then 0.5
            else m.score
        end as shown_score,
        case
            when d.method is null then 'no enterprise is like it'
            when d.method = 'scored'
                then concat_ws('; ', name_words.words, address_words.words, nullif(code_words.words, ''))
            when d.method = 'name' then 'same full name'
            when not d.is_open then 'same code'
            when d.decision = 'review' then 'same code, but the name is unlike any of its names'
            else concat('same code; ', coalesce(name_of_code.words, 'the names begin alike'))
        end as evidence
    from decided_pair as d
    left join rules.match_method as m
        on case d.method when 'code' then 'uscc' when 'org_code' then 'org_code' else d.method end = m.method
    left join rules.match_level as name_words on name_words.part = 'name' and d.name_level = name_words.level
    left join rules.match_level as address_words
        on address_words.part = 'address' and d.address_level = address_words.level
    left join rules.match_level as code_words on code_words.part = 'code' and d.code_level = code_words.level
    left join rules.match_level as name_of_code
        on name_of_code.part = 'name' and d.code_name_level = name_of_code.level
)

select
    r.row_no,
    r.shown_id as left_id,
    t.decision,
    k.shown_id as right_id,
    k.shown_name as right_name,
    cast(t.shown_score as decimal(4, 3)) as score,
    t.method,
    t.evidence,
    u.shown_id as runner_up_id,
    u.shown_name as runner_up_name,
    t.runner_up_score
from left_row as r
inner join answer as t on r.id = t.left_id
left join right_identity as k on t.right_id = k.id
left join right_identity as u on t.runner_up_id = u.id
