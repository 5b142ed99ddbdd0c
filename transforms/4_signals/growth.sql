-- title: Growth over 1, 3 and 12 months | 环比与同比增长率
-- one row is: one signal of one enterprise in one month that has a value | 一家企业一项指标一个有数值的月份
-- answers: by how many per cent has this grown since 1, 3 and 12 months before? | 该指标环比、较三个月前、同比各增长百分之几？
-- key: enterprise_id, signal_code, month
-- rules:
--   * change_…_pct: (now - before) / before, per cent. Empty where the earlier figure is missing, suspect, zero or
--   negative, and where this figure is suspect.
--   * change_1m_pct is 环比 of a monthly series, change_12m_pct is 同比. A series by the quarter (period_months = 3)
--   has a figure in the quarter's last month alone: change_3m_pct, a quarter against the quarter before, is its
--   环比, and change_1m_pct is empty. A half-yearly or yearly series has change_12m_pct alone.
--   * The earlier figure is that of exactly 1, 3 or 12 calendar months before, for a period of the same length.
--   * dhs_growth_…: Davis-Haltiwanger-Schuh, the change divided by the mean of both absolute values, from -2
--   (gone) to +2 (new), zero to zero is 0; for those who need rates that add up, or from zero.
--   * Figures in question (signals.plausibility) are shown as reported in value and take part in no rate.
--   | * 增长率＝（本期−前期）÷前期×100，单位%；前期无数、存疑、为零或为负，或本期存疑时为空。
--   * 按月指标：环比为比上月，同比为比上年同月。按季申报的指标（所属期3个月）只在季末月有数，环比为本季比上季，即“较三个月前增长率”。
--   * 前期须为整1、3、12个月前，且所属期长度相同。
--   * 对称增长率（DHS）＝变动额÷两期绝对值的平均，−2为消失，2为新增，可加总。
-- example: headcount 18 → 7 in a year: change_12m_pct -61.11, dhs_growth_12m -0.8800; 7 → 18: +157.14, 0.8800.
--   | 参保人数一年内由18人减至7人：同比−61.11%，对称增长率−0.8800；由7人增至18人：同比157.14%，对称增长率0.8800。
-- known gaps: is_provisional is this month's; the earlier month may have been provisional too.
--   | 是否暂定仅指本月，前期月份当时也可能是暂定数。
-- rebuild: by_enterprise
-- checked by: tests/models/signals.growth, expectations/rules/growth_beside_signals.sql
with figure as (
    select
        s.enterprise_id,
        s.signal_code,
        s.month,
        s.month_number,
        s.period_months,
        s.is_provisional,
        s.value,
        case when p.enterprise_id is null then s.value end as believed_value
    from signals.signal as s
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
),

compared_value as (
    select
        enterprise_id,
        signal_code,
        month,
        period_months,
        is_provisional,
        value,
        believed_value,
        first_value(believed_value) over (
            partition by enterprise_id, signal_code order by month_number range between 1 preceding and 1 preceding
        ) as value_1m_before,
        first_value(believed_value) over (
            partition by enterprise_id, signal_code order by month_number range between 3 preceding and 3 preceding
        ) as value_3m_before,
        first_value(believed_value) over (
            partition by enterprise_id, signal_code order by month_number range between 12 preceding and 12 preceding
        ) as value_12m_before
    from figure
)

select
    enterprise_id,
    signal_code,
    month,
    period_months,
    is_provisional,
    value,
    value_1m_before,
    growth_pct(believed_value, value_1m_before) as change_1m_pct,
    dhs_growth(believed_value, value_1m_before) as dhs_growth_1m,
    value_3m_before,
    growth_pct(believed_value, value_3m_before) as change_3m_pct,
    dhs_growth(believed_value, value_3m_before) as dhs_growth_3m,
    value_12m_before,
    growth_pct(believed_value, value_12m_before) as change_12m_pct,
    dhs_growth(believed_value, value_12m_before) as dhs_growth_12m
from compared_value
