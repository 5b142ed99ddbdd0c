-- title: Enterprise by month | 企业月度快照
-- one row is: one enterprise in one month in which a silo other than the register has a figure of it
--   | 一家企业在工商登记以外任一来源有数据的一个月份
-- answers: staff, sales, tax, space, meters and entries of this enterprise in this month, side by side, with growth?
--   | 该企业当月参保、销售、税款、租赁、水电气、进出各为多少，环比、同比如何？
-- key: enterprise_id, month
-- rules:
--   * Figures are those of signals.signal, side by side. Nothing reported: no value; reported zero: 0.
--   * Sales and tax of a quarterly filer are in the quarter's last month, with sales_period_months or
--   tax_period_months = 3.
--   * Growth is that of signals.growth: …_change_12m_pct 同比, …_change_1m_pct 环比, …_change_3m_pct against three
--   months before, which is the 环比 of a quarterly filer. dhs_growth_…: Davis-Haltiwanger-Schuh. Empty where either
--   figure is suspect.
--   * suspect_signal_codes names the figures of this row that are in question (signals.plausibility); they are shown
--   as reported.
--   * is_provisional: at least one figure of this row is of a month that is not complete yet.
--   | * 各项数值同监测指标；未申报为空，申报为零即为0。
--   * 按季申报的销售额与税款列在季末月，所属期月数为3，其“较三个月前增长率”即本季比上季的环比。
--   * 存疑数值照原数列示，列入“存疑指标”，不参与增长率计算。
--   * 当月有任一数值尚不完整的，为暂定。
-- known gaps: Single kinds of tax beyond VAT and corporate income tax are in signals.signal only, flows in
--   signals.flow. | 增值税、企业所得税以外的税种见监测指标，变动类型见进出与增减。
-- rebuild: by_enterprise
-- checked by: tests/models/snapshots.enterprise_month, expectations/rules/growth_beside_signals.sql
with filed_month as (
    select
        enterprise_id,
        month_number,
        max(case when signal_code = 'sales' then value end) as sales,
        max(case when signal_code = 'sales' then period_months end) as sales_months,
        max(case when signal_code = 'tax' then value end) as tax,
        max(case when signal_code = 'tax' then period_months end) as tax_months,
        max(case when signal_code = 'tax_vat' then value end) as vat,
        max(case when signal_code = 'tax_cit' then value end) as cit,
        max(case when signal_code <> 'sales' then 1 else 0 end) as has_tax
    from signals.filed_series
    group by enterprise_id, month_number
),

metered_month as (
    select
        enterprise_id,
        month,
        max(case when utility_code = 'electricity' then used_quantity end) as electricity,
        max(case when utility_code = 'water' then used_quantity end) as water,
        max(case when utility_code = 'gas' then used_quantity end) as gas
    from monthly.utility
    group by enterprise_id, month
),

reported_month as (
    select
        enterprise_id,
        month
    from monthly.headcount
    where insured_headcount is not null
    union all
    select
        enterprise_id,
        month
    from monthly.lease_area
    where leased_area_m2 is not null
    union all
    select
        enterprise_id,
        month
    from metered_month
    union all
    select
        enterprise_id,
        month
    from monthly.access
    where people_entry_count is not null or vehicle_entry_count is not null
    union all
    select
        f.enterprise_id,
        m.month
    from filed_month as f
    inner join monthly.month as m on f.month_number = m.month_number
),

life as (
    select
        enterprise_id,
        min(month) as first_month,
        max(month) as last_month
    from reported_month
    group by enterprise_id
),

suspect as (
    select
        enterprise_id,
        month,
        max(case when signal_code = 'headcount' then 1 end) as headcount,
        max(case when signal_code = 'sales' then 1 end) as sales,
        max(case when signal_code = 'tax' then 1 end) as tax,
        max(case when signal_code = 'leased_area' then 1 end) as leased_area,
        max(case when signal_code = 'electricity' then 1 end) as electricity,
        max(case when signal_code = 'water' then 1 end) as water,
        max(case when signal_code = 'gas' then 1 end) as gas,
        max(case when signal_code = 'registered_capital' then 1 end) as registered_capital,
        max(case when signal_code = 'people_entries' then 1 end) as people_entries,
        max(case when signal_code = 'vehicle_entries' then 1 end) as vehicle_entries
    from signals.plausibility
    group by enterprise_id, month
),

suspect_month as (
    select
        enterprise_id,
        month,
        headcount,
        sales,
        tax,
        leased_area,
        electricity,
        concat_ws(
            ', ',
            case when headcount = 1 then 'headcount' end,
            case when sales = 1 then 'sales' end,
            case when tax = 1 then 'tax' end,
            case when leased_area = 1 then 'leased_area' end,
            case when electricity = 1 then 'electricity' end,
            case when water = 1 then 'water' end,
            case when gas = 1 then 'gas' end,
            case when registered_capital = 1 then 'registered_capital' end,
            case when people_entries = 1 then 'people_entries' end,
            case when vehicle_entries = 1 then 'vehicle_entries' end
        ) as signal_codes
    from suspect
),

side_by_side as (
    select
        l.enterprise_id,
        m.month,
        m.month_number,
        h.insured_headcount,
        f.sales,
        f.sales_months,
        f.tax,
        f.tax_months,
        f.vat,
        f.cit,
        f.has_tax,
        a.leased_area_m2,
        u.electricity,
        u.water,
        u.gas,
        c.registered_capital_amount,
        e.people_entry_count,
        e.vehicle_entry_count,
        x.signal_codes as suspect_signal_codes,
        case when x.headcount is null then h.insured_headcount end as believed_headcount,
        case when x.sales is null then f.sales end as believed_sales,
        case when x.tax is null then f.tax end as believed_tax,
        case when x.leased_area is null then a.leased_area_m2 end as believed_area,
        case when x.electricity is null then u.electricity end as believed_electricity
    from life as l
    inner join monthly.month as m on l.first_month <= m.month and l.last_month >= m.month
    left join monthly.headcount as h on l.enterprise_id = h.enterprise_id and m.month = h.month
    left join filed_month as f on l.enterprise_id = f.enterprise_id and m.month_number = f.month_number
    left join monthly.lease_area as a on l.enterprise_id = a.enterprise_id and m.month = a.month
    left join metered_month as u on l.enterprise_id = u.enterprise_id and m.month = u.month
    left join monthly.capital as c on l.enterprise_id = c.enterprise_id and m.month = c.month
    left join monthly.access as e on l.enterprise_id = e.enterprise_id and m.month = e.month
    left join suspect_month as x on l.enterprise_id = x.enterprise_id and m.month = x.month
),

compared_month as (
    select
        *,
        lag(believed_headcount, 1) over by_month as headcount_1m,
        lag(believed_headcount, 3) over by_month as headcount_3m,
        lag(believed_headcount, 12) over by_month as headcount_12m,
        lag(believed_sales, 1) over by_month as sales_1m,
        lag(believed_sales, 3) over by_month as sales_3m,
        lag(believed_sales, 12) over by_month as sales_12m,
        lag(believed_tax, 1) over by_month as tax_1m,
        lag(believed_tax, 3) over by_month as tax_3m,
        lag(believed_tax, 12) over by_month as tax_12m,
        lag(believed_area, 1) over by_month as area_1m,
        lag(believed_area, 3) over by_month as area_3m,
        lag(believed_area, 12) over by_month as area_12m,
        lag(believed_electricity, 1) over by_month as electricity_1m,
        lag(believed_electricity, 3) over by_month as electricity_3m,
        lag(believed_electricity, 12) over by_month as electricity_12m
    from side_by_side
    window by_month as (partition by enterprise_id order by month_number)
),

incomplete_month as (
    select
        month,
        max(case when subject = 'employment' then 1 end) as employment,
        max(case when subject = 'tax_filing' then 1 end) as tax_filing,
        max(case when subject = 'tax_payment' then 1 end) as tax_payment,
        max(case when subject = 'utility_use' then 1 end) as utility_use,
        max(case when subject = 'access_count' then 1 end) as access_count
    from monthly.provisional_month
    where is_provisional
    group by month
)

select
    m.enterprise_id,
    m.month,
    m.insured_headcount,
    growth_pct(m.believed_headcount, m.headcount_1m) as headcount_change_1m_pct,
    growth_pct(m.believed_headcount, m.headcount_3m) as headcount_change_3m_pct,
    growth_pct(m.believed_headcount, m.headcount_12m) as headcount_change_12m_pct,
    dhs_growth(m.believed_headcount, m.headcount_1m) as dhs_growth_headcount_1m,
    dhs_growth(m.believed_headcount, m.headcount_3m) as dhs_growth_headcount_3m,
    dhs_growth(m.believed_headcount, m.headcount_12m) as dhs_growth_headcount_12m,
    cast(m.sales as decimal(30, 2)) as sales_amount,
    m.sales_months as sales_period_months,
    growth_pct(m.believed_sales, m.sales_1m) as sales_change_1m_pct,
    growth_pct(m.believed_sales, m.sales_3m) as sales_change_3m_pct,
    growth_pct(m.believed_sales, m.sales_12m) as sales_change_12m_pct,
    dhs_growth(m.believed_sales, m.sales_3m) as dhs_growth_sales_3m,
    dhs_growth(m.believed_sales, m.sales_12m) as dhs_growth_sales_12m,
    cast(m.tax as decimal(30, 2)) as tax_paid_amount,
    m.tax_months as tax_period_months,
    growth_pct(m.believed_tax, m.tax_1m) as tax_change_1m_pct,
    growth_pct(m.believed_tax, m.tax_3m) as tax_change_3m_pct,
    growth_pct(m.believed_tax, m.tax_12m) as tax_change_12m_pct,
    dhs_growth(m.believed_tax, m.tax_3m) as dhs_growth_tax_3m,
    dhs_growth(m.believed_tax, m.tax_12m) as dhs_growth_tax_12m,
    cast(m.vat as decimal(30, 2)) as vat_paid_amount,
    cast(m.cit as decimal(30, 2)) as cit_paid_amount,
    m.leased_area_m2,
    growth_pct(m.believed_area, m.area_1m) as leased_area_change_1m_pct,
    growth_pct(m.believed_area, m.area_3m) as leased_area_change_3m_pct,
    growth_pct(m.believed_area, m.area_12m) as leased_area_change_12m_pct,
    dhs_growth(m.believed_area, m.area_12m) as dhs_growth_leased_area_12m,
    m.electricity as electricity_kwh,
    growth_pct(m.believed_electricity, m.electricity_1m) as electricity_change_1m_pct,
    growth_pct(m.believed_electricity, m.electricity_3m) as electricity_change_3m_pct,
    growth_pct(m.believed_electricity, m.electricity_12m) as electricity_change_12m_pct,
    dhs_growth(m.believed_electricity, m.electricity_3m) as dhs_growth_electricity_3m,
    dhs_growth(m.believed_electricity, m.electricity_12m) as dhs_growth_electricity_12m,
    m.water as water_m3,
    m.gas as gas_m3,
    m.registered_capital_amount,
    m.people_entry_count,
    m.vehicle_entry_count,
    m.suspect_signal_codes,
    coalesce(
        (i.employment = 1 and m.insured_headcount is not null)
        or (i.tax_filing = 1 and m.sales is not null)
        or (i.tax_payment = 1 and m.has_tax = 1)
        or (i.utility_use = 1 and (m.electricity is not null or m.water is not null or m.gas is not null))
        or (i.access_count = 1 and (m.people_entry_count is not null or m.vehicle_entry_count is not null)),
        false
    ) as is_provisional,
    n.as_of,
    concat(s.version, '; ', v.version, '; ', p.version) as rule_version
from compared_month as m
cross join ops.night as n
cross join rules.coverage as v
cross join rules.signal_limit as s
cross join rules.plausibility_limit as p
left join incomplete_month as i on m.month = i.month
where
    m.insured_headcount is not null or m.sales is not null or m.has_tax is not null or m.leased_area_m2 is not null
    or m.electricity is not null or m.water is not null or m.gas is not null
    or m.people_entry_count is not null or m.vehicle_entry_count is not null
