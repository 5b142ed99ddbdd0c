-- title: Last believed month by signal | 指标最新可信月份
-- one row is: one signal, for periods of one length | 一项指标的一种所属期长度
-- answers: which month is today's figure of, and which figures are older than that?
--   | 企业现状里的数是哪个月的，哪些数已经过期？
-- key: signal_code, period_months
-- rules:
--   * The last month with a figure of any enterprise that is not provisional (monthly.provisional_month, by the
--   signal's subject). Leases and the register have no provisional months: of them it is the last complete month.
--   * Of quarterly periods it is the last quarter's end that is not provisional; of yearly figures the last year's
--   month.
--   * No row where a later period has ended, is complete and has no figure of any enterprise: nothing is of today.
--   | * 取该指标最近一个已完整（非暂定）且有数的月份；租赁、登记无暂定月份，取最近完整月。
--   * 按季申报的取最近完整季末月，按年报送的取最近一年的报送月。
--   * 其后另有已完整而全无数据的期间的，不列。
-- example: staff complete up to October, night in November: 2026-10 (monthly); tax by the quarter: 2026-09.
--   | 社保数据已完整至10月，夜间批处理在11月：按月指标为2026-10，按季申报的税款为2026-09。
-- known gaps: A signal that no enterprise has any more drops out only when a later period is complete.
--   | 全园停报的指标，待下一期间完整后才退出。
-- checked by: tests/models/signals.believed_month, expectations/rules/today_adds_up_to_the_park.sql
with complete_month as (
    select
        r.signal_code,
        m.month_number
    from rules.signal as r
    cross join monthly.month as m
    left join monthly.provisional_month as p on r.subject = p.subject and m.month = p.month
    where not coalesce(p.is_provisional, false)
),

last_figure as (
    select
        signal_code,
        period_months,
        max(month) as month,
        max(month_number) as month_number
    from signals.signal_month
    where not is_provisional
    group by signal_code, period_months
),

-- periods that ended later without a figure of anybody
empty_period as (
    select distinct
        f.signal_code,
        f.period_months
    from last_figure as f
    inner join complete_month as c on f.signal_code = c.signal_code and f.month_number < c.month_number
    where (c.month_number - f.month_number) % nullif(f.period_months, 0) = 0
)

select
    f.signal_code,
    f.period_months,
    f.month,
    f.month_number
from last_figure as f
left join empty_period as e on f.signal_code = e.signal_code and f.period_months = e.period_months
where e.signal_code is null
