-- rule: Tax received is the same in every table | 各表入库税额一致
-- severity: critical
-- stage: snapshots
-- why: payments, the months of the park and the twelve months of the enterprises are one sum of money
-- next step: compare monthly.tax_receipt, signals.part_total and signals.tax_12m for the month and kind of tax named
with payment as (
    select
        concat('tax_received_', p.tax_kind_code) as signal_code,
        cast(date_trunc('month', p.paid_date) as date) as month,
        sum(p.paid_amount) as value
    from known.tax_payment as p
    inner join resolved.link as l on p.feed = l.feed and p.source_key = l.source_key
    group by concat('tax_received_', p.tax_kind_code), cast(date_trunc('month', p.paid_date) as date)
),

-- dates outside the calendar are in no month (rules/calendar.yml)
paid_month as (
    select p.*
    from payment as p
    inner join monthly.month as m on p.month = m.month
),

paid_figure as (
    select
        signal_code,
        month,
        value
    from paid_month
    union all
    select
        'tax_received' as signal_code,
        month,
        sum(value) as value
    from paid_month
    group by month
),

park as (
    select
        signal_code,
        month,
        total_value as value
    from snapshots.park_month
    where signal_code like 'tax!_received%' escape '!'
),

twelve_months as (
    select
        case when tax_kind_code = 'total' then 'tax_received' else concat('tax_received_', tax_kind_code) end
            as signal_code,
        tax_received_12m_until_month as month,
        sum(tax_received_12m_amount) as value
    from signals.tax_12m
    group by tax_kind_code, tax_received_12m_until_month
),

park_twelve_months as (
    select
        t.signal_code,
        t.month,
        sum(p.value) as value
    from twelve_months as t
    left join park as p
        on
            t.signal_code = p.signal_code
            and t.month >= p.month and month_number(p.month) > month_number(t.month) - 12
    group by t.signal_code, t.month
)

select
    'month' as span,
    p.value as received,
    s.value as stated,
    coalesce(p.signal_code, s.signal_code) as signal_code,
    coalesce(p.month, s.month) as month
from paid_figure as p
full outer join park as s on p.signal_code = s.signal_code and p.month = s.month
where coalesce(p.value, 0) <> coalesce(s.value, 0)
union all
select
    'twelve months' as span,
    p.value as received,
    t.value as stated,
    t.signal_code,
    t.month
from twelve_months as t
inner join park_twelve_months as p on t.signal_code = p.signal_code and t.month = p.month
where coalesce(p.value, 0) <> coalesce(t.value, 0)
