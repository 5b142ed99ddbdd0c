-- title: How many names hold a character | 字频
-- one row is: one character of the known enterprises' names
-- answers: how rare is it that a name holds this character?
-- key: character_text
-- rules: Counted over bodies, once per name; grams (two neighbouring characters) are in gram_count.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
select
    c.character_text,
    count(*) as name_count
from (select unnest(list_distinct(string_split(n.body, ''))) as character_text from right_name as n) as c
group by c.character_text
