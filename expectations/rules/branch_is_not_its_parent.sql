-- rule: A registered branch is not merged into its parent | 分支机构不与总公司合并
-- severity: critical
-- stage: resolved
-- why: a branch begins with its parent's full name and is an enterprise of its own; merged, both are counted wrong
-- next step: add a line to transforms/judgements.csv that says `different` for the two records
with registered_record as (
    select
        r.feed,
        r.source_key,
        r.uscc,
        r.parent_uscc,
        r.enterprise_name,
        l.enterprise_id
    from known.registration as r
    inner join resolved.link as l on r.feed = l.feed and r.source_key = l.source_key
),

-- two registrations of one enterprise, of which one names the other as its parent or begins with its name
pair as (
    select distinct
        b.feed,
        b.source_key,
        b.enterprise_name as branch_name,
        p.feed as parent_feed,
        p.source_key as parent_source_key,
        p.enterprise_name as parent_name,
        b.enterprise_id,
        coalesce(b.parent_uscc = p.uscc, false) as is_by_code
    from registered_record as b
    inner join registered_record as p on b.enterprise_id = p.enterprise_id
    where
        b.uscc is distinct from p.uscc
        and (
            b.parent_uscc = p.uscc
            or (starts_with(b.enterprise_name, p.enterprise_name) and b.enterprise_name <> p.enterprise_name)
        )
)

select distinct
    c.feed,
    c.source_key,
    c.branch_name,
    c.parent_feed,
    c.parent_source_key,
    c.parent_name,
    c.enterprise_id
from pair as c
left join rules.name_word as w
    on w.kind in ('branch_word', 'company_branch_word') and ends_with(c.branch_name, w.word)
where c.is_by_code or w.word is not null
