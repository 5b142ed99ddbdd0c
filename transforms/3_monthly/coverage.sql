-- title: Coverage by feed and month | 数据覆盖率
-- one row is: one feed of monthly or periodic reports in one month | 一个按月或按期报送的数据源的一个月
-- answers: have all expected reporters filed, so that this month can be believed?
--   | 应报的企业是否都已报送，这个月的数据可信吗？
-- key: feed, month
-- rules: A report is expected from who reported for any of the three periods before (rules/coverage.yml) and is not
--   closed in the register: monthly filers every month, quarterly filers in quarter-ends, of a yearly feed who
--   reported the year before. Coverage = expected reports that are in / expected reports. A month is provisional below
--   the feed's threshold, and whenever nothing at all has come in for a period that is due. Annual settlements are not
--   waited for.
--   | 前三期中任何一期报过、且未在登记中注销的，视为应报：按月申报的每月应报，按季申报的季末应报，年报数据源只看上一年
--   报过的。覆盖率＝应报中已报的户数÷应报户数。低于该数据源下限的月份为暂定；应报期一份都没收到的也为暂定。不等待汇算清缴。
-- known gaps: Only enterprises are waited for, not records that are of none. Who left without a register entry is
--   expected for three more periods (one more year). A feed's first month has no expectation.
--   | 只等待企业，不等待未归属任何企业的记录。未办登记就离开的企业还会再被等待三期（年报为一年）。数据源的第一个月没有应报数。
-- checked by: tests/models/monthly.coverage
with shortest_period as (
    select
        feed,
        min(period_months) as period_months
    from monthly.report
    group by feed
),

counted_report as (
    select r.*
    from monthly.report as r
    inner join shortest_period as s on r.feed = s.feed
    cross join rules.coverage as rule
    where r.period_months <= greatest(rule.regular_period_months_max, s.period_months)
),

turn as (
    select
        unnest(generate_series(1, expected_after_periods)) as turn_number,
        expected_after_years
    from rules.coverage
),

-- enterprises that reported for the same periods are expected alike, and counted together
report_group as (
    select
        feed,
        subject,
        period_months,
        month_number,
        next_month_number,
        cancelled_month_number,
        count(*) as enterprise_count
    from counted_report
    group by feed, subject, period_months, month_number, next_month_number, cancelled_month_number
),

-- every report makes the next ones expected, until the next one comes or patience ends
expected_month as (
    select
        a.feed,
        a.month_number + t.turn_number * a.period_months as month_number,
        sum(a.enterprise_count) as expected_count,
        sum(
            case
                when
                    a.month_number + t.turn_number * a.period_months = a.next_month_number
                    then a.enterprise_count
                else 0
            end
        ) as reported_count
    from report_group as a
    inner join turn as t
        on
            (a.period_months < 12 or t.turn_number <= t.expected_after_years)
            and (
                a.next_month_number is null
                or a.month_number + t.turn_number * a.period_months <= a.next_month_number
            )
    where
        a.cancelled_month_number is null
        or a.cancelled_month_number >= a.month_number + t.turn_number * a.period_months
    group by a.feed, a.month_number + t.turn_number * a.period_months
),

arrived_month as (
    select
        feed,
        month_number,
        sum(enterprise_count) as report_count
    from report_group
    group by feed, month_number
),

-- a feed with nothing shorter than a year is due in the months of the year in which it has ever reported
due_turn as (
    select distinct
        a.feed,
        a.month_number % nullif(s.period_months, 0) as turn_number
    from report_group as a
    inner join shortest_period as s on a.feed = s.feed
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
    from report_group
    group by feed, subject) as a
    inner join monthly.month as m on a.month_number <= m.month_number
),

coverage_month as (
    select
        f.subject,
        f.feed,
        f.month,
        cast(coalesce(e.expected_count, 0) as bigint) as expected_count,
        cast(coalesce(e.reported_count, 0) as bigint) as reported_count,
        cast(coalesce(e.expected_count, 0) - coalesce(e.reported_count, 0) as bigint) as late_count,
        cast(coalesce(a.report_count, 0) as bigint) as report_count,
        d.feed is not null as is_due,
        cast(100.0 * e.reported_count / nullif(e.expected_count, 0) as decimal(30, 2)) as coverage_pct,
        cast(coalesce(o.coverage_pct, rule.coverage_min_pct) as decimal(30, 2)) as coverage_min_pct,
        rule.version as rule_version
    from feed_month as f
    left join expected_month as e on f.feed = e.feed and f.month_number = e.month_number
    left join arrived_month as a on f.feed = a.feed and f.month_number = a.month_number
    left join ops.feed as o on f.feed = o.feed
    inner join shortest_period as s on f.feed = s.feed
    left join due_turn as d on f.feed = d.feed and f.month_number % nullif(s.period_months, 0) = d.turn_number
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
    (report_count = 0 and is_due) or coalesce(coverage_pct < coverage_min_pct, false) as is_provisional,
    rule_version
from coverage_month
