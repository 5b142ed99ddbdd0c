-- title: Candidates for records that nothing exact decides | 匹配候选
-- one row is: one source record and one of the three enterprises that it is most likely about
--   | 一条来源记录及其最可能对应的三家企业之一
-- answers: which enterprises might this record be about, how likely is each, and what agrees?
--   | 这条记录可能是哪些企业，可能性各多大，哪些方面一致？
-- key: feed, source_key, match_rank
-- rules: Every record that resolved.exact_match leaves open is compared with every enterprise that shares something
--   rare with it (docs/matching.md). score is the probability of this one among all its candidates and "no known one";
--   evidence_bits what speaks for it, less what speaks against it. The levels of agreement are described by
--   rules/match_level.yml.
--   | 凡代码与完全同名不能判定的记录，与每家和它有少见共同点的企业比较。得分是在全部候选与“都不是”之中为该企业的概率；
--   证据量是支持减反对。各项一致程度的含义见规则。
-- known gaps: Only the best three are kept; a record of a hundred namesakes shows three of them.
--   | 只保留最好的三家；有上百家同名的记录也只显示三家。
-- column candidate_name: the name of the enterprise that agrees best | 候选企业名称 最相近的企业名称
-- column candidate_address: the address of the enterprise that agrees best, without spaces | 候选企业地址 最相近的企业地址，去掉空格
-- checked by: tests/models/resolved.candidate, tests/transforms/test_matching.py
select
    c.feed,
    c.source_key,
    c.match_rank,
    c.enterprise_id,
    c.score,
    c.name_level,
    c.address_level,
    c.code_level,
    n.enterprise_name as candidate_name,
    c.candidate_address,
    c.evidence_bits,
    concat_ws('; ', name_words.words, address_words.words, nullif(code_words.words, '')) as evidence,
    concat_ws('；', name_words.words_zh, address_words.words_zh, nullif(code_words.words_zh, '')) as evidence_zh
from resolved.comparison as c
inner join resolved.exact_match as e on c.feed = e.feed and c.source_key = e.source_key
left join resolved.enterprise_name as n on c.enterprise_id = n.enterprise_id and c.candidate_key = n.name_key
left join rules.match_level as name_words on name_words.part = 'name' and c.name_level = name_words.level
left join rules.match_level as address_words
    on address_words.part = 'address' and c.address_level = address_words.level
left join rules.match_level as code_words on code_words.part = 'code' and c.code_level = code_words.level
where e.is_open
