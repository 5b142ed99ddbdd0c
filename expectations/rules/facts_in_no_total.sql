-- rule: No staff, tax or meter is left out of the totals for want of an identity | 无主记录不影响合计
-- severity: warning
-- stage: snapshots
-- why: a record with neither a usable code nor a name belongs to nobody, and its figures are in no total
-- next step: ask the office for the code or the name of these records
with unplaced as (
    select
        feed,
        source_key
    from resolved.unmatched
    where enterprise_id is null
)

select
    e.feed,
    e.source_key,
    'insured_headcount' as figure,
    max(e.month) as last_month,
    sum(e.insured_headcount) as value
from known.employment as e
inner join unplaced as u on e.feed = u.feed and e.source_key = u.source_key
group by e.feed, e.source_key
having sum(e.insured_headcount) > 0
union all
select
    p.feed,
    p.source_key,
    'paid_amount' as figure,
    max(p.period_end) as last_month,
    sum(p.paid_amount) as value
from known.tax_payment as p
inner join unplaced as u on p.feed = u.feed and p.source_key = u.source_key
group by p.feed, p.source_key
having sum(p.paid_amount) <> 0
union all
select
    t.feed,
    t.source_key,
    'used_quantity' as figure,
    max(t.month) as last_month,
    sum(t.used_quantity) as value
from known.utility_use as t
inner join unplaced as u on t.feed = u.feed and t.source_key = u.source_key
group by t.feed, t.source_key
having sum(t.used_quantity) > 0
