-- title: Industries of the reference area by year | 参照地区行业
-- one row is: one industry of the reference area in one year, by section, division and group
--   | 参照地区一个行业门类、大类或中类的一年
-- answers: how many enterprises and people does the area around the park have in this industry?
--   | 园区所在地区这个行业有多少企业、多少从业人员？
-- key: industry_level, industry_code, year_number
-- rules:
--   * The area is that of rules/position.yml, else the one with the most enterprises in the newest statistics.
--   * The area's totals are its row of totals; where there is none, the sum of its sections; empty where one of those
--   is withheld.
--   * Only GB/T 4754-2017: the feed stops at any other classification.
--   | * 地区按规则文件；未指定的取最新统计中企业最多的地区。
--   * 地区合计取合计行；没有合计行的取各门类之和，其中有不公布的为空。
--   * 只收 GB/T 4754—2017；其他分类的数据不接收。
-- known gaps: Statistics offices count legal units and people employed, parks count insured staff: shares are
--   compared, not counts.
--   A cell that the office withholds is empty. | 统计部门按法人单位和从业人员统计，园区按参保人数统计，只可比占比，不可比数量；统计部门不公布的单元格为空。
-- column staff_headcount: people employed in the industry in the area | 地区从业人数 参照地区该行业年末从业人数
-- column enterprise_count: enterprises of the industry in the area | 地区企业数 参照地区该行业的企业数
-- column sales_amount: sales of the industry in the area, yuan | 地区销售额 参照地区该行业当年营业收入，单位：元
-- column tax_amount: tax of the industry in the area, yuan | 地区税额 参照地区该行业当年税额，单位：元
-- codes industry_level: section, division, group
-- checked by: tests/models/industry.reference_industry
with rule as (
    select max(reference_area_code) as reference_area_code
    from rules.position
),

-- two feeds may state one figure: the one received last counts
stated_figure as (
    select
        s.area_code,
        s.area_name,
        s.year_number,
        s.industry_level,
        s.industry_code,
        s.enterprise_count,
        s.staff_headcount,
        s.sales_amount,
        s.tax_amount,
        row_number() over (
            partition by s.area_code, s.year_number, s.industry_level, s.industry_code
            order by s.received_at desc, s.feed asc
        ) as row_rank
    from known.industry_stat as s
    where s.classification_code = 'gbt4754_2017'
),

area_total as (
    select
        area_code,
        year_number,
        coalesce(
            sum(case when industry_level = 'total' then enterprise_count end),
            case
                when count(case when industry_level = 'section' and enterprise_count is null then 1 end) = 0
                    then sum(case when industry_level = 'section' then enterprise_count end)
            end
        ) as area_enterprise_count,
        coalesce(
            sum(case when industry_level = 'total' then staff_headcount end),
            case
                when count(case when industry_level = 'section' and staff_headcount is null then 1 end) = 0
                    then sum(case when industry_level = 'section' then staff_headcount end)
            end
        ) as area_staff_headcount
    from stated_figure
    where row_rank = 1
    group by area_code, year_number
),

area as (
    select
        t.area_code,
        row_number() over (
            order by
                t.year_number desc,
                t.area_enterprise_count desc nulls last,
                t.area_code asc
        ) as row_rank
    from area_total as t
    cross join rule as u
    where u.reference_area_code is null or t.area_code = u.reference_area_code
)

select
    s.industry_level,
    s.industry_code,
    s.year_number,
    s.area_code,
    s.area_name,
    s.enterprise_count,
    s.staff_headcount,
    s.sales_amount,
    s.tax_amount,
    cast(t.area_enterprise_count as bigint) as area_enterprise_count,
    cast(t.area_staff_headcount as bigint) as area_staff_headcount
from stated_figure as s
inner join area as a on s.area_code = a.area_code
inner join area_total as t on s.area_code = t.area_code and s.year_number = t.year_number
where a.row_rank = 1 and s.row_rank = 1 and s.industry_level in ('section', 'division', 'group')
