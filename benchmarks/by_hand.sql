-- snapshots.enterprise_month of benchmarks/panel.py in one statement, as one would write it by hand for these four silos: no
-- ranks of feeds, one kind of return that states sales, no tables in between. What months are provisional and which
-- values are suspect is given, as to the model. change(now, before), in per cent, and growth(now, before) are macros of the benchmark. benchmarks/snapshots.py compares every row with the model's.
with link as (
    select feed, source_key, enterprise_id from resolved.link
),
calendar as (
    select month, month_number, month_end_date from monthly.month
),
staff as (
    select l.enterprise_id, e.month, sum(e.insured_headcount)::bigint as headcount
    from known.employment e join link l using (feed, source_key)
    group by all
),
power as (
    select
        l.enterprise_id, u.month,
        sum(u.used_quantity) filter (u.utility_code = 'electricity')::decimal(18, 3) as electricity,
        sum(u.used_quantity) filter (u.utility_code = 'water')::decimal(18, 3) as water,
        sum(u.used_quantity) filter (u.utility_code = 'gas')::decimal(18, 3) as gas
    from known.utility_use u join link l using (feed, source_key)
    group by all
),
sale as (
    select
        l.enterprise_id, year(f.period_end) * 12 + month(f.period_end) as month_number,
        datediff('month', f.period_start, f.period_end) + 1 as months, sum(f.sales_amount) as sales
    from known.tax_filing f join link l using (feed, source_key)
    where f.tax_kind_code = 'vat' and f.sales_amount is not null
    group by all
),
payment as (
    select
        l.enterprise_id, p.tax_kind_code, year(p.period_end) * 12 + month(p.period_end) as month_number,
        datediff('month', p.period_start, p.period_end) + 1 as months, sum(p.paid_amount) as paid
    from known.tax_payment p join link l using (feed, source_key)
    group by all
),
tax as (
    select
        enterprise_id, month_number,
        sum(case when tax_kind_code = 'vat' then paid end) as vat, sum(case when tax_kind_code = 'cit' then paid end) as cit,
        sum(paid) as paid, max(months) as months, min(months) as shortest
    from payment
    group by all
),
-- all kinds together are a quarterly series of who pays anything by the quarter
quarterly as (
    select enterprise_id, max(months) as months from tax group by all
),
quarter as (
    select enterprise_id, end_number, sum(paid) as paid, max(months) as months
    from (
        select t.enterprise_id, t.month_number, t.paid, q.months, t.shortest < q.months as is_short,
            ceil(t.month_number / q.months)::integer * q.months as end_number
        from tax t join quarterly q using (enterprise_id)
    )
    group by enterprise_id, end_number
    having max(month_number) = end_number and coalesce(max(month_number) filter (is_short), end_number) = end_number
),
lease as (
    select enterprise_id, month, sum(leased_area_m2)::decimal(18, 2) as area
    from (
        select l.enterprise_id, c.month, r.leased_area_m2,
            row_number() over (
                partition by l.enterprise_id, c.month, coalesce(concat(r.building_code, '/', r.room), r.lease_no)
                order by r.start_date desc, r.lease_no desc
            ) as row_rank
        from known.lease r join link l using (feed, source_key)
        join calendar c on r.start_date <= c.month_end_date
            and coalesce(least(r.end_date, r.terminated_date), r.end_date, r.terminated_date, date '9999-12-31') >= c.month_end_date
    )
    where row_rank = 1
    group by all
),
reported_month as (
    select enterprise_id, month from staff
    union all select enterprise_id, month from power
    union all select enterprise_id, month from lease
    union all select t.enterprise_id, c.month from tax t join calendar c using (month_number)
    union all select t.enterprise_id, c.month from sale t join calendar c using (month_number)
),
life as (
    select enterprise_id, min(month) as first_month, max(month) as last_month from reported_month group by all
),
suspect as (
    select
        enterprise_id, month, string_agg(signal_code, ', ' order by signal_code) as codes,
        bool_or(signal_code = 'headcount') as headcount, bool_or(signal_code = 'sales') as sales,
        bool_or(signal_code = 'tax') as tax, bool_or(signal_code = 'leased_area') as area,
        bool_or(signal_code = 'electricity') as electricity
    from signals.plausibility
    group by all
),
-- every month of a life, so that twelve rows before is twelve months before
life_month as (
    select
        l.enterprise_id, c.month, c.month_number, h.headcount, s.sales, s.months as sales_months, q.paid as tax,
        q.months as tax_months, t.vat, t.cit, t.paid is not null as has_tax, a.area, u.electricity, u.water, u.gas,
        case when e.registered_date <= c.month_end_date then e.registered_capital_amount end as capital, x.codes,
        case when not coalesce(x.headcount, false) then h.headcount end as h,
        case when not coalesce(x.sales, false) then s.sales end as s,
        case when not coalesce(x.tax, false) then q.paid end as t,
        case when not coalesce(x.area, false) then a.area end as a,
        case when not coalesce(x.electricity, false) then u.electricity end as u
    from life l
    join calendar c on c.month between l.first_month and l.last_month
    left join resolved.enterprise e using (enterprise_id)
    left join staff h on l.enterprise_id = h.enterprise_id and c.month = h.month
    left join sale s on l.enterprise_id = s.enterprise_id and c.month_number = s.month_number
    left join tax t on l.enterprise_id = t.enterprise_id and c.month_number = t.month_number
    left join quarter q on l.enterprise_id = q.enterprise_id and c.month_number = q.end_number
    left join lease a on l.enterprise_id = a.enterprise_id and c.month = a.month
    left join power u on l.enterprise_id = u.enterprise_id and c.month = u.month
    left join suspect x on l.enterprise_id = x.enterprise_id and c.month = x.month
),
late as (
    select
        month, bool_or(subject = 'employment') as employment, bool_or(subject = 'tax_filing') as tax_filing,
        bool_or(subject = 'tax_payment') as tax_payment, bool_or(subject = 'utility_use') as utility_use
    from monthly.coverage
    where is_provisional
    group by all
),
compared_month as (
    select
        *,
        lag(h, 1) over w as h1, lag(h, 3) over w as h3, lag(h, 12) over w as h12,
        lag(s, 1) over w as s1, lag(s, 3) over w as s3, lag(s, 12) over w as s12,
        lag(t, 1) over w as t1, lag(t, 3) over w as t3, lag(t, 12) over w as t12,
        lag(a, 1) over w as a1, lag(a, 3) over w as a3, lag(a, 12) over w as a12,
        lag(u, 1) over w as u1, lag(u, 3) over w as u3, lag(u, 12) over w as u12
    from life_month
    window w as (partition by enterprise_id order by month_number)
)
select
    enterprise_id, month, headcount as insured_headcount,
    change(h, h1) as headcount_change_1m_pct, change(h, h3) as headcount_change_3m_pct, change(h, h12) as headcount_change_12m_pct,
    growth(h, h1) as dhs_growth_headcount_1m, growth(h, h3) as dhs_growth_headcount_3m, growth(h, h12) as dhs_growth_headcount_12m,
    sales::decimal(18, 2) as sales_amount, sales_months::integer as sales_period_months,
    change(s, s1) as sales_change_1m_pct, change(s, s3) as sales_change_3m_pct, change(s, s12) as sales_change_12m_pct,
    growth(s, s3) as dhs_growth_sales_3m, growth(s, s12) as dhs_growth_sales_12m,
    tax::decimal(18, 2) as tax_paid_amount, tax_months::integer as tax_period_months,
    change(t, t1) as tax_change_1m_pct, change(t, t3) as tax_change_3m_pct, change(t, t12) as tax_change_12m_pct,
    growth(t, t3) as dhs_growth_tax_3m, growth(t, t12) as dhs_growth_tax_12m,
    vat::decimal(18, 2) as vat_paid_amount, cit::decimal(18, 2) as cit_paid_amount, area as leased_area_m2,
    change(a, a1) as leased_area_change_1m_pct, change(a, a3) as leased_area_change_3m_pct, change(a, a12) as leased_area_change_12m_pct,
    growth(a, a12) as dhs_growth_leased_area_12m,
    electricity as electricity_kwh,
    change(u, u1) as electricity_change_1m_pct, change(u, u3) as electricity_change_3m_pct, change(u, u12) as electricity_change_12m_pct,
    growth(u, u3) as dhs_growth_electricity_3m, growth(u, u12) as dhs_growth_electricity_12m,
    water as water_m3, gas as gas_m3, capital as registered_capital_amount,
    codes as suspect_signal_codes,
    coalesce(l.employment and headcount is not null or l.tax_filing and sales is not null or l.tax_payment and has_tax
        or l.utility_use and coalesce(electricity, water, gas) is not null, false) as is_provisional,
    (select as_of from ops.night) as as_of
from compared_month
left join late l using (month)
where headcount is not null or sales is not null or has_tax or area is not null or electricity is not null
    or water is not null or gas is not null
