-- title: Plausibility | 指标合理性
-- one row is: one suspect value: one signal of one enterprise in one month, with every test that it fails
--   | 一个存疑值：一家企业一项指标一个月的值，及其未通过的全部检验
-- answers: which figures should not be believed as they are, and why? | 哪些数值不可直接采信，原因是什么？
-- key: enterprise_id, signal_code, month
-- rules:
--   * Values are flagged here and altered nowhere. No flow, total, growth or assessment uses a flagged value.
--   * negative: below zero, where nothing can be.
--   * too_large: above the largest that an enterprise of a park can have in a month.
--   * unit_slip: about 10000 times, or a ten-thousandth of, the usual level of the series (the middle of its values
--     other
--     than zero): 万元 for yuan.
--   * wage_level, equals_wages, wages_without_staff: headcounts that the wages of the same report contradict
--     (signals.wage_check).
--   * spike: many times both neighbours, or a small part of both, which agree with each other (1839, 42002, 1404).
--   * flip: a large yearly headcount many times (flip_ratio) another than the last one that was believed, as when a
--     group's figure follows the parent's. It is believed once the next year agrees, or wages or sales of the year
--     (tax, where sales are not known) move with it. A first figure is suspect where the two years after it agree and
--     it does not. What a succession explains is none.
--   * sales_per_head: sales that this month's staff cannot make. A headcount that its wages contradict is not asked.
--   * unread_part: of this month a row of the enterprise was quarantined (monthly.unread): a part may be
--     missing.
--   * jump: the monthly headcount's change fails all six tests of BLS QCEW edit 126, against the last figure of the
--     three months before and against that of the year before: more people, more per cent, and more standard
--     deviations from the changes before it than rules/plausibility.yml allows (our reading of the edit's t-test). A
--     test that cannot be made is passed. A jump that the next month confirms (nearer to the new level than to the
--     old) is believed, and so is what a merger, division or moved payroll explains (signals.succession_month).
--   * spike, flip and jump are tested among the values that pass the tests before them. A headcount that its wages
--     follow (wage per head within wage_ratio of its neighbours') is none of these.
--   | * 只标记、不改数；存疑值不计入任何进出、合计、增长和评估。
--   * 负值、超上限：该指标不可能出现的值。元与万元混用：约为序列通常水平（非零值中位数）的一万倍或万分之一。
--   * 人数突变而工资未变、人数等于工资、有工资无人数：与同期申报的工资矛盾，见人数与工资核对。
--   * 突变后复原：为前后值的数倍或数分之一，而前后值相近。年度人数口径疑变：较大的年度参保人数与上一个可信年度相差数倍，次年
--     未证实，当年销售、税额、工资也未随之变动，且无承继可解释；首年与其后相近的两年相差数倍的，首年存疑。
--   * 人均销售额过高：当月人员不可能实现的销售额；当月人数与工资不符的，不作此项检验。
--   * 可能缺一部分：同月另有一行被隔离。
--   * 六项检验均未通过：月度参保人数较上月、较上年同月的变化，人数、百分比、标准差三项均超限，且次月未证实、无承继可解释。
--   * 后三类按前面检验通过的值依次检验；工资随人数变化的，不作突变、口径疑变和六项检验。
-- example: sales of 2,000,000 in most months and 200 in one: 10,000 times less, unit_slip.
--   | 多数月份销售额200万元，某月为200元：差一万倍，判为疑元与万元混用。
-- known gaps: Where a series changes its unit for good, the rarer of the two units is flagged. Without wages, a
--   monthly headcount that is wrong for two months or more is no spike, though it may be a jump. Without 15 months
--   of history there is no jump. The jump of the latest month is suspect until the next month is in. A tax paid of a
--   few yuan beside a usual one of ten thousands reads as unit_slip. Single kinds of tax are not tested.
--   | 无工资数据时，连续两个月以上的错报人数可能查不出；不足15个月的不作六项检验，最新月份的突变在下月报出前存疑；分税种不检验。
-- column earlier_value: last figure before it that passes | 前期值 之前最近一个通过检验的值
-- column value: the figure as reported, not altered | 指标值 申报原值，未作改动
-- rebuild: by_enterprise
-- checked by: tests/models/signals.plausibility
with neighbours as (
    -- figures that fail by themselves are no neighbours: one slip must not make the next month look wrong
    select
        *,
        lag(value) over (partition by enterprise_id, signal_code order by month_number) as last_value,
        lag(month_number) over (partition by enterprise_id, signal_code order by month_number) as last_number,
        lead(value) over (partition by enterprise_id, signal_code order by month_number) as next_value,
        lead(month_number) over (partition by enterprise_id, signal_code order by month_number) as next_number,
        lag(wage_per_head_amount) over (partition by enterprise_id, signal_code order by month_number)
            as last_wage_per_head,
        lead(wage_per_head_amount) over (partition by enterprise_id, signal_code order by month_number)
            as next_wage_per_head
    from signals.value_check
    where
        not (is_negative or is_too_large or is_unit_slip or is_sales_per_head or is_unread_part)
        and finding_codes is null
),

-- wages that move with the staff, against each neighbour that has wages, excuse any change
spike as (
    select
        n.enterprise_id,
        n.signal_code,
        n.month,
        n.month_number,
        n.period_months,
        n.value,
        n.last_value,
        n.next_value,
        n.wage_per_head_amount,
        n.year_sales,
        n.year_tax,
        coalesce(
            greatest(n.wage_per_head_amount, n.last_wage_per_head)
            <= u.wage_ratio * least(n.wage_per_head_amount, n.last_wage_per_head),
            false
        ) as is_like_last_wage,
        n.last_value > 0 and n.next_value > 0
        and not coalesce(
            greatest(n.wage_per_head_amount, n.last_wage_per_head, n.next_wage_per_head)
            <= u.wage_ratio * least(n.wage_per_head_amount, n.last_wage_per_head, n.next_wage_per_head)
            and n.last_wage_per_head > 0 and n.next_wage_per_head > 0,
            false
        )
        -- neighbours far off in time say little about this month
        and n.month_number - n.last_number <= u.spike_gap_periods * n.period_months
        and n.next_number - n.month_number <= u.spike_gap_periods * n.period_months
        -- only where both neighbours agree can the one between be odd: else it may be a step to a new level
        and greatest(n.last_value, n.next_value) <= u.spike_neighbour_ratio * least(n.last_value, n.next_value)
        and greatest(n.value, n.last_value, n.next_value) >= r.spike_min
        and (
            n.value >= r.spike_ratio * greatest(n.last_value, n.next_value)
            or (n.value > 0 and n.value * r.spike_ratio <= least(n.last_value, n.next_value))
        ) as is_spike
    from neighbours as n
    inner join rules.plausibility as r on n.signal_code = r.signal_code
    cross join rules.plausibility_limit as u
),

-- yearly headcounts and the money of their years, in logarithms: the ratio of two years is a difference
year_figure as (
    select
        enterprise_id,
        month,
        month_number,
        value,
        coalesce(last_value, next_value) as neighbour_value,
        coalesce(is_spike, false) as is_spike,
        positive_log(value) as staff_log,
        positive_log(year_sales) as sales_log,
        positive_log(year_tax) as tax_log,
        positive_log(wage_per_head_amount) + positive_log(value) as wage_log
    from spike
    where signal_code = 'headcount' and period_months = 12 and value > 0
),

year_step as (
    select
        *,
        lead(month_number) over years as next_number,
        staff_log - lag(staff_log) over years as step,
        staff_log - lag(staff_log, 2) over years as step_of_two,
        lead(staff_log) over years - staff_log as next_step,
        lead(staff_log, 2) over years - lead(staff_log) over years as later_step,
        sales_log - lag(sales_log) over years as sales_step,
        tax_log - lag(tax_log) over years as tax_step,
        wage_log - lag(wage_log) over years as wage_step
    from year_figure
    window years as (partition by enterprise_id order by month_number)
),

-- each year against its neighbours
year_test as (
    select
        s.enterprise_id,
        s.month,
        s.month_number,
        s.next_number,
        s.is_spike,
        s.step is null as is_first,
        greatest(s.value, s.neighbour_value) >= r.flip_min as is_large,
        coalesce(abs(s.step) >= ln(u.flip_ratio), false) as is_far_from_last,
        abs(s.step_of_two) >= ln(u.flip_ratio) as is_far_from_second,
        coalesce(abs(s.next_step) >= ln(u.flip_ratio), false) as is_far_from_next,
        coalesce(abs(s.next_step) <= ln(u.spike_neighbour_ratio), false) as is_confirmed,
        coalesce(abs(s.later_step) <= ln(u.spike_neighbour_ratio), false) as is_next_confirmed,
        -- sales, or wages, go the same way; tax, which follows profits, counts only where sales are not known
        greatest(coalesce(s.sales_step, s.tax_step) / nullif(s.step, 0), s.wage_step / nullif(s.step, 0), -1) * 100
        >= u.flip_follow_pct as is_followed
    from year_step as s
    inner join rules.plausibility as r on r.signal_code = 'headcount'
    cross join rules.plausibility_limit as u
),

-- a year that neither its neighbours nor its money confirm; or a first year that all later ones contradict
year_doubt as (
    select
        *,
        is_far_from_last and coalesce(is_far_from_second, true) and not is_confirmed and not is_followed
            as is_unconfirmed,
        is_first and is_far_from_next and is_next_confirmed
        and not lead(is_followed) over (partition by enterprise_id order by month_number) as is_odd_first
    from year_test
),

-- the year after an unconfirmed one is held against the year before that
doubted_year as (
    select
        enterprise_id,
        month,
        case when is_odd_first then next_number else month_number end as changed_number,
        is_large and not is_spike
        and (
            coalesce(is_odd_first, false)
            or is_unconfirmed
            or (
                coalesce(lag(is_unconfirmed) over (partition by enterprise_id order by month_number), false)
                and coalesce(is_far_from_second, false) and not is_confirmed
            )
        ) as is_doubted
    from year_doubt
),

-- of these, what no merger, division or moved payroll of the year explains
flip as (
    select
        d.enterprise_id,
        'headcount' as signal_code,
        d.month
    from doubted_year as d
    left join signals.succession_month as x
        on
            d.enterprise_id = x.enterprise_id and x.is_headcount = 1
            and d.changed_number >= x.month_number and d.changed_number - 12 < x.month_number
    where d.is_doubted and x.enterprise_id is null
),

-- monthly headcounts that pass so far, with their changes over a month and a year
headcount_month as (
    select
        s.enterprise_id,
        s.month,
        s.month_number,
        s.value,
        s.is_like_last_wage,
        row_number() over (partition by s.enterprise_id order by s.month_number) - 1 as months_before,
        lag(s.value) over (partition by s.enterprise_id order by s.month_number) as last_value,
        lag(s.month_number) over (partition by s.enterprise_id order by s.month_number) as last_number,
        lead(s.value) over (partition by s.enterprise_id order by s.month_number) as next_value,
        max(s.value) over (
            partition by s.enterprise_id order by s.month_number range between 12 preceding and 12 preceding
        ) as year_value
    from spike as s
    where s.signal_code = 'headcount' and s.period_months = 1 and coalesce(not s.is_spike, true)
),

-- the habit of the firm itself: what its changes of the last 12 months were, on average and in spread
change_history as (
    select
        *,
        avg(cast(value - last_value as double)) over before as month_mean,
        stddev_samp(cast(value - last_value as double)) over before as month_deviation,
        count(value - last_value) over before as month_changes,
        avg(cast(value - year_value as double)) over before as year_mean,
        stddev_samp(cast(value - year_value as double)) over before as year_deviation,
        count(value - year_value) over before as year_changes
    from headcount_month
    window before as (partition by enterprise_id order by month_number rows between 12 preceding and 1 preceding)
),

-- small firms change by large shares, so they are held to heads; new ones have less habit to be held to
change_limit as (
    select
        c.*,
        u.t_multiplier,
        u.t_changes_min,
        u.spike_gap_periods,
        case when c.last_value < u.small_headcount then u.small_change else u.large_change end as month_limit,
        case when c.year_value < u.small_headcount then u.small_change else u.large_change end as year_limit,
        case when c.months_before > u.history_months then u.change_pct_long else u.change_pct_short end as pct_limit
    from change_history as c
    cross join rules.plausibility_limit as u
),

-- all six tests must fail (absolute, relative and against habit, over a month and a year): one alone is common
-- in honest figures
jump as (
    select
        j.enterprise_id,
        'headcount' as signal_code,
        j.month,
        j.last_value,
        j.year_value
    from change_limit as j
    left join signals.succession_month as x
        on
            j.enterprise_id = x.enterprise_id and j.month = x.month and x.is_headcount = 1
            and x.role = case when j.value > j.last_value then 'successor' else 'predecessor' end
            and x.step_kind = case when j.value = 0 or j.last_value = 0 then 'whole' else 'part' end
    where
        x.enterprise_id is null and not j.is_like_last_wage
        and j.month_number - j.last_number <= j.spike_gap_periods
        and abs(j.value - j.last_value) > j.month_limit
        and abs(j.value - j.last_value) * 100 > j.pct_limit * j.last_value
        and j.month_changes >= j.t_changes_min
        and abs(j.value - j.last_value - j.month_mean) > j.t_multiplier * j.month_deviation
        and abs(j.value - j.year_value) > j.year_limit
        and abs(j.value - j.year_value) * 100 > j.pct_limit * j.year_value
        and j.year_changes >= j.t_changes_min
        and abs(j.value - j.year_value - j.year_mean) > j.t_multiplier * j.year_deviation
        -- a change that the next month keeps to is a new level
        and (j.next_value is null or abs(j.next_value - j.value) >= abs(j.next_value - j.last_value))
),

-- every value with every test: several can fail at once, and readers see all
flagged_value as (
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
        t.is_unread_part,
        t.finding_codes,
        t.finding_evidence,
        t.finding_evidence_zh,
        coalesce(s.is_spike, false) as is_spike,
        p.enterprise_id is not null as is_flip,
        j.enterprise_id is not null as is_jump,
        coalesce(j.last_value, s.last_value) as earlier_value,
        s.next_value,
        j.year_value
    from signals.value_check as t
    left join spike as s
        on t.enterprise_id = s.enterprise_id and t.signal_code = s.signal_code and t.month = s.month
    left join flip as p
        on t.enterprise_id = p.enterprise_id and t.signal_code = p.signal_code and t.month = p.month
    left join jump as j
        on t.enterprise_id = j.enterprise_id and t.signal_code = j.signal_code and t.month = j.month
),

-- the figures in words, once for both languages
finding_words as (
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
            case when f.is_sales_per_head then 'sales_per_head' end,
            case when f.is_unread_part then 'unread_part' end,
            f.finding_codes
        ) as test_codes,
        f.finding_evidence,
        f.finding_evidence_zh,
        g.name_en,
        g.name_zh,
        f.is_negative,
        f.is_too_large,
        f.is_unit_slip,
        f.is_spike,
        f.is_flip,
        f.is_jump,
        f.is_sales_per_head,
        f.is_unread_part,
        r.value_max * f.period_months as value_max,
        number_text(f.value) as value_text,
        number_text(f.earlier_value) as earlier_text,
        number_text(f.next_value) as next_text,
        number_text(f.year_value) as year_text,
        number_text(f.level_value) as level_text,
        number_text(f.headcount) as headcount_text
    from flagged_value as f
    inner join rules.plausibility as r on f.signal_code = r.signal_code
    inner join rules.signal as g on f.signal_code = g.signal_code
    where
        f.is_negative or f.is_too_large or f.is_unit_slip or f.is_spike or f.is_flip or f.is_jump
        or f.is_sales_per_head or f.is_unread_part or f.finding_codes is not null
)

select
    w.enterprise_id,
    w.signal_code,
    w.month,
    w.period_months,
    w.value,
    w.earlier_value,
    w.test_codes,
    filled(
        concat_ws(
            '; ',
            case when w.is_negative then t.negative_en end,
            case when w.is_too_large then filled(t.too_large_en, 'limit', number_text(w.value_max)) end,
            case when w.is_unit_slip then filled(t.unit_slip_en, 'usual', w.level_text) end,
            case when w.is_spike then filled(t.spike_en, 'before', w.earlier_text, 'after', w.next_text) end,
            case
                when w.is_flip and w.earlier_text is null then filled(t.flip_after_en, 'after', w.next_text)
                when w.is_flip then filled(t.flip_before_en, 'before', w.earlier_text)
            end,
            case when w.is_jump then filled(t.jump_en, 'before', w.earlier_text, 'year_before', w.year_text) end,
            case when w.is_sales_per_head then filled(t.sales_per_head_en, 'headcount', w.headcount_text) end,
            case when w.is_unread_part then t.unread_part_en end,
            w.finding_evidence
        ),
        'name', w.name_en, 'value', w.value_text
    ) as evidence,
    filled(
        concat_ws(
            '；',
            case when w.is_negative then t.negative_zh end,
            case when w.is_too_large then filled(t.too_large_zh, 'limit', number_text(w.value_max)) end,
            case when w.is_unit_slip then filled(t.unit_slip_zh, 'usual', w.level_text) end,
            case when w.is_spike then filled(t.spike_zh, 'before', w.earlier_text, 'after', w.next_text) end,
            case
                when w.is_flip and w.earlier_text is null then filled(t.flip_after_zh, 'after', w.next_text)
                when w.is_flip then filled(t.flip_before_zh, 'before', w.earlier_text)
            end,
            case when w.is_jump then filled(t.jump_zh, 'before', w.earlier_text, 'year_before', w.year_text) end,
            case when w.is_sales_per_head then filled(t.sales_per_head_zh, 'headcount', w.headcount_text) end,
            case when w.is_unread_part then t.unread_part_zh end,
            w.finding_evidence_zh
        ),
        'name', w.name_zh, 'value', w.value_text
    ) as evidence_zh,
    u.version as rule_version
from finding_words as w
cross join rules.plausibility_limit as u
cross join rules.plausibility_words as t
