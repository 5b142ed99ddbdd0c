-- rule: No staff, tax or meter is left out of the totals for lack of an identity | 无主记录不影响合计
-- severity: warning
-- stage: snapshots
-- why: a record with neither a usable code nor a name belongs to no enterprise, and its figures are in no total
-- next step: ask the office for the code or the name of these records
with unplaced_record as (
    select
        feed,
        source_key
    from resolved.unmatched
    where enterprise_id is null
)

select
    f.feed,
    f.source_key,
    f.signal_code as figure,
    max(f.month) as last_month,
    sum(f.value) as value
from known.figure as f
inner join rules.signal as r on f.signal_code = r.signal_code
inner join unplaced_record as u on f.feed = u.feed and f.source_key = u.source_key
group by f.feed, f.source_key, f.signal_code
having sum(f.value) <> 0
