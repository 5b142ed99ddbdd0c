-- title: Enterprises today | 企业现状快照
-- one row is: one enterprise that any silo speaks of
-- answers: who is this enterprise, what are its latest figures, where is it heading, and is it here?
-- key: enterprise_id
-- rules: The latest value of each signal that is not provisional, with its month and its growth; the last flow of
--   staff that is not "unchanged", with its month; the tax trend over all kinds; presence as in snapshots.presence. A
--   latest value may be old: its month says so.
-- known gaps: Signals may disagree and stand side by side here; the overall word is in snapshots.assessment.
-- parts: enterprise_id
-- checked by: tests/models/snapshots.enterprise_current
with tax_12m_version as (
    select max(version) as version
    from rules.tax_12m
),

placed as (
    select
        enterprise_id,
        signal_code,
        month,
        period_months,
        value,
        growth_1m,
        growth_3m,
        growth_12m,
        row_number() over (partition by enterprise_id, signal_code order by month desc) as place
    from signals.growth
    where not is_provisional
),

latest as (
    select
        enterprise_id,
        max(case when signal_code = 'headcount' then month end) as headcount_month,
        max(case when signal_code = 'headcount' then value end) as headcount,
        max(case when signal_code = 'headcount' then growth_1m end) as headcount_growth_1m,
        max(case when signal_code = 'headcount' then growth_3m end) as headcount_growth_3m,
        max(case when signal_code = 'headcount' then growth_12m end) as headcount_growth_12m,
        max(case when signal_code = 'sales' then month end) as sales_month,
        max(case when signal_code = 'sales' then period_months end) as sales_period_months,
        max(case when signal_code = 'sales' then value end) as sales_amount,
        max(case when signal_code = 'sales' then growth_12m end) as sales_growth_12m,
        max(case when signal_code = 'tax' then month end) as tax_month,
        max(case when signal_code = 'tax' then period_months end) as tax_period_months,
        max(case when signal_code = 'tax' then value end) as tax_paid_amount,
        max(case when signal_code = 'tax' then growth_12m end) as tax_growth_12m,
        max(case when signal_code = 'leased_area' then month end) as leased_area_month,
        max(case when signal_code = 'leased_area' then value end) as leased_area_m2,
        max(case when signal_code = 'leased_area' then growth_12m end) as leased_area_growth_12m,
        max(case when signal_code = 'electricity' then month end) as electricity_month,
        max(case when signal_code = 'electricity' then value end) as electricity_kwh,
        max(case when signal_code = 'electricity' then growth_12m end) as electricity_growth_12m
    from placed
    where place = 1
    group by enterprise_id
),

flow_placed as (
    select
        enterprise_id,
        flow_code,
        month,
        row_number() over (partition by enterprise_id order by month desc) as place
    from signals.flow
    where signal_code = 'headcount' and flow_code <> 'unchanged'
),

lease_now as (
    select
        a.enterprise_id,
        a.next_lease_end_date
    from monthly.lease_area as a
    inner join monthly.month as m on a.month = m.month
    where m.is_last_month
),

seen as (
    select
        s.enterprise_id,
        min(s.month) as first_seen_month,
        max(s.month) as last_seen_month
    from signals.signal as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    where not r.is_of_register and s.value <> 0
    group by s.enterprise_id
)

select
    e.enterprise_id,
    e.enterprise_name,
    e.uscc,
    e.identity_code,
    e.enterprise_type,
    e.industry_code,
    e.registered_address,
    e.operating_address,
    e.status_code,
    e.registered_date,
    e.cancelled_date,
    e.registered_capital_amount,
    s.first_seen_month,
    s.last_seen_month,
    l.headcount_month,
    cast(l.headcount as bigint) as insured_headcount,
    l.headcount_growth_1m,
    l.headcount_growth_3m,
    l.headcount_growth_12m,
    f.flow_code as last_headcount_flow_code,
    f.month as last_headcount_flow_month,
    l.sales_month,
    l.sales_period_months,
    cast(l.sales_amount as decimal(18, 2)) as sales_amount,
    l.sales_growth_12m,
    l.tax_month,
    l.tax_period_months,
    cast(l.tax_paid_amount as decimal(18, 2)) as tax_paid_amount,
    l.tax_growth_12m,
    y.tax_paid_12m_amount,
    y.tax_paid_12m_amount_before,
    y.tax_paid_12m_until_month,
    y.tax_paid_12m_change_pct,
    y.tax_received_12m_amount,
    y.tax_received_12m_amount_before,
    y.tax_received_12m_until_month,
    y.tax_received_12m_change_pct,
    t.trend_code as tax_trend_code,
    t.kendall_p as tax_trend_p,
    t.tested_months as tax_trend_tested_months,
    l.leased_area_month,
    cast(l.leased_area_m2 as decimal(18, 2)) as leased_area_m2,
    l.leased_area_growth_12m,
    n.next_lease_end_date,
    l.electricity_month,
    cast(l.electricity_kwh as decimal(18, 3)) as electricity_kwh,
    l.electricity_growth_12m,
    p.is_active_here,
    p.is_registered,
    p.is_leasing,
    p.is_paying_tax,
    p.is_insuring,
    p.is_using_utilities,
    p.is_accessing,
    p.feed_count,
    p.gap_code,
    e.conflict_count,
    o.as_of,
    concat(r.version, '; ', c.version, '; ', q.version, '; ', w.version, '; ', p.rule_version) as rule_version
from resolved.enterprise as e
inner join snapshots.presence as p on e.enterprise_id = p.enterprise_id
cross join ops.night as o
cross join rules.flow as r
cross join rules.coverage as c
cross join rules.tax_trend as q
cross join tax_12m_version as w
left join latest as l on e.enterprise_id = l.enterprise_id
left join flow_placed as f on e.enterprise_id = f.enterprise_id and f.place = 1
left join lease_now as n on e.enterprise_id = n.enterprise_id
left join signals.tax_trend as t on e.enterprise_id = t.enterprise_id and t.tax_kind_code = 'total'
left join signals.tax_12m as y on e.enterprise_id = y.enterprise_id and y.tax_kind_code = 'total'
left join seen as s on e.enterprise_id = s.enterprise_id
