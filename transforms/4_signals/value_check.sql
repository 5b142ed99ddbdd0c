-- title: Values by themselves | 单值核对
-- one row is: one value of a series in which a test of plausibility may find something
--   | 可能存疑的序列中的一个值
-- answers: is this value possible at all, by itself, beside its own usual level and beside another signal?
--   | 单看该值、与自身通常水平及其他指标相比，是否可能？
-- key: enterprise_id, signal_code, month
-- rules: The first step of signals.plausibility, which says what each test is and goes on with the values that pass.
--   Series that can hold nothing for any test, by their least and greatest values, are left out.
--   | 指标合理性的第一步，各检验的含义见该表；从最大最小值看不会存疑的序列不列入。
-- known gaps: As in signals.plausibility. | 同指标合理性。
-- column value: the figure as reported | 指标值 申报原值
-- column level_value: usual level of money: the middle of all values but zero | 通常水平 金额序列非零值的中位数，单位：元
-- column headcount: of sales, the staff of the same month, unless its wages contradict it
--   | 参保人数 销售额当月的参保人数，与工资不符的不取，单位：人
-- column year_sales: of a yearly headcount, the sales of the same twelve months, where all are known
--   | 当年销售额 年度参保人数同一年的销售额，十二个月齐全才有，单位：元
-- column year_tax: of a yearly headcount, the tax paid of the same twelve months, where all are known
--   | 当年税额 年度参保人数同一年的实缴税额（所属期口径），十二个月齐全才有，单位：元
-- rebuild: by_enterprise
-- checked by: tests/models/signals.value_check, tests/models/signals.plausibility
with -- beside a row that could not be read, a figure may lack a part
unread_part as (
    select
        u.enterprise_id,
        r.signal_code,
        u.month
    from monthly.unread as u
    inner join rules.signal as r on u.subject = r.subject
    where u.is_part
    group by u.enterprise_id, r.signal_code, u.month
),

-- by their least and greatest values alone, most series can hold nothing that any test below would flag
series_range as (
    select
        enterprise_id,
        signal_code,
        min(value) as least_value,
        max(value) as greatest_value,
        max(abs(value)) as greatest_level,
        min(case when value <> 0 then abs(value) end) as least_level,
        min(case when value > 0 then value end) as least_positive
    from signals.signal
    group by enterprise_id, signal_code
),

odd as (
    select
        s.enterprise_id,
        s.signal_code
    from series_range as s
    inner join rules.plausibility as r on s.signal_code = r.signal_code
    cross join rules.plausibility_limit as u
    where
        (s.least_value < 0 and not r.may_be_negative)
        or s.greatest_level > r.value_max
        or (r.has_unit_slip and s.greatest_level * u.slip_spread >= s.least_level * u.slip_factor)
        or (s.greatest_value >= r.flip_min and s.greatest_value >= u.flip_ratio * s.least_positive)
        or (s.greatest_value >= r.spike_min and s.greatest_value >= r.spike_ratio * s.least_positive)
        or (s.signal_code = 'sales' and s.greatest_value > u.sales_per_head_max)
        or (
            s.signal_code = 'headcount'
            and s.greatest_value - s.least_value
            > case when s.least_value < u.small_headcount then u.small_change else u.large_change end
            and (s.greatest_value - s.least_value) * 100
            > least(u.change_pct_long, u.change_pct_short) * s.least_value
        )
    union
    select
        enterprise_id,
        'headcount' as signal_code
    from signals.wage_check
    where is_suspect
    union
    select
        enterprise_id,
        signal_code
    from unread_part
),

-- what the wages of the same report say of a headcount
wage_finding as (
    select
        enterprise_id,
        'headcount' as signal_code,
        month,
        string_agg(finding_code, '; ' order by finding_code) as finding_codes,
        string_agg(evidence, '; ' order by finding_code) as evidence,
        string_agg(evidence_zh, '；' order by finding_code) as evidence_zh
    from signals.wage_check
    where is_suspect
    group by enterprise_id, month
),

series as (
    select
        s.enterprise_id,
        s.signal_code,
        s.month,
        s.month_number,
        s.period_months,
        s.value
    from signals.signal as s
    inner join odd as o on s.enterprise_id = o.enterprise_id and s.signal_code = o.signal_code
),

ranked_level as (
    select
        s.enterprise_id,
        s.signal_code,
        abs(s.value) as level_value,
        row_number() over (
            partition by s.enterprise_id, s.signal_code order by abs(s.value) asc, s.month_number asc
        ) as row_rank,
        count(*) over (partition by s.enterprise_id, s.signal_code) as value_count
    from series as s
    inner join rules.plausibility as r on s.signal_code = r.signal_code
    where r.has_unit_slip and s.value <> 0
),

usual_level as (
    select
        k.enterprise_id,
        k.signal_code,
        k.level_value
    from ranked_level as k
    cross join rules.plausibility_limit as u
    where k.row_rank = ceil(k.value_count / 2) and k.value_count >= u.slip_values_min
),

-- the staff that made the month's sales; a headcount that the wages contradict says nothing of them
seller as (
    select
        s.enterprise_id,
        'sales' as signal_code,
        s.month_number,
        s.value as headcount
    from signals.signal as s
    left join wage_finding as w on s.enterprise_id = w.enterprise_id and s.month = w.month
    where s.signal_code = 'headcount' and s.value > 0 and w.enterprise_id is null
),

-- the signal's code as a column: as a condition it would compare every row with every other
staff_wage as (
    select
        enterprise_id,
        'headcount' as signal_code,
        month,
        wage_per_head_amount
    from monthly.headcount
    where wage_per_head_amount is not null
),

-- what a yearly headcount can be held against: the money of the same year, where all of it is known
year_money as (
    select
        h.enterprise_id,
        h.signal_code,
        h.month,
        sum(case when s.signal_code = 'sales' then s.value end) as sales,
        sum(case when s.signal_code = 'sales' then s.period_months end) as sales_months,
        sum(case when s.signal_code = 'tax' then s.value end) as tax,
        sum(case when s.signal_code = 'tax' then s.period_months end) as tax_months
    from series as h
    inner join signals.signal as s
        on
            h.enterprise_id = s.enterprise_id
            and h.month_number - 12 < s.month_number
            and h.month_number >= s.month_number
    where h.signal_code = 'headcount' and h.period_months = 12 and s.signal_code in ('sales', 'tax')
    group by h.enterprise_id, h.signal_code, h.month
)

select
    s.enterprise_id,
    s.signal_code,
    s.month,
    s.month_number,
    s.period_months,
    s.value,
    l.level_value,
    h.headcount,
    w.wage_per_head_amount,
    case when y.sales_months = 12 then y.sales end as year_sales,
    case when y.tax_months = 12 then y.tax end as year_tax,
    g.finding_codes,
    g.evidence as finding_evidence,
    g.evidence_zh as finding_evidence_zh,
    s.value < 0 and not r.may_be_negative as is_negative,
    abs(s.value) > r.value_max * s.period_months as is_too_large,
    coalesce(
        abs(s.value) * u.slip_spread >= l.level_value * u.slip_factor
        and abs(s.value) <= l.level_value * u.slip_factor * u.slip_spread
        or abs(s.value) * u.slip_factor <= l.level_value * u.slip_spread
        and abs(s.value) * u.slip_factor * u.slip_spread >= l.level_value and s.value <> 0,
        false
    ) as is_unit_slip,
    coalesce(s.value > u.sales_per_head_max * s.period_months * h.headcount, false)
        as is_sales_per_head,
    p.enterprise_id is not null as is_unread_part
from series as s
inner join rules.plausibility as r on s.signal_code = r.signal_code
cross join rules.plausibility_limit as u
left join usual_level as l on s.enterprise_id = l.enterprise_id and s.signal_code = l.signal_code
left join seller as h
    on s.enterprise_id = h.enterprise_id and s.signal_code = h.signal_code and s.month_number = h.month_number
left join staff_wage as w
    on s.enterprise_id = w.enterprise_id and s.signal_code = w.signal_code and s.month = w.month
left join year_money as y
    on s.enterprise_id = y.enterprise_id and s.signal_code = y.signal_code and s.month = y.month
left join wage_finding as g
    on s.enterprise_id = g.enterprise_id and s.signal_code = g.signal_code and s.month = g.month
left join unread_part as p
    on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
