-- rule: The calendar of months reaches back to what the feeds report | 月历覆盖各数据源的所属月份
-- severity: critical
-- stage: snapshots
-- why: facts before the first month are in no month table, no total and no flow, and everything else still looks whole
-- next step: correct the dates in the feed's stage.sql, or set months_max to months_needed in
--   transforms/rules/calendar.yml
with bounds as (
    select
        min(month_number) as first_number,
        max(month_number) as last_number
    from monthly.month
),

feed_span as (
    select
        f.feed,
        min(case when month_number(f.month) < b.first_number then f.month end) as earliest_month,
        sum(case when month_number(f.month) < b.first_number then 1 else 0 end) as early_facts,
        count(*) as facts,
        max(b.last_number) as last_number
    from known.fact as f
    cross join bounds as b
    where f.month is not null and f.is_expected
    group by f.feed
)

select
    r.feed,
    r.early_facts,
    r.facts,
    r.earliest_month,
    r.last_number - month_number(r.earliest_month) + 1 as months_needed
from feed_span as r
cross join rules.calendar as c
where r.early_facts * 100 > c.early_pct_max * r.facts
