-- title: Taxable sales by period | 申报销售额
-- one row is: one enterprise and one reporting period (a month, a quarter or a year) for which it filed sales
--   | 一家企业申报了销售额的一个所属期（月、季或年）
-- answers: what did this enterprise sell, by its tax returns? | 按纳税申报，这家企业的销售额是多少？
-- key: enterprise_id, period_start, period_end
-- rules: Of several kinds of return that state turnover, one kind a calendar year is taken (rules/sales.yml). A
--   quarter stays a quarter: its figure is stored once, in the month in which the period ends, with period_months = 3;
--   it is never spread over invented months.
--   | 几种申报表都载有销售额的，每个公历年取其中一种。季度仍是季度：数值只记一次，记在季末月份，所属期月数为3，绝不摊
--   到各月。
-- known gaps: An enterprise that changes from monthly to quarterly filing within a quarter has overlapping periods in
--   it.
--   | 在季度中间由按月改为按季申报的企业，该季所属期有重叠。
-- rebuild: by_enterprise
-- codes tax_kind_code: vat, cit, iit, surcharge, stamp, property, land_use, consumption, other
-- checked by: tests/models/monthly.sales
with filed_sale as (
    select
        l.enterprise_id,
        f.period_start,
        f.period_end,
        f.tax_kind_code,
        r.sales_rank,
        f.sales_amount,
        f.filed_date,
        f.received_at
    from known.tax_filing as f
    inner join resolved.link as l on f.feed = l.feed and f.source_key = l.source_key
    inner join rules.sales as r on f.tax_kind_code = r.tax_kind_code
    where f.sales_amount is not null
),

best_kind as (
    select
        enterprise_id,
        year(period_end) as year_number,
        min(sales_rank) as sales_rank
    from filed_sale
    group by enterprise_id, year(period_end)
)

select
    f.enterprise_id,
    m.month,
    f.period_start,
    f.period_end,
    month_number(f.period_end) - month_number(f.period_start) + 1 as period_months,
    min(f.tax_kind_code) as tax_kind_code,
    cast(sum(f.sales_amount) as decimal(30, 2)) as sales_amount,
    max(f.filed_date) as filed_date,
    cast(count(*) as integer) as filing_count,
    max(f.received_at) as received_at
from filed_sale as f
inner join best_kind as b
    on f.enterprise_id = b.enterprise_id and year(f.period_end) = b.year_number and f.sales_rank = b.sales_rank
inner join monthly.month as m on cast(date_trunc('month', f.period_end) as date) = m.month
group by f.enterprise_id, m.month, f.period_start, f.period_end
