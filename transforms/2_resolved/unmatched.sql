-- title: Source records that found no registered enterprise | 未匹配记录
-- one row is: one source record that is tied to no enterprise of the register
--   | 一条未归到登记企业的来源记录
-- answers: which records name an enterprise that the register does not have, which cannot be placed, and what is the
--   next step? | 哪些记录所指的企业登记册没有，哪些无法归属，下一步做什么？
-- key: feed, source_key
-- rules: Every record with an outcome other than "matched". reason_code, reason and next_step are those of
--   rules/match_outcome.yml. With an enterprise_id the record's facts are counted under that enterprise of its own;
--   without one (neither name nor usable code) its facts are in no total. Where the register has neither code nor
--   name, the reason says whether one feed or several know the enterprise (several_feeds_code): a tenant that lease
--   book and tax office both know is probably missing from the register, one that a single feed knows may be misspelt.
--   | 判定结果不是“已匹配”的全部记录；原因和处理办法见 rules/match_outcome.yml。有企业编号的，其数据计入该单独企业；
--   没有企业编号的（既无名称也无可用代码），其数据不计入任何合计。登记册没有的，原因区分“仅一个数据源有”和“多个数据源有”：
--   多个数据源都有的多半是登记册漏了，仅一个数据源有的可能是名称或代码录错。
-- known gaps: A doubtful record keeps its reason after somebody judged it different from every candidate.
--   | 存疑记录的候选企业全部被判定“不是”后，原因不变。
-- checked by: tests/models/resolved.unmatched, tests/transforms/test_resolution.py
with enterprise_in_several_feeds as (
    select
        enterprise_id,
        string_agg(distinct feed, ', ' order by feed) as feeds
    from resolved.link
    group by enterprise_id
    having min(feed) < max(feed)
)

select
    d.feed,
    d.source_key,
    d.subject,
    r.outcome_code as reason_code,
    concat(r.title_en, ' | ', r.title_zh) as reason,
    d.enterprise_id,
    s.name as stated_name,
    s.stated_code,
    s.code_check,
    s.address as stated_address,
    s.first_received_at,
    s.last_received_at,
    coalesce(
        filled(w.words_en, 'feeds', coalesce(f.feeds, d.feed), 'evidence', d.evidence), d.evidence
    ) as evidence,
    coalesce(
        filled(w.words_zh, 'feeds', coalesce(f.feeds, d.feed), 'evidence', d.evidence_zh), d.evidence_zh
    ) as evidence_zh,
    concat(r.next_step_en, ' | ', r.next_step_zh) as next_step
from resolved.match_decision as d
inner join rules.match_outcome as o on d.outcome_code = o.outcome_code
left join enterprise_in_several_feeds as f on d.enterprise_id = f.enterprise_id
inner join rules.match_outcome as r
    on coalesce(case when f.feeds is not null then o.several_feeds_code end, o.outcome_code) = r.outcome_code
inner join resolved.source_record as s on d.feed = s.feed and d.source_key = s.source_key
left join rules.match_words as w
    on
        o.several_feeds_code is not null
        and w.clause_code = case when f.feeds is not null then 'known_to_several' else 'known_to_one' end
where d.outcome_code <> 'matched'
