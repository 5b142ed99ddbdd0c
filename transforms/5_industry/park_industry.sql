-- title: Industries of the park by year | 园区行业
-- one row is: one industry of the park in one year, by section, division and group
--   | 园区一个行业门类、大类或中类的一年
-- answers: how many enterprises, people, sales and taxes does the park have in this industry, and how much of it is
--   the largest?
--   | 园区这个行业有多少企业、人员、销售额和税款，最大的一家占多少？
-- key: industry_level, industry_code, year_number
-- rules:
--   * An enterprise counts in a year with insured staff above zero, or a lease in force, in its December.
--   * Staff is that of December; sales are of periods that end in the year, tax is what was received in it; both only
--   of years of which every month is in monthly.month. Suspect values (signals.plausibility) are left out.
--   * By the industry code of the golden record: two digits are a division, three or more also a group, the letter in
--   front says nothing more. An enterprise without one is in no row.
--   | * 当年12月有参保人员或有有效租约的企业计入当年。
--   * 人数为12月参保人数；销售额为当年截止的所属期，税款为当年入库；两者只在月份齐全的年度计算。异常值不计。
--   * 按主档行业代码：两位为大类，三位及以上同时为中类，门类字母不影响；没有行业代码的企业不列入。
-- known gaps: The industry is today's in the register, for all years: an enterprise that changed its trade takes its
--   past along. One register code in ten or more may be wrong. Small cells are here as they are: industry.position
--   withholds them.
--   | 行业按当前登记，往年也按此归类；登记的行业代码有一定错误率；小单元格照列，行业地位表中不公布。
-- column enterprise_count: enterprises of the industry in the park in December | 企业数 当年12月在园的该行业企业数
-- column park_enterprise_count: all of the park that have a code of this level | 园区企业数 园区全部有该层级行业代码的企业数
-- column park_staff_headcount: their insured staff | 园区参保人数 园区全部有该层级行业代码企业的12月参保人数
-- codes industry_level: section, division, group
-- checked by: tests/models/industry.park_industry
with december as (
    select
        month,
        year(month) as year_number
    from monthly.month
    where month(month) = 12
),

whole_year as (
    select year(month) as year_number
    from monthly.month
    group by year(month)
    having count(*) = 12
),

staff as (
    select
        h.enterprise_id,
        d.year_number,
        max(case when p.enterprise_id is null then h.insured_headcount end) as staff
    from monthly.headcount as h
    inner join december as d on h.month = d.month
    left join signals.plausibility as p
        on h.enterprise_id = p.enterprise_id and h.month = p.month and p.signal_code = 'headcount'
    where h.insured_headcount > 0
    group by h.enterprise_id, d.year_number
),

present_member as (
    select
        enterprise_id,
        year_number
    from staff
    union
    select
        a.enterprise_id,
        d.year_number
    from monthly.lease_area as a
    inner join december as d on a.month = d.month
),

sales as (
    select
        s.enterprise_id,
        year(s.month) as year_number,
        sum(s.sales_amount) as amount
    from monthly.sales as s
    inner join whole_year as y on year(s.month) = y.year_number
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.month = p.month and p.signal_code = 'sales'
    where p.enterprise_id is null
    group by s.enterprise_id, year(s.month)
),

tax as (
    select
        t.enterprise_id,
        year(t.month) as year_number,
        sum(t.received_amount) as amount
    from monthly.tax_receipt as t
    inner join whole_year as y on year(t.month) = y.year_number
    group by t.enterprise_id, year(t.month)
),

member as (
    select
        p.year_number,
        industry_division(e.industry_code) as division_code,
        industry_group(e.industry_code) as group_code,
        s.staff,
        n.amount as sales_amount,
        t.amount as tax_amount
    from present_member as p
    inner join resolved.enterprise as e on p.enterprise_id = e.enterprise_id
    left join staff as s on p.enterprise_id = s.enterprise_id and p.year_number = s.year_number
    left join sales as n on p.enterprise_id = n.enterprise_id and p.year_number = n.year_number
    left join tax as t on p.enterprise_id = t.enterprise_id and p.year_number = t.year_number
    where industry_division(e.industry_code) is not null
),

industry_member as (
    select
        'section' as industry_level,
        r.section_code as industry_code,
        m.*
    from member as m
    inner join rules.industry as r on cast(m.division_code as integer) between r.division_from and r.division_to
    union all
    select
        'division' as industry_level,
        m.division_code as industry_code,
        m.*
    from member as m
    union all
    select
        'group' as industry_level,
        m.group_code as industry_code,
        m.*
    from member as m
    where m.group_code is not null
),

cell as (
    select
        industry_level,
        industry_code,
        year_number,
        count(*) as enterprise_count,
        sum(staff) as staff,
        max(staff) as largest_staff,
        sum(sales_amount) as sales_amount,
        sum(tax_amount) as tax_amount
    from industry_member
    group by industry_level, industry_code, year_number
)

select
    industry_level,
    industry_code,
    year_number,
    cast(enterprise_count as bigint) as enterprise_count,
    cast(coalesce(staff, 0) as bigint) as insured_headcount,
    cast(coalesce(largest_staff, 0) as bigint) as largest_headcount,
    cast(sales_amount as decimal(30, 2)) as sales_amount,
    cast(tax_amount as decimal(30, 2)) as tax_received_amount,
    cast(sum(enterprise_count) over (partition by industry_level, year_number) as bigint) as park_enterprise_count,
    cast(sum(coalesce(staff, 0)) over (partition by industry_level, year_number) as bigint) as park_staff_headcount
from cell
