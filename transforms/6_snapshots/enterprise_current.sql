-- title: Enterprises today | 企业现状快照
-- one row is: one enterprise that any source has a record of | 任一来源有记录的一家企业
-- answers: who is this enterprise, what are its figures of the last believed month, where is it heading, and is it
--   here? | 企业是谁，最新可信月份的人数、销售、税款、面积、水电气各为多少，走势如何，是否在园？
-- key: enterprise_id
-- rules:
--   * A figure is that of the signal's last believed month (signals.believed_month; of a quarterly filer the last
--   believed quarter), and that month is beside it. So the figures of all enterprises add up to the total of
--   snapshots.park_month of that month. No figure of that month, or a suspect one (signals.plausibility; named in
--   suspect_signal_codes): empty.
--   * An enterprise without a figure of that month has its latest believed one in last_<figure>, with the month in
--   last_<figure>_month: it has left, is late, or the figure is in question. These belong to no total of today.
--   * …_change_12m_pct 同比, …_change_1m_pct 环比, …_change_3m_pct against three months before (环比 of a quarterly
--   filer), as in signals.growth. dhs_growth_…: Davis-Haltiwanger-Schuh.
--   * The last flow of staff that is not "unchanged", with its month; the tax trend over all kinds; presence as in
--   snapshots.presence.
--   | * 各项数值取该指标最新可信月份（按季申报取最新可信季度）的数，月份列在旁；全体企业相加等于园区月度汇总当月合计。当月无数或存疑的为空（存疑指标另列）。
--   * 当月无数的企业（已离开、迟报或数值存疑），最近一次可信数值及其月份列在“最近一次……”，不计入现状合计。
--   * 环比、同比同监测指标增长率；按季申报的，“较三个月前”即本季比上季的环比。
--   * 最近用工变化不含“不变”；税收趋势按全部税种；是否在园同在园情况。
-- known gaps: Signals may disagree and are side by side here; the overall word is in snapshots.assessment. Monthly
--   and quarterly filers have figures of unlike periods: add up sales and tax by period_months. What the register
--   states of an enterprise that it has cancelled is in resolved.enterprise.
--   | 各指标可能相互矛盾，综合判断见企业评估；按月、按季申报的销售额与税款所属期不同，合计须分所属期月数；已注销企业的登记注册资本见企业主档。
-- column registered_capital_amount: registered capital in force at the end of registered_capital_month, yuan; empty
--   once the register has it cancelled or moved out | 注册资本 最近完整月末有效的注册资本，元；注销、迁出后为空
-- rebuild: by_enterprise
-- checked by: tests/models/snapshots.enterprise_current, expectations/rules/today_adds_up_to_the_park.sql
with figure as (
    -- believed figures, with whether each is of the month that the park is read at
    select
        g.enterprise_id,
        g.signal_code,
        g.month,
        g.period_months,
        g.value,
        g.change_1m_pct,
        g.change_3m_pct,
        g.change_12m_pct,
        g.dhs_growth_1m,
        g.dhs_growth_3m,
        g.dhs_growth_12m,
        b.month is not null as is_of_today,
        p.enterprise_id is not null as is_suspect
    from signals.growth as g
    left join signals.believed_month as b
        on g.signal_code = b.signal_code and g.period_months = b.period_months and g.month = b.month
    left join signals.plausibility as p
        on g.enterprise_id = p.enterprise_id and g.signal_code = p.signal_code and g.month = p.month
    where
        not g.is_provisional
        and g.signal_code in (
            'headcount', 'sales', 'tax', 'leased_area', 'electricity', 'water', 'gas', 'registered_capital'
        )
),

-- suspect figures are left out here and named in suspect_signal_codes
latest_figure as (
    select
        *,
        row_number() over (partition by enterprise_id, signal_code order by month desc) as row_rank
    from figure
    where not is_suspect
),

-- one row per enterprise. A figure of today's month and an older one are two columns: an old figure under today's name
-- would be taken for today's
current_figure as (
    select
        enterprise_id,
        max(case when signal_code = 'headcount' and is_of_today then month end) as headcount_month,
        max(case when signal_code = 'headcount' and is_of_today then value end) as insured_headcount,
        max(case when signal_code = 'headcount' and is_of_today then change_1m_pct end) as headcount_change_1m_pct,
        max(case when signal_code = 'headcount' and is_of_today then change_3m_pct end) as headcount_change_3m_pct,
        max(case when signal_code = 'headcount' and is_of_today then change_12m_pct end) as headcount_change_12m_pct,
        max(case when signal_code = 'headcount' and is_of_today then dhs_growth_1m end) as dhs_growth_headcount_1m,
        max(case when signal_code = 'headcount' and is_of_today then dhs_growth_3m end) as dhs_growth_headcount_3m,
        max(case when signal_code = 'headcount' and is_of_today then dhs_growth_12m end) as dhs_growth_headcount_12m,
        max(case when signal_code = 'headcount' and not is_of_today then month end) as last_insured_headcount_month,
        max(case when signal_code = 'headcount' and not is_of_today then value end) as last_insured_headcount,
        max(case when signal_code = 'sales' and is_of_today then month end) as sales_month,
        max(case when signal_code = 'sales' and is_of_today then value end) as sales_amount,
        max(case when signal_code = 'sales' and is_of_today then period_months end) as sales_period_months,
        max(case when signal_code = 'sales' and is_of_today then change_1m_pct end) as sales_change_1m_pct,
        max(case when signal_code = 'sales' and is_of_today then change_3m_pct end) as sales_change_3m_pct,
        max(case when signal_code = 'sales' and is_of_today then change_12m_pct end) as sales_change_12m_pct,
        max(case when signal_code = 'sales' and is_of_today then dhs_growth_12m end) as dhs_growth_sales_12m,
        max(case when signal_code = 'sales' and not is_of_today then month end) as last_sales_amount_month,
        max(case when signal_code = 'sales' and not is_of_today then value end) as last_sales_amount,
        max(case when signal_code = 'sales' and not is_of_today then period_months end) as last_sales_period_months,
        max(case when signal_code = 'tax' and is_of_today then month end) as tax_month,
        max(case when signal_code = 'tax' and is_of_today then value end) as tax_paid_amount,
        max(case when signal_code = 'tax' and is_of_today then period_months end) as tax_period_months,
        max(case when signal_code = 'tax' and is_of_today then change_1m_pct end) as tax_change_1m_pct,
        max(case when signal_code = 'tax' and is_of_today then change_3m_pct end) as tax_change_3m_pct,
        max(case when signal_code = 'tax' and is_of_today then change_12m_pct end) as tax_change_12m_pct,
        max(case when signal_code = 'tax' and is_of_today then dhs_growth_12m end) as dhs_growth_tax_12m,
        max(case when signal_code = 'tax' and not is_of_today then month end) as last_tax_paid_amount_month,
        max(case when signal_code = 'tax' and not is_of_today then value end) as last_tax_paid_amount,
        max(case when signal_code = 'tax' and not is_of_today then period_months end) as last_tax_period_months,
        max(case when signal_code = 'leased_area' and is_of_today then month end) as leased_area_month,
        max(case when signal_code = 'leased_area' and is_of_today then value end) as leased_area_m2,
        max(case when signal_code = 'leased_area' and is_of_today then change_12m_pct end)
            as leased_area_change_12m_pct,
        max(case when signal_code = 'leased_area' and is_of_today then dhs_growth_12m end)
            as dhs_growth_leased_area_12m,
        max(case when signal_code = 'leased_area' and not is_of_today then month end) as last_leased_area_m2_month,
        max(case when signal_code = 'leased_area' and not is_of_today then value end) as last_leased_area_m2,
        max(case when signal_code = 'electricity' and is_of_today then month end) as electricity_month,
        max(case when signal_code = 'electricity' and is_of_today then value end) as electricity_kwh,
        max(case when signal_code = 'electricity' and is_of_today then change_1m_pct end) as electricity_change_1m_pct,
        max(case when signal_code = 'electricity' and is_of_today then change_3m_pct end) as electricity_change_3m_pct,
        max(case when signal_code = 'electricity' and is_of_today then change_12m_pct end)
            as electricity_change_12m_pct,
        max(case when signal_code = 'electricity' and is_of_today then dhs_growth_12m end)
            as dhs_growth_electricity_12m,
        max(case when signal_code = 'electricity' and not is_of_today then month end) as last_electricity_kwh_month,
        max(case when signal_code = 'electricity' and not is_of_today then value end) as last_electricity_kwh,
        max(case when signal_code = 'water' and is_of_today then month end) as water_month,
        max(case when signal_code = 'water' and is_of_today then value end) as water_m3,
        max(case when signal_code = 'water' and is_of_today then change_12m_pct end) as water_change_12m_pct,
        max(case when signal_code = 'water' and not is_of_today then month end) as last_water_m3_month,
        max(case when signal_code = 'water' and not is_of_today then value end) as last_water_m3,
        max(case when signal_code = 'gas' and is_of_today then month end) as gas_month,
        max(case when signal_code = 'gas' and is_of_today then value end) as gas_m3,
        max(case when signal_code = 'gas' and is_of_today then change_12m_pct end) as gas_change_12m_pct,
        max(case when signal_code = 'gas' and not is_of_today then month end) as last_gas_m3_month,
        max(case when signal_code = 'gas' and not is_of_today then value end) as last_gas_m3,
        max(case when signal_code = 'registered_capital' and is_of_today then month end) as registered_capital_month,
        max(case when signal_code = 'registered_capital' and is_of_today then value end) as registered_capital_amount,
        max(case when signal_code = 'registered_capital' and not is_of_today then month end)
            as last_registered_capital_amount_month,
        max(case when signal_code = 'registered_capital' and not is_of_today then value end)
            as last_registered_capital_amount
    from latest_figure
    where row_rank = 1
    group by enterprise_id
),

-- in a fixed order, so that two nights can be compared
suspect as (
    select
        enterprise_id,
        concat_ws(
            ', ',
            max(case when signal_code = 'headcount' then 'headcount' end),
            max(case when signal_code = 'sales' then 'sales' end),
            max(case when signal_code = 'tax' then 'tax' end),
            max(case when signal_code = 'leased_area' then 'leased_area' end),
            max(case when signal_code = 'electricity' then 'electricity' end),
            max(case when signal_code = 'water' then 'water' end),
            max(case when signal_code = 'gas' then 'gas' end),
            max(case when signal_code = 'registered_capital' then 'registered_capital' end)
        ) as signal_codes
    from figure
    where is_suspect and is_of_today
    group by enterprise_id
),

-- the last change of staff; months without one and open ends say nothing
latest_flow as (
    select
        enterprise_id,
        flow_code,
        month,
        row_number() over (partition by enterprise_id order by month desc) as row_rank
    from signals.flow
    where signal_code = 'headcount' and flow_code not in ('unchanged', 'open_ended')
),

lease_now as (
    select
        a.enterprise_id,
        a.next_lease_end_date
    from monthly.lease_area as a
    inner join monthly.month as m on a.month = m.month
    where m.is_last_month
),

-- capital stays in the register after the firm has gone: it does not count as seen
seen_span as (
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
    l.registered_capital_month,
    cast(l.registered_capital_amount as decimal(30, 2)) as registered_capital_amount,
    l.last_registered_capital_amount_month,
    cast(l.last_registered_capital_amount as decimal(30, 2)) as last_registered_capital_amount,
    s.first_seen_month,
    s.last_seen_month,
    l.headcount_month,
    cast(l.insured_headcount as bigint) as insured_headcount,
    l.headcount_change_1m_pct,
    l.headcount_change_3m_pct,
    l.headcount_change_12m_pct,
    l.dhs_growth_headcount_1m,
    l.dhs_growth_headcount_3m,
    l.dhs_growth_headcount_12m,
    l.last_insured_headcount_month,
    cast(l.last_insured_headcount as bigint) as last_insured_headcount,
    f.flow_code as last_headcount_flow_code,
    f.month as last_headcount_flow_month,
    l.sales_month,
    l.sales_period_months,
    cast(l.sales_amount as decimal(30, 2)) as sales_amount,
    l.sales_change_1m_pct,
    l.sales_change_3m_pct,
    l.sales_change_12m_pct,
    l.dhs_growth_sales_12m,
    l.last_sales_amount_month,
    l.last_sales_period_months,
    cast(l.last_sales_amount as decimal(30, 2)) as last_sales_amount,
    l.tax_month,
    l.tax_period_months,
    cast(l.tax_paid_amount as decimal(30, 2)) as tax_paid_amount,
    l.tax_change_1m_pct,
    l.tax_change_3m_pct,
    l.tax_change_12m_pct,
    l.dhs_growth_tax_12m,
    l.last_tax_paid_amount_month,
    l.last_tax_period_months,
    cast(l.last_tax_paid_amount as decimal(30, 2)) as last_tax_paid_amount,
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
    cast(l.leased_area_m2 as decimal(30, 2)) as leased_area_m2,
    l.leased_area_change_12m_pct,
    l.dhs_growth_leased_area_12m,
    l.last_leased_area_m2_month,
    cast(l.last_leased_area_m2 as decimal(30, 2)) as last_leased_area_m2,
    n.next_lease_end_date,
    l.electricity_month,
    cast(l.electricity_kwh as decimal(30, 3)) as electricity_kwh,
    l.electricity_change_1m_pct,
    l.electricity_change_3m_pct,
    l.electricity_change_12m_pct,
    l.dhs_growth_electricity_12m,
    l.last_electricity_kwh_month,
    cast(l.last_electricity_kwh as decimal(30, 3)) as last_electricity_kwh,
    l.water_month,
    cast(l.water_m3 as decimal(30, 3)) as water_m3,
    l.water_change_12m_pct,
    l.last_water_m3_month,
    cast(l.last_water_m3 as decimal(30, 3)) as last_water_m3,
    l.gas_month,
    cast(l.gas_m3 as decimal(30, 3)) as gas_m3,
    l.gas_change_12m_pct,
    l.last_gas_m3_month,
    cast(l.last_gas_m3 as decimal(30, 3)) as last_gas_m3,
    x.signal_codes as suspect_signal_codes,
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
    concat(
        r.version, '; ', c.version, '; ', q.version, '; ', w.version, '; ', v.version, '; ', p.rule_version
    ) as rule_version
from resolved.enterprise as e
inner join snapshots.presence as p on e.enterprise_id = p.enterprise_id
cross join ops.night as o
cross join rules.flow as r
cross join rules.coverage as c
cross join rules.tax_trend as q
cross join rules.tax_12m_limit as w
cross join rules.plausibility_limit as v
left join current_figure as l on e.enterprise_id = l.enterprise_id
left join latest_flow as f on e.enterprise_id = f.enterprise_id and f.row_rank = 1
left join lease_now as n on e.enterprise_id = n.enterprise_id
left join signals.tax_trend as t on e.enterprise_id = t.enterprise_id and t.tax_kind_code = 'total'
left join signals.tax_12m as y on e.enterprise_id = y.enterprise_id and y.tax_kind_code = 'total'
left join seen_span as s on e.enterprise_id = s.enterprise_id
left join suspect as x on e.enterprise_id = x.enterprise_id
