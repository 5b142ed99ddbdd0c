-- title: The park today | 园区现状
-- one row is: the park as of tonight; there is exactly one row | 截至当晚的园区；只有一行
-- answers: how is the park: enterprises, staff, tax, space, jobs, sales, power, each beside the year before?
--   | 园区现状如何：企业、用工、税收、用房、岗位、销售、用电各多少，比上年同期如何？
-- key: month
-- rules:
--   * month: the last complete month. Enterprises on site (people or meters are here: snapshots.presence_month) and
--     with a lease, leased and lettable area, occupancy and area that falls due are of its end.
--   * Staff: the last month of it that is not provisional (headcount_month).
--   * Tax received (入库，已扣退税): by day of payment up to the last believed month (tax_received_until_month): of its
--     calendar year so far, and of 12 months. Beside it the same months of the year before.
--   * Tax paid (所属期口径): the enterprises of signals.tax_12m added up. They end with different months;
--     tax_paid_until_month is the one in which most of the amount ends.
--   * Occupancy: of the buildings with a known lettable area, their leased area (measured_leased_area_m2) over it;
--     unmeasured_building_count buildings have none. Tax per m2 and per mu: 12
--     months of tax received of the buildings with a known lettable area, or land, over it.
--   * Jobs gained and lost: creation and destruction of staff (snapshots.park_month) in the 12 months up to the last
--     without open-ended flows (jobs_12m_until_month); empty where a month of them has none.
--   * Sales: of monthly and quarterly returns of periods that end in the 12 months up to the last believed quarter-end
--     (sales_until_month). Electricity: 12 months up to the last believed month (electricity_until_month).
--   * Sums of 12 months are empty where the calendar has fewer. Suspect values are left out, as in
--     snapshots.park_month.
--   * High-growth enterprises: EU or OECD definition (signals.high_growth), by staff or sales; empty where the
--     calendar is too short to judge anybody. Red alerts: signals.alert at level precise, opportunities among them.
--   * _before: the same a year before. _change_12m_pct: 同比; occupancy in percentage points.
--   | * 月份为最近一个完整月；在园经营企业（有参保、水电气或门禁）、在租企业、在租与可租面积、出租率、到期面积均为月末数。
--   * 参保人数取最近的非暂定月份（另列月份）。
--   * 入库税额按入库日期，已扣退税，截至最近可信月份：本年累计与近十二月，并列上年同期。
--   * 实缴税额（所属期口径）为各企业近十二月实缴之和，截止月份取金额最大的一个。
--   * 出租率只算可租面积已知的楼栋，其在租面积另列，可租面积不详的楼栋数另列；单位面积税收、亩均税收只算可租面积或占地已知的楼栋。
--   * 新增、减少岗位为截至岗位截止月份（最近一个没有未定企业的月份）十二个月的用工增加量、减少量之和；其中有月份不详的为空。
--   * 销售额为按月、按季申报的所属期止于截止季末前十二个月之和；用电量为截至最近可信月份的十二个月之和。
--   * 月历不足的十二个月合计为空；剔除存疑值。
--   * 高成长企业按欧盟或经合组织口径；历史不足无法判定时为空。红级预警含机会类。
--   * “上年”为一年前的同一数值；同比＝（本期−上年同期）÷上年同期，出租率为百分点之差。
-- example: leased area 89,000 m2 now and 80,000 a year before: leased_area_change_12m_pct 11.25.
--   | 在租面积现为89000平方米，上年同期80000平方米：同比增长11.25%。
-- known gaps: High growth and alerts have no figure of the year before: they are not reconstructed. Lettable area is
--   tonight's in both years.
--   | 高成长企业数、红级预警数没有上年数。可租面积两年均按当前值。
-- column month: last complete month, of which enterprises and space are | 月份 最近一个完整月，企业数与面积均为该月末数
-- checked by: tests/models/snapshots.park_current, tests/system/test_buildings.py
with believed_end as (
    -- feeds end in different months: each figure is of its own last believed month, none of a month that a feed lacks
    select
        min(m.month_number) as first_number,
        max(m.month_number) as last_number,
        coalesce(max(case when s.subject = 'employment' then m.month_number end), max(m.month_number)) as staff_number,
        coalesce(max(case when s.subject = 'tax_payment' then m.month_number end), max(m.month_number)) as tax_number,
        coalesce(max(case when s.subject = 'utility_use' then m.month_number end), max(m.month_number))
            as electricity_number,
        -- quarterly filers report with the quarter: sales are complete at its end alone
        max(case when s.subject = 'tax_filing' and month(m.month) in (3, 6, 9, 12) then m.month_number end)
            as sales_number
    from monthly.month as m
    left join monthly.provisional_month as s on m.month = s.month and not s.is_provisional
),

presence as (
    select
        count(case when p.is_operating and m.month_number = b.last_number then 1 end) as on_site,
        count(case when p.is_operating and m.month_number = b.last_number - 12 then 1 end) as on_site_before
    from believed_end as b
    cross join monthly.month as m
    left join snapshots.presence_month as p on m.month = p.month
    where m.month_number in (b.last_number, b.last_number - 12)
),

tenant as (
    select
        count(distinct case when m.month_number = b.last_number then a.enterprise_id end) as tenants,
        count(distinct case when m.month_number = b.last_number - 12 then a.enterprise_id end) as tenants_before
    from believed_end as b
    cross join monthly.month as m
    left join monthly.lease_area as a on m.month = a.month
    where m.month_number in (b.last_number, b.last_number - 12)
),

building as (
    select
        sum(case when m.month_number = b.last_number then t.leased_area_m2 end) as leased_area,
        sum(case when m.month_number = b.last_number - 12 then t.leased_area_m2 end) as leased_area_before,
        sum(case when m.month_number = b.last_number then t.lettable_area_m2 end) as lettable_area,
        sum(case when m.month_number = b.last_number - 12 then t.lettable_area_m2 end) as lettable_area_before,
        -- numerator and denominator of the same buildings: leases of unmeasured ones would raise the occupancy
        sum(case when m.month_number = b.last_number and t.lettable_area_m2 is not null then t.leased_area_m2 end)
            as occupied_area,
        sum(case
            when m.month_number = b.last_number - 12 and t.lettable_area_m2 is not null then t.leased_area_m2
        end) as occupied_area_before,
        count(case
            when m.month_number = b.last_number and t.lettable_area_m2 is null and t.building_code <> 'unknown' then 1
        end) as unmeasured_count,
        sum(case when m.month_number = b.last_number then t.unlet_area_m2 end) as unlet_area,
        sum(case when m.month_number = b.last_number - 12 then t.unlet_area_m2 end) as unlet_area_before,
        sum(case when m.month_number = b.last_number then t.due_6m_area_m2 end) as due_area,
        sum(case when m.month_number = b.last_number - 12 then t.due_6m_area_m2 end) as due_area_before,
        sum(case when m.month_number = b.last_number then t.due_6m_unrenewed_area_m2 end) as unrenewed_area,
        sum(case when m.month_number = b.tax_number then t.tax_received_12m_amount end) as received,
        sum(case when m.month_number = b.tax_number - 12 then t.tax_received_12m_amount end) as received_before,
        -- likewise tax per m2 and per mu: of the buildings with an area, or with land, alone
        sum(case
            when m.month_number = b.tax_number and t.lettable_area_m2 is not null then t.tax_received_12m_amount
        end) as received_of_area,
        sum(case
            when m.month_number = b.tax_number - 12 and t.lettable_area_m2 is not null then t.tax_received_12m_amount
        end) as received_of_area_before,
        sum(case
            when m.month_number = b.tax_number and t.building_land_mu is not null then t.tax_received_12m_amount
        end) as received_of_land,
        sum(case
            when m.month_number = b.tax_number - 12 and t.building_land_mu is not null then t.tax_received_12m_amount
        end) as received_of_land_before,
        sum(case when m.month_number = b.tax_number then t.building_land_mu end) as land
    from snapshots.building_month as t
    inner join monthly.month as m on t.month = m.month
    cross join believed_end as b
),

-- January to the last believed month, and the same months of the year before
year_to_date as (
    select
        sum(case
            when m.month_number <= b.tax_number and m.month_number > b.tax_number - mod(b.tax_number - 1, 12) - 1
                then t.received_amount
        end) as received,
        sum(case
            when
                m.month_number <= b.tax_number - 12
                and m.month_number > b.tax_number - 12 - mod(b.tax_number - 1, 12) - 1
                then t.received_amount
        end) as received_before
    from monthly.tax_receipt as t
    inner join monthly.month as m on t.month = m.month
    cross join believed_end as b
),

-- filers of different periods end in different months; the month that holds most of the money is named
paid_until as (
    select
        tax_paid_12m_until_month,
        sum(tax_paid_12m_amount) as paid,
        sum(tax_paid_12m_amount_before) as paid_before,
        row_number() over (order by sum(abs(tax_paid_12m_amount)) desc nulls last, tax_paid_12m_until_month desc)
            as row_rank
    from signals.tax_12m
    where tax_kind_code = 'total'
    group by tax_paid_12m_until_month
),

paid_total as (
    select
        sum(paid) as paid,
        sum(paid_before) as paid_before,
        max(case when row_rank = 1 then tax_paid_12m_until_month end) as until_month
    from paid_until
),

-- from the published totals, so that this page and park_month cannot differ
staff as (
    select
        sum(case when month_number(p.month) = b.staff_number then p.total_value end) as headcount,
        sum(case when month_number(p.month) = b.staff_number - 12 then p.total_value end) as headcount_before
    from snapshots.park_month as p
    cross join believed_end as b
    where
        p.signal_code = 'headcount'
        and month_number(p.month) in (b.staff_number - 12, b.staff_number)
),

-- losses are known up to the last month without open-ended flows
job_flow as (
    select
        month_number(month) as month_number,
        max(case when destruction_value is not null then month_number(month) end) over () as last_number,
        period_months,
        creation_value,
        destruction_value
    from snapshots.park_month
    where signal_code = 'headcount'
),

job as (
    select
        max(last_number) as last_number,
        -- a step over several months counts as that many: twelve months must be covered, not twelve rows
        sum(case when month_number > last_number - 12 then period_months end) as month_count,
        sum(case when month_number > last_number - 12 then creation_value end) as gained,
        sum(case when month_number > last_number - 12 then destruction_value end) as lost,
        sum(case when month_number <= last_number - 12 then period_months end) as month_count_before,
        sum(case when month_number <= last_number - 12 then creation_value end) as gained_before,
        sum(case when month_number <= last_number - 12 then destruction_value end) as lost_before
    from job_flow
    where destruction_value is not null and month_number > last_number - 24
),

sales as (
    select
        sum(case when month_number(p.month) > b.sales_number - 12 then p.total_value end) as sales,
        sum(case when month_number(p.month) <= b.sales_number - 12 then p.total_value end) as sales_before
    from snapshots.park_month as p
    cross join believed_end as b
    where
        -- yearly returns repeat what monthly and quarterly ones have said
        p.signal_code = 'sales' and p.period_months <= 3
        and month_number(p.month) between b.sales_number - 23 and b.sales_number
),

electricity as (
    select
        sum(case when month_number(p.month) > b.electricity_number - 12 then p.total_value end) as electricity,
        sum(case when month_number(p.month) <= b.electricity_number - 12 then p.total_value end) as electricity_before
    from snapshots.park_month as p
    cross join believed_end as b
    where
        p.signal_code = 'electricity'
        and month_number(p.month) between b.electricity_number - 23 and b.electricity_number
),

high_growth as (
    select
        count(distinct case when high_growth_code in ('eu', 'oecd') then enterprise_id end) as enterprise_count,
        count(case when high_growth_code <> 'short_history' then 1 end) as judged_count
    from signals.high_growth
),

red_alert as (
    select count(*) as alert_count
    from signals.alert
    where level_code = 'precise'
),

-- what is only known where the calendar reaches back far enough
comparable_span as (
    select
        b.last_number - 12 >= b.first_number as has_year_before,
        b.sales_number - 11 >= b.first_number as has_sales,
        b.sales_number - 23 >= b.first_number as has_sales_before,
        b.electricity_number - 11 >= b.first_number as has_electricity,
        b.electricity_number - 23 >= b.first_number as has_electricity_before,
        b.tax_number - mod(b.tax_number - 1, 12) - 12 >= b.first_number as has_tax_year_before
    from believed_end as b
),

-- a sum over fewer months than it is named for is left empty
known_total as (
    select
        cast(p.on_site as bigint) as on_site_count,
        cast(case when w.has_year_before then p.on_site_before end as bigint) as on_site_count_before,
        cast(t.tenants as bigint) as tenant_count,
        cast(case when w.has_year_before then t.tenants_before end as bigint) as tenant_count_before,
        cast(s.headcount as bigint) as insured_headcount,
        cast(s.headcount_before as bigint) as insured_headcount_before,
        cast(case when j.month_count >= 12 then j.gained end as bigint) as gained,
        cast(case when j.month_count_before >= 12 then j.gained_before end as bigint) as gained_before,
        cast(case when j.month_count >= 12 then j.lost end as bigint) as lost,
        cast(case when j.month_count_before >= 12 then j.lost_before end as bigint) as lost_before,
        case when w.has_tax_year_before then y.received_before end as year_received_before,
        case when w.has_sales then a.sales end as sales,
        case when w.has_sales_before then a.sales_before end as sales_before,
        case when w.has_electricity then e.electricity end as electricity,
        case when w.has_electricity_before then e.electricity_before end as electricity_before,
        y.received as year_received,
        100 * g.occupied_area / nullif(g.lettable_area, 0) as occupancy,
        100 * g.occupied_area_before / nullif(g.lettable_area_before, 0) as occupancy_before,
        g.received_of_area / nullif(g.lettable_area, 0) as tax_per_m2,
        g.received_of_area_before / nullif(g.lettable_area, 0) as tax_per_m2_before,
        g.received_of_land / nullif(g.land, 0) as tax_per_mu,
        g.received_of_land_before / nullif(g.land, 0) as tax_per_mu_before,
        g.*,
        d.paid,
        d.paid_before,
        d.until_month as paid_until_month
    from presence as p
    cross join tenant as t
    cross join building as g
    cross join year_to_date as y
    cross join paid_total as d
    cross join staff as s
    cross join job as j
    cross join sales as a
    cross join electricity as e
    cross join comparable_span as w
),

figure_month as (
    select
        max(case when m.month_number = b.last_number then m.month end) as month,
        max(case when m.month_number = b.staff_number then m.month end) as headcount_month,
        max(case when m.month_number = j.last_number then m.month end) as job_month,
        max(case when m.month_number = b.tax_number then m.month end) as tax_received_month,
        max(case when m.month_number = b.sales_number then m.month end) as sales_month,
        max(case when m.month_number = b.electricity_number then m.month end) as electricity_month
    from monthly.month as m
    cross join believed_end as b
    cross join job as j
)

select
    f.month,
    k.on_site_count,
    k.on_site_count_before,
    growth_pct(k.on_site_count, k.on_site_count_before) as on_site_change_12m_pct,
    k.tenant_count,
    k.tenant_count_before,
    f.headcount_month,
    k.insured_headcount,
    k.insured_headcount_before,
    growth_pct(k.insured_headcount, k.insured_headcount_before) as headcount_change_12m_pct,
    f.job_month as jobs_12m_until_month,
    k.gained as gained_12m_headcount,
    k.gained_before as gained_12m_headcount_before,
    k.lost as lost_12m_headcount,
    k.lost_before as lost_12m_headcount_before,
    f.tax_received_month as tax_received_12m_until_month,
    cast(k.year_received as decimal(30, 2)) as tax_received_year_amount,
    cast(k.year_received_before as decimal(30, 2)) as tax_received_year_amount_before,
    growth_pct(k.year_received, k.year_received_before) as tax_received_year_change_pct,
    cast(k.received as decimal(30, 2)) as tax_received_12m_amount,
    cast(k.received_before as decimal(30, 2)) as tax_received_12m_amount_before,
    growth_pct(k.received, k.received_before) as tax_received_12m_change_pct,
    k.paid_until_month as tax_paid_12m_until_month,
    cast(k.paid as decimal(30, 2)) as tax_paid_12m_amount,
    cast(k.paid_before as decimal(30, 2)) as tax_paid_12m_amount_before,
    growth_pct(k.paid, k.paid_before) as tax_paid_12m_change_pct,
    cast(k.lettable_area as decimal(30, 2)) as lettable_area_m2,
    cast(k.leased_area as decimal(30, 2)) as leased_area_m2,
    cast(k.leased_area_before as decimal(30, 2)) as leased_area_m2_before,
    growth_pct(k.leased_area, k.leased_area_before) as leased_area_change_12m_pct,
    cast(coalesce(k.occupied_area, 0) as decimal(30, 2)) as measured_leased_area_m2,
    cast(k.unmeasured_count as integer) as unmeasured_building_count,
    cast(k.occupancy as decimal(30, 2)) as occupancy_pct,
    cast(k.occupancy_before as decimal(30, 2)) as occupancy_pct_before,
    cast(k.occupancy as decimal(30, 2)) - cast(k.occupancy_before as decimal(30, 2)) as occupancy_change_12m_points,
    cast(k.unlet_area as decimal(30, 2)) as unlet_area_m2,
    cast(k.unlet_area_before as decimal(30, 2)) as unlet_area_m2_before,
    cast(k.due_area as decimal(30, 2)) as due_6m_area_m2,
    cast(k.due_area_before as decimal(30, 2)) as due_6m_area_m2_before,
    cast(k.unrenewed_area as decimal(30, 2)) as due_6m_unrenewed_area_m2,
    cast(k.tax_per_m2 as decimal(30, 2)) as tax_received_12m_per_m2_amount,
    cast(k.tax_per_m2_before as decimal(30, 2)) as tax_received_12m_per_m2_amount_before,
    cast(k.tax_per_mu as decimal(30, 2)) as tax_received_12m_per_mu_amount,
    cast(k.tax_per_mu_before as decimal(30, 2)) as tax_received_12m_per_mu_amount_before,
    growth_pct(k.tax_per_mu, k.tax_per_mu_before) as tax_received_12m_per_mu_change_pct,
    f.sales_month as sales_12m_until_month,
    cast(k.sales as decimal(30, 2)) as sales_12m_amount,
    cast(k.sales_before as decimal(30, 2)) as sales_12m_amount_before,
    growth_pct(k.sales, k.sales_before) as sales_12m_change_pct,
    f.electricity_month as electricity_12m_until_month,
    cast(k.electricity as decimal(30, 3)) as electricity_12m_kwh,
    cast(k.electricity_before as decimal(30, 3)) as electricity_12m_kwh_before,
    growth_pct(k.electricity, k.electricity_before) as electricity_12m_change_pct,
    cast(case when h.judged_count > 0 then h.enterprise_count end as bigint) as high_growth_count,
    cast(r.alert_count as bigint) as red_alert_count,
    o.as_of,
    concat(w.version, '; ', v.version, '; ', p.version) as rule_version
from known_total as k
cross join figure_month as f
cross join high_growth as h
cross join red_alert as r
cross join rules.flow as w
cross join rules.occupancy as v
cross join rules.presence as p
cross join ops.night as o
