-- title: Threshold watch | 小升规监测
-- one row is: one enterprise here, in an industry with a line, with twelve months of believed sales
--   | 一家在园、其行业有入统标准、且有12个月可信销售额的企业
-- answers: how near are its sales of twelve months to the line above which it is a statistics unit (四上)?
--   | 它近12个月销售额距规模以上（四上）入统标准还有多远？
-- key: enterprise_id
-- rules: Sales of the twelve months up to its latest believed month, as filed, against the line of its industry
--   (rules/threshold_line.yml, by GB/T 4754 division). Periods must cover exactly twelve months; suspect values
--   (signals.plausibility) and provisional months leave it without a row. since_month is the first month, without
--   interruption, from which the sales of twelve months were at least watch_min_pct of the line. above_month is the
--   last month in which they were at the line or above: who has just fallen below it was a statistics unit.
--   | 截至其最近可信月份的12个月申报销售额，与其行业标准比较。各期须恰好覆盖12个月；有异常值或暂定月份的没有行。起
--   始月份：连续达到关注比例的第一个月。最近达线月份：最近一次达到或超过标准的月份；刚跌破的原本已是四上企业。
-- known gaps: Taxable sales approximate main revenue (主营业务收入). Who has filed for less than a year has no row.
--   Construction and real estate development have no line of turnover. Who is a statistics unit already is not known
--   here. A branch counts by itself.
--   | 以应税销售额代替主营业务收入。申报不足一年的没有行。建筑业与房地产开发没有营业额标准。不知哪些企业已入统。分支单
--   独计算。
-- column since_month: first month of the unbroken run at the line's watch share or above | 起始月份 连续达到关注比例的第一个月
-- rebuild: by_enterprise
-- checked by: tests/models/signals.threshold_watch
with lined_enterprise as (
    select
        e.enterprise_id,
        e.industry_code,
        r.trade_en,
        r.trade_zh,
        r.line_amount,
        r.watch_min_pct,
        r.recent_months,
        r.version
    from resolved.enterprise as e
    inner join rules.threshold_line as r
        on starts_with(regexp_replace(e.industry_code, '^[A-Z]', ''), r.industry_start)
),

believed_sale as (
    select
        s.enterprise_id,
        s.month,
        s.month_number,
        s.period_months,
        s.value
    from signals.signal as s
    inner join lined_enterprise as i on s.enterprise_id = i.enterprise_id
    inner join monthly.month as m on m.is_last_month
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    where
        s.signal_code = 'sales' and not s.is_provisional and p.enterprise_id is null
        and s.month_number <= m.month_number and s.period_months <= 12
),

rolling as (
    select
        enterprise_id,
        month,
        month_number,
        period_months,
        sum(value) over (
            partition by enterprise_id order by month_number range between 11 preceding and current row
        ) as sales_12m_amount,
        sum(period_months) over (
            partition by enterprise_id order by month_number range between 11 preceding and current row
        ) as covered_months,
        row_number() over (partition by enterprise_id order by month_number desc) as row_rank
    from believed_sale
),

-- months before the latest, of which it is known that they were below
below_month as (
    select
        r.enterprise_id,
        max(r.month_number) as month_number
    from rolling as r
    inner join lined_enterprise as i on r.enterprise_id = i.enterprise_id
    where r.covered_months = 12 and r.sales_12m_amount * 100 < i.line_amount * i.watch_min_pct
    group by r.enterprise_id
),

above_month as (
    select
        r.enterprise_id,
        max(r.month) as month
    from rolling as r
    inner join lined_enterprise as i on r.enterprise_id = i.enterprise_id
    where r.covered_months = 12 and r.sales_12m_amount >= i.line_amount
    group by r.enterprise_id
),

watched_since as (
    select
        r.enterprise_id,
        min(r.month) as month
    from rolling as r
    left join below_month as b on r.enterprise_id = b.enterprise_id
    where r.covered_months = 12 and (b.month_number is null or r.month_number > b.month_number)
    group by r.enterprise_id
)

select
    r.enterprise_id,
    i.industry_code,
    i.trade_en,
    i.trade_zh,
    r.month,
    cast(r.sales_12m_amount as decimal(30, 2)) as sales_12m_amount,
    cast(i.line_amount as decimal(30, 2)) as line_amount,
    cast(r.sales_12m_amount * 100 / nullif(i.line_amount, 0) as decimal(30, 1)) as line_share_pct,
    s.month as since_month,
    a.month as above_month,
    i.version as rule_version
from rolling as r
inner join lined_enterprise as i on r.enterprise_id = i.enterprise_id
inner join monthly.month as m on m.is_last_month
left join watched_since as s on r.enterprise_id = s.enterprise_id
left join above_month as a on r.enterprise_id = a.enterprise_id
where
    r.row_rank = 1
    and r.covered_months = 12
    and r.month_number > m.month_number - i.recent_months - r.period_months + 1
