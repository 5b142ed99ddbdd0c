-- title: Flows of the park and its parts | 全园与分组的增减构成
-- one row is: the park, or one of its buildings, industry sections or divisions, with one signal in one month, over all
--   enterprises whose figures are for periods of this length
--   | 全园或一栋楼、一个行业门类或大类，一项指标在一个月、一种所属期长度下的增减构成
-- answers: how much came and went by openings, closings, growth, decline and moves, and how much of that is known yet?
--   | 新设、关闭、增加、减少、迁入、迁出各多少，其中哪些尚未确定？
-- key: part_kind, part_code, month, signal_code, period_months
-- rules:
--   * creation = open + move_in + expand; destruction = close + move_out + contract, as a positive figure; net =
--     creation - destruction; reallocation = creation + destruction - |net|. Changes within the tolerance (drift), by
--     mergers and divisions (succession) and after a gap (resumed) are apart: creation - destruction + drift +
--     succession = all of the change of the enterprises compared.
--   * compared_pct: the figures compared, per cent of the total. Rates divide by the mean of both periods over the
--     enterprises compared (Davis, Haltiwanger, Schuh; BDS), and are empty below rules/flow.yml: compared_min_pct.
--   * birth_pct, death_pct: enterprises opened and closed per cent of those with a figure in the month (Eurostat);
--     churn_pct is the sum of both. open_pct, close_pct: their figures per cent of the mean (BDS: job creation by
--     births, job destruction by deaths). Moves are neither births nor deaths.
--   * open_ended: enterprises without a figure any more, of which it is too soon to say that they ended. While there
--     are any, destruction, net, reallocation and their rates are empty, and close and move_out hold what is known:
--     their 0 is empty too. open_ended_value, their figure before, is the most that can still go.
--   * flow_reason_code says why flows or rates are not all known.
--   | * 增加量＝新设＋迁入＋增长；减少量＝关闭＋迁出＋下降（取正数）；净变动＝增加量−减少量；总变动
--   量＝增加量＋减少量−净变动绝对值。阈值内
--   小幅变动、合并分立带来的变动、中断后恢复的另列：增加量−减少量＋小幅变动＋承继变动＝可比企业全部变动。
--   * 可比占比＝可比企业本期数÷合计；各比率除以可比企业两期平均数，可比占比低于规则下限时为空。
--   * 出生率、死亡率＝新设、关闭企业数÷本期有数企业数（欧盟统计局口径），两者之和为更替率；新设、关闭比率按其数值除以
--   两期平均数（美国BDS口径）；迁入迁出不算出生死亡。
--   * 有未定企业（已无数值、尚不能认定结束）时，减少量、净变动、总变动量及其比率为空，关闭、迁出只列已知部分，其零也为空；未
--   定企业前期数即最多还可能减少的量。
-- example: 100 people in one enterprise in both months, 50 in another that is silent now: open_ended_value 50,
--   destruction empty. Silent for three months it is closed: destruction 50, 40 % of the mean of 150 and 100.
-- known gaps: Moves count as creation and destruction, because the park is the frame. Reallocation of parts does not
--   add up to the park's. An enterprise that moves between buildings takes its figures along without a flow.
--   | 以园区为界，迁入计入增加量，迁出计入减少量；各组总变动量不可加总；园内换楼没有增减。
-- checked by: tests/models/signals.part_flow, tests/transforms/test_groups_add_up.py
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

added as (
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

-- an end that is not known yet is no 0
known_flow as (
    select
        *,
        open_value + move_in_value + expand_value as creation_value,
        case when open_ended_count = 0 then close_value + move_out_value + contract_value end as destruction_value,
        case when close_count > 0 or open_ended_count = 0 then close_value end as known_close_value,
        case when close_count > 0 or open_ended_count = 0 then close_count end as known_close_count,
        case when move_out_count > 0 or open_ended_count = 0 then move_out_value end as known_move_out_value,
        case when move_out_count > 0 or open_ended_count = 0 then move_out_count end as known_move_out_count,
        (abs(compared_value) + abs(compared_earlier_value)) / 2 as mean_value
    from added
),

compared as (
    select
        t.part_kind,
        t.part_code,
        t.month,
        t.signal_code,
        t.period_months,
        t.is_provisional,
        t.enterprise_count,
        case
            when k.compared_value = t.total_value then 100
            else 100 * k.compared_value / nullif(t.total_value, 0)
        end as compared_pct,
        r.compared_min_pct
    from signals.part_total as t
    inner join rules.signal as g on t.signal_code = g.signal_code
    cross join rules.flow as r
    left join known_flow as k
        on
            t.part_kind = k.part_kind and t.part_code = k.part_code and t.month = k.month
            and t.signal_code = k.signal_code and t.period_months = k.period_months
    where not g.is_receipt
),

rated as (
    select
        c.part_kind,
        c.part_code,
        c.month,
        c.signal_code,
        c.period_months,
        c.compared_pct,
        c.is_provisional,
        coalesce(c.compared_pct >= c.compared_min_pct, false) as is_rated,
        case when c.compared_pct >= c.compared_min_pct then c.enterprise_count end as rated_count
    from compared as c
)

select
    r.part_kind,
    r.part_code,
    r.month,
    r.signal_code,
    r.period_months,
    k.compared_value,
    k.compared_earlier_value,
    cast(r.compared_pct as decimal(30, 2)) as compared_pct,
    case
        when r.is_provisional then 'provisional'
        when k.month is null then 'nothing_compared'
        when k.open_ended_count > 0 then 'open_ended'
        when not r.is_rated then 'little_compared'
    end as flow_reason_code,
    k.open_value,
    k.move_in_value,
    k.expand_value,
    k.known_close_value as close_value,
    k.known_move_out_value as move_out_value,
    k.contract_value,
    k.creation_value,
    k.destruction_value,
    k.creation_value - k.destruction_value as net_value,
    k.creation_value + k.destruction_value - abs(k.creation_value - k.destruction_value) as reallocation_value,
    k.drift_value,
    k.succession_value,
    k.open_ended_value,
    cast(case when r.is_rated then 100 * k.creation_value / nullif(k.mean_value, 0) end as decimal(30, 2))
        as creation_pct,
    cast(case when r.is_rated then 100 * k.destruction_value / nullif(k.mean_value, 0) end as decimal(30, 2))
        as destruction_pct,
    cast(
        case when r.is_rated then 100 * (k.creation_value - k.destruction_value) / nullif(k.mean_value, 0) end
        as decimal(30, 2)
    ) as net_pct,
    cast(
        case
            when r.is_rated
                then
                    100 * (k.creation_value + k.destruction_value - abs(k.creation_value - k.destruction_value))
                    / nullif(k.mean_value, 0)
        end as decimal(30, 2)
    ) as reallocation_pct,
    cast(case when r.is_rated then 100 * k.open_value / nullif(k.mean_value, 0) end as decimal(30, 2)) as open_pct,
    cast(
        case when r.is_rated and k.open_ended_count = 0 then 100 * k.close_value / nullif(k.mean_value, 0) end
        as decimal(30, 2)
    ) as close_pct,
    cast(100.0 * k.open_count / nullif(r.rated_count, 0) as decimal(30, 2)) as birth_pct,
    cast(case when k.open_ended_count = 0 then 100.0 * k.close_count / nullif(r.rated_count, 0) end as decimal(30, 2))
        as death_pct,
    cast(
        case
            when k.open_ended_count = 0 then 100.0 * (k.open_count + k.close_count) / nullif(r.rated_count, 0)
        end as decimal(30, 2)
    ) as churn_pct,
    cast(k.open_count as bigint) as open_count,
    cast(k.move_in_count as bigint) as move_in_count,
    cast(k.expand_count as bigint) as expand_count,
    cast(k.known_close_count as bigint) as close_count,
    cast(k.known_move_out_count as bigint) as move_out_count,
    cast(k.contract_count as bigint) as contract_count,
    cast(k.unchanged_count as bigint) as unchanged_count,
    cast(k.resumed_count as bigint) as resumed_count,
    cast(k.open_ended_count as bigint) as open_ended_count
from rated as r
left join known_flow as k
    on
        r.part_kind = k.part_kind and r.part_code = k.part_code and r.month = k.month
        and r.signal_code = k.signal_code and r.period_months = k.period_months
