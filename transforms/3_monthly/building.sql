-- title: Buildings | 楼栋
-- one row is: one building that the register of buildings or a lease names | 楼栋台账或租约涉及的一栋楼
-- answers: how much space can be let here, on how much land, and what is the building for? | 这栋楼可租多少面积、占地多少、什么用途？
-- key: building_code
-- rules:
--   * Figures are those of the register of buildings (known.building). Of two feeds that state one building the row
--     received last counts. A building that only leases name has a row without them.
--   * plot_ratio, the first of: register: as the register states it; reckoned: floor area over land, both of the
--     register; rule: the building's own row in rules/land.yml; default: the row without a building in
--     rules/land.yml.
--   * building_land_mu, the first of: the land that the register states; floor area over plot ratio; lettable area
--     over plot ratio. In mu (rules/land.yml: m2_per_mu).
--   | * 各项取自楼栋台账；两个来源都有同一栋楼的，取最后收到的。只见于租约的楼栋也有一行，各项为空。
--   * 容积率依次取：台账所载（register）、建筑面积除以占地面积（reckoned）、规则中该楼栋的值（rule）、规则中的通用值（default）。
--   * 占地面积（亩）依次取：台账所载占地、建筑面积除以容积率、可租面积除以容积率。
-- known gaps: Only the figures known tonight: a building that was extended has its present area in all months.
--   Leases that name no building are in no row here.
--   | 只有当前数值：扩建过的楼栋各月均按现面积。未写楼栋的租约不在此表。
-- column plot_ratio: floor area over land: stated, reckoned, or by rules/land.yml | 容积率 依次取台账、推算、规则
-- checked by: tests/models/monthly.building
with stated_building as (
    select
        *,
        row_number() over (partition by building_code order by received_at desc, feed asc) as row_rank
    from known.building
),

named_building as (
    select building_code from stated_building
    union
    select building_code from monthly.lease_building
    where building_code <> 'unknown'
),

measured_building as (
    select
        n.building_code,
        b.building_name,
        b.use_code,
        b.completed_date,
        b.floor_area_m2,
        b.lettable_area_m2,
        b.land_area_m2,
        b.building_code is not null as is_registered_building,
        case
            when b.plot_ratio > 0 then 'register'
            when b.floor_area_m2 / nullif(b.land_area_m2, 0) > 0 then 'reckoned'
            when o.plot_ratio is not null then 'rule'
            else 'default'
        end as plot_ratio_basis,
        cast(
            coalesce(
                case when b.plot_ratio > 0 then b.plot_ratio end,
                nullif(b.floor_area_m2, 0) / nullif(b.land_area_m2, 0),
                o.plot_ratio,
                p.plot_ratio
            ) as decimal(30, 4)
        ) as plot_ratio,
        r.m2_per_mu,
        r.version
    from named_building as n
    cross join rules.land_limit as r
    left join stated_building as b on n.building_code = b.building_code and b.row_rank = 1
    left join rules.land as o on n.building_code = o.building_code
    left join rules.land as p on p.building_code is null
)

select
    building_code,
    building_name,
    use_code,
    completed_date,
    floor_area_m2,
    lettable_area_m2,
    plot_ratio,
    plot_ratio_basis,
    cast(
        coalesce(
            land_area_m2,
            coalesce(floor_area_m2, lettable_area_m2) / nullif(plot_ratio, 0)
        ) / nullif(m2_per_mu, 0) as decimal(30, 4)
    ) as building_land_mu,
    is_registered_building,
    version as rule_version
from measured_building
