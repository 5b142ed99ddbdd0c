-- title: Flows of the park and its parts | 全园与分组的增减构成
-- one row is: the park, or one of its buildings, industry sections or divisions, with one signal in one month, over
--   all enterprises with figures for periods of this length
--   | 全园或一栋楼、一个行业门类或大类，一项指标在一个月、一种所属期长度下的增减构成
-- answers: how much came and went by openings, closings, growth, decline and moves, and how much of that is known yet?
--   | 新设、关闭、增加、减少、迁入、迁出各多少，其中哪些尚未确定？
-- key: part_kind, part_code, month, signal_code, period_months
-- rules:
--   * creation = open + move_in + expand; destruction = close + move_out + contract, as a positive figure; net =
--     creation - destruction; reallocation = creation + destruction - |net|. Changes within the tolerance (drift), by
--     mergers and divisions (succession) and after a gap (resumed) are apart: creation - destruction + drift +
--     succession = all of the change of the enterprises compared.
--   * compared_pct: the figures compared, per cent of the total; empty where figures below zero make it no share.
--     Rates divide by the mean of both periods over the enterprises compared (Davis, Haltiwanger, Schuh; BDS), and are
--     empty without compared_pct and below rules/flow.yml: compared_min_pct.
--   * birth_pct, death_pct: enterprises opened and closed per cent of those with a figure in the month (Eurostat);
--     churn_pct is the sum of both. open_pct, close_pct: their figures per cent of the mean (BDS: job creation by
--     births, job destruction by deaths). Moves are neither births nor deaths.
--   * open_ended: enterprises without a figure any more, of which it is too soon to say that they ended. While there
--     are any, destruction, net, reallocation and their rates are empty, and close and move_out hold what is known:
--     their 0 is empty too. open_ended_value, their figure before, is the most that can still go.
--   * flow_reason_code says why flows or rates are not all known.
--   | * 增加量＝新设＋迁入＋增长；减少量＝关闭＋迁出＋下降（取正数）；净变动＝增加量−减少量；
--   总变动量＝增加量＋减少量−净变动绝对值。
--   * 阈值内小幅变动、合并分立带来的变动、中断后恢复的另列：增加量−减少量＋小幅变动＋承继变动＝可比企业全部变动。
--   * 可比占比＝可比企业本期数÷合计，有负数而不成占比的为空；各比率除以可比企业两期平均数，可比占比为空或低于规则下限时为空。
--   * 出生率、死亡率＝新设、关闭企业数÷本期有数企业数（欧盟统计局口径），两者之和为更替率；
--   新设、关闭比率按其数值除以两期平均数（美国BDS口径）；迁入迁出不算出生死亡。
--   * 有未定企业（已无数值、尚不能认定结束）时，减少量、净变动、总变动量及其比率为空；
--   关闭、迁出只列已知部分，其零也为空；未定企业前期数即最多还可能减少的量。
-- example: 100 people in one enterprise in both months, 50 in another that stopped reporting: open_ended_value 50,
--   destruction empty. After three months without a report it is closed: destruction 50, 40 % of the mean of 150 and
--   100.
-- known gaps: Moves count as creation and destruction, because the park is the frame. Reallocation of parts does not
--   add up to the park's. An enterprise that moves between buildings takes its figures along without a flow.
--   | 以园区为界，迁入计入增加量，迁出计入减少量；各组总变动量不可加总；园内换楼没有增减。
-- checked by: tests/models/signals.part_flow, tests/transforms/test_groups_add_up.py
with placed_flow as (
    select
        coalesce(b.building_code, 'unknown') as building_code,
        coalesce(industry_division(e.industry_code), 'unknown') as industry_division,
        f.month,
        f.signal_code,
        f.period_months,
        f.flow_code,
        f.value,
        f.earlier_value,
        f.change
    from signals.flow as f
    left join resolved.enterprise as e on f.enterprise_id = e.enterprise_id
    left join monthly.main_building as b
        on f.enterprise_id = b.enterprise_id and f.month between b.from_month and b.until_month
),

-- park, buildings and divisions in one pass; sections are sums of divisions
part as (
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
        (month, signal_code, period_months, flow_code),
        (building_code, month, signal_code, period_months, flow_code),
        (industry_division, month, signal_code, period_months, flow_code)
    )
),

named_part as (
    select
        case
            when building_code is not null then 'building'
            when industry_division is not null then 'industry_division'
            else 'park'
        end as part_kind,
        coalesce(building_code, industry_division, 'park') as part_code,
        *
    from part
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

flow_sum as (
    select
        part_kind,
        part_code,
        month,
        signal_code,
        period_months,
        sum(case when flow_code not in ('resumed', 'open_ended') then value else 0 end) as compared_value,
        sum(case when flow_code not in ('resumed', 'open_ended') then earlier_value else 0 end)
            as compared_earlier_value,
        sum(case when flow_code = 'open' then change else 0 end) as open_value,
        sum(case when flow_code = 'move_in' then change else 0 end) as move_in_value,
        sum(case when flow_code = 'expand' then change else 0 end) as expand_value,
        -sum(case when flow_code = 'close' then change else 0 end) as close_value,
        -sum(case when flow_code = 'move_out' then change else 0 end) as move_out_value,
        -sum(case when flow_code = 'contract' then change else 0 end) as contract_value,
        sum(case when flow_code = 'unchanged' then change else 0 end) as drift_value,
        sum(case when flow_code in ('succession_in', 'succession_out') then change else 0 end) as succession_value,
        sum(case when flow_code = 'open_ended' then earlier_value else 0 end) as open_ended_value,
        sum(case when flow_code = 'open' then flow_count else 0 end) as open_count,
        sum(case when flow_code = 'move_in' then flow_count else 0 end) as move_in_count,
        sum(case when flow_code = 'expand' then flow_count else 0 end) as expand_count,
        sum(case when flow_code = 'close' then flow_count else 0 end) as close_count,
        sum(case when flow_code = 'move_out' then flow_count else 0 end) as move_out_count,
        sum(case when flow_code = 'contract' then flow_count else 0 end) as contract_count,
        sum(case when flow_code = 'unchanged' then flow_count else 0 end) as unchanged_count,
        sum(case when flow_code = 'resumed' then flow_count else 0 end) as resumed_count,
        sum(case when flow_code = 'open_ended' then flow_count else 0 end) as open_ended_count
    from named_part
    group by part_kind, part_code, month, signal_code, period_months
),

-- every total with its flows; an end that is not known yet is not zero
part_month as (
    select
        t.part_kind,
        t.part_code,
        t.month,
        t.signal_code,
        t.period_months,
        t.is_provisional,
        t.enterprise_count,
        case
            when s.compared_value = t.total_value then 100
            when s.compared_value / nullif(t.total_value, 0) between 0 and 1
                then 100 * s.compared_value / nullif(t.total_value, 0)
        end as compared_pct,
        (abs(s.compared_value) + abs(s.compared_earlier_value)) / 2 as mean_value,
        s.compared_value,
        s.compared_earlier_value,
        s.open_value,
        s.move_in_value,
        s.expand_value,
        case when s.close_count > 0 or s.open_ended_count = 0 then s.close_value end as close_value,
        case when s.move_out_count > 0 or s.open_ended_count = 0 then s.move_out_value end as move_out_value,
        s.contract_value,
        s.open_value + s.move_in_value + s.expand_value as creation_value,
        case when s.open_ended_count = 0 then s.close_value + s.move_out_value + s.contract_value end
            as destruction_value,
        case when s.open_ended_count = 0 then s.close_value end as all_close_value,
        s.drift_value,
        s.succession_value,
        s.open_ended_value,
        s.open_count,
        s.move_in_count,
        s.expand_count,
        case when s.close_count > 0 or s.open_ended_count = 0 then s.close_count end as close_count,
        case when s.move_out_count > 0 or s.open_ended_count = 0 then s.move_out_count end as move_out_count,
        s.contract_count,
        s.unchanged_count,
        s.resumed_count,
        s.open_ended_count,
        case when s.open_ended_count = 0 then s.close_count end as all_close_count
    from signals.part_total as t
    inner join rules.signal as g on t.signal_code = g.signal_code
    left join flow_sum as s
        on
            t.part_kind = s.part_kind and t.part_code = s.part_code and t.month = s.month
            and t.signal_code = s.signal_code and t.period_months = s.period_months
    where not g.is_receipt
),

-- what rates divide by: nothing where too little was compared
rate_base as (
    select
        p.*,
        case when p.compared_pct >= r.compared_min_pct then p.mean_value end as base_value,
        case when p.compared_pct >= r.compared_min_pct then p.enterprise_count end as base_count,
        p.creation_value - p.destruction_value as net_value,
        p.creation_value + p.destruction_value - abs(p.creation_value - p.destruction_value) as reallocation_value,
        coalesce(p.compared_pct < r.compared_min_pct, true) as is_little_compared
    from part_month as p
    cross join rules.flow as r
)

select
    part_kind,
    part_code,
    month,
    signal_code,
    period_months,
    compared_value,
    compared_earlier_value,
    cast(compared_pct as decimal(30, 2)) as compared_pct,
    case
        when is_provisional then 'provisional'
        when compared_value is null then 'nothing_compared'
        when open_ended_count > 0 then 'open_ended'
        when is_little_compared then 'little_compared'
    end as flow_reason_code,
    open_value,
    move_in_value,
    expand_value,
    close_value,
    move_out_value,
    contract_value,
    creation_value,
    destruction_value,
    net_value,
    reallocation_value,
    drift_value,
    succession_value,
    open_ended_value,
    cast(100 * creation_value / nullif(base_value, 0) as decimal(30, 2)) as creation_pct,
    cast(100 * destruction_value / nullif(base_value, 0) as decimal(30, 2)) as destruction_pct,
    cast(100 * net_value / nullif(base_value, 0) as decimal(30, 2)) as net_pct,
    cast(100 * reallocation_value / nullif(base_value, 0) as decimal(30, 2)) as reallocation_pct,
    cast(100 * open_value / nullif(base_value, 0) as decimal(30, 2)) as open_pct,
    cast(100 * all_close_value / nullif(base_value, 0) as decimal(30, 2)) as close_pct,
    cast(100.0 * open_count / nullif(base_count, 0) as decimal(30, 2)) as birth_pct,
    cast(100.0 * all_close_count / nullif(base_count, 0) as decimal(30, 2)) as death_pct,
    cast(100.0 * (open_count + all_close_count) / nullif(base_count, 0) as decimal(30, 2)) as churn_pct,
    cast(open_count as bigint) as open_count,
    cast(move_in_count as bigint) as move_in_count,
    cast(expand_count as bigint) as expand_count,
    cast(close_count as bigint) as close_count,
    cast(move_out_count as bigint) as move_out_count,
    cast(contract_count as bigint) as contract_count,
    cast(unchanged_count as bigint) as unchanged_count,
    cast(resumed_count as bigint) as resumed_count,
    cast(open_ended_count as bigint) as open_ended_count
from rate_base
