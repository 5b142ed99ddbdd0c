-- title: Research ties | 产学研联系
-- one row is: one enterprise and one institute or laboratory elsewhere, by what ties them
--   | 一家企业与一家园外院校、科研机构或实验室的一种联系
-- answers: which enterprises work with which institutes, since when, how steadily?
--   | 哪些企业与哪些院校、科研机构有联系，何时开始，是否持续？
-- key: 企业编号, 院校机构标识, 联系方式
-- rules: The rows of industry.research_tie. | 口径见 industry.research_tie。
-- known gaps: Joint work without a patent is unseen. | 未申请专利的合作看不到。
select
    t.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    t.institute_key as 院校机构标识,
    t.institute_name as 院校机构,
    code_name(t.tie_code) as 联系方式,
    code_name(t.tie_level_code) as 联系程度,
    t.tie_count as 联系件数,
    t.granted_tie_count as 有效专利件数,
    t.first_tie_date as 首次联系日,
    t.last_tie_date as 最近联系日
from industry.research_tie as t
inner join snapshots.enterprise_label as l on t.enterprise_id = l.enterprise_id
