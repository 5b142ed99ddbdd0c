-- rule: Headcount and wages are not the same figure | 参保人数与工资总额不相同
-- severity: warning
-- stage: snapshots
-- why: one figure in both columns is a column that slipped, and one of the two is wrong
-- next step: ask the social insurance bureau for the unit's figures of the month
select
    enterprise_id,
    month,
    insured_headcount,
    wage_amount
from monthly.headcount
where insured_headcount = wage_amount and insured_headcount > 0
