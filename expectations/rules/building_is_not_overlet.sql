-- rule: No building has more leased area than lettable area | 在租面积不超过可租面积
-- severity: warning
-- stage: snapshots
-- why: occupancy above 100 % is a wrong lettable area, a lease that has ended, or one room leased twice
-- next step: compare the register of buildings with the leases of the building (monthly.lease_building)
select
    b.building_code,
    b.month,
    b.leased_area_m2,
    b.lettable_area_m2,
    b.occupancy_pct
from snapshots.building_month as b
inner join monthly.month as m on b.month = m.month
where m.is_last_month and b.leased_area_m2 > b.lettable_area_m2
