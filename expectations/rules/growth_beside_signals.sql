-- rule: Growth beside the figures is the signals' growth | 各表环比、同比增长率与监测指标增长率一致
-- severity: critical
-- stage: snapshots
-- why: the same growth is in several tables and in words; if they differ, it is unknown which one is right
-- next step: compare the enterprise's rows in signals.signal and signals.plausibility with those of the table named
with shown_growth as (
    select
        'snapshots.enterprise_month' as table_name,
        t.enterprise_id,
        f.*
    from snapshots.enterprise_month as t
    cross join (
        values
        (
            'headcount', t.insured_headcount, t.month,
            t.headcount_change_1m_pct, t.headcount_change_3m_pct, t.headcount_change_12m_pct,
            t.dhs_growth_headcount_12m, true, true
        ),
        (
            'sales', t.sales_amount, t.month,
            t.sales_change_1m_pct, t.sales_change_3m_pct, t.sales_change_12m_pct,
            t.dhs_growth_sales_12m, true, true
        ),
        (
            'tax', t.tax_paid_amount, t.month,
            t.tax_change_1m_pct, t.tax_change_3m_pct, t.tax_change_12m_pct,
            t.dhs_growth_tax_12m, true, true
        ),
        (
            'leased_area', t.leased_area_m2, t.month,
            t.leased_area_change_1m_pct, t.leased_area_change_3m_pct, t.leased_area_change_12m_pct,
            t.dhs_growth_leased_area_12m, true, true
        ),
        (
            'electricity', t.electricity_kwh, t.month,
            t.electricity_change_1m_pct, t.electricity_change_3m_pct, t.electricity_change_12m_pct,
            t.dhs_growth_electricity_12m, true, true
        )
    ) as f (signal_code, value, month, change_1m_pct, change_3m_pct, change_12m_pct, dhs_growth_12m, has_short, has_dhs)
    where f.value is not null
    union all
    select
        'snapshots.enterprise_current' as table_name,
        t.enterprise_id,
        f.*
    from snapshots.enterprise_current as t
    cross join (
        values
        (
            'headcount', t.insured_headcount, t.headcount_month,
            t.headcount_change_1m_pct, t.headcount_change_3m_pct, t.headcount_change_12m_pct,
            t.dhs_growth_headcount_12m, true, true
        ),
        (
            'sales', t.sales_amount, t.sales_month,
            t.sales_change_1m_pct, t.sales_change_3m_pct, t.sales_change_12m_pct,
            t.dhs_growth_sales_12m, true, true
        ),
        (
            'tax', t.tax_paid_amount, t.tax_month,
            t.tax_change_1m_pct, t.tax_change_3m_pct, t.tax_change_12m_pct,
            t.dhs_growth_tax_12m, true, true
        ),
        (
            'leased_area', t.leased_area_m2, t.leased_area_month,
            null, null, t.leased_area_change_12m_pct,
            t.dhs_growth_leased_area_12m, false, true
        ),
        (
            'electricity', t.electricity_kwh, t.electricity_month,
            t.electricity_change_1m_pct, t.electricity_change_3m_pct, t.electricity_change_12m_pct,
            t.dhs_growth_electricity_12m, true, true
        ),
        (
            'water', t.water_m3, t.water_month,
            null, null, t.water_change_12m_pct,
            null, false, false
        ),
        (
            'gas', t.gas_m3, t.gas_month,
            null, null, t.gas_change_12m_pct,
            null, false, false
        )
    ) as f (signal_code, value, month, change_1m_pct, change_3m_pct, change_12m_pct, dhs_growth_12m, has_short, has_dhs)
    where f.value is not null
    union all
    -- of people and space the words compare two months
    select
        'signals.year_change' as table_name,
        enterprise_id,
        signal_code,
        null as value,
        month,
        null as change_1m_pct,
        null as change_3m_pct,
        change_12m_pct,
        null as dhs_growth_12m,
        false as has_short,
        false as has_dhs
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
    or (b.has_dhs and b.dhs_growth_12m is distinct from g.dhs_growth_12m)
    or (b.has_short and b.change_1m_pct is distinct from g.change_1m_pct)
    or (b.has_short and b.change_3m_pct is distinct from g.change_3m_pct)
