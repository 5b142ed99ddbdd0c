-- title: Buildings by month | 楼栋月度情况
-- one row is: one building in one month | 一栋楼一个月
-- answers: how full is this building, what falls due, who works and what is paid there, and how was it a year before?
--   | 这栋楼出租率多少、有多少面积到期、多少人在此工作、交多少税，比去年同月如何？
-- key: building_code, month
-- rules:
--   * A row for every building of monthly.building in every month, and one for 'unknown': what no lease or entry
--     ties to a building. All buildings together are the park (snapshots.park_month), suspect values left out as
--     there.
--   * leased_area_m2: leases in force on the month's last day. occupancy_pct: of lettable_area_m2. A building
--     without a known lettable area has neither occupancy nor vacancy.
--   * Vacancy has two parts. unlet_area_m2: no lease, lettable less leased, not below zero.
--     inactive_area_m2: leased, but its tenant shows no activity here (no staff, no utility use, no entries:
--     snapshots.presence_month).
--   * unlet_mean_months: for how many months the unlet area has been unlet, on average; the area of k months ago
--     that is still unlet is the smallest of the months since. long_unlet_area_m2: the smallest of the last
--     rules/occupancy.yml: long_vacant_months. inactive_mean_months: months in a row without activity, weighted by
--     area.
--   * due_area_m2: area of leases in force a month before that ended in this month; due_3m, due_6m, due_12m: of
--     leases in force now that end in the next 3, 6, 12 months.
--   * rent_per_m2_amount: monthly rent over the area of the leases that state one.
--   * Staff, electricity and tax of an enterprise in several buildings are split by leased area
--     (monthly.building_share); the parts add up to the whole. A month without any report has no staff, or no
--     electricity, for any building.
--   * tax_received_12m_amount: paid into the treasury in the 12 months that end with this one, refunds taken off.
--     Empty until there are 12 months of receipts. Per m2: of lettable area; per mu: of building_land_mu.
--   * _before: the same figure 12 months before. change_12m_pct: 同比, (now - before) / before; none from zero.
--   | * 每栋楼每月一行；无法归到楼栋的计入“未知”。各楼栋合计等于园区合计（剔除存疑值）。
--   * 在租面积为月末在租合同面积；出租率＝在租面积÷可租面积，可租面积不详的楼栋没有出租率和空置率。
--   * 空置分两部分：空置面积＝可租面积−在租面积（不低于零）；已租未用面积＝已出租但承租企业在园内无参保、无水电气用量、无门禁记录。
--   * 平均空置月数：目前空置的面积平均已空置几个月；长期空置面积：连续两年以上未出租的面积；平均未用月数按面积加权。
--   * 当月到期面积：上月末在租、本月内到期的面积；三、六、十二个月内到期面积：本月末在租、此后相应月数内到期的面积。
--   * 平均租金＝月租金÷有租金记载的面积。
--   * 企业租用多栋楼的，人员、用电、税款按在租面积分摊，各部分之和等于全部。全园当月无人申报的，人员、用电为空。
--   * 近十二月入库税额按入库日期计，已扣退税；不足十二个月的为空。单位面积税收按可租面积，亩均税收按楼栋占地。
--   * “上年同月”为十二个月前的同一数值；同比＝（本期−上年同期）÷上年同期，上年同期为零的为空。
-- example: 10,000 m2 lettable, 8,200 leased: occupancy 82 %, unlet 1,800 m2. Unlet 2,000 and 1,500 in the two months
--   before: (1,800 + 1,500 + 1,500) / 1,800 = 2.7 months, if the calendar begins there.
--   | 可租10000平方米、在租8200平方米：出租率82%，空置1800平方米。前两个月空置2000、1500平方米：平均空置 (1800＋1500＋1500)÷1800≈2.7 个月。
-- known gaps: Lettable area is tonight's in all months. Rooms are not followed: space let and other space given up
--   in one building hide each other, so that durations are estimates; they begin with the first month of the
--   calendar at most. Tax of who leases nowhere counts in 'unknown'.
--   | 可租面积各月均按当前值。不跟踪到房间，同一楼栋一进一退会相互抵消，空置时长为估计，最早从月历首月算起。无租约企业的税款计入“未知”。
-- column leased_area_m2: area of the leases in force on the month's last day, suspect ones left out, m2
--   | 在租面积 月末在租合同的面积，剔除存疑值，单位：平方米
-- column insured_headcount: insured staff, of tenants in several buildings by leased area; empty in a month
--   without any report | 参保人数 参保人数；租用多栋楼的企业按在租面积分摊，当月无任何申报的为空，单位：人
-- column electricity_kwh: electricity used in the month, of tenants in several buildings by leased area, kWh;
--   empty in a month without any reading | 用电量 当月用电量；租用多栋楼的企业按在租面积分摊，当月无任何抄表的为空，单位：千瓦时
-- column is_provisional: whether staff or electricity of the month is not complete yet | 是否暂定 当月参保或用电数据是否尚未报齐
-- checked by: tests/models/snapshots.building_month, tests/transforms/test_groups_add_up.py
with park_building as (
    -- with a row for leases that name no known building: without it the park's area would not add up
    select
        building_code,
        building_name,
        use_code,
        lettable_area_m2,
        building_land_mu,
        rule_version
    from monthly.building
    union all
    select
        'unknown' as building_code,
        cast(null as varchar) as building_name,
        cast(null as varchar) as use_code,
        cast(null as decimal(30, 2)) as lettable_area_m2,
        cast(null as decimal(30, 4)) as building_land_mu,
        version as rule_version
    from rules.land_limit
),

-- a suspect figure is left out of totals, here as in park_month
suspect as (
    select
        enterprise_id,
        signal_code,
        month
    from signals.plausibility
    where signal_code in ('headcount', 'electricity', 'leased_area')
    group by enterprise_id, signal_code, month
),

-- whether any silo says who works here; without one no enterprise can be called inactive
activity_silo as (
    select count(*) as silo_count
    from monthly.silo as i
    inner join rules.subject as s on i.subject = s.subject
    where s.silo_code in ('insurance', 'utilities', 'access')
),

-- each unbroken run of months of one tenancy has one stretch_number
tenancy as (
    select
        l.enterprise_id,
        l.building_code,
        m.month_number,
        l.leased_area_m2,
        l.monthly_rent_amount,
        l.rented_area_m2,
        l.due_1m_area_m2,
        l.due_3m_area_m2,
        l.due_6m_area_m2,
        l.due_12m_area_m2,
        l.due_6m_unrenewed_area_m2,
        coalesce(p.is_operating, false) as is_operating,
        m.month_number - row_number() over (partition by l.enterprise_id, l.building_code order by m.month_number)
            as stretch_number,
        max(case when p.is_operating then m.month_number end) over (
            partition by l.enterprise_id, l.building_code order by m.month_number
        ) as last_operating_number
    from monthly.lease_building as l
    inner join monthly.month as m on l.month = m.month
    left join snapshots.presence_month as p on l.enterprise_id = p.enterprise_id and l.month = p.month
    left join suspect as s on l.enterprise_id = s.enterprise_id and l.month = s.month and s.signal_code = 'leased_area'
    where s.enterprise_id is null
),

-- idle since it last operated here, at the earliest since this tenancy began: an earlier one is another story
idle_tenancy as (
    select
        *,
        case
            when not is_operating
                then
                    month_number - greatest(
                        coalesce(last_operating_number, 0),
                        min(month_number) over (partition by enterprise_id, building_code, stretch_number) - 1
                    )
        end as idle_months
    from tenancy
),

leased_building as (
    select
        building_code,
        month_number,
        sum(leased_area_m2) as leased_area_m2,
        sum(monthly_rent_amount) as monthly_rent_amount,
        sum(rented_area_m2) as rented_area_m2,
        sum(due_1m_area_m2) as due_1m_area_m2,
        sum(due_3m_area_m2) as due_3m_area_m2,
        sum(due_6m_area_m2) as due_6m_area_m2,
        sum(due_12m_area_m2) as due_12m_area_m2,
        sum(due_6m_unrenewed_area_m2) as due_6m_unrenewed_area_m2,
        count(distinct enterprise_id) as tenant_count,
        sum(case when is_operating then 0 else leased_area_m2 end) as inactive_area_m2,
        sum(case when is_operating then 0 else leased_area_m2 * idle_months end) as inactive_area_months
    from idle_tenancy
    group by building_code, month_number
),

-- staff and electricity are stated by enterprise, tax by receipt; none is stated by building
enterprise_figure as (
    select
        s.enterprise_id,
        s.month,
        s.month_number,
        s.signal_code,
        s.value
    from signals.signal as s
    left join suspect as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    where s.signal_code in ('headcount', 'electricity') and p.enterprise_id is null
    union all
    select
        t.enterprise_id,
        m.month,
        m.month_number,
        'tax_received' as signal_code,
        cast(sum(t.received_amount) as decimal(30, 3)) as value
    from monthly.tax_receipt as t
    inner join monthly.month as m on t.month = m.month
    group by t.enterprise_id, m.month, m.month_number
),

-- the figure up to this building and up to the one before it, in the order of codes: their difference is its part
split_figure as (
    select
        coalesce(h.building_code, 'unknown') as building_code,
        f.month_number,
        f.signal_code,
        cast(coalesce(f.value * h.until_area_m2 / nullif(h.total_area_m2, 0), f.value) as decimal(30, 6))
            as until_value,
        cast(coalesce(f.value * h.from_area_m2 / nullif(h.total_area_m2, 0), 0) as decimal(30, 6)) as from_value
    from enterprise_figure as f
    left join monthly.building_share as h on f.enterprise_id = h.enterprise_id and f.month = h.month
),

building_figure as (
    select
        building_code,
        month_number,
        sum(case when signal_code = 'headcount' then round(until_value, 0) - round(from_value, 0) end) as headcount,
        sum(case when signal_code = 'electricity' then round(until_value, 3) - round(from_value, 3) end)
            as electricity,
        sum(case when signal_code = 'tax_received' then round(until_value, 2) - round(from_value, 2) end)
            as tax_received
    from split_figure
    group by building_code, month_number
),

-- a month without any report is unknown for all buildings; where others report, a building without figures has none
reported_month as (
    select
        month_number,
        max(case when signal_code = 'headcount' then 1 else 0 end) as has_headcount,
        max(case when signal_code = 'electricity' then 1 else 0 end) as has_electricity
    from enterprise_figure
    group by month_number
),

-- a sum of twelve months needs receipts of twelve months
first_receipt as (
    select min(m.month_number) as month_number
    from monthly.tax_receipt as t
    inner join monthly.month as m on t.month = m.month
),

-- leases are stated whole; staff and meters come in late
doubtful_month as (
    select month
    from monthly.provisional_month
    where is_provisional and subject in ('employment', 'utility_use')
    group by month
),

building_month as (
    select
        b.building_code,
        b.building_name,
        b.use_code,
        b.lettable_area_m2,
        b.building_land_mu,
        b.rule_version,
        m.month,
        m.month_number,
        coalesce(l.leased_area_m2, 0) as leased_area_m2,
        coalesce(l.tenant_count, 0) as tenant_count,
        l.monthly_rent_amount,
        l.monthly_rent_amount / nullif(l.rented_area_m2, 0) as rent_per_m2,
        coalesce(l.due_1m_area_m2, 0) as due_1m_area_m2,
        coalesce(l.due_3m_area_m2, 0) as due_3m_area_m2,
        coalesce(l.due_6m_area_m2, 0) as due_6m_area_m2,
        coalesce(l.due_12m_area_m2, 0) as due_12m_area_m2,
        coalesce(l.due_6m_unrenewed_area_m2, 0) as due_6m_unrenewed_area_m2,
        case when a.silo_count > 0 then coalesce(l.inactive_area_m2, 0) end as inactive_area_m2,
        case when a.silo_count > 0 then l.inactive_area_months / nullif(l.inactive_area_m2, 0) end as inactive_months,
        case
            when b.lettable_area_m2 is not null
                then greatest(b.lettable_area_m2 - coalesce(l.leased_area_m2, 0), 0)
        end as unlet_area_m2,
        case when k.has_headcount = 1 then coalesce(f.headcount, 0) end as headcount,
        case when k.has_electricity = 1 then coalesce(f.electricity, 0) end as electricity,
        coalesce(f.tax_received, 0) as tax_received,
        case
            when m.month_number >= r.month_number + 11
                then
                    sum(coalesce(f.tax_received, 0)) over (
                        partition by b.building_code order by m.month_number
                        range between 11 preceding and current row
                    )
        end as tax_received_12m,
        d.month is not null as is_provisional
    from park_building as b
    cross join monthly.month as m
    cross join activity_silo as a
    cross join first_receipt as r
    left join leased_building as l on b.building_code = l.building_code and m.month_number = l.month_number
    left join building_figure as f on b.building_code = f.building_code and m.month_number = f.month_number
    left join reported_month as k on m.month_number = k.month_number
    left join doubtful_month as d on m.month = d.month
),

-- of the area unlet some months ago, what has been unlet in every month since
unlet_run as (
    select
        n.building_code,
        n.month_number,
        n.month_number - e.month_number + 1 as month_count,
        min(e.unlet_area_m2) over (
            partition by n.building_code, n.month_number order by e.month_number desc
        ) as area_m2
    from building_month as n
    inner join building_month as e on n.building_code = e.building_code and n.month_number >= e.month_number
    where n.unlet_area_m2 > 0
),

-- area times months: the mean weighs each m2 by how long it has been unlet
vacancy as (
    select
        s.building_code,
        s.month_number,
        sum(s.area_m2) as area_months,
        max(case when s.month_count = r.long_vacant_months then s.area_m2 end) as long_unlet_area_m2
    from unlet_run as s
    cross join rules.occupancy as r
    group by s.building_code, s.month_number
),

vacant_building as (
    select
        b.*,
        100 * b.leased_area_m2 / nullif(b.lettable_area_m2, 0) as occupancy,
        v.area_months / nullif(b.unlet_area_m2, 0) as unlet_months,
        case when b.unlet_area_m2 = 0 then 0 else v.long_unlet_area_m2 end as long_unlet_area_m2
    from building_month as b
    left join vacancy as v on b.building_code = v.building_code and b.month_number = v.month_number
)

select
    n.building_code,
    n.month,
    n.building_name,
    n.use_code,
    n.lettable_area_m2,
    cast(n.leased_area_m2 as decimal(30, 2)) as leased_area_m2,
    cast(e.leased_area_m2 as decimal(30, 2)) as leased_area_m2_before,
    growth_pct(n.leased_area_m2, e.leased_area_m2) as leased_area_change_12m_pct,
    cast(n.occupancy as decimal(30, 2)) as occupancy_pct,
    cast(e.occupancy as decimal(30, 2)) as occupancy_pct_before,
    cast(n.occupancy as decimal(30, 2)) - cast(e.occupancy as decimal(30, 2)) as occupancy_change_12m_points,
    cast(n.unlet_area_m2 as decimal(30, 2)) as unlet_area_m2,
    cast(100 * n.unlet_area_m2 / nullif(n.lettable_area_m2, 0) as decimal(30, 2)) as vacancy_pct,
    cast(n.unlet_months as decimal(30, 1)) as unlet_mean_months,
    cast(n.long_unlet_area_m2 as decimal(30, 2)) as long_unlet_area_m2,
    cast(n.inactive_area_m2 as decimal(30, 2)) as inactive_area_m2,
    cast(n.inactive_months as decimal(30, 1)) as inactive_mean_months,
    cast(p.due_1m_area_m2 as decimal(30, 2)) as due_area_m2,
    cast(n.due_3m_area_m2 as decimal(30, 2)) as due_3m_area_m2,
    cast(n.due_6m_area_m2 as decimal(30, 2)) as due_6m_area_m2,
    cast(n.due_12m_area_m2 as decimal(30, 2)) as due_12m_area_m2,
    cast(n.due_6m_unrenewed_area_m2 as decimal(30, 2)) as due_6m_unrenewed_area_m2,
    cast(n.monthly_rent_amount as decimal(30, 2)) as monthly_rent_amount,
    cast(n.rent_per_m2 as decimal(30, 2)) as rent_per_m2_amount,
    cast(e.rent_per_m2 as decimal(30, 2)) as rent_per_m2_amount_before,
    growth_pct(n.rent_per_m2, e.rent_per_m2) as rent_per_m2_change_12m_pct,
    cast(n.tenant_count as integer) as tenant_count,
    cast(e.tenant_count as integer) as tenant_count_before,
    cast(n.headcount as bigint) as insured_headcount,
    cast(e.headcount as bigint) as insured_headcount_before,
    growth_pct(n.headcount, e.headcount) as headcount_change_12m_pct,
    cast(n.electricity as decimal(30, 3)) as electricity_kwh,
    cast(e.electricity as decimal(30, 3)) as electricity_kwh_before,
    growth_pct(n.electricity, e.electricity) as electricity_change_12m_pct,
    cast(n.tax_received as decimal(30, 2)) as tax_received_amount,
    cast(n.tax_received_12m as decimal(30, 2)) as tax_received_12m_amount,
    cast(e.tax_received_12m as decimal(30, 2)) as tax_received_12m_amount_before,
    growth_pct(n.tax_received_12m, e.tax_received_12m) as tax_received_12m_change_pct,
    n.building_land_mu,
    cast(n.tax_received_12m / nullif(n.lettable_area_m2, 0) as decimal(30, 2)) as tax_received_12m_per_m2_amount,
    cast(n.tax_received_12m / nullif(n.building_land_mu, 0) as decimal(30, 2)) as tax_received_12m_per_mu_amount,
    cast(e.tax_received_12m / nullif(e.building_land_mu, 0) as decimal(30, 2))
        as tax_received_12m_per_mu_amount_before,
    n.is_provisional,
    o.as_of,
    concat(n.rule_version, '; ', v.version) as rule_version
from vacant_building as n
cross join ops.night as o
cross join rules.occupancy as v
left join vacant_building as e on n.building_code = e.building_code and n.month_number - 12 = e.month_number
-- due this month is what last month's books said was due within a month
left join building_month as p on n.building_code = p.building_code and n.month_number - 1 = p.month_number
