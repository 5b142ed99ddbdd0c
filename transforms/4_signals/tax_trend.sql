-- title: Tax trend | 税收趋势
-- one row is: one enterprise and one kind of tax, or all kinds together (total), up to the last month that can be
--   believed
-- answers: has this tax risen or fallen over the last 12 months, and is there a trend that is more than season and
--   chance?
-- key: enterprise_id, tax_kind_code
-- rules: Rolling 12: tax paid for periods that lie wholly within the 12 months up to `month`, against the 12 months
--   before; the change is stated only where both hold the same number of reported months, and none of them has a
--   suspect value of all tax together (signals.plausibility); the trend is tested without such months. Trend: seasonal
--   Kendall test (Hirsch, Slack): within each month of the year all pairs of years are compared; S is the number of
--   rises less the number of falls; its variance, with ties, is (n(n-1)(2n+5) - sum t(t-1)(2t+5)) / 18 added over the
--   seasons; z = (S -+ 1) / sqrt(variance); p is two-sided by the normal distribution (Abramowitz and Stegun 7.1.26,
--   error below 0.0000002). rising or falling if p is under the significance in rules/tax_trend.yml, else flat;
--   insufficient with too few months or pairs. Slope (Hirsch, Slack): the median, over the same pairs, of the
--   difference divided by the years between: how many yuan the tax of one period (period_months long) gains a year; a
--   few odd months do not move it. Refunds are negative amounts and count as such.
-- known gaps: Seasons are taken as independent; with strong carry-over from month to month p is too small. An annual
--   settlement is in a rolling 12 only where the window holds its whole year. Slopes of filers with other periods are
--   not comparable as they stand: times 12 / period_months they are yuan a year.
-- column suspect_value_count: suspect values of all tax together in the last 24 months | 存疑税款月数
-- column period_months: months in each of the periods that the trend test used | 检验所属期月数
-- parts: enterprise_id
-- checked by: tests/models/signals.tax_trend, tests/transforms/test_tax_trend.py
with plausibility_version as (
    select max(version) as version
    from rules.plausibility
),

believed as (
    select month
    from monthly.provisional_month
    where subject = 'tax_payment' and not is_provisional
),

last_believed as (
    select coalesce(max(c.month), max(m.month)) as month
    from monthly.month as m
    left join believed as c on m.month = c.month
),

ended as (
    select
        b.month,
        m.month_number,
        m.month_end_date
    from last_believed as b
    inner join monthly.month as m on b.month = m.month
),

paid as (
    select
        enterprise_id,
        tax_kind_code,
        period_start,
        period_end,
        period_months,
        paid_amount
    from monthly.tax
    where paid_amount is not null
    union all
    select
        enterprise_id,
        'total' as tax_kind_code,
        period_start,
        period_end,
        period_months,
        paid_amount
    from monthly.tax
    where paid_amount is not null
),

placed as (
    select
        p.enterprise_id,
        p.tax_kind_code,
        p.paid_amount,
        p.period_months,
        month_number(p.period_start) > e.month_number - 12 and p.period_end <= e.month_end_date
            as is_current,
        month_number(p.period_start) > e.month_number - 24
        and month_number(p.period_end) <= e.month_number - 12 as is_earlier
    from paid as p
    cross join ended as e
),

rolled as (
    select
        enterprise_id,
        tax_kind_code,
        sum(case when is_current then paid_amount end) as rolling_12m_amount,
        sum(case when is_earlier then paid_amount end) as rolling_12m_amount_before,
        coalesce(sum(case when is_current then period_months end), 0) as rolling_months,
        coalesce(sum(case when is_earlier then period_months end), 0) as rolling_months_before
    from placed
    group by enterprise_id, tax_kind_code
),

suspect as (
    select
        p.enterprise_id,
        p.month,
        m.month_number
    from signals.plausibility as p
    inner join monthly.month as m on p.month = m.month
    where p.signal_code = 'tax'
),

doubted as (
    select
        s.enterprise_id,
        count(*) as suspect_value_count
    from suspect as s
    cross join ended as e
    where s.month_number > e.month_number - 24 and s.month_number <= e.month_number
    group by s.enterprise_id
),

tested as (
    select
        s.enterprise_id,
        case when s.signal_code = 'tax' then 'total' else substr(s.signal_code, 5) end as tax_kind_code,
        month(s.month) as season,
        s.month,
        s.value,
        s.period_months
    from signals.signal as s
    cross join ended as e
    left join suspect as p on s.enterprise_id = p.enterprise_id and s.month = p.month
    where
        p.enterprise_id is null
        and (s.signal_code = 'tax' or s.signal_code like 'tax!_%' escape '!')
        and not s.is_provisional
        and s.month <= e.month
),

pair as (
    select
        a.enterprise_id,
        a.tax_kind_code,
        cast(sign(b.value - a.value) as integer) as turn,
        (b.value - a.value) / nullif(year(b.month) - year(a.month), 0) as slope
    from tested as a
    inner join tested as b
        on
            a.enterprise_id = b.enterprise_id and a.tax_kind_code = b.tax_kind_code and a.season = b.season
            and a.month < b.month
),

pair_place as (
    select
        *,
        row_number() over (partition by enterprise_id, tax_kind_code order by slope) as place,
        count(*) over (partition by enterprise_id, tax_kind_code) as place_count
    from pair
),

-- the median: the middle one, or the mean of the middle two
compared as (
    select
        enterprise_id,
        tax_kind_code,
        sum(turn) as kendall_s,
        count(*) as pair_count,
        avg(case when place * 2 between place_count and place_count + 2 then slope end) as slope
    from pair_place
    group by enterprise_id, tax_kind_code
),

tie as (
    select
        enterprise_id,
        tax_kind_code,
        season,
        sum(value_count) as value_count,
        sum(value_count * (value_count - 1) * (2 * value_count + 5)) as tie_correction
    from (
        select
            enterprise_id,
            tax_kind_code,
            season,
            value,
            count(*) as value_count
        from tested
        group by enterprise_id, tax_kind_code, season, value
    ) as t
    group by enterprise_id, tax_kind_code, season
),

used as (
    select
        enterprise_id,
        tax_kind_code,
        sum(period_months) as months_used,
        max(period_months) as period_months
    from tested
    group by enterprise_id, tax_kind_code
),

varied as (
    select
        enterprise_id,
        tax_kind_code,
        cast(sum(value_count * (value_count - 1) * (2 * value_count + 5) - tie_correction) as double)
        / 18 as kendall_variance
    from tie
    group by enterprise_id, tax_kind_code
),

summed as (
    select
        v.enterprise_id,
        v.tax_kind_code,
        coalesce(c.kendall_s, 0) as kendall_s,
        coalesce(c.pair_count, 0) as pair_count,
        c.slope,
        v.kendall_variance
    from varied as v
    left join compared as c on v.enterprise_id = c.enterprise_id and v.tax_kind_code = c.tax_kind_code
),

scored as (
    select
        *,
        (kendall_s - sign(kendall_s)) / nullif(sqrt(kendall_variance), 0) as kendall_z
    from summed
),

-- the polynomial's own variable: t = 1 / (1 + 0.3275911 x) with x = |z| / sqrt(2)
approximated as (
    select
        *,
        abs(kendall_z) / sqrt(2) as x,
        1 / nullif(1 + 0.3275911 * abs(kendall_z) / sqrt(2), 0) as t
    from scored
),

weighed as (
    select
        *,
        t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-x * x)
            as kendall_p
    from approximated
)

select
    r.enterprise_id,
    r.tax_kind_code,
    e.month,
    cast(r.rolling_12m_amount as decimal(18, 2)) as rolling_12m_amount,
    cast(r.rolling_12m_amount_before as decimal(18, 2)) as rolling_12m_amount_before,
    cast(r.rolling_months as integer) as rolling_months,
    cast(r.rolling_months_before as integer) as rolling_months_before,
    cast(case
        when r.rolling_months = r.rolling_months_before and d.enterprise_id is null
            then
                100 * (r.rolling_12m_amount - r.rolling_12m_amount_before)
                / nullif(abs(r.rolling_12m_amount_before), 0)
    end as decimal(18, 2)) as rolling_12m_change_pct,
    cast(coalesce(d.suspect_value_count, 0) as bigint) as suspect_value_count,
    cast(u.period_months as integer) as period_months,
    cast(coalesce(u.months_used, 0) as integer) as months_used,
    cast(coalesce(w.pair_count, 0) as integer) as pair_count,
    cast(coalesce(w.kendall_s, 0) as integer) as kendall_s,
    cast(w.kendall_variance as decimal(18, 4)) as kendall_variance,
    cast(w.kendall_z as decimal(9, 4)) as kendall_z,
    cast(w.kendall_p as decimal(9, 6)) as kendall_p,
    cast(w.slope as decimal(18, 2)) as trend_slope_amount,
    case
        when coalesce(u.months_used, 0) < rule.months_min or coalesce(w.pair_count, 0) < rule.pairs_min
            then 'insufficient'
        when w.kendall_p < rule.significance_p and w.kendall_s > 0 then 'rising'
        when w.kendall_p < rule.significance_p and w.kendall_s < 0 then 'falling'
        else 'flat'
    end as trend_code,
    concat(rule.version, '; ', v.version) as rule_version
from rolled as r
cross join ended as e
cross join rules.tax_trend as rule
cross join plausibility_version as v
left join weighed as w on r.enterprise_id = w.enterprise_id and r.tax_kind_code = w.tax_kind_code
left join used as u on r.enterprise_id = u.enterprise_id and r.tax_kind_code = u.tax_kind_code
left join doubted as d on r.enterprise_id = d.enterprise_id
