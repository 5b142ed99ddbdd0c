-- title: Position of industries | 产业地位
-- one row is: one industry of the park or of its reference area in one year, by section, division and group
--   | 园区或参照地区一个行业门类、大类或中类的一年
-- answers: in which industries is the park strong beyond chance, and is that the area's growth or its own?
--   | 园区哪些行业确有优势（超出偶然），增长来自大势、行业还是自身？
-- key: industry_level, industry_code, year_number
-- rules:
--   * lq_enterprises, the location quotient: share of the industry in the park over its share in the reference area
--   of the same year. Low and high: Wilson's interval (1927, 95 %) of the park's share, divided by the area's share.
--   Where the park is more than 1 % of the area (rules/position.yml) it is taken out of the area first.
--   * lq_staff: the same by staff. Its interval takes the number of enterprises as cases, because jobs of one firm
--   are not independent. lq_staff_without_largest: without the industry's largest enterprise.
--   * leading: low of lq_enterprises above 1, at least 3 enterprises (groups: 5), the largest below 80 % of its
--   staff. present: at least 3 enterprises. thin: one or two. none: in the area, not in the park.
--   * Shift-share (Dunn 1960) of the staff since the year before, x0 to x1: national x0*G, mix x0*(Gi-G), competitive
--   x0*(gi-Gi); G is the area's growth of all staff, Gi of the industry's. The third is what is left, so that the
--   three add up exactly.
--   * trend_code: rising or falling where this year's lq_enterprises is outside the interval of the year before, else
--   flat.
--   * withheld_code few: fewer than 3 enterprises; dominated: the largest has 80 % of the staff or more. Staff,
--   sales, tax and what follows from them are empty then, of few also the quotients. no_reference: no statistics of
--   this year.
--   | * 企业数区位商：行业在园区的占比÷同年在参照地区的占比；上下限为园区占比的威尔逊区间（1927，95%）除以地区占比。园区超过地区1%
--   的，先从地区中扣除园区。
--   * 人数区位商同理；区间以企业数为样本量，因为同一企业的岗位并不独立；另列剔除最大企业后的区位商。
--   * 主导：企业数区位商下限大于1、企业不少于3家（中类5家）、最大企业人数占比低于80%。有：不少于3家。弱：一两家。无：地区有而园区没有。
--   * 偏离份额（Dunn 1960），人数自上年x0到本年x1：大势份额x0×G，行业结构x0×(Gi−G)，竞争力x0×(gi−Gi)；第三项为余额，三项之和恰等于变化。
--   * 走势：本年企业数区位商超出上年区间为上升或下降，否则为无明显趋势。
--   * 不公布：不足3家，或最大企业占80%以上，人数、销售、税款及其推算的指标为空，不足3家的区位商也为空；无同年统计的另注。
-- example: park 300 enterprises, 30 of them in the industry; area 5 %: share .1, interval .0709 to .1392, quotient
--   2.00, 1.42 to 2.78: leading. Staff 100 to 115, area 1,000 to 1,050, its industry 200 to 220: national 5, mix 5,
--   competitive 5.
-- known gaps: What is withheld of a division can follow from its section and the other divisions: for work inside,
--   not for publication. A quotient says what is concentrated here, not what will come; an industry code in ten may
--   be wrong.
--   | 不公布的大类可由门类与其他大类相减推出，仅供内部使用，不得对外发布；区位商只说明集中程度，不预测；登记行业代码有错误率。
-- column staff_headcount: people employed in the industry in the reference area | 地区从业人数 参照地区该行业年末从业人数
-- column insured_headcount: insured staff of the industry in December; empty where withheld
--   | 参保人数 该行业12月参保人数，单位：人；不公布的为空
-- column sales_amount: sales of the industry in the year, yuan; empty where withheld | 销售额 该行业全年销售额，单位：元；不公布的为空
-- column tax_received_amount: tax received from the industry in the year, yuan; empty where withheld
--   | 入库税额（已扣退税） 该行业全年入库税额，单位：元；不公布的为空
-- column enterprise_count: enterprises of the industry in the park in December | 企业数 12月在园的该行业企业数
-- column trend_code: the location quotient against the interval of the year before
--   | 区位商走势 本年区位商与上年区间相比
-- codes industry_level: section, division, group
-- codes trend_code: rising, falling, flat, insufficient
-- checked by: tests/models/industry.position, tests/transforms/test_position.py
with park_total as (
    select
        industry_level,
        year_number,
        max(park_enterprise_count) as park_enterprise_count,
        max(park_staff_headcount) as park_staff_headcount
    from industry.park_industry
    group by industry_level, year_number
),

industry_year as (
    select
        p.industry_level,
        p.industry_code,
        p.year_number
    from industry.park_industry as p
    union
    select
        r.industry_level,
        r.industry_code,
        r.year_number
    from industry.reference_industry as r
    inner join park_total as t on r.industry_level = t.industry_level and r.year_number = t.year_number
    where r.enterprise_count > 0
),

-- the park is taken out of an area of which it is a notable part
cell as (
    select
        k.industry_level,
        k.industry_code,
        k.year_number,
        r.area_code,
        r.area_name,
        coalesce(p.enterprise_count, 0) as enterprise_count,
        coalesce(p.insured_headcount, 0) as staff,
        coalesce(p.largest_headcount, 0) as largest_staff,
        p.sales_amount,
        p.tax_received_amount,
        t.park_enterprise_count,
        t.park_staff_headcount,
        r.enterprise_count as area_industry_count,
        r.staff_headcount as area_industry_staff,
        r.area_enterprise_count,
        r.area_staff_headcount,
        u.version,
        u.min_enterprise_count,
        u.leading_low_quotient,
        case
            when k.industry_level = 'group' then greatest(u.leading_group_count, u.min_enterprise_count)
            else u.min_enterprise_count
        end as leading_count,
        cast(100.0 * t.park_enterprise_count > u.park_of_area_pct * r.area_enterprise_count as integer) as is_notable,
        case
            when coalesce(p.enterprise_count, 0) between 1 and u.min_enterprise_count - 1 then 'few'
            when 100 * p.largest_headcount >= u.largest_share_pct * nullif(p.insured_headcount, 0) then 'dominated'
            when r.area_code is null then 'no_reference'
        end as withheld_code
    from industry_year as k
    inner join park_total as t on k.industry_level = t.industry_level and k.year_number = t.year_number
    cross join rules.position as u
    left join industry.park_industry as p
        on
            k.industry_level = p.industry_level and k.industry_code = p.industry_code
            and k.year_number = p.year_number
    left join industry.reference_industry as r
        on
            k.industry_level = r.industry_level and k.industry_code = r.industry_code
            and k.year_number = r.year_number
),

share as (
    select
        *,
        coalesce(withheld_code in ('few', 'dominated'), false) as is_withheld,
        cast(enterprise_count as double) / nullif(park_enterprise_count, 0) as share_of_enterprises,
        cast(staff as double) / nullif(park_staff_headcount, 0) as share_of_staff,
        cast(staff - largest_staff as double)
        / nullif(park_staff_headcount - largest_staff, 0) as share_without_largest,
        cast(nullif(greatest(area_industry_count - is_notable * enterprise_count, 0), 0) as double)
        / nullif(area_enterprise_count - is_notable * park_enterprise_count, 0) as area_share_of_enterprises,
        cast(nullif(greatest(area_industry_staff - is_notable * staff, 0), 0) as double)
        / nullif(area_staff_headcount - is_notable * park_staff_headcount, 0) as area_share_of_staff
    from cell
),

quotient as (
    select
        *,
        share_of_enterprises / nullif(area_share_of_enterprises, 0) as lq_enterprises,
        wilson_low(share_of_enterprises, park_enterprise_count)
        / nullif(area_share_of_enterprises, 0) as lq_enterprises_low,
        wilson_high(share_of_enterprises, park_enterprise_count)
        / nullif(area_share_of_enterprises, 0) as lq_enterprises_high,
        share_of_staff / nullif(area_share_of_staff, 0) as lq_staff,
        wilson_low(share_of_staff, park_enterprise_count) / nullif(area_share_of_staff, 0) as lq_staff_low,
        wilson_high(share_of_staff, park_enterprise_count) / nullif(area_share_of_staff, 0) as lq_staff_high,
        share_without_largest / nullif(area_share_of_staff, 0) as lq_staff_without_largest
    from share
),

growth as (
    select
        q.*,
        b.staff as staff_before,
        case when coalesce(b.withheld_code, '') <> 'few' then b.lq_enterprises_low end as low_before,
        case when coalesce(b.withheld_code, '') <> 'few' then b.lq_enterprises_high end as high_before,
        cast(b.staff as double) * q.area_staff_headcount / nullif(b.area_staff_headcount, 0)
        - b.staff as national_part,
        cast(b.staff as double) * q.area_industry_staff / nullif(b.area_industry_staff, 0)
        - b.staff as industry_part,
        q.is_withheld or coalesce(b.is_withheld, true) as is_change_withheld,
        growth_pct(q.area_industry_staff, b.area_industry_staff) as area_growth
    from quotient as q
    left join quotient as b
        on
            q.industry_level = b.industry_level and q.industry_code = b.industry_code
            and q.year_number = b.year_number + 1
),

-- rounded once; the competitive term is what the others leave of the change
term as (
    select
        *,
        case
            when not is_change_withheld and industry_part is not null
                then cast(national_part as decimal(30, 2))
        end as national_value,
        case
            when not is_change_withheld and national_part is not null
                then cast(industry_part - national_part as decimal(30, 2))
        end as mix_value
    from growth
)

select
    t.industry_level,
    t.industry_code,
    case
        when t.industry_level = 'section' then s.section_title_zh
        when t.industry_level = 'division' then d.division_title_zh
        else concat(d.division_title_zh, ' ', t.industry_code)
    end as industry_title_zh,
    case
        when t.industry_level = 'section' then s.section_title_en
        else concat(s.section_title_en, ' ', t.industry_code)
    end as industry_title_en,
    t.year_number,
    case
        when t.enterprise_count = 0 then 'none'
        when t.enterprise_count < t.min_enterprise_count then 'thin'
        when
            t.lq_enterprises_low > t.leading_low_quotient and t.enterprise_count >= t.leading_count
            and t.withheld_code is null then 'leading'
        else 'present'
    end as position_code,
    t.withheld_code,
    t.enterprise_count,
    t.park_enterprise_count,
    case when not t.is_withheld then t.staff end as insured_headcount,
    case when not t.is_withheld then t.sales_amount end as sales_amount,
    case when not t.is_withheld then t.tax_received_amount end as tax_received_amount,
    cast(100 * t.share_of_enterprises as decimal(30, 2)) as enterprise_share_pct,
    case when not t.is_withheld then cast(100 * t.share_of_staff as decimal(30, 2)) end as staff_share_pct,
    case
        when not t.is_withheld
            then cast(100.0 * t.largest_staff / nullif(t.staff, 0) as decimal(30, 2))
    end as largest_share_pct,
    t.area_code,
    t.area_name,
    t.area_industry_count,
    t.area_industry_staff,
    t.area_growth as area_growth_pct,
    case
        when coalesce(t.withheld_code, '') <> 'few' then cast(t.lq_enterprises as decimal(30, 4))
    end as lq_enterprises,
    case
        when coalesce(t.withheld_code, '') <> 'few' then cast(t.lq_enterprises_low as decimal(30, 4))
    end as lq_enterprises_low,
    case
        when coalesce(t.withheld_code, '') <> 'few' then cast(t.lq_enterprises_high as decimal(30, 4))
    end as lq_enterprises_high,
    case when not t.is_withheld then cast(t.lq_staff as decimal(30, 4)) end as lq_staff,
    case when not t.is_withheld then cast(t.lq_staff_low as decimal(30, 4)) end as lq_staff_low,
    case when not t.is_withheld then cast(t.lq_staff_high as decimal(30, 4)) end as lq_staff_high,
    case
        when not t.is_withheld then cast(t.lq_staff_without_largest as decimal(30, 4))
    end as lq_staff_without_largest,
    case when not t.is_change_withheld then t.staff_before end as headcount_before,
    case when t.mix_value is not null then t.staff - t.staff_before end as headcount_change,
    t.national_value,
    t.mix_value,
    cast(t.staff - t.staff_before - t.national_value - t.mix_value as decimal(30, 2)) as competitive_value,
    case
        when t.lq_enterprises is null or t.low_before is null then 'insufficient'
        when t.withheld_code = 'few' then 'insufficient'
        when t.lq_enterprises > t.high_before then 'rising'
        when t.lq_enterprises < t.low_before then 'falling'
        else 'flat'
    end as trend_code,
    o.as_of,
    t.version as rule_version
from term as t
cross join ops.night as o
left join rules.industry_division as d on substr(t.industry_code, 1, 2) = d.division_code
left join rules.industry as s
    on
        t.industry_code = s.section_code
        or (
            t.industry_level <> 'section'
            and cast(d.division_code as integer) between s.division_from and s.division_to
        )
