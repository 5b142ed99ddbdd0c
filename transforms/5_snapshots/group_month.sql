-- title: Buildings and industries by month | 楼栋与行业月度汇总
-- one row is: one building, industry section or industry division, with one signal in one month, over all its
--   enterprises whose figures are for periods of this length
--   | 一栋楼、一个行业门类或大类，一项指标在一个月、一种所属期长度下的合计
-- answers: where in the park, and in which industries, do staff, sales, tax and space grow and shrink, and how?
--   | 人数、销售额、税额、面积在哪栋楼、哪个行业增减，怎样增减？
-- key: part_kind, part_code, month, signal_code, period_months
-- rules: As snapshots.park_month, by groups.
--   * Each enterprise is in exactly one building of a month (monthly.main_building), one section and one division
--     (GB/T 4754, rules/industry.yml), or under unknown. So the groups of one kind add up to the park in every total,
--     count, creation, destruction and net; tax received also in its year to date.
--   * Reallocation does not add up: what one group loses and another gains is reallocation of the park only.
--   * Provisional months have totals but no flows and no growth; suspect values (signals.plausibility) are in neither.
--   * Small cells are shown: enterprise_count says how many enterprises they are about.
--   | 口径同园区月度汇总，按楼栋、行业门类、行业大类分别汇总。
--   * 每家企业每月只属于一栋楼、一个门类、一个大类，或列入“未知”：各口径的合计、户数、增加量、减少量、净变动加总等于全园，
--   入库税额的累计数也等于全园。
--   * 总变动量不可加总：一组减少而另一组增加的部分只算全园的总变动。
--   * 暂定月份只有合计；异常值不计入；企业数少的格子照列，看企业数。
-- known gaps: An enterprise that moves from one building to another takes its figures along: totals change, and there
--   is no flow; tax received before the move stays with the first building. The industry is today's in the register. A
--   cell of one or two enterprises shows their own figures: not for publication.
--   | 园内换楼的企业数据随之转移，只改合计、没有增减；换楼前的入库税额留在原楼栋；行业以当前登记为准；只有一两家企业的格子会露出个体数据，
--   不得对外发布。
-- column suspect_count: how many enterprises' figures were left out of the total as suspect
--   | 存疑企业数 数据异常、未计入合计的企业数
-- codes part_kind: building, industry_section, industry_division
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

grouped as (
    select
        'building' as part_kind,
        building_code as part_code,
        *
    from flow_part
    where building_code is not null
    union all
    select
        'industry_division' as part_kind,
        industry_division as part_code,
        *
    from flow_part
    where industry_division is not null
    union all
    select
        'industry_section' as part_kind,
        coalesce(i.section_code, 'unknown') as part_code,
        p.*
    from flow_part as p
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

flowed as (
    select
        *,
        open_value + move_in_value + expand_value as creation_value,
        close_value + move_out_value + contract_value as destruction_value,
        (abs(compared_value) + abs(compared_earlier_value)) / 2 as mean_value
    from added
)

select
    t.part_kind,
    t.part_code,
    case
        when t.part_kind = 'building' then t.part_code
        when s.section_code is null then 'unknown'
        when t.part_kind = 'industry_section' then s.section_title_en
        else concat(s.section_title_en, ' ', t.part_code)
    end as part_title_en,
    case
        when t.part_code = 'unknown' then '未知'
        when t.part_kind = 'building' then coalesce(b.building_name, t.part_code)
        when t.part_kind = 'industry_section' then s.section_title_zh
        else d.division_title_zh
    end as part_title_zh,
    t.month,
    t.signal_code,
    t.period_months,
    t.total_value,
    t.enterprise_count,
    t.suspect_count,
    t.is_provisional,
    t.change_1m_pct,
    t.change_12m_pct,
    t.year_to_date_value,
    t.year_to_date_value_before,
    t.year_to_date_change_pct,
    k.compared_value,
    k.compared_earlier_value,
    k.open_value,
    k.move_in_value,
    k.expand_value,
    k.close_value,
    k.move_out_value,
    k.contract_value,
    k.creation_value,
    k.destruction_value,
    k.creation_value - k.destruction_value as net_value,
    k.creation_value + k.destruction_value - abs(k.creation_value - k.destruction_value) as reallocation_value,
    k.drift_value,
    k.succession_value,
    cast(100 * k.creation_value / nullif(k.mean_value, 0) as decimal(30, 2)) as creation_pct,
    cast(100 * k.destruction_value / nullif(k.mean_value, 0) as decimal(30, 2)) as destruction_pct,
    cast(100 * (k.creation_value - k.destruction_value) / nullif(k.mean_value, 0) as decimal(30, 2)) as net_pct,
    cast(k.open_count as bigint) as open_count,
    cast(k.move_in_count as bigint) as move_in_count,
    cast(k.expand_count as bigint) as expand_count,
    cast(k.close_count as bigint) as close_count,
    cast(k.move_out_count as bigint) as move_out_count,
    cast(k.contract_count as bigint) as contract_count,
    cast(k.unchanged_count as bigint) as unchanged_count,
    cast(k.resumed_count as bigint) as resumed_count,
    o.as_of,
    concat(f.version, '; ', g.version, '; ', v.version) as rule_version
from signals.part_total as t
cross join ops.night as o
cross join rules.flow as f
inner join rules.signal as g on t.signal_code = g.signal_code
cross join industry_version as v
left join flowed as k
    on
        t.part_kind = k.part_kind and t.part_code = k.part_code and t.month = k.month
        and t.signal_code = k.signal_code and t.period_months = k.period_months
left join rules.industry as s
    on
        (t.part_kind = 'industry_section' and t.part_code = s.section_code)
        or (
            t.part_kind = 'industry_division'
            and try_cast(t.part_code as integer) between s.division_from and s.division_to
        )
left join rules.industry_division as d on t.part_kind = 'industry_division' and t.part_code = d.division_code
left join monthly.building as b on t.part_kind = 'building' and t.part_code = b.building_code
where t.part_kind <> 'park'
