-- rule: Every accepted fact is in the snapshots, or has a reason why not | 每条数据都已进入快照或有未进入的原因
-- severity: critical
-- stage: snapshots
-- why: a fact that is lost on the way takes staff, tax or rent out of the park, and every other check still holds
-- next step: look for the feed's records in resolved.link and snapshots.enterprise_current; if they are
--   nowhere, `parkbridge rebuild`
with known_count as (
    select
        feed,
        count(*) as fact_count
    from known.fact
    group by feed
),

account as (
    select
        feed,
        sum(fact_count) as fact_count,
        sum(case when account_code = 'lost' then fact_count else 0 end) as lost_count
    from snapshots.fact_account
    group by feed
)

select
    coalesce(k.feed, a.feed) as feed,
    k.fact_count as known_facts,
    a.fact_count as accounted_facts,
    a.lost_count as lost_facts
from known_count as k
full outer join account as a on k.feed = a.feed
where k.fact_count is distinct from a.fact_count or a.lost_count > 0
