-- title: Growth over 1, 3 and 12 months | 增长率
-- one row is: one signal of one enterprise in one month that has a value
-- answers: by how much has this grown since 1, 3 and 12 months before?
-- key: enterprise_id, signal_code, month
-- rules: Davis-Haltiwanger-Schuh: the change divided by the mean of both values, from -2 (gone) to +2 (new); absolute
--   values in the denominator, since tax may be negative; both values stand beside it. Zero to zero is 0. The earlier
--   value is that of exactly 1, 3 or 12 calendar months before: if that month has no value, there is no growth, and
--   none where this or the earlier value is suspect (signals.plausibility; the value stands as reported). A quarter
--   is compared with quarters only (3 and 12 months). Rates are decimal with four places: exact to compare and to add
--   in any engine.
-- known gaps: is_provisional is this month's; the earlier month may have been provisional too.
-- parts: enterprise_id
-- checked by: tests/models/signals.growth
with told as (
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

paired as (
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
    from told
)

select
    enterprise_id,
    signal_code,
    month,
    period_months,
    is_provisional,
    value,
    value_1m_before,
    dhs_growth(believed_value, value_1m_before) as growth_1m,
    value_3m_before,
    dhs_growth(believed_value, value_3m_before) as growth_3m,
    value_12m_before,
    dhs_growth(believed_value, value_12m_before) as growth_12m
from paired
