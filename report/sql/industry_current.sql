with part as (
    select distinct
        g.part_kind,
        g.part_code,
        g.part_title_zh,
        g.part_title_en
    from snapshots.group_month as g
    where g.part_kind in ('industry_section', 'industry_division')
),

figure as (
    select
        g.part_kind,
        g.part_code,
        max(case when g.signal_code = 'headcount' and g.month = p.headcount_month then g.total_value end)
            as insured_headcount,
        max(case when g.signal_code = 'headcount' and g.month = p.headcount_month then g.enterprise_count end)
            as enterprise_count,
        max(case when g.signal_code = 'headcount' and g.month = p.headcount_month then g.change_12m_pct end)
            as headcount_change_12m_pct,
        max(case when g.signal_code = 'leased_area' and g.month = p.month then g.total_value end) as leased_area_m2,
        max(case when g.signal_code = 'leased_area' and g.month = p.month then g.change_12m_pct end)
            as leased_area_change_12m_pct,
        sum(
            case
                when
                    g.signal_code = 'tax_received'
                    and date_diff('month', g.month, p.tax_received_12m_until_month) between 0 and 11
                    then g.total_value
            end
        ) as tax_received_12m_amount,
        sum(
            case
                when
                    g.signal_code = 'tax_received'
                    and date_diff('month', g.month, p.tax_received_12m_until_month) between 12 and 23
                    then g.total_value
            end
        ) as tax_received_12m_amount_before
    from snapshots.group_month as g
    cross join snapshots.park_current as p
    where g.period_months = 1
    group by g.part_kind, g.part_code
)

select
    g.part_kind,
    g.part_code,
    g.part_title_zh,
    g.part_title_en,
    f.insured_headcount,
    f.enterprise_count,
    f.headcount_change_12m_pct,
    f.leased_area_m2,
    f.leased_area_change_12m_pct,
    f.tax_received_12m_amount,
    f.tax_received_12m_amount_before,
    p.month,
    p.headcount_month,
    p.tax_received_12m_until_month
from part as g
left join figure as f on g.part_kind = f.part_kind and g.part_code = f.part_code
left join snapshots.park_current as p on true
order by g.part_kind = 'industry_division', f.tax_received_12m_amount desc nulls last, g.part_code asc
