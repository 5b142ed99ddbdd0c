-- rule: Figures follow from running totals and readings | 累计数和读数得出当期数
-- severity: warning
-- stage: resolved
-- why: where a report is missing, two reports state one time, or a meter or count to date falls, the month has no
--   figure; an amount to date that falls gives a negative amount: a correction, or a wrong row
-- next step: ask the office for the missing reports or the right figures; a meter that turns over needs digits
--   under figures, and one that was exchanged a new meter_no (docs/feeds.md)
with doubtful_figure as (
    select
        f.*,
        coalesce(f.reason_code, 'negative') as problem_code
    from known.differenced_figure as f
    -- the first reading of a meter has nothing before it: that is no fault
    where coalesce(f.reason_code, case when f.difference < 0 then 'negative' end, 'nothing_before') <> 'nothing_before'
),

newest as (
    select max(month) as month
    from known.differenced_figure
)

select
    r.feed,
    r.column_name,
    r.problem_code,
    count(*) as figures,
    max(r.month) as last_month
from doubtful_figure as r
cross join newest as n
where month_number(r.month) > month_number(n.month) - 12
group by r.feed, r.column_name, r.problem_code
