-- title: Silos that may know an enterprise | 待核对记录可能涉及的部门
-- one row is: one enterprise and one silo of which a waiting record may be its record
--   | 一家企业和一个部门：该部门有待人工核对的记录可能属于这家企业
-- answers: of which enterprises is it open, until a person decides, whether this silo knows them?
--   | 哪些企业在某部门是否有记录，须待人工核对后才能确定？
-- key: enterprise_id, silo_code
-- rules: The silos of the waiting records of which the enterprise is a candidate (resolved.review_candidate) by name,
--   code, judgement or a score from review_score on (rules/matching.yml). A gap saying that such a silo knows nothing
--   of the enterprise is not shown (snapshots.presence_gap).
--   | 待人工核对记录的候选企业（按名称、代码、人工判定，或得分不低于 review_score），及该记录所属的部门。
--   判定前不得断言该部门没有这家企业的数据（数据缺口清单不列）。
-- known gaps: A record counts also where its last figure is old. | 记录的数据已很久未更新的也算在内。
-- checked by: tests/models/signals.possible_silo, benchmarks/gaps.py
select
    c.candidate_enterprise_id as enterprise_id,
    s.silo_code,
    count(*) as waiting_record_count
from resolved.review_candidate as c
inner join rules.subject as s on c.subject = s.subject
cross join rules.matching as m
where
    c.candidate_enterprise_id is not null
    and (c.candidate_method <> 'scored' or c.candidate_score >= m.review_score)
group by c.candidate_enterprise_id, s.silo_code
