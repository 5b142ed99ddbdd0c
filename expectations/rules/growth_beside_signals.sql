-- rule: Growth beside the figures is the signals' growth | 各表环比、同比增长率与监测指标增长率一致
-- severity: critical
-- stage: snapshots
-- why: the same growth is in several tables and in words; if they differ, it is unknown which one is right
-- next step: compare the enterprise's rows in signals.signal and signals.plausibility with those of the table named
with shown_growth as (
    select
        'snapshots.enterprise_month' as table_name,
        enterprise_id,
        month,
        'headcount' as signal_code,
        headcount_change_1m_pct as change_1m_pct,
        headcount_change_3m_pct as change_3m_pct,
        headcount_change_12m_pct as change_12m_pct,
        dhs_growth_headcount_12m as dhs_growth_12m,
        true as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_month
    where insured_headcount is not null
    union all
    select
        'snapshots.enterprise_month' as table_name,
        enterprise_id,
        month,
        'sales' as signal_code,
        sales_change_1m_pct as change_1m_pct,
        sales_change_3m_pct as change_3m_pct,
        sales_change_12m_pct as change_12m_pct,
        dhs_growth_sales_12m as dhs_growth_12m,
        true as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_month
    where sales_amount is not null
    union all
    select
        'snapshots.enterprise_month' as table_name,
        enterprise_id,
        month,
        'tax' as signal_code,
        tax_change_1m_pct as change_1m_pct,
        tax_change_3m_pct as change_3m_pct,
        tax_change_12m_pct as change_12m_pct,
        dhs_growth_tax_12m as dhs_growth_12m,
        true as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_month
    where tax_paid_amount is not null
    union all
    select
        'snapshots.enterprise_month' as table_name,
        enterprise_id,
        month,
        'leased_area' as signal_code,
        leased_area_change_1m_pct as change_1m_pct,
        leased_area_change_3m_pct as change_3m_pct,
        leased_area_change_12m_pct as change_12m_pct,
        dhs_growth_leased_area_12m as dhs_growth_12m,
        true as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_month
    where leased_area_m2 is not null
    union all
    select
        'snapshots.enterprise_month' as table_name,
        enterprise_id,
        month,
        'electricity' as signal_code,
        electricity_change_1m_pct as change_1m_pct,
        electricity_change_3m_pct as change_3m_pct,
        electricity_change_12m_pct as change_12m_pct,
        dhs_growth_electricity_12m as dhs_growth_12m,
        true as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_month
    where electricity_kwh is not null
    union all
    select
        'snapshots.enterprise_current' as table_name,
        enterprise_id,
        headcount_month as month,
        'headcount' as signal_code,
        headcount_change_1m_pct as change_1m_pct,
        headcount_change_3m_pct as change_3m_pct,
        headcount_change_12m_pct as change_12m_pct,
        dhs_growth_headcount_12m as dhs_growth_12m,
        true as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_current
    where insured_headcount is not null
    union all
    select
        'snapshots.enterprise_current' as table_name,
        enterprise_id,
        sales_month as month,
        'sales' as signal_code,
        sales_change_1m_pct as change_1m_pct,
        sales_change_3m_pct as change_3m_pct,
        sales_change_12m_pct as change_12m_pct,
        dhs_growth_sales_12m as dhs_growth_12m,
        true as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_current
    where sales_amount is not null
    union all
    select
        'snapshots.enterprise_current' as table_name,
        enterprise_id,
        tax_month as month,
        'tax' as signal_code,
        tax_change_1m_pct as change_1m_pct,
        tax_change_3m_pct as change_3m_pct,
        tax_change_12m_pct as change_12m_pct,
        dhs_growth_tax_12m as dhs_growth_12m,
        true as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_current
    where tax_paid_amount is not null
    union all
    select
        'snapshots.enterprise_current' as table_name,
        enterprise_id,
        leased_area_month as month,
        'leased_area' as signal_code,
        null as change_1m_pct,
        null as change_3m_pct,
        leased_area_change_12m_pct as change_12m_pct,
        dhs_growth_leased_area_12m as dhs_growth_12m,
        false as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_current
    where leased_area_m2 is not null
    union all
    select
        'snapshots.enterprise_current' as table_name,
        enterprise_id,
        electricity_month as month,
        'electricity' as signal_code,
        electricity_change_1m_pct as change_1m_pct,
        electricity_change_3m_pct as change_3m_pct,
        electricity_change_12m_pct as change_12m_pct,
        dhs_growth_electricity_12m as dhs_growth_12m,
        true as has_short_growth,
        true as has_dhs_growth
    from snapshots.enterprise_current
    where electricity_kwh is not null
    union all
    select
        'snapshots.enterprise_current' as table_name,
        enterprise_id,
        water_month as month,
        'water' as signal_code,
        null as change_1m_pct,
        null as change_3m_pct,
        water_change_12m_pct as change_12m_pct,
        null as dhs_growth_12m,
        false as has_short_growth,
        false as has_dhs_growth
    from snapshots.enterprise_current
    where water_m3 is not null
    union all
    select
        'snapshots.enterprise_current' as table_name,
        enterprise_id,
        gas_month as month,
        'gas' as signal_code,
        null as change_1m_pct,
        null as change_3m_pct,
        gas_change_12m_pct as change_12m_pct,
        null as dhs_growth_12m,
        false as has_short_growth,
        false as has_dhs_growth
    from snapshots.enterprise_current
    where gas_m3 is not null
    union all
    -- of people and space the words compare two months
    select
        'signals.year_change' as table_name,
        enterprise_id,
        month,
        signal_code,
        null as change_1m_pct,
        null as change_3m_pct,
        change_12m_pct,
        null as dhs_growth_12m,
        false as has_short_growth,
        false as has_dhs_growth
    from signals.year_change
    where heard_code = 'compared' and signal_code in ('headcount', 'leased_area')
)

select
    b.table_name,
    b.enterprise_id,
    b.signal_code,
    b.month,
    b.change_1m_pct as change_1m_pct_beside,
    g.change_1m_pct,
    b.change_3m_pct as change_3m_pct_beside,
    g.change_3m_pct,
    b.change_12m_pct as change_12m_pct_beside,
    g.change_12m_pct,
    b.dhs_growth_12m as dhs_growth_12m_beside,
    g.dhs_growth_12m
from shown_growth as b
left join signals.growth as g
    on b.enterprise_id = g.enterprise_id and b.signal_code = g.signal_code and b.month = g.month
where
    b.change_12m_pct is distinct from g.change_12m_pct
    or (b.has_dhs_growth and b.dhs_growth_12m is distinct from g.dhs_growth_12m)
    or (b.has_short_growth and b.change_1m_pct is distinct from g.change_1m_pct)
    or (b.has_short_growth and b.change_3m_pct is distinct from g.change_3m_pct)
