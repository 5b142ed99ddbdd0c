-- title: Buildings and industries by month | 楼栋与行业月度汇总
-- one row is: one building, industry section or industry division, with one signal in one month, over all its
--   enterprises whose figures are for periods of this length
-- answers: where in the park, and in which industries, do staff, sales, tax and space grow and shrink, and how?
-- key: part_kind, part_code, month, signal_code, period_months
-- rules: As snapshots.park_month, by groups: each enterprise is in exactly one building of a month
--   (monthly.main_building), one section and one division (GB/T 4754, rules/industry.yml), or under unknown. So the
--   groups of one kind add up to the park in every total, count, creation, destruction and net; reallocation does not
--   add up: what one group loses and another gains is reallocation of the park only. Provisional months have totals
--   but no flows; suspect values (signals.plausibility) are in neither. Small cells are shown: enterprise_count says
--   of how many they speak.
-- known gaps: Who moves from one building to another takes its figures along: totals change, and there is no flow. The
--   industry is today's in the register. A cell of one or two enterprises tells their own figures: not for publication.
-- column suspect_count: how many enterprises' figures were left out of the total as suspect | 存疑企业数
-- checked by: tests/models/snapshots.group_month, tests/transforms/test_groups_add_up.py
with industry as (
    select
        enterprise_id,
        case
            when regexp_extract(industry_code, '[0-9][0-9]') between '01' and '97'
                then regexp_extract(industry_code, '[0-9][0-9]')
            else 'unknown'
        end as industry_division
    from resolved.enterprise
),

placed_signal as (
    select
        coalesce(b.building_code, 'unknown') as building_code,
        coalesce(i.industry_division, 'unknown') as industry_division,
        s.month,
        s.signal_code,
        s.period_months,
        case when p.enterprise_id is null then s.value end as value,
        case when p.enterprise_id is null then 0 else 1 end as is_suspect,
        case when s.is_provisional then 1 else 0 end as is_provisional
    from signals.signal as s
    left join industry as i on s.enterprise_id = i.enterprise_id
    left join monthly.main_building as b
        on s.enterprise_id = b.enterprise_id and s.month between b.from_month and b.until_month
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
),

placed_flow as (
    select
        coalesce(b.building_code, 'unknown') as building_code,
        coalesce(i.industry_division, 'unknown') as industry_division,
        f.month,
        f.signal_code,
        f.period_months,
        f.flow_code,
        f.value,
        f.earlier_value,
        f.change
    from signals.flow as f
    left join industry as i on f.enterprise_id = i.enterprise_id
    left join monthly.main_building as b
        on f.enterprise_id = b.enterprise_id and f.month between b.from_month and b.until_month
),

-- buildings and divisions in one pass; sections are sums of divisions
signal_part as (
    select
        building_code,
        industry_division,
        month,
        signal_code,
        period_months,
        sum(value) as total_value,
        count(*) as enterprise_count,
        sum(is_suspect) as suspect_count,
        max(is_provisional) as is_provisional
    from placed_signal
    group by grouping sets (
        (building_code, month, signal_code, period_months),
        (industry_division, month, signal_code, period_months)
    )
),

flow_part as (
    select
        building_code,
        industry_division,
        month,
        signal_code,
        period_months,
        flow_code,
        count(*) as flow_count,
        sum(value) as value,
        sum(earlier_value) as earlier_value,
        sum(change) as change
    from placed_flow
    group by grouping sets (
        (building_code, month, signal_code, period_months, flow_code),
        (industry_division, month, signal_code, period_months, flow_code)
    )
),

part as (
    select
        building_code,
        industry_division,
        month,
        signal_code,
        period_months,
        total_value,
        enterprise_count,
        suspect_count,
        is_provisional,
        cast(null as varchar) as flow_code,
        0 as flow_count,
        cast(null as decimal(38, 3)) as value,
        cast(null as decimal(38, 3)) as earlier_value,
        cast(null as decimal(38, 3)) as change
    from signal_part
    union all
    select
        building_code,
        industry_division,
        month,
        signal_code,
        period_months,
        cast(null as decimal(38, 3)) as total_value,
        0 as enterprise_count,
        0 as suspect_count,
        0 as is_provisional,
        flow_code,
        flow_count,
        value,
        earlier_value,
        change
    from flow_part
),

grouped as (
    select
        'building' as part_kind,
        building_code as part_code,
        *
    from part
    where building_code is not null
    union all
    select
        'industry_division' as part_kind,
        industry_division as part_code,
        *
    from part
    where industry_division is not null
    union all
    select
        'industry_section' as part_kind,
        coalesce(i.section_code, 'unknown') as part_code,
        p.*
    from part as p
    left join rules.industry as i
        on try_cast(p.industry_division as integer) between i.division_from and i.division_to
    where p.industry_division is not null
),

added as (
    select
        part_kind,
        part_code,
        month,
        signal_code,
        period_months,
        sum(total_value) as total_value,
        sum(enterprise_count) as enterprise_count,
        sum(suspect_count) as suspect_count,
        max(is_provisional) as is_provisional,
        sum(flow_count) as flow_count,
        sum(case when flow_code <> 'resumed' then value else 0 end) as compared_value,
        sum(case when flow_code <> 'resumed' then earlier_value else 0 end) as compared_earlier_value,
        sum(case when flow_code = 'open' then change else 0 end) as open_value,
        sum(case when flow_code = 'move_in' then change else 0 end) as move_in_value,
        sum(case when flow_code = 'expand' then change else 0 end) as expand_value,
        -sum(case when flow_code = 'close' then change else 0 end) as close_value,
        -sum(case when flow_code = 'move_out' then change else 0 end) as move_out_value,
        -sum(case when flow_code = 'contract' then change else 0 end) as contract_value,
        sum(case when flow_code = 'unchanged' then change else 0 end) as drift_value,
        sum(case when flow_code in ('succession_in', 'succession_out') then change else 0 end) as succession_value,
        sum(case when flow_code = 'open' then flow_count else 0 end) as open_count,
        sum(case when flow_code = 'move_in' then flow_count else 0 end) as move_in_count,
        sum(case when flow_code = 'expand' then flow_count else 0 end) as expand_count,
        sum(case when flow_code = 'close' then flow_count else 0 end) as close_count,
        sum(case when flow_code = 'move_out' then flow_count else 0 end) as move_out_count,
        sum(case when flow_code = 'contract' then flow_count else 0 end) as contract_count,
        sum(case when flow_code = 'unchanged' then flow_count else 0 end) as unchanged_count,
        sum(case when flow_code = 'resumed' then flow_count else 0 end) as resumed_count
    from grouped
    group by part_kind, part_code, month, signal_code, period_months
),

industry_version as (
    select max(version) as version
    from rules.industry
),

kept as (
    select
        *,
        open_value + move_in_value + expand_value as creation_value,
        close_value + move_out_value + contract_value as destruction_value,
        (abs(compared_value) + abs(compared_earlier_value)) / 2 as mean_value
    from added
)

select
    k.part_kind,
    k.part_code,
    case
        when k.part_kind = 'building' then k.part_code
        when s.section_code is null then 'unknown'
        when k.part_kind = 'industry_section' then s.section_title_en
        else concat(s.section_title_en, ' ', k.part_code)
    end as part_title_en,
    case
        when k.part_kind = 'building' then k.part_code
        when s.section_code is null then '未知'
        when k.part_kind = 'industry_section' then s.section_title_zh
        else concat(s.section_title_zh, k.part_code)
    end as part_title_zh,
    k.month,
    k.signal_code,
    k.period_months,
    coalesce(k.total_value, 0) as total_value,
    cast(k.enterprise_count as bigint) as enterprise_count,
    cast(k.suspect_count as bigint) as suspect_count,
    k.is_provisional = 1 as is_provisional,
    case when k.flow_count > 0 then k.compared_value end as compared_value,
    case when k.flow_count > 0 then k.compared_earlier_value end as compared_earlier_value,
    case when k.flow_count > 0 then k.open_value end as open_value,
    case when k.flow_count > 0 then k.move_in_value end as move_in_value,
    case when k.flow_count > 0 then k.expand_value end as expand_value,
    case when k.flow_count > 0 then k.close_value end as close_value,
    case when k.flow_count > 0 then k.move_out_value end as move_out_value,
    case when k.flow_count > 0 then k.contract_value end as contract_value,
    case when k.flow_count > 0 then k.creation_value end as creation_value,
    case when k.flow_count > 0 then k.destruction_value end as destruction_value,
    case when k.flow_count > 0 then k.creation_value - k.destruction_value end as net_value,
    case
        when k.flow_count > 0
            then k.creation_value + k.destruction_value - abs(k.creation_value - k.destruction_value)
    end as reallocation_value,
    case when k.flow_count > 0 then k.drift_value end as drift_value,
    case when k.flow_count > 0 then k.succession_value end as succession_value,
    cast(100 * k.creation_value / nullif(k.mean_value, 0) as decimal(18, 2)) as creation_pct,
    cast(100 * k.destruction_value / nullif(k.mean_value, 0) as decimal(18, 2)) as destruction_pct,
    cast(100 * (k.creation_value - k.destruction_value) / nullif(k.mean_value, 0) as decimal(18, 2)) as net_pct,
    cast(case when k.flow_count > 0 then k.open_count end as bigint) as open_count,
    cast(case when k.flow_count > 0 then k.move_in_count end as bigint) as move_in_count,
    cast(case when k.flow_count > 0 then k.expand_count end as bigint) as expand_count,
    cast(case when k.flow_count > 0 then k.close_count end as bigint) as close_count,
    cast(case when k.flow_count > 0 then k.move_out_count end as bigint) as move_out_count,
    cast(case when k.flow_count > 0 then k.contract_count end as bigint) as contract_count,
    cast(case when k.flow_count > 0 then k.unchanged_count end as bigint) as unchanged_count,
    cast(case when k.flow_count > 0 then k.resumed_count end as bigint) as resumed_count,
    o.as_of,
    concat(f.version, '; ', g.version, '; ', v.version) as rule_version
from kept as k
cross join ops.night as o
cross join rules.flow as f
inner join rules.signal as g on k.signal_code = g.signal_code
cross join industry_version as v
left join rules.industry as s
    on
        (k.part_kind = 'industry_section' and k.part_code = s.section_code)
        or (
            k.part_kind = 'industry_division'
            and try_cast(k.part_code as integer) between s.division_from and s.division_to
        )
