-- rule: A code and the name beside it are of one firm | 代码与并列名称属于同一家企业
-- severity: warning
-- stage: resolved
-- why: an offer or a partner of trade with the credit code of one registered firm and the full name of another counts
--   for the firm with the code; such records are not matched, so no review shows them (others: `contradiction`)
-- next step: ask the office which of the two is right, and for the record again; until then it counts by its code
with stated_name as (
    select
        upper(uscc) as code,
        enterprise_name as name
    from known.registration
    where uscc is not null
    union
    select
        upper(uscc) as code,
        trim(unnest(regexp_split_to_array(former_names, '[;；、|]'))) as name
    from known.registration
    where uscc is not null
),

-- a name of several firms says nothing
owner as (
    select
        name,
        min(code) as owner_code
    from stated_name
    group by name
    having count(distinct code) = 1
),

stated_pair as (
    select
        feed,
        'offer' as subject,
        upper(offered_by_uscc) as code,
        offered_by_name as name,
        count(*) as row_count
    from known.offer
    group by feed, upper(offered_by_uscc), offered_by_name
    union all
    select
        feed,
        'trade' as subject,
        upper(partner_taxpayer_no) as code,
        partner_name as name,
        count(*) as row_count
    from known.trade
    group by feed, upper(partner_taxpayer_no), partner_name
),

registered_code as (
    select distinct code
    from stated_name
),

-- a branch may go under the code of the firm that it is of
branch as (
    select distinct
        upper(uscc) as code,
        upper(parent_uscc) as parent_code
    from known.registration
    where uscc is not null and parent_uscc is not null
)

select
    p.subject,
    p.feed,
    p.code,
    p.name,
    o.owner_code,
    p.row_count
from stated_pair as p
inner join registered_code as c on p.code = c.code
inner join owner as o on p.name = o.name and p.code <> o.owner_code
left join branch as b
    on
        (p.code = b.code and o.owner_code = b.parent_code)
        or (p.code = b.parent_code and o.owner_code = b.code)
where b.code is null
