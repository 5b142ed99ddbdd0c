-- title: Coverage by feed and month | 数据覆盖率
-- one row is: one feed of monthly or periodic reports in one month
-- answers: have those reported of whom we expect it, so that this month can be believed?
-- key: feed, month
-- rules: A report is expected from who reported for any of the three periods before (rules/coverage.yml) and is not
--   closed in the register: monthly filers every month, quarterly filers in quarter-ends. Coverage = expected reports
--   that are in / expected reports. A month is provisional below the feed's threshold, and whenever nothing at all has
--   come in for it. Annual settlements are not waited for. A taxpayer whose return says that nothing is due counts as
--   having paid.
-- known gaps: Who left without telling the register is expected for three more periods. A feed's first month has no
--   expectation.
-- checked by: tests/models/monthly.coverage
with report as (
    select
        feed,
        source_key,
        'employment' as subject,
        month,
        1 as period_months
    from known.employment
    union all
    select
        feed,
        source_key,
        'utility_use' as subject,
        month,
        1 as period_months
    from known.utility_use
    union all
    select
        feed,
        source_key,
        'access_count' as subject,
        month,
        1 as period_months
    from known.access_count
    union all
    select
        feed,
        source_key,
        'tax_filing' as subject,
        cast(date_trunc('month', period_end) as date) as month,
        (year(period_end) - year(period_start)) * 12 + month(period_end) - month(period_start) + 1 as period_months
    from known.tax_filing
    union all
    select
        feed,
        source_key,
        'tax_payment' as subject,
        cast(date_trunc('month', period_end) as date) as month,
        (year(period_end) - year(period_start)) * 12 + month(period_end) - month(period_start) + 1 as period_months
    from known.tax_payment
),

payer as (
    select
        enterprise_id,
        feed
    from resolved.link
    where subject = 'tax_payment'
    group by enterprise_id, feed
),

paid_length as (
    select
        enterprise_id,
        period_months
    from monthly.tax
    where payment_count > 0
    group by enterprise_id, period_months
),

-- nothing was due, so nothing will be paid: that is a report too, of who has paid for such periods before
nothing_due as (
    select
        p.feed,
        t.enterprise_id,
        t.period_months,
        m.month_number
    from monthly.tax as t
    inner join payer as p on t.enterprise_id = p.enterprise_id
    inner join paid_length as d on t.enterprise_id = d.enterprise_id and t.period_months = d.period_months
    inner join monthly.month as m on t.month = m.month
    group by p.feed, t.enterprise_id, t.period_months, m.month_number
    having sum(t.tax_due_amount) <= 0
),

told as (
    select
        r.feed,
        r.subject,
        coalesce(l.enterprise_id, r.source_key) as reporter,
        l.enterprise_id,
        r.period_months,
        m.month_number
    from report as r
    left join resolved.link as l on r.feed = l.feed and r.source_key = l.source_key
    inner join monthly.month as m on r.month = m.month
    union all
    select
        feed,
        'tax_payment' as subject,
        enterprise_id as reporter,
        enterprise_id,
        period_months,
        month_number
    from nothing_due
),

reported as (
    select
        feed,
        reporter,
        period_months,
        month_number,
        min(subject) as subject,
        min(enterprise_id) as enterprise_id
    from told
    group by feed, reporter, period_months, month_number
),

shortest as (
    select
        feed,
        min(period_months) as period_months
    from reported
    group by feed
),

counted as (
    select r.*
    from reported as r
    inner join shortest as s on r.feed = s.feed
    cross join rules.coverage as rule
    where r.period_months <= greatest(rule.regular_period_months_max, s.period_months)
),

followed as (
    select
        feed,
        subject,
        enterprise_id,
        period_months,
        month_number,
        lead(month_number) over (partition by feed, reporter, period_months order by month_number) as next_month_number
    from counted
),

turn as (
    select unnest(generate_series(1, expected_after_periods)) as turn_number
    from rules.coverage
),

-- every report makes the next ones expected, until the next one comes or patience ends
expected as (
    select
        f.feed,
        f.month_number + t.turn_number * f.period_months as month_number,
        count(*) as expected_count,
        sum(case when f.month_number + t.turn_number * f.period_months = f.next_month_number then 1 else 0 end)
            as reported_count
    from followed as f
    inner join turn as t
        on f.next_month_number is null or f.month_number + t.turn_number * f.period_months <= f.next_month_number
    left join resolved.enterprise as e on f.enterprise_id = e.enterprise_id
    where
        e.cancelled_date is null
        or year(e.cancelled_date) * 12 + month(e.cancelled_date) >= f.month_number + t.turn_number * f.period_months
    group by f.feed, f.month_number + t.turn_number * f.period_months
),

arrived as (
    select
        feed,
        month_number,
        count(*) as report_count
    from counted
    group by feed, month_number
),

feed_month as (
    select
        a.feed,
        a.subject,
        m.month,
        m.month_number
    from (select
        feed,
        subject,
        min(month_number) as month_number
    from counted
    group by feed, subject) as a
    inner join monthly.month as m on a.month_number <= m.month_number
),

measured as (
    select
        f.subject,
        f.feed,
        f.month,
        cast(coalesce(e.expected_count, 0) as bigint) as expected_count,
        cast(coalesce(e.reported_count, 0) as bigint) as reported_count,
        cast(coalesce(e.expected_count, 0) - coalesce(e.reported_count, 0) as bigint) as late_count,
        cast(coalesce(a.report_count, 0) as bigint) as report_count,
        cast(100.0 * e.reported_count / nullif(e.expected_count, 0) as decimal(5, 2)) as coverage_pct,
        cast(coalesce(o.coverage_pct, rule.coverage_min_pct) as decimal(5, 2)) as coverage_min_pct,
        rule.version as rule_version
    from feed_month as f
    left join expected as e on f.feed = e.feed and f.month_number = e.month_number
    left join arrived as a on f.feed = a.feed and f.month_number = a.month_number
    left join ops.feed as o on f.feed = o.feed
    cross join rules.coverage as rule
)

select
    subject,
    feed,
    month,
    expected_count,
    reported_count,
    late_count,
    report_count,
    coverage_pct,
    coverage_min_pct,
    report_count = 0 or coalesce(coverage_pct < coverage_min_pct, false) as is_provisional,
    rule_version
from measured
