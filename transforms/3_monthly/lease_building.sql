-- title: Leased area by building and month | 月末分楼栋在租面积
-- one row is: one enterprise, one building and one month with a lease in force there at its end
--   | 一家企业在一栋楼月末有在租合同的一个月
-- answers: in which buildings does this enterprise lease how much space, and until when?
--   | 这家企业在哪些楼栋各租多少面积，租到何时？
-- key: enterprise_id, building_code, month
-- rules:
--   * A lease is in force on the month's last day if it has started and neither its end nor its termination lies
--   before that day.
--   * Of several leases in force for the same room (a renewal that overlaps) the one that started last counts; a lease
--   without a room counts by itself.
--   * The lease book is complete: a month without a row is a month without a lease.
--   * A lease that names no building counts in building 'unknown'.
--   * Area that falls due: leases in force with a last day within the next 1, 3, 6 or 12 calendar months.
--   * unrenewed: no later lease of the same room by the same tenant begins by rules/occupancy.yml: renewal_days after
--   that day.
--   * rented_area_m2 is the area with a rent.
--   | * 月末当天已起租、未到期也未提前解除的租约为在租。
--   * 同一房间有几份在租合同（续签重叠）的，取最后起租的一份；未写房间的合同单独计算。
--   * 租赁台账是完整的：没有行的月份就是没有租约。
--   * 未写楼栋的合同归入“未知”（unknown）。
--   * 到期面积：在租合同中最后一天在此后1、3、6、12个自然月内的面积。
--   * 同一承租人同一房间在规定天数内另有新合同的为已续签。
-- known gaps: A tenant who stays on after the end without a renewal has no lease. Common areas are counted as the
--   lease states them.
--   | 到期未续签而继续占用的，视为没有租约。公摊面积以合同所写为准。
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.lease_building
with lease as (
    select
        t.enterprise_id,
        l.feed,
        l.lease_no,
        coalesce(l.building_code, 'unknown') as building_code,
        case when l.room is null then l.lease_no else concat(l.building_code, '/', l.room) end as room_key,
        l.start_date,
        l.leased_area_m2,
        l.monthly_rent_amount,
        coalesce(least(l.end_date, l.terminated_date), l.end_date, l.terminated_date) as until_date,
        l.received_at
    from known.lease as l
    inner join resolved.link as t on l.feed = t.feed and l.source_key = t.source_key
),

followed_lease as (
    select
        *,
        lead(start_date) over (partition by enterprise_id, feed, room_key order by start_date, lease_no)
            as next_start_date
    from lease
),

lease_month as (
    select
        l.*,
        m.month,
        m.month_end_date,
        coalesce(l.next_start_date <= cast(l.until_date + interval '1' day * r.renewal_days as date), false)
            as is_renewed,
        row_number() over (
            partition by l.enterprise_id, m.month, l.feed, l.room_key order by l.start_date desc, l.lease_no desc
        ) as row_rank
    from followed_lease as l
    cross join rules.occupancy as r
    inner join monthly.month as m
        on
            l.start_date <= m.month_end_date
            and coalesce(l.until_date, cast('9999-12-31' as date)) >= m.month_end_date
)

select
    enterprise_id,
    building_code,
    month,
    cast(sum(leased_area_m2) as decimal(30, 2)) as leased_area_m2,
    cast(sum(monthly_rent_amount) as decimal(30, 2)) as monthly_rent_amount,
    cast(count(*) as integer) as lease_count,
    min(until_date) as next_lease_end_date,
    cast(coalesce(sum(case when monthly_rent_amount is not null then leased_area_m2 end), 0) as decimal(30, 2))
        as rented_area_m2,
    cast(
        coalesce(sum(case when until_date <= last_day(month_end_date + interval '1' month) then leased_area_m2 end), 0)
        as decimal(30, 2)
    ) as due_1m_area_m2,
    cast(
        coalesce(sum(case when until_date <= last_day(month_end_date + interval '3' month) then leased_area_m2 end), 0)
        as decimal(30, 2)
    ) as due_3m_area_m2,
    cast(
        coalesce(sum(case when until_date <= last_day(month_end_date + interval '6' month) then leased_area_m2 end), 0)
        as decimal(30, 2)
    ) as due_6m_area_m2,
    cast(
        coalesce(sum(case when until_date <= last_day(month_end_date + interval '12' month) then leased_area_m2 end), 0)
        as decimal(30, 2)
    ) as due_12m_area_m2,
    cast(
        coalesce(
            sum(case
                when until_date <= last_day(month_end_date + interval '6' month) and not is_renewed then leased_area_m2
            end),
            0
        ) as decimal(30, 2)
    ) as due_6m_unrenewed_area_m2,
    max(received_at) as received_at
from lease_month
where row_rank = 1
group by enterprise_id, building_code, month
