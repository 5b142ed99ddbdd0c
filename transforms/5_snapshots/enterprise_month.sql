-- title: Enterprise by month | 企业月度快照
-- one row is: one enterprise in one month in which a silo other than the register spoke of it
-- answers: staff, sales, tax, space, meters and entries of this enterprise in this month, side by side, with growth?
-- key: enterprise_id, month
-- rules: Figures, growth and flows are those of signals.signal, signals.growth and signals.flow, side by side. Nothing
--   reported: no value; reported zero: 0. Sales and tax of a quarterly filer stand in the quarter's last month with
--   sales_period_months or tax_period_months = 3. is_provisional: at least one figure of this row is of a month that
--   is not complete yet.
-- known gaps: Single kinds of tax beyond VAT and corporate income tax are in signals.signal only.
-- checked by: tests/models/snapshots.enterprise_month
with measured as (
    select
        enterprise_id,
        month,
        max(case when signal_code = 'headcount' then value end) as headcount,
        max(case when signal_code = 'headcount' then growth_1m end) as headcount_growth_1m,
        max(case when signal_code = 'headcount' then growth_3m end) as headcount_growth_3m,
        max(case when signal_code = 'headcount' then growth_12m end) as headcount_growth_12m,
        max(case when signal_code = 'sales' then value end) as sales_amount,
        max(case when signal_code = 'sales' then period_months end) as sales_period_months,
        max(case when signal_code = 'sales' then growth_3m end) as sales_growth_3m,
        max(case when signal_code = 'sales' then growth_12m end) as sales_growth_12m,
        max(case when signal_code = 'tax' then value end) as tax_paid_amount,
        max(case when signal_code = 'tax' then period_months end) as tax_period_months,
        max(case when signal_code = 'tax' then growth_3m end) as tax_growth_3m,
        max(case when signal_code = 'tax' then growth_12m end) as tax_growth_12m,
        max(case when signal_code = 'tax_vat' then value end) as vat_paid_amount,
        max(case when signal_code = 'tax_cit' then value end) as cit_paid_amount,
        max(case when signal_code = 'leased_area' then value end) as leased_area_m2,
        max(case when signal_code = 'leased_area' then growth_12m end) as leased_area_growth_12m,
        max(case when signal_code = 'electricity' then value end) as electricity_kwh,
        max(case when signal_code = 'electricity' then growth_3m end) as electricity_growth_3m,
        max(case when signal_code = 'electricity' then growth_12m end) as electricity_growth_12m,
        max(case when signal_code = 'water' then value end) as water_m3,
        max(case when signal_code = 'gas' then value end) as gas_m3,
        max(case when signal_code = 'registered_capital' then value end) as registered_capital_amount,
        max(case when signal_code = 'people_entries' then value end) as people_entry_count,
        max(case when signal_code = 'vehicle_entries' then value end) as vehicle_entry_count,
        max(case when is_provisional then 1 else 0 end) as is_provisional
    from signals.growth
    group by enterprise_id, month
    having max(case when signal_code <> 'registered_capital' then 1 else 0 end) = 1
),

flowed as (
    select
        enterprise_id,
        month,
        max(case when signal_code = 'headcount' then flow_code end) as headcount_flow_code,
        max(case when signal_code = 'sales' then flow_code end) as sales_flow_code,
        max(case when signal_code = 'tax' then flow_code end) as tax_flow_code,
        max(case when signal_code = 'leased_area' then flow_code end) as leased_area_flow_code,
        max(case when signal_code = 'electricity' then flow_code end) as electricity_flow_code
    from signals.flow
    where signal_code in ('headcount', 'sales', 'tax', 'leased_area', 'electricity')
    group by enterprise_id, month
),

signal_version as (
    select max(version) as version
    from rules.signal
)

select
    m.enterprise_id,
    m.month,
    cast(m.headcount as bigint) as insured_headcount,
    m.headcount_growth_1m,
    m.headcount_growth_3m,
    m.headcount_growth_12m,
    f.headcount_flow_code,
    cast(m.sales_amount as decimal(18, 2)) as sales_amount,
    m.sales_period_months,
    m.sales_growth_3m,
    m.sales_growth_12m,
    f.sales_flow_code,
    cast(m.tax_paid_amount as decimal(18, 2)) as tax_paid_amount,
    m.tax_period_months,
    m.tax_growth_3m,
    m.tax_growth_12m,
    f.tax_flow_code,
    cast(m.vat_paid_amount as decimal(18, 2)) as vat_paid_amount,
    cast(m.cit_paid_amount as decimal(18, 2)) as cit_paid_amount,
    cast(m.leased_area_m2 as decimal(18, 2)) as leased_area_m2,
    m.leased_area_growth_12m,
    f.leased_area_flow_code,
    cast(m.electricity_kwh as decimal(18, 3)) as electricity_kwh,
    m.electricity_growth_3m,
    m.electricity_growth_12m,
    f.electricity_flow_code,
    cast(m.water_m3 as decimal(18, 3)) as water_m3,
    cast(m.gas_m3 as decimal(18, 3)) as gas_m3,
    cast(m.registered_capital_amount as decimal(18, 2)) as registered_capital_amount,
    cast(m.people_entry_count as bigint) as people_entry_count,
    cast(m.vehicle_entry_count as bigint) as vehicle_entry_count,
    m.is_provisional = 1 as is_provisional,
    n.as_of,
    concat(r.version, '; ', s.version, '; ', c.version) as rule_version
from measured as m
cross join ops.night as n
cross join rules.flow as r
cross join rules.coverage as c
cross join signal_version as s
left join flowed as f on m.enterprise_id = f.enterprise_id and m.month = f.month
