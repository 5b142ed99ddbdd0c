-- title: First periods told | 申报期起点
-- one row is: one length of period for which sales or taxes are told
-- answers: from which month on do the tax office's books hold periods of this length?
-- key: signal_code, period_months
-- rules: The first month of the earliest such period of any enterprise. A quarter that begins before the months in it
--   are told is no quarter: signals.filed_series leaves it out.
-- known gaps: Where a single early return was delivered, the months before the others' first look like months without
--   tax.
-- column signal_code: sales or tax | 指标
-- column first_month: first month of the earliest such period | 起始月份
-- checked by: tests/models/monthly.filing_start, tests/models/signals.filed_series
select
    'sales' as signal_code,
    period_months,
    cast(date_trunc('month', min(period_start)) as date) as first_month
from monthly.sales
group by period_months
union all
select
    'tax' as signal_code,
    period_months,
    cast(date_trunc('month', min(period_start)) as date) as first_month
from monthly.tax
where paid_amount is not null
group by period_months
