-- title: Sales and tax in periods of equal length | 申报等长期间序列
-- one row is: one series of sales or tax of one enterprise in one of its periods, in the month in which the period
--   ends
--   | 一家企业一个销售额或税款序列的一个所属期，记在所属期止月
-- answers: what did it sell and pay, period by period, in figures that may be compared with each other?
--   | 它每一期销售多少、缴税多少，且各期可以相互比较？
-- key: enterprise_id, signal_code, month
-- rules: Series are sales, tax (all kinds) and tax_<kind>, by the period the tax is for.
--   * Each has one period length, the longest that the enterprise files in, up to a quarter (rules/coverage.yml:
--   regular_period_months_max): the months of one who also files by the quarter are added up to quarters, never the
--   other way; a quarter counts once its last month is in; one put together from months only if months and quarters
--   are filed since it began (monthly.filing_start).
--   * Longer periods (annual settlements) make a series only where there is nothing shorter.
--   * No report, no row; a reported zero is zero.
--   | 序列为销售额、税款合计和各税种税款，按税款所属期。
--   * 每个序列只有一种所属期长度，取该企业申报的最长一种，至多一季：既按月又按季的，各月合并成季，绝不拆分；季度在末月有数后才
--   计；由各月拼成的季度，须该序列开始以来月与季都有记录。
--   * 更长的所属期（汇算清缴）只在没有更短的时才成序列。
--   * 没有报送就没有行；申报为零的就是零。
-- known gaps: A quarter in which a firm started or stopped holds fewer months. A change of filing frequency makes the
--   whole series quarterly.
--   | 企业开始或停止所在的季度月数较少。申报周期一旦变化，整个序列都按季。
-- rebuild: by_enterprise
-- checked by: tests/models/signals.filed_series
with filed_figure as (
    select
        enterprise_id,
        'sales' as signal_code,
        'sales' as filing_code,
        month,
        period_months,
        sales_amount as value
    from monthly.sales
    union all
    select
        enterprise_id,
        concat('tax_', tax_kind_code) as signal_code,
        'tax' as filing_code,
        month,
        period_months,
        paid_amount as value
    from monthly.tax
    where paid_amount is not null
    union all
    select
        enterprise_id,
        'tax' as signal_code,
        'tax' as filing_code,
        month,
        period_months,
        paid_amount as value
    from monthly.tax
    where paid_amount is not null
),

period_length as (
    select
        f.enterprise_id,
        f.signal_code,
        coalesce(
            max(case when f.period_months <= r.regular_period_months_max then f.period_months end), min(f.period_months)
        ) as series_months
    from filed_figure as f
    cross join rules.coverage as r
    group by f.enterprise_id, f.signal_code
),

series_start as (
    select
        signal_code as filing_code,
        period_months,
        month_number(first_month) as first_number
    from monthly.filing_start
),

-- the period of the series in which each ends
series_part as (
    select
        f.enterprise_id,
        f.signal_code,
        f.value,
        p.series_months,
        f.period_months,
        case when f.period_months < p.series_months then greatest(own.first_number, series.first_number) end
            as first_number,
        m.month_number,
        m.month_number + p.series_months - 1 - (m.month_number + p.series_months - 1) % nullif(p.series_months, 0)
            as end_number
    from filed_figure as f
    inner join period_length as p on f.enterprise_id = p.enterprise_id and f.signal_code = p.signal_code
    inner join monthly.month as m on f.month = m.month
    inner join series_start as own on f.filing_code = own.filing_code and f.period_months = own.period_months
    inner join series_start as series on f.filing_code = series.filing_code and p.series_months = series.period_months
    where f.period_months <= p.series_months
),

-- a quarter is whole once its last month is in, by itself or with the quarter's own report
whole_period as (
    select
        enterprise_id,
        signal_code,
        end_number,
        max(series_months) as series_months,
        sum(value) as value
    from series_part
    group by enterprise_id, signal_code, end_number
    having
        max(month_number) = end_number
        and coalesce(max(first_number) <= end_number - max(series_months) + 1, true)
        and coalesce(max(case when period_months < series_months then month_number end), end_number) = end_number
)

select
    w.enterprise_id,
    w.signal_code,
    m.month,
    m.month_number,
    cast(w.series_months as integer) as period_months,
    cast(w.value as decimal(30, 3)) as value
from whole_period as w
inner join monthly.month as m on w.end_number = m.month_number
