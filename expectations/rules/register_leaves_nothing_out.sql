-- rule: The register states former names and head offices as before | 登记的曾用名、总公司未缺失
-- severity: warning
-- stage: resolved
-- why: an enterprise without the former name or the head office that it had, or a new name without the former one where
--   the register states former names, may be values that were left out; a few of them stop no delivery
-- next step: ask the office whether the values are right; until then what is known under the former name, or of the
--   head office, may not be found
with register as (
    select
        feed,
        max(batch_id) as newest_batch_id,
        count(former_names) > 0 as states_former_names
    from staged.registration
    group by feed
)

select
    n.feed,
    n.source_key,
    concat_ws(
        ', ',
        case
            when
                n.former_names is null
                and (b.former_names is not null or (n.enterprise_name != b.enterprise_name and r.states_former_names))
                then 'former_names'
        end,
        case when n.parent_uscc is null and b.parent_uscc is not null then 'parent_uscc' end
    ) as column_names,
    1 as row_count
from register as r
inner join staged.registration as n on r.feed = n.feed and r.newest_batch_id = n.batch_id
inner join staged.registration as b
    on
        n.feed = b.feed
        and n.source_key = b.source_key
        and n.received_at = b.superseded_at
where n.superseded_at is null and column_names != ''
