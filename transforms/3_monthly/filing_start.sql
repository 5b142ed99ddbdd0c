-- title: First filing periods | 申报期起点
-- one row is: one length of period for which sales or taxes are filed | 销售额或税款的一种所属期长度
-- answers: from which month on do the tax office's books hold periods of this length?
--   | 税务数据中，这种长度的所属期从哪个月开始完整？
-- key: signal_code, period_months
-- rules: The first month from which as many such periods are filed as make a share (start_min_pct, rules/coverage.yml)
--   of the busiest month's: a late return for a year long ago does not begin the books. A quarter put together from
--   months of before that is no quarter: signals.filed_series leaves it out.
--   | 自首个所属期数达到最多月份一定比例的月份起算：多年前某一期的零星补报不算开始。由更早的单月拼成的季度不算季度，不
--   进入序列。
-- known gaps: In a park that has grown twentyfold the first years look as if nothing was filed.
--   | 规模增长二十倍的园区，最初几年会显得没有数据。
-- codes signal_code: sales, tax
-- column first_month: first month of the earliest such period but for stray ones | 起始月份 除零星补报外最早的所属期止月
-- checked by: tests/models/monthly.filing_start, tests/models/signals.filed_series
with filed_period as (
    select
        'sales' as signal_code,
        period_months,
        cast(date_trunc('month', period_start) as date) as month,
        count(*) as period_count
    from monthly.sales
    group by period_months, cast(date_trunc('month', period_start) as date)
    union all
    select
        'tax' as signal_code,
        period_months,
        cast(date_trunc('month', period_start) as date) as month,
        count(*) as period_count
    from monthly.tax
    where paid_amount is not null
    group by period_months, cast(date_trunc('month', period_start) as date)
),

period_peak as (
    select
        signal_code,
        period_months,
        max(period_count) as period_count
    from filed_period
    group by signal_code, period_months
)

select
    t.signal_code,
    t.period_months,
    min(t.month) as first_month
from filed_period as t
inner join period_peak as b on t.signal_code = b.signal_code and t.period_months = b.period_months
cross join rules.coverage as r
where t.period_count * 100 >= b.period_count * r.start_min_pct
group by t.signal_code, t.period_months
