-- title: Share of buildings in an enterprise | 企业分楼栋比例
-- one row is: one enterprise in one month and one building that its figures of that month count in
--   | 一家企业一个月计入一栋楼的部分
-- answers: over which buildings is this enterprise's staff, tax or power of the month spread, and how? | 这家企业当月的人员、税
--   款、用能按什么比例分到各楼栋？
-- key: enterprise_id, month, building_code
-- rules:
--   * With leases at the month's end: every building that it leases in, by leased area. Leases without an area count
--     alike where none has one.
--   * Without: the building of monthly.main_building, with all of it.
--   * The part of a figure V is round(V * until_area_m2 / total_area_m2) - round(V * from_area_m2 / total_area_m2),
--     with buildings in the order of their codes: the parts add up to V, and the last building takes the rounding.
--   | * 月末有租约的，按各楼栋在租面积分摊；均无面积的平均分。
--   * 月末无租约的，全部计入主要楼栋。
--   * 某项数值V在一栋楼的部分 = 四舍五入(V×累计面积止÷总面积) − 四舍五入(V×累计面积起÷总面积)，楼栋按编号排序：各部分之和恰为V，尾差归最后一栋。
-- example: 10 staff, 300 m2 in B1, 150 m2 in B2: B1 gets round(10 * 300 / 450) = 7, B2 gets 10 - 7 = 3.
--   | 10人，B1租300平方米、B2租150平方米：B1得 10×300÷450≈7 人，B2得 10−7=3 人。
-- known gaps: An enterprise without any lease or entry has no row: its figures count in building 'unknown'.
--   | 既无租约也无门禁记录的企业没有行，其数值计入“未知”楼栋。
-- column from_area_m2: leased area of the buildings before this one, m2 | 累计面积起 编号在前各楼栋的在租面积合计，单位：平方米
-- column until_area_m2: the same with this building, m2 | 累计面积止 含本楼栋的在租面积合计，单位：平方米
-- column total_area_m2: leased area in all buildings, m2 | 总面积 该企业当月在租面积合计，单位：平方米
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.building_share
with leased_building as (
    select
        enterprise_id,
        month,
        building_code,
        cast(coalesce(leased_area_m2, 0) as decimal(30, 2)) as leased_area_m2,
        sum(coalesce(leased_area_m2, 0)) over (partition by enterprise_id, month) as total_area_m2
    from monthly.lease_building
),

weighted_building as (
    select
        enterprise_id,
        month,
        building_code,
        cast(case when total_area_m2 > 0 then leased_area_m2 else 1 end as decimal(30, 2)) as area_m2
    from leased_building
),

main_building as (
    select
        b.enterprise_id,
        m.month,
        b.building_code
    from monthly.main_building as b
    inner join monthly.month as m on m.month between b.from_month and b.until_month
    left join monthly.lease_area as a on b.enterprise_id = a.enterprise_id and m.month = a.month
    where a.enterprise_id is null
)

select
    enterprise_id,
    month,
    building_code,
    cast(
        sum(area_m2) over (partition by enterprise_id, month order by building_code) - area_m2 as decimal(30, 2)
    ) as from_area_m2,
    cast(sum(area_m2) over (partition by enterprise_id, month order by building_code) as decimal(30, 2))
        as until_area_m2,
    cast(sum(area_m2) over (partition by enterprise_id, month) as decimal(30, 2)) as total_area_m2
from weighted_building
union all
select
    enterprise_id,
    month,
    building_code,
    cast(0 as decimal(30, 2)) as from_area_m2,
    cast(1 as decimal(30, 2)) as until_area_m2,
    cast(1 as decimal(30, 2)) as total_area_m2
from main_building
