-- title: Which enterprise a source record belongs to | 记录与企业的对应
-- one row is: one source record (feed, source_key) that is tied to an enterprise | 一条已对应到企业的来源记录
-- answers: to which enterprise does this headcount, tax or lease belong, and why do we think so?
--   | 这些参保、税款或租约是谁的，凭什么这样认定？
-- key: feed, source_key
-- rules:
--   * The decision of resolved.match_decision with the score of its method (rules/match_method.yml), or the
--   probability of a comparison (method scored).
--   * Records that nothing identifies have no row here; they are in resolved.unmatched.
--   * valid_from to valid_to are the days that the record covers (months of headcount, periods of filings): of other
--   days the link says nothing; empty for a record without a period.
--   * decided_at is when the record last stated names, codes or an address that it had not stated before: the decision
--   rests on these, and is made anew from the same records every night with the same result.
--   * The evidence says when a person judged.
--   | * 采用“记录匹配判定”的结论及其方法的得分，经比对的为其概率。
--   * 无从识别的记录不在此表，见“未匹配记录”。
--   * 有效起止日是记录所述的日期（参保月份、申报所属期），其余日期不作结论；无所属期的记录为空。
--   * 判定依据时间是该记录最后一次给出新名称、代码或地址的时刻：判定以此为据，每晚用同样记录重做，结果相同。
--   * 人工判定的时间写在依据中。
-- known gaps: A record that changed hands under one key belongs to its present enterprise for all its days.
--   | 同一主键换了主人的记录，全部日期都归现在的企业。
-- checked by: tests/models/resolved.link, tests/models/resolved.match_decision, tests/transforms/test_resolution.py
select
    d.feed,
    d.source_key,
    d.subject,
    d.enterprise_id,
    d.method,
    cast(coalesce(d.score, m.score) as decimal(30, 2)) as score,
    d.evidence,
    d.evidence_zh,
    d.outcome_code,
    concat_ws('; ', r.version, m.version, case when d.method = 'scored' then c.version end) as rule_version,
    s.learned_at as decided_at,
    s.stated_from as valid_from,
    s.stated_to as valid_to
from resolved.match_decision as d
inner join resolved.source_record as s on d.feed = s.feed and d.source_key = s.source_key
inner join rules.match_method as m on d.method = m.method
cross join rules.resolution as r
cross join rules.matching as c
where d.enterprise_id is not null
