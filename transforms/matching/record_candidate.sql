-- title: Candidates for records that nothing exact decides | 匹配候选
-- one row is: one source record and one of the three enterprises that it is most likely about
-- answers: which enterprises might this record be about, how likely is each, and what agrees?
-- key: feed, source_key, place
-- rules: The scores of scored for the records of each identity, with the levels of agreement in words.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py, tests/transforms/test_resolution.py
select
    l.feed,
    l.source_key,
    s.place,
    r.enterprise_id,
    s.score,
    s.name_level,
    s.address_level,
    s.code_level,
    n.enterprise_name as candidate_name,
    s.right_place as candidate_address,
    cast(s.bits as decimal(6, 2)) as evidence_bits,
    concat_ws('; ', name_words.words, address_words.words, nullif(code_words.words, '')) as evidence,
    concat_ws('；', name_words.words_zh, address_words.words_zh, nullif(code_words.words_zh, '')) as evidence_zh
from left_record as l
inner join scored as s on l.id = s.left_id
inner join right_enterprise as r on s.right_id = r.id
left join resolved.enterprise_name as n on r.enterprise_id = n.enterprise_id and s.right_key = n.name_key
left join rules.match_level as name_words on name_words.part = 'name' and s.name_level = name_words.level
left join rules.match_level as address_words
    on address_words.part = 'address' and s.address_level = address_words.level
left join rules.match_level as code_words on code_words.part = 'code' and s.code_level = code_words.level
where l.is_open
