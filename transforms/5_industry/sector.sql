-- title: Sectors of industries | 行业对应的部门
-- one row is: one beginning of an industry code and its sector in the newest input-output table
--   | 一个行业代码前缀及其在最新投入产出表中的部门
-- answers: to which sector of the input-output table does an industry belong? | 某个行业属于投入产出表的哪个部门？
-- key: industry_prefix
-- rules: The longest beginning counts: 3973 before 397 before 39. The 153 sectors by rules/io_sector.yml, divisions
--   and sections by
--   their own codes. | 取最长的前缀：3973先于397，397先于39。153部门按规则文件对应，国标大类、门类按自身代码。
-- known gaps: The mapping was made by rules and wants a person's look. | 对应关系由规则生成，须人工核对。
-- checked by: tests/models/industry.sector
with used_system as (
    select max(sector_system_code) as sector_system_code
    from industry.input_coefficient
)

select
    r.industry_prefix,
    r.io153_code as sector_code
from rules.io_sector as r
cross join used_system as u
where u.sector_system_code = 'io153_2020'
union all
select
    d.division_code as industry_prefix,
    case when u.sector_system_code = 'gbt4754_section' then s.section_code else d.division_code end as sector_code
from rules.industry_division as d
inner join rules.industry as s on cast(d.division_code as integer) between s.division_from and s.division_to
cross join used_system as u
where u.sector_system_code in ('gbt4754_division', 'gbt4754_section')
