-- rule: Growth beside the figures is the signals' growth | 企业月度快照的增长率与监测指标一致
-- severity: critical
-- stage: snapshots
-- why: the same growth stands in two tables; if they differ, nobody knows which one is right
-- next step: compare the enterprise's rows in signals.signal and signals.plausibility with those of the snapshot
with beside as (
    select
        enterprise_id,
        month,
        'headcount' as signal_code,
        headcount_growth_1m as growth_1m,
        headcount_growth_3m as growth_3m,
        headcount_growth_12m as growth_12m
    from snapshots.enterprise_month
    where insured_headcount is not null
    union all
    select
        enterprise_id,
        month,
        'sales' as signal_code,
        null as growth_1m,
        sales_growth_3m as growth_3m,
        sales_growth_12m as growth_12m
    from snapshots.enterprise_month
    where sales_amount is not null
    union all
    select
        enterprise_id,
        month,
        'tax' as signal_code,
        null as growth_1m,
        tax_growth_3m as growth_3m,
        tax_growth_12m as growth_12m
    from snapshots.enterprise_month
    where tax_paid_amount is not null
    union all
    select
        enterprise_id,
        month,
        'leased_area' as signal_code,
        null as growth_1m,
        null as growth_3m,
        leased_area_growth_12m as growth_12m
    from snapshots.enterprise_month
    where leased_area_m2 is not null
    union all
    select
        enterprise_id,
        month,
        'electricity' as signal_code,
        null as growth_1m,
        electricity_growth_3m as growth_3m,
        electricity_growth_12m as growth_12m
    from snapshots.enterprise_month
    where electricity_kwh is not null
)

select
    b.enterprise_id,
    b.signal_code,
    b.month,
    b.growth_1m as growth_1m_beside,
    g.growth_1m,
    b.growth_3m as growth_3m_beside,
    g.growth_3m,
    b.growth_12m as growth_12m_beside,
    g.growth_12m
from beside as b
left join signals.growth as g
    on b.enterprise_id = g.enterprise_id and b.signal_code = g.signal_code and b.month = g.month
where
    (b.signal_code = 'headcount' and b.growth_1m is distinct from g.growth_1m)
    or (b.signal_code <> 'leased_area' and b.growth_3m is distinct from g.growth_3m)
    or b.growth_12m is distinct from g.growth_12m
