-- title: Tax trend | 税收趋势
-- one row is: one enterprise and one kind of tax, or all kinds together (total), up to the last month that can be
--   believed
--   | 一家企业的一个税种或全部税种合计（total），截至最近可信月份
-- answers: is there a trend in the tax paid by period that is more than season and chance?
--   | 实缴税额（所属期口径）是否有超出季节与偶然的升降趋势？
-- key: enterprise_id, tax_kind_code
-- rules:
--   * Tested is the tax paid by period (所属期口径, signals.filed_series), never the tax received.
--   * Seasonal Kendall test (Hirsch, Slack): within each month of the year all pairs of years are compared. S is the
--     number of rises less the number of falls; its variance, with ties, is (n(n-1)(2n+5) - sum t(t-1)(2t+5)) / 18
--     added over the seasons; z = (S -+ 1) / sqrt(variance); p is two-sided by the normal distribution (Abramowitz and
--     Stegun 7.1.26, error below 0.0000002).
--   * rising, falling: p is under the significance in rules/tax_trend.yml; flat: it is not; insufficient: too few
--     months or pairs.
--   * Slope (Hirsch, Slack): the median, over the same pairs, of the difference divided by the years between: how many
--     yuan the tax of one period (period_months long) gains a year. A few odd months do not move it.
--   * Refunds are negative amounts and count as such. Provisional months and months with a suspect value of all tax
--     together (signals.plausibility) are not tested.
--   | 对象为实缴税额（所属期口径），不用入库税额；季节性肯德尔检验：同一月份跨年两两比较，显著为上升或下降，否则平稳，月数或比较对数不足为
--   数据不足；斜率为每个所属期税额每年增加的元数（中位数）；暂定月份与存疑月份不参加检验。
-- known gaps: Seasons are taken as independent; with strong carry-over from month to month p is too small. Annual
--   settlements are not tested, except where nothing shorter is filed. Slopes of filers with other periods are not
--   comparable as they are: times 12 / period_months they are yuan a year.
--   | 各月视为相互独立；汇算清缴不参加检验（仅有年度申报的除外）。
-- column suspect_value_count: suspect values of all tax together in the last 24 months | 存疑税款月数 最近24个月内被判为存疑的税款月数
-- column period_months: months in each of the periods that the trend test used | 检验所属期月数 参加检验的所属期月数：1月、3季、12年
-- rebuild: by_enterprise
-- checked by: tests/models/signals.tax_trend, tests/transforms/test_tax_trend.py
with believed_month as (
    select month
    from monthly.provisional_month
    where subject = 'tax_payment' and not is_provisional
),

last_believed_month as (
    select coalesce(max(c.month), max(m.month)) as month
    from monthly.month as m
    left join believed_month as c on m.month = c.month
),

last_month as (
    select
        b.month,
        m.month_number
    from last_believed_month as b
    inner join monthly.month as m on b.month = m.month
),

paid_kind as (
    select
        enterprise_id,
        tax_kind_code
    from monthly.tax
    where paid_amount is not null
    group by enterprise_id, tax_kind_code
    union all
    select
        enterprise_id,
        'total' as tax_kind_code
    from monthly.tax
    where paid_amount is not null
    group by enterprise_id
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

doubted_enterprise as (
    select
        s.enterprise_id,
        count(*) as suspect_value_count
    from suspect as s
    cross join last_month as e
    where s.month_number > e.month_number - 24 and s.month_number <= e.month_number
    group by s.enterprise_id
),

tested_value as (
    select
        s.enterprise_id,
        case when s.signal_code = 'tax' then 'total' else substr(s.signal_code, 5) end as tax_kind_code,
        month(s.month) as season,
        s.month,
        s.value,
        s.period_months
    from signals.signal as s
    cross join last_month as e
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
    from tested_value as a
    inner join tested_value as b
        on
            a.enterprise_id = b.enterprise_id and a.tax_kind_code = b.tax_kind_code and a.season = b.season
            and a.month < b.month
),

pair_rank as (
    select
        *,
        row_number() over (partition by enterprise_id, tax_kind_code order by slope) as row_rank,
        count(*) over (partition by enterprise_id, tax_kind_code) as rank_count
    from pair
),

-- the median: the middle one, or the mean of the middle two
pair_summary as (
    select
        enterprise_id,
        tax_kind_code,
        sum(turn) as kendall_s,
        count(*) as pair_count,
        avg(case when row_rank * 2 between rank_count and rank_count + 2 then slope end) as slope
    from pair_rank
    group by enterprise_id, tax_kind_code
),

tie as (
    select
        enterprise_id,
        tax_kind_code,
        sum(value_count) as value_count,
        sum(value_count * (value_count - 1) * (2 * value_count + 5)) as tie_correction
    from (
        select
            enterprise_id,
            tax_kind_code,
            season,
            value,
            count(*) as value_count
        from tested_value
        group by enterprise_id, tax_kind_code, season, value
    ) as t
    group by enterprise_id, tax_kind_code, season
),

series_length as (
    select
        enterprise_id,
        tax_kind_code,
        sum(period_months) as tested_months,
        max(period_months) as period_months
    from tested_value
    group by enterprise_id, tax_kind_code
),

series_variance as (
    select
        enterprise_id,
        tax_kind_code,
        cast(sum(value_count * (value_count - 1) * (2 * value_count + 5) - tie_correction) as double)
        / 18 as kendall_variance
    from tie
    group by enterprise_id, tax_kind_code
),

series_statistic as (
    select
        v.enterprise_id,
        v.tax_kind_code,
        coalesce(c.kendall_s, 0) as kendall_s,
        coalesce(c.pair_count, 0) as pair_count,
        c.slope,
        v.kendall_variance
    from series_variance as v
    left join pair_summary as c on v.enterprise_id = c.enterprise_id and v.tax_kind_code = c.tax_kind_code
),

series_score as (
    select
        *,
        (kendall_s - sign(kendall_s)) / nullif(sqrt(kendall_variance), 0) as kendall_z
    from series_statistic
),

-- the polynomial's own variable: t = 1 / (1 + 0.3275911 x) with x = |z| / sqrt(2)
normal_approximation as (
    select
        *,
        abs(kendall_z) / sqrt(2) as x,
        1 / nullif(1 + 0.3275911 * abs(kendall_z) / sqrt(2), 0) as t
    from series_score
),

series_probability as (
    select
        *,
        t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-x * x)
            as kendall_p
    from normal_approximation
)

select
    r.enterprise_id,
    r.tax_kind_code,
    e.month,
    cast(coalesce(d.suspect_value_count, 0) as bigint) as suspect_value_count,
    cast(u.period_months as integer) as period_months,
    cast(coalesce(u.tested_months, 0) as integer) as tested_months,
    cast(coalesce(w.pair_count, 0) as integer) as pair_count,
    cast(coalesce(w.kendall_s, 0) as integer) as kendall_s,
    cast(w.kendall_variance as decimal(30, 4)) as kendall_variance,
    cast(w.kendall_z as decimal(30, 4)) as kendall_z,
    cast(w.kendall_p as decimal(30, 6)) as kendall_p,
    cast(w.slope as decimal(30, 2)) as trend_slope_amount,
    case
        when coalesce(u.tested_months, 0) < rule.months_min or coalesce(w.pair_count, 0) < rule.pairs_min
            then 'insufficient'
        when w.kendall_p < rule.significance_p and w.kendall_s > 0 then 'rising'
        when w.kendall_p < rule.significance_p and w.kendall_s < 0 then 'falling'
        else 'flat'
    end as trend_code,
    concat(rule.version, '; ', v.version) as rule_version
from paid_kind as r
cross join last_month as e
cross join rules.tax_trend as rule
cross join rules.plausibility_limit as v
left join series_probability as w on r.enterprise_id = w.enterprise_id and r.tax_kind_code = w.tax_kind_code
left join series_length as u on r.enterprise_id = u.enterprise_id and r.tax_kind_code = u.tax_kind_code
left join doubted_enterprise as d on r.enterprise_id = d.enterprise_id
