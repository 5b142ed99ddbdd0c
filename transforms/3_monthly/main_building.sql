-- title: Main building | 主要楼栋
-- one row is: one enterprise and one stretch of months in which the same building was its main one
--   | 一家企业以同一楼栋为主要楼栋的一段连续月份
-- answers: in which building is this enterprise, in any month? | 这家企业在任何一个月主要在哪栋楼？
-- key: enterprise_id, from_month
-- rules: The building in which it leases most at the month's end (of equal areas the first by code). In months without
--   a lease, the building before: who leaves is counted where it was; before the first lease, the first one. Who never
--   leased a named building is where the access system counted most entries. The stretches of an enterprise cover the
--   whole calendar and never overlap.
--   | 取月末租赁面积最大的楼栋（面积相等时取编号在前的）。没有租约的月份沿用之前的楼栋：离开的企业仍计在原楼栋；首次租
--   约之前取第一栋。从未租过有编号楼栋的，取门禁进出最多的楼栋。各段首尾相接，覆盖全部月份，互不重叠。
-- known gaps: Who neither leases nor is counted at a door has no row: its building is unknown. Who has space in several
--   buildings counts in one. The operating address is not read for a building.
--   | 既不租用也没有门禁记录的企业没有行，楼栋未知。跨几栋楼的只计在一栋。不从经营地址推断楼栋。
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.main_building
with calendar as (
    select
        min(month) as first_month,
        max(month) as last_month
    from monthly.month
),

leased_month as (
    select
        enterprise_id,
        building_code,
        month,
        row_number() over (
            partition by enterprise_id, month order by leased_area_m2 desc, building_code asc
        ) as row_rank
    from monthly.lease_building
    where building_code <> 'unknown'
),

neighbours as (
    select
        enterprise_id,
        building_code,
        month,
        lag(building_code) over (partition by enterprise_id order by month) as last_building_code
    from leased_month
    where row_rank = 1
),

building_turn as (
    select
        enterprise_id,
        building_code,
        month,
        last_building_code,
        lead(month) over (partition by enterprise_id order by month) as next_month
    from neighbours
    where last_building_code is null or last_building_code <> building_code
),

entry_total as (
    select
        l.enterprise_id,
        a.building_code,
        sum(coalesce(a.people_entry_count, 0) + coalesce(a.vehicle_entry_count, 0)) as entry_count
    from known.access_count as a
    inner join resolved.link as l on a.feed = l.feed and a.source_key = l.source_key
    where a.building_code is not null
    group by l.enterprise_id, a.building_code
),

entry_building as (
    select
        c.enterprise_id,
        c.building_code,
        row_number() over (partition by c.enterprise_id order by c.entry_count desc, c.building_code asc) as row_rank
    from entry_total as c
    left join building_turn as t on c.enterprise_id = t.enterprise_id
    where t.enterprise_id is null
)

select
    t.enterprise_id,
    t.building_code,
    case when t.last_building_code is null then c.first_month else t.month end as from_month,
    cast(coalesce(t.next_month - interval '1' month, c.last_month) as date) as until_month,
    'lease' as building_basis
from building_turn as t
cross join calendar as c
union all
select
    e.enterprise_id,
    e.building_code,
    c.first_month as from_month,
    c.last_month as until_month,
    'access' as building_basis
from entry_building as e
cross join calendar as c
where e.row_rank = 1
