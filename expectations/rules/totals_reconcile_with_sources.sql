-- rule: Monthly totals are the totals of the linked source rows | 月度合计与来源一致
-- severity: critical
-- stage: snapshots
-- why: a join that drops or doubles rows changes the park's figures and leaves no other trace
-- next step: compare the monthly table with known.<subject> for the month, enterprise by enterprise
with source as (
    select
        'insured_headcount' as figure,
        e.month,
        sum(e.insured_headcount) as value
    from known.employment as e
    inner join resolved.link as l on e.feed = l.feed and e.source_key = l.source_key
    group by e.month
    union all
    select
        'received_amount' as figure,
        cast(date_trunc('month', p.paid_date) as date) as month,
        sum(p.paid_amount) as value
    from known.tax_payment as p
    inner join resolved.link as l on p.feed = l.feed and p.source_key = l.source_key
    group by cast(date_trunc('month', p.paid_date) as date)
    union all
    select
        u.utility_code as figure,
        u.month,
        sum(u.used_quantity) as value
    from known.utility_use as u
    inner join resolved.link as l on u.feed = l.feed and u.source_key = l.source_key
    group by u.utility_code, u.month
),

-- dates outside the calendar are in no month (rules/calendar.yml)
in_calendar as (
    select s.*
    from source as s
    inner join monthly.month as m on s.month = m.month
),

measured_total as (
    select
        'insured_headcount' as figure,
        month,
        sum(insured_headcount) as value
    from monthly.headcount
    group by month
    union all
    select
        'received_amount' as figure,
        month,
        sum(received_amount) as value
    from monthly.tax_receipt
    group by month
    union all
    select
        utility_code as figure,
        month,
        sum(used_quantity) as value
    from monthly.utility
    group by utility_code, month
)

select
    s.value as source_total,
    m.value as monthly_total,
    coalesce(s.figure, m.figure) as figure,
    coalesce(s.month, m.month) as month
from in_calendar as s
full outer join measured_total as m on s.figure = m.figure and s.month = m.month
where s.value is distinct from m.value
