-- title: Patents of an enterprise | 企业专利
-- one row is: one enterprise with a published patent application | 一家有已公开专利申请的企业
-- answers: how many patents has it applied for, how many are in force, how many with others?
--   | 申请过多少专利、有效的有多少、与他人共同申请的有多少？
-- key: 企业编号
-- rules: The rows of industry.patent_count. | 口径见 industry.patent_count。
-- known gaps: Filings of the last 18 months are incomplete; counts say nothing of worth.
--   | 最近十八个月的申请不全；件数不反映质量。
select
    p.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    p.application_count as 专利申请数,
    p.invention_count as 发明申请数,
    p.utility_model_count as 实用新型申请数,
    p.design_count as 外观设计申请数,
    p.granted_count as 有效专利数,
    p.co_application_count as 共同申请数,
    p.recent_application_count as 近年申请数,
    p.first_application_date as 首次申请日,
    p.last_application_date as 最近申请日
from industry.patent_count as p
inner join snapshots.enterprise_label as l on p.enterprise_id = l.enterprise_id
