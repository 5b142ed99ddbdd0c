-- title: Left records and the known enterprise with their name | 名称精确匹配
-- one row is: one left record with a full name that some known enterprise bears or bore
-- answers: which enterprise has this name?
-- key: left_id
-- rules: The name key is the same. Only names with a legal form (rules/name_word.yml) or as long as rules/matching.yml
--   asks: shorter ones are compared like short names. right_id is empty where several enterprises bear it.
-- known gaps: none known
-- checked by: tests/transforms/test_match_files.py
with full_name as (
    select distinct
        l.id,
        l.name_key
    from left_stated_name as l
    cross join rules.matching as rule
    left join rules.name_word as w on w.kind = 'legal_form' and contains(l.name_key, w.word)
    where not l.is_short and (w.word is not null or length(l.name_key) >= rule.full_name_min_length)
),

bearer as (
    select
        r.name_key,
        count(distinct r.id) as enterprise_count,
        min(r.id) as right_id
    from right_stated_name as r
    inner join (select distinct f.name_key from full_name as f) as f on r.name_key = f.name_key
    group by r.name_key
)

select
    f.id as left_id,
    case when max(b.enterprise_count) = 1 and min(b.right_id) = max(b.right_id) then min(b.right_id) end as right_id,
    max(b.enterprise_count) as enterprise_count
from full_name as f
inner join bearer as b on f.name_key = b.name_key
group by f.id
