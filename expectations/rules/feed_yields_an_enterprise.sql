-- rule: Every feed about enterprises states a name or a usable code of some | 涉及企业的数据源至少有名称或可用代码
-- severity: critical
-- stage: resolved
-- why: nothing of a feed without names and codes can be tied to an enterprise, and all that it reports is in no total
-- next step: map the column that holds the name or the code in the feed's feed.yml and stage.sql; a feed that has none
--   is left out by `parkbridge sync --without <feed>`
with placed_record as (
    select
        feed,
        source_key
    from resolved.link
    union
    select
        feed,
        source_key
    from resolved.unmatched
    where enterprise_id is not null
)

select
    f.feed,
    count(distinct f.source_key) as record_count
from known.fact as f
left join placed_record as p on f.feed = p.feed and f.source_key = p.source_key
where f.is_of_enterprise
group by f.feed
having count(p.source_key) = 0
