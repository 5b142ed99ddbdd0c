-- rule: No fact is dated before the first month measured | 没有早于月历首月的数据
-- severity: warning
-- stage: snapshots
-- why: a fact dated so early is kept and is in no month: usually its year was typed wrongly
-- next step: ask the office for the right dates (the rows are in staged.*); or set months_max in
--   transforms/rules/calendar.yml
select
    feed,
    month,
    fact_count
from snapshots.fact_account
where account_code = 'before_calendar'
