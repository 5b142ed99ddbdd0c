-- title: Plausibility | 指标合理性
-- one row is: one suspect value: one signal of one enterprise in one month, with every test that it fails
-- answers: which figures should not be believed as they stand, and why?
-- key: enterprise_id, signal_code, month
-- rules: Values are flagged here and altered nowhere. negative: below zero, where nothing can be. too_large: above
--   the largest that an enterprise of a park can have in a month. unit_slip: about 10000 times, or a ten-thousandth
--   of, the series' own usual level (the middle of its values other than zero): 万元 for yuan. spike: many times both
--   neighbours, or a small part of both, which agree with each other (1839, 42002, 1404: the parent's figure or the
--   group's). flip: the same of a large yearly headcount where it stands first, before two years that agree, or last,
--   until another year confirms it, and no succession explains it. sales_per_head: sales that this month's staff
--   cannot make. jump: the six tests of BLS QCEW edit 126; the monthly headcount's change is suspect only if it fails
--   all of them, against the last figure of the three months before and against that of the year before: more people,
--   more per cent, and more standard deviations from the changes before it than rules/plausibility.yml allows (our
--   reading of the edit's t-test). A test that cannot be made is passed. A jump that the next month confirms (nearer
--   to the new level than to the old) is believed, and so is what a merger, division or moved payroll explains
--   (signals.succession_month). spike and jump are tested among the values that pass the tests before them.
-- known gaps: Where a series changes its unit for good, the rarer of the two units is flagged. A flip that lasts two
--   periods or more is no spike, nor is one that stands first or last in a series that is not yearly; of a monthly
--   headcount it may be a jump. Without 15 months of history there is no jump. The jump of the latest month is
--   suspect until the next month is in. Not tested: the same headcount for many months, staff without wages, wages
--   without staff, headcount equal to wages. A tax paid of a few yuan beside a usual one of ten thousands reads as
--   unit_slip. Single kinds of tax are not tested.
-- column earlier_value: last figure before it that passes | 前期值
-- column value: the figure as reported, not altered | 指标值
-- parts: enterprise_id
-- checked by: tests/models/signals.plausibility
with rule as (
    select
        max(version) as version,
        max(slip_factor) as slip_factor,
        max(slip_spread) as slip_spread,
        max(slip_values_min) as slip_values_min,
        max(spike_neighbour_ratio) as spike_neighbour_ratio,
        max(spike_gap_periods) as spike_gap_periods,
        max(small_headcount) as small_headcount,
        max(small_change) as small_change,
        max(large_change) as large_change,
        max(history_months) as history_months,
        max(change_pct_long) as change_pct_long,
        max(change_pct_short) as change_pct_short,
        max(t_multiplier) as t_multiplier,
        max(t_changes_min) as t_changes_min,
        max(sales_per_head_max) as sales_per_head_max
    from rules.plausibility
),

-- by their least and greatest values alone, most series can hold nothing that any test below would flag
spread as (
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
    from spread as s
    inner join rules.plausibility as r on s.signal_code = r.signal_code
    cross join rule as u
    where
        (s.least_value < 0 and not r.may_be_negative)
        or s.greatest_level > r.value_max
        or (r.has_unit_slip and s.greatest_level * u.slip_spread >= s.least_level * u.slip_factor)
        or (s.greatest_value >= r.spike_min and s.greatest_value >= r.spike_ratio * s.least_positive)
        or (s.signal_code = 'sales' and s.greatest_value > u.sales_per_head_max)
        or (
            s.signal_code = 'headcount'
            and s.greatest_value - s.least_value
            > case when s.least_value < u.small_headcount then u.small_change else u.large_change end
            and (s.greatest_value - s.least_value) * 100
            > least(u.change_pct_long, u.change_pct_short) * s.least_value
        )
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

ranked as (
    select
        s.enterprise_id,
        s.signal_code,
        abs(s.value) as level_value,
        row_number() over (
            partition by s.enterprise_id, s.signal_code order by abs(s.value) asc, s.month_number asc
        ) as place,
        count(*) over (partition by s.enterprise_id, s.signal_code) as value_count
    from series as s
    inner join rules.plausibility as r on s.signal_code = r.signal_code
    where r.has_unit_slip and s.value <> 0
),

usual as (
    select
        k.enterprise_id,
        k.signal_code,
        k.level_value
    from ranked as k
    cross join rule as u
    where k.place = ceil(k.value_count / 2) and k.value_count >= u.slip_values_min
),

-- the staff that made the month's sales
seller as (
    select
        enterprise_id,
        'sales' as signal_code,
        month_number,
        value as headcount
    from signals.signal
    where signal_code = 'headcount' and value > 0
),

-- each value by itself, against its own usual level, and against another signal
tested as (
    select
        s.enterprise_id,
        s.signal_code,
        s.month,
        s.month_number,
        s.period_months,
        s.value,
        l.level_value,
        h.headcount,
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
            as is_sales_per_head
    from series as s
    inner join rules.plausibility as r on s.signal_code = r.signal_code
    cross join rule as u
    left join usual as l on s.enterprise_id = l.enterprise_id and s.signal_code = l.signal_code
    left join seller as h
        on s.enterprise_id = h.enterprise_id and s.signal_code = h.signal_code and s.month_number = h.month_number
),

neighbours as (
    select
        *,
        lag(value) over (partition by enterprise_id, signal_code order by month_number) as last_value,
        lag(month_number) over (partition by enterprise_id, signal_code order by month_number) as last_number,
        lead(value) over (partition by enterprise_id, signal_code order by month_number) as next_value,
        lead(month_number) over (partition by enterprise_id, signal_code order by month_number) as next_number,
        -- of the first value the two that follow, of the last one the two before
        coalesce(
            lead(value, 2) over (partition by enterprise_id, signal_code order by month_number),
            lag(value, 2) over (partition by enterprise_id, signal_code order by month_number)
        ) as second_value
    from tested
    where not (is_negative or is_too_large or is_unit_slip or is_sales_per_head)
),

spiked as (
    select
        n.enterprise_id,
        n.signal_code,
        n.month,
        n.month_number,
        n.period_months,
        n.value,
        n.last_value,
        n.next_value,
        coalesce(n.next_number, n.month_number) as changed_number,
        n.period_months = 12
        and greatest(n.value, n.last_value, n.next_value) >= r.flip_min
        and greatest(n.value, n.last_value, n.next_value) >= r.spike_ratio * least(n.value, n.last_value, n.next_value)
        and least(n.value, n.last_value, n.next_value) > 0
        and (n.last_value is null or n.next_value is null)
        and (n.second_value is not null or n.next_value is null)
        and coalesce(
            greatest(coalesce(n.last_value, n.next_value), n.second_value)
            <= u.spike_neighbour_ratio * least(coalesce(n.last_value, n.next_value), n.second_value),
            true
        ) as is_flip,
        n.last_value > 0 and n.next_value > 0
        and n.month_number - n.last_number <= u.spike_gap_periods * n.period_months
        and n.next_number - n.month_number <= u.spike_gap_periods * n.period_months
        and greatest(n.last_value, n.next_value) <= u.spike_neighbour_ratio * least(n.last_value, n.next_value)
        and greatest(n.value, n.last_value, n.next_value) >= r.spike_min
        and (
            n.value >= r.spike_ratio * greatest(n.last_value, n.next_value)
            or (n.value > 0 and n.value * r.spike_ratio <= least(n.last_value, n.next_value))
        ) as is_spike
    from neighbours as n
    inner join rules.plausibility as r on n.signal_code = r.signal_code
    cross join rule as u
),

-- of a yearly count that no merger, division or moved payroll of the year explains
flipped as (
    select
        s.enterprise_id,
        s.signal_code,
        s.month
    from spiked as s
    left join signals.succession_month as x
        on
            s.enterprise_id = x.enterprise_id and x.is_headcount = 1
            and s.changed_number >= x.month_number and s.changed_number - 12 < x.month_number
    where s.is_flip and x.enterprise_id is null
),

-- monthly headcounts that pass so far, with their changes over a month and a year
stepped as (
    select
        s.enterprise_id,
        s.month,
        s.month_number,
        s.value,
        row_number() over (partition by s.enterprise_id order by s.month_number) - 1 as months_before,
        lag(s.value) over (partition by s.enterprise_id order by s.month_number) as last_value,
        lag(s.month_number) over (partition by s.enterprise_id order by s.month_number) as last_number,
        lead(s.value) over (partition by s.enterprise_id order by s.month_number) as next_value,
        max(s.value) over (
            partition by s.enterprise_id order by s.month_number range between 12 preceding and 12 preceding
        ) as year_value
    from spiked as s
    where s.signal_code = 'headcount' and s.period_months = 1 and coalesce(not s.is_spike, true)
),

changed as (
    select
        *,
        avg(cast(value - last_value as double)) over before as month_mean,
        stddev_samp(cast(value - last_value as double)) over before as month_deviation,
        count(value - last_value) over before as month_changes,
        avg(cast(value - year_value as double)) over before as year_mean,
        stddev_samp(cast(value - year_value as double)) over before as year_deviation,
        count(value - year_value) over before as year_changes
    from stepped
    window before as (partition by enterprise_id order by month_number rows between 12 preceding and 1 preceding)
),

limited as (
    select
        c.*,
        u.t_multiplier,
        u.t_changes_min,
        u.spike_gap_periods,
        case when c.last_value < u.small_headcount then u.small_change else u.large_change end as month_limit,
        case when c.year_value < u.small_headcount then u.small_change else u.large_change end as year_limit,
        case when c.months_before > u.history_months then u.change_pct_long else u.change_pct_short end as pct_limit
    from changed as c
    cross join rule as u
),

jumped as (
    select
        j.enterprise_id,
        'headcount' as signal_code,
        j.month,
        j.last_value,
        j.year_value
    from limited as j
    left join signals.succession_month as x
        on
            j.enterprise_id = x.enterprise_id and j.month = x.month and x.is_headcount = 1
            and x.role = case when j.value > j.last_value then 'successor' else 'predecessor' end
            and x.step_kind = case when j.value = 0 or j.last_value = 0 then 'whole' else 'part' end
    where
        x.enterprise_id is null
        and j.month_number - j.last_number <= j.spike_gap_periods
        and abs(j.value - j.last_value) > j.month_limit
        and abs(j.value - j.last_value) * 100 > j.pct_limit * j.last_value
        and j.month_changes >= j.t_changes_min
        and abs(j.value - j.last_value - j.month_mean) > j.t_multiplier * j.month_deviation
        and abs(j.value - j.year_value) > j.year_limit
        and abs(j.value - j.year_value) * 100 > j.pct_limit * j.year_value
        and j.year_changes >= j.t_changes_min
        and abs(j.value - j.year_value - j.year_mean) > j.t_multiplier * j.year_deviation
        and (j.next_value is null or abs(j.next_value - j.value) >= abs(j.next_value - j.last_value))
),

flagged as (
    select
        t.enterprise_id,
        t.signal_code,
        t.month,
        t.period_months,
        t.value,
        t.level_value,
        t.headcount,
        t.is_negative,
        t.is_too_large,
        t.is_unit_slip,
        t.is_sales_per_head,
        coalesce(s.is_spike, false) as is_spike,
        p.enterprise_id is not null as is_flip,
        j.enterprise_id is not null as is_jump,
        coalesce(j.last_value, s.last_value) as earlier_value,
        s.next_value,
        j.year_value
    from tested as t
    left join spiked as s
        on t.enterprise_id = s.enterprise_id and t.signal_code = s.signal_code and t.month = s.month
    left join flipped as p
        on t.enterprise_id = p.enterprise_id and t.signal_code = p.signal_code and t.month = p.month
    left join jumped as j
        on t.enterprise_id = j.enterprise_id and t.signal_code = j.signal_code and t.month = j.month
),

worded as (
    select
        f.enterprise_id,
        f.signal_code,
        f.month,
        f.period_months,
        f.value,
        f.earlier_value,
        concat_ws(
            '; ',
            case when f.is_negative then 'negative' end,
            case when f.is_too_large then 'too_large' end,
            case when f.is_unit_slip then 'unit_slip' end,
            case when f.is_spike then 'spike' end,
            case when f.is_flip then 'flip' end,
            case when f.is_jump then 'jump' end,
            case when f.is_sales_per_head then 'sales_per_head' end
        ) as test_codes,
        g.name_en,
        g.name_zh,
        f.is_negative,
        f.is_too_large,
        f.is_unit_slip,
        f.is_spike,
        f.is_flip,
        f.is_jump,
        f.is_sales_per_head,
        r.value_max * f.period_months as value_max,
        cast(cast(f.value as decimal(38, 0)) as varchar) as value_text,
        cast(cast(f.earlier_value as decimal(38, 0)) as varchar) as earlier_text,
        cast(cast(f.next_value as decimal(38, 0)) as varchar) as next_text,
        cast(cast(f.year_value as decimal(38, 0)) as varchar) as year_text,
        cast(cast(f.level_value as decimal(38, 0)) as varchar) as level_text,
        cast(cast(f.headcount as decimal(38, 0)) as varchar) as headcount_text
    from flagged as f
    inner join rules.plausibility as r on f.signal_code = r.signal_code
    inner join rules.signal as g on f.signal_code = g.signal_code
    where
        f.is_negative or f.is_too_large or f.is_unit_slip or f.is_spike or f.is_flip or f.is_jump
        or f.is_sales_per_head
)

select
    w.enterprise_id,
    w.signal_code,
    w.month,
    w.period_months,
    w.value,
    w.earlier_value,
    w.test_codes,
    concat_ws(
        '; ',
        case when w.is_negative then concat(w.name_en, ' ', w.value_text, ' is below zero') end,
        case
            when w.is_too_large
                then concat(w.name_en, ' ', w.value_text, ' is more than ', cast(w.value_max as varchar))
        end,
        case
            when w.is_unit_slip
                then concat(w.name_en, ' ', w.value_text, ', usually ', w.level_text, ': yuan or 10000 yuan?')
        end,
        case
            when w.is_spike
                then concat(w.name_en, ' ', w.value_text, ' between ', w.earlier_text, ' and ', w.next_text)
        end,
        case
            when w.is_flip
                then concat(
                    w.name_en,
                    ' ',
                    w.value_text,
                    case when w.next_text is null then ', the year before ' else ', the year after ' end,
                    coalesce(w.next_text, w.earlier_text), ': the parent''s figure or the group''s?'
                )
        end,
        case
            when w.is_jump
                then concat(
                    w.name_en, ' ', w.value_text, ' after ', w.earlier_text, ', a year before ', w.year_text,
                    ': fails all six tests of change'
                )
        end,
        case
            when w.is_sales_per_head
                then concat(w.name_en, ' ', w.value_text, ' with ', w.headcount_text, ' people')
        end
    ) as evidence,
    concat_ws(
        '；',
        case when w.is_negative then concat(w.name_zh, w.value_text, '为负') end,
        case
            when w.is_too_large then concat(w.name_zh, w.value_text, '超过上限', cast(w.value_max as varchar))
        end,
        case
            when w.is_unit_slip then concat(w.name_zh, w.value_text, '，通常为', w.level_text, '：疑元与万元混用')
        end,
        case
            when w.is_spike then concat(w.name_zh, w.value_text, '，前后分别为', w.earlier_text, '和', w.next_text)
        end,
        case
            when w.is_flip
                then concat(
                    w.name_zh, w.value_text, case when w.next_text is null then '，上年' else '，次年' end,
                    coalesce(w.next_text, w.earlier_text), '：疑母公司与集团口径混用'
                )
        end,
        case
            when w.is_jump
                then concat(
                    w.name_zh, w.value_text, '，上月', w.earlier_text, '，上年同月', w.year_text, '：六项变动检验均未通过'
                )
        end,
        case when w.is_sales_per_head then concat(w.name_zh, w.value_text, '，参保仅', w.headcount_text, '人') end
    ) as evidence_zh,
    u.version as rule_version
from worded as w
cross join rule as u
