-- title: Patents of an enterprise | 企业专利
-- one row is: one enterprise with a published patent application | 一家有已公开专利申请的企业
-- answers: how many patents has it applied for, how many are in force, how many were applied for with others?
--   | 申请过多少专利、有效的有多少、与他人共同申请的有多少？
-- key: enterprise_id
-- rules: Applications of industry.patent, whenever they were filed; one that two applicants share counts with each.
--   granted_count are those in force. co_application_count are those with another firm or institute, natural persons
--   left out. recent_application_count are those filed in the last years (rules/research_tie.yml).
--   | 全部已公开申请，共同申请的各计一次；有效件数为授权且未失效的；共同申请不计与自然人的；近年申请的年数见规则。
-- known gaps: Filings of the last 18 months are incomplete, so that a fall in recent years says nothing. Counts say
--   nothing of worth: designs and inventions are added up beside each other.
--   | 最近十八个月的申请不全，近年减少不说明问题；件数不反映质量。
-- checked by: tests/models/industry.patent_count, tests/system/test_patents.py
select
    p.enterprise_id,
    cast(count(*) as integer) as application_count,
    cast(count(case when p.patent_kind_code = 'invention' then 1 end) as integer) as invention_count,
    cast(count(case when p.patent_kind_code = 'utility_model' then 1 end) as integer) as utility_model_count,
    cast(count(case when p.patent_kind_code = 'design' then 1 end) as integer) as design_count,
    cast(count(case when p.patent_status_code = 'granted' then 1 end) as integer) as granted_count,
    cast(count(case when p.applicant_count > 1 then 1 end) as integer) as co_application_count,
    cast(
        count(case when p.application_date > t.list_date - interval '1' year * rule.recent_years then 1 end) as integer
    ) as recent_application_count,
    min(p.application_date) as first_application_date,
    max(p.application_date) as last_application_date,
    rule.version as rule_version
from industry.patent as p
cross join industry.list_day as t
cross join rules.research_tie as rule
where p.enterprise_id is not null
group by p.enterprise_id, rule.version
