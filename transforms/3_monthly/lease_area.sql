-- title: Leased area by month | 月末在租面积
-- one row is: one enterprise in one month with a lease in force at its end | 一家企业在月末有在租合同的一个月
-- answers: how much space does this enterprise lease here, and until when? | 这家企业租用多少面积，租到何时？
-- key: enterprise_id, month
-- rules: The buildings of monthly.lease_building added up. The lease book is complete: a month without a row is a
--   month without a lease.
--   | 汇总各楼栋的月末在租面积。租赁台账是完整的：没有行的月份就是没有租约。
-- known gaps: A tenant who stays on after the end without a renewal has no lease.
--   | 到期未续签而继续占用的，视为没有租约。
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.lease_area
select
    enterprise_id,
    month,
    cast(sum(leased_area_m2) as decimal(30, 2)) as leased_area_m2,
    cast(sum(monthly_rent_amount) as decimal(30, 2)) as monthly_rent_amount,
    cast(sum(lease_count) as integer) as lease_count,
    min(next_lease_end_date) as next_lease_end_date,
    max(received_at) as received_at
from monthly.lease_building
group by enterprise_id, month
