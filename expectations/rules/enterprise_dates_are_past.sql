-- rule: No enterprise is registered or closed in the future | 登记与注销日期不晚于当晚
-- severity: warning
-- stage: resolved
-- why: a date ahead of the night is a slip of the register or of its reader, and shifts ages, births and deaths
-- next step: report the rows to the register's office; look at how the feed's stage.sql reads the date
select
    e.enterprise_id,
    e.enterprise_name,
    e.registered_date,
    e.cancelled_date,
    n.as_of
from resolved.enterprise as e
cross join ops.night as n
-- a day's grace: as_of is UTC, the register's days are the park's
where e.registered_date > cast(n.as_of as date) + 1 or e.cancelled_date > cast(n.as_of as date) + 1
