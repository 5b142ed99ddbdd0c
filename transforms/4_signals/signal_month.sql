-- title: Months with figures by signal | 指标月份
-- one row is: one signal in one month for which any enterprise has a figure for a period of this length
-- answers: since when is this signal followed, and for which months has it been told?
-- key: signal_code, period_months, month
-- rules: As in signals.signal.
-- known gaps: none known
-- checked by: tests/models/signals.signal_month
select
    signal_code,
    period_months,
    month,
    month_number,
    is_provisional
from signals.signal
group by signal_code, period_months, month, month_number, is_provisional
