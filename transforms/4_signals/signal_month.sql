-- title: Months with figures by signal | 指标月份
-- one row is: one signal in one month for which any enterprise has a figure for a period of this length
--   | 任一企业有该长度所属期数值的一项指标的一个月
-- answers: since when is this signal followed, and for which months does it have a value?
--   | 该指标从何时起、哪些月份有数？
-- key: signal_code, period_months, month
-- rules: As in signals.signal. | 同“监测指标”。
-- known gaps: none known | 暂无已知缺陷。
-- checked by: tests/models/signals.signal_month
select
    signal_code,
    period_months,
    month,
    month_number,
    is_provisional
from signals.signal
group by signal_code, period_months, month, month_number, is_provisional
