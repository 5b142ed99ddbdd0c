-- title: Industries that might fit | 产业机会
-- one row is: one division that is in the reference area and does not lead in the park | 一个参照地区有而园区未成主导的行业大类
-- answers: which leading industries are nearest to it, what do tenants buy of its goods outside, what would they buy
--   of it, and does it grow in the area?
--   | 与哪些主导产业最近，园内企业在外采购其产品多少、可能采购多少，在地区增长如何？
-- key: industry_code
-- rules:
--   * Of the newest year with statistics (industry.position).
--   * Nearest: up to three divisions that lead here, by what of each 100 yuan of its own output it sells to them and
--   buys from them (industry.input_coefficient). Ties below 0.01 are none.
--   * seen_purchase_amount: what tenants bought outside in twelve months of goods that this division makes, by their
--   invoices: the sum of classes in industry.gap, each with at least three buyers; without classes of which one buyer
--   has 80 %, so that it is a least amount. seen_buyer_count: buyers of the class with most of them; tenants buy
--   several classes, so they do not add up.
--   * estimated_purchase_amount: what tenants would buy of it at the coefficients of their sectors, from their sales
--   of the year. Estimated, never added to what is seen to be bought (industry.gap). Empty where fewer than 3 tenants
--   are behind it.
--   | * 取有统计的最新年份（产业地位）。
--   * 最近：至多三个园区主导大类，按该行业每产出100元向其销售与采购之和排序；不足0.01的不列。
--   * 已见采购额：园内企业近十二个月按发票在园外采购该行业产品的净额，取外购缺口各类商品之和，每类至少三家买方；一家占80%以上的类不计入金额，
--   故为下限；已见采购企业数取买方最多的一类，各类不可相加。
--   * 估计采购额：园内企业按所属部门的直接消耗系数、以当年销售额推算向该行业的采购，为估计数，不与已见采购额（外购缺口）相加；不足3家企业的为空。
-- example: two tenants of division 26 sell 600 and 400, of each 100 they buy 5 of division 20: 50, but of two tenants
--   only: empty.
-- known gaps: Nearness by input-output does not find the next industry: on past data it adds almost nothing to what
--   is here already. It says where to look, not who will come. A sector of several divisions is estimated for each of
--   them. Goods of a class that several divisions make, or none for certain, are seen in no row (industry.gap without
--   a maker division); a wholesaler makes nothing, so purchases through one count for who makes the goods.
--   | 投入产出上的接近不能预言下一个产业，用历史数据检验几乎无增益；只说明从哪里看起，不说明谁会来。跨大类的部门在各大类分别估计，不可相加。
--   跨大类或不能确定行业的商品不计入任何一行（见外购缺口）；经批发商采购的，计入生产该商品的行业。
-- column enterprise_count: enterprises of the division in the park in December of the year
--   | 企业数 当年12月在园的该行业企业数
-- checked by: tests/models/industry.opportunity
with newest as (
    select max(year_number) as year_number
    from industry.position
    where industry_level = 'division' and area_code is not null
),

division as (
    select p.*
    from industry.position as p
    inner join newest as n on p.year_number = n.year_number
    where p.industry_level = 'division' and p.area_industry_count > 0
),

division_sector as (
    select distinct
        substr(industry_prefix, 1, 2) as division_code,
        sector_code
    from industry.sector
),

sector_output as (
    select
        from_sector_code as sector_code,
        max(output_amount) as output_amount
    from industry.input_coefficient
    group by from_sector_code
),

division_output as (
    select
        d.division_code,
        sum(o.output_amount) as output_amount
    from division_sector as d
    inner join sector_output as o on d.sector_code = o.sector_code
    group by d.division_code
),

division_sale as (
    select
        a.division_code,
        b.division_code as other_code,
        c.flow_amount
    from industry.input_coefficient as c
    inner join division_sector as a on c.from_sector_code = a.sector_code
    inner join division_sector as b on c.to_sector_code = b.sector_code
    where a.division_code <> b.division_code
),

tie as (
    select
        s.division_code,
        s.other_code,
        cast(100 * cast(sum(s.flow_amount) as double) / nullif(max(o.output_amount), 0) as decimal(30, 2)) as tie_pct
    from (
        select
            division_code,
            other_code,
            flow_amount
        from division_sale
        union all
        select
            other_code as division_code,
            division_code as other_code,
            flow_amount
        from division_sale
    ) as s
    inner join division_output as o on s.division_code = o.division_code
    group by s.division_code, s.other_code
),

nearest as (
    select
        t.division_code,
        t.other_code,
        t.tie_pct,
        row_number() over (partition by t.division_code order by t.tie_pct desc, t.other_code asc) as row_rank
    from tie as t
    inner join division as p on t.other_code = p.industry_code and p.position_code = 'leading'
    where t.tie_pct >= 0.01
),

nearest_three_divisions as (
    select
        division_code,
        max(case when row_rank = 1 then other_code end) as nearest_1_code,
        max(case when row_rank = 1 then tie_pct end) as nearest_1_tie_pct,
        max(case when row_rank = 2 then other_code end) as nearest_2_code,
        max(case when row_rank = 2 then tie_pct end) as nearest_2_tie_pct,
        max(case when row_rank = 3 then other_code end) as nearest_3_code,
        max(case when row_rank = 3 then tie_pct end) as nearest_3_tie_pct
    from nearest
    where row_rank <= 3
    group by division_code
),

whole_year as (
    select year(m.month) as year_number
    from monthly.month as m
    inner join newest as n on year(m.month) = n.year_number
    group by year(m.month)
    having count(*) = 12
),

tenant_sales as (
    select
        s.enterprise_id,
        regexp_extract(e.industry_code, '[0-9]+') as digits,
        sum(s.sales_amount) as sales_amount
    from monthly.sales as s
    inner join whole_year as y on year(s.month) = y.year_number
    inner join resolved.enterprise as e on s.enterprise_id = e.enterprise_id
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.month = p.month and p.signal_code = 'sales'
    where industry_division(e.industry_code) is not null and p.enterprise_id is null
    group by s.enterprise_id, regexp_extract(e.industry_code, '[0-9]+')
    having sum(s.sales_amount) > 0
),

tenant as (
    select
        t.enterprise_id,
        t.sales_amount,
        coalesce(four.sector_code, three.sector_code, two.sector_code) as sector_code
    from tenant_sales as t
    left join industry.sector as four on substr(t.digits, 1, 4) = four.industry_prefix and length(t.digits) >= 4
    left join industry.sector as three on substr(t.digits, 1, 3) = three.industry_prefix and length(t.digits) >= 3
    left join industry.sector as two on substr(t.digits, 1, 2) = two.industry_prefix
),

purchase as (
    select
        d.division_code,
        count(distinct t.enterprise_id) as buyer_count,
        sum(cast(t.sales_amount as double) * cast(c.input_pct as double) / 100) as amount
    from tenant as t
    inner join industry.input_coefficient as c on t.sector_code = c.to_sector_code
    inner join division_sector as d on c.from_sector_code = d.sector_code
    group by d.division_code
),

gap_division as (
    select
        maker_division_code as division_code,
        max(buyer_count) as buyer_count,
        sum(case when not is_dominated then outside_amount end) as amount
    from industry.gap
    where maker_division_code is not null
    group by maker_division_code
)

select
    p.industry_code,
    p.industry_title_zh,
    p.industry_title_en,
    p.year_number,
    p.position_code,
    p.enterprise_count,
    n.nearest_1_code,
    n.nearest_1_tie_pct,
    n.nearest_2_code,
    n.nearest_2_tie_pct,
    n.nearest_3_code,
    n.nearest_3_tie_pct,
    cast(g.buyer_count as bigint) as seen_buyer_count,
    cast(g.amount as decimal(30, 2)) as seen_purchase_amount,
    cast(coalesce(b.buyer_count, 0) as bigint) as estimated_buyer_count,
    case when b.buyer_count >= r.min_buyer_count then cast(b.amount as decimal(30, 2)) end as estimated_purchase_amount,
    p.area_growth_pct,
    o.as_of,
    concat(p.rule_version, '; ', r.version) as rule_version
from division as p
cross join rules.candidate as r
cross join ops.night as o
left join nearest_three_divisions as n on p.industry_code = n.division_code
left join purchase as b on p.industry_code = b.division_code
left join gap_division as g on p.industry_code = g.division_code
where p.position_code <> 'leading'
