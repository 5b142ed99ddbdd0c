-- title: Enterprises elsewhere that might come | 招引对象
-- one row is: one enterprise outside the park: the first hundred by level, and those that were excluded from among
--   them
--   | 园外一家企业：按级别排在前一百的，以及本在其中而被排除的
-- answers: who opens branches elsewhere, is near, and fits what leads here? | 哪些园外企业正在外设点、离得近、又合园区主导产业？
-- key: source_key
-- rules:
--   * expands_level: strong at 4 branches or investments in 36 months or more; some at one; earlier where all are
--   older; none.
--   * near_level, by the seat: city of the park, province, far; unknown where either place is, and last in the order.
--   The park's place is where most enterprises here are registered.
--   * wanted_level: bought where at least three tenants buy a class of goods outside that its division makes
--   (industry.gap); else leading where its division leads in the park, present where it is there, else none.
--   seen_buyer_count says how many, of the class with most buyers. The register's code may be wrong.
--   * candidate_rank, in this order and no other: parents of tenants first; expands_level; near_level; wanted_level;
--   number of cities with branches; branches; capital; the older; the list's key. There is no score.
--   * Of several entries with one code the latest counts, of one delivery the first key.
--   * excluded_code, no rank: tenant (its exact code is a tenant's, or was), branch_here (a branch in the park's own
--   district), closed, invalid_code (a check digit is wrong).
--   | * 扩张：近36个月设点或投资4次以上为强，1次以上为有，只有更早的为曾有，没有为无。
--   * 远近按注册地：本市、本省、外省；注册地或园区所在地不详的为不详，排在最后；园区所在地取在园企业登记最多的区划。
--   * 需要：至少三家在园企业在外采购其所属大类产品的为有外购（见外购缺口）；其次，所属大类在园区为主导的为主导，园区已有
--   的为有，否则为无；行业代码可能有误。
--   * 排序依次为：园内企业的总公司、扩张、远近、需要、设点城市数、设点数、注册资本、成立早者、名录编号；没有综合评分。
--   * 同一代码有多条的，取最近收到的；同批收到的取编号在前者。
--   * 排除：代码即园内（或曾在园）企业的、已在园区所在区设点的、已注销吊销迁出的、代码校验不符的；列出原因，不排名。
-- known gaps: On past data two in the first hundred of 350,000 opened a branch in the city within three years: a list
--   to call, no forecast. An enterprise is never matched by name, so a tenant without a code in the list may be in
--   it. That its division makes goods which tenants buy does not say that it makes them, or that they would buy of it.
--   | 用历史数据检验，三十五万家中排在前一百的约有两家在三年内到该市设点：这是联系名单，不是预测；从不按名称匹配，名录缺代码的在园企业
--   可能混入；所属大类有外购，不等于该企业生产这种商品，也不等于会向它采购。
-- column branch_count: branches and investments, by the list | 设点数 名录所载分支机构与对外投资数
-- column registered_capital_amount: registered capital as the list has it; the list has no currency, yuan unless its
--   source says otherwise
--   | 注册资本 名录所载注册资本；名录没有币种一栏，来源未另注明的为人民币元
-- column industry_code: industry by the list | 行业代码 名录所载行业代码，可能有误
-- column division_code: place of its seat (GB/T 2260) | 注册地代码 注册地行政区划代码（GB/T 2260）
-- checked by: tests/models/industry.candidate
with outsider as (
    select
        o.*,
        row_number() over (partition by o.source_key order by o.received_at desc, o.feed asc) as key_rank
    from known.outsider as o
),

once as (
    select
        *,
        row_number() over (partition by uscc order by received_at desc, source_key asc) as code_rank
    from outsider
    where key_rank = 1
),

park_division as (
    select
        e.division_code,
        row_number() over (order by count(*) desc, e.division_code asc) as row_rank
    from signals.present_enterprise as h
    inner join resolved.enterprise as e on h.enterprise_id = e.enterprise_id
    where length(e.division_code) = 6
    group by e.division_code
),

park_lead_division as (
    select max(division_code) as division_code
    from park_division
    where row_rank = 1
),

branch as (
    select
        b.source_key,
        count(distinct b.branch_no) as branch_count,
        count(distinct case
            when b.opened_date > o.as_of - to_months(cast(r.recent_months as integer)) then b.branch_no
        end) as recent_count,
        count(distinct substr(b.division_code, 1, 4)) as city_count,
        max(b.opened_date) as last_opened_date,
        max(case when b.division_code = h.division_code then 1 else 0 end) as is_here
    from known.outsider_branch as b
    cross join ops.night as o
    cross join rules.candidate as r
    cross join park_lead_division as h
    where b.opened_date <= o.as_of
    group by b.source_key
),

tenant as (
    select distinct c.code
    from resolved.enterprise_code as c
    inner join resolved.link as l on c.enterprise_id = l.enterprise_id
    inner join rules.subject as s on l.subject = s.subject
    where c.code_kind = 'uscc' and not s.is_regional
),

parent as (
    select
        r.other_uscc as uscc,
        count(distinct r.enterprise_id) as tenant_branch_count
    from resolved.relation as r
    inner join signals.present_enterprise as h on r.enterprise_id = h.enterprise_id
    where r.relation_code = 'branch_of' and r.other_uscc is not null
    group by r.other_uscc
),

newest as (
    select max(year_number) as year_number
    from industry.position
    where industry_level = 'division' and area_code is not null
),

position as (
    select
        p.industry_code,
        p.position_code
    from industry.position as p
    inner join newest as n on p.year_number = n.year_number
    where p.industry_level = 'division'
),

bought_division as (
    select
        maker_division_code as division_code,
        max(buyer_count) as buyer_count
    from industry.gap
    where maker_division_code is not null
    group by maker_division_code
),

graded_candidate as (
    select
        o.*,
        coalesce(b.branch_count, 0) as branch_count,
        coalesce(b.recent_count, 0) as recent_count,
        coalesce(b.city_count, 0) as city_count,
        b.last_opened_date,
        coalesce(p.tenant_branch_count, 0) as tenant_branch_count,
        case
            when b.recent_count >= r.strong_recent_count then 'strong'
            when b.recent_count > 0 then 'some'
            when b.branch_count > 0 then 'earlier'
            else 'none'
        end as expands_level,
        case
            when substr(o.division_code, 1, 4) = substr(h.division_code, 1, 4) then 'city'
            when substr(o.division_code, 1, 2) = substr(h.division_code, 1, 2) then 'province'
            when length(o.division_code) = 6 and h.division_code is not null then 'far'
            else 'unknown'
        end as near_level,
        g.buyer_count as seen_buyer_count,
        case
            when g.buyer_count is not null then 'bought'
            when i.position_code = 'leading' then 'leading'
            when i.position_code in ('present', 'thin') then 'present'
            else 'none'
        end as wanted_level,
        case
            when t.code is not null then 'tenant'
            when o.status_code <> 'active' then 'closed'
            when not uscc_holds(o.uscc) then 'invalid_code'
            when b.is_here = 1 then 'branch_here'
        end as excluded_code,
        r.shown_count,
        r.version
    from once as o
    cross join rules.candidate as r
    cross join park_lead_division as h
    left join branch as b on o.source_key = b.source_key
    left join parent as p on o.uscc = p.uscc
    left join tenant as t on o.uscc = t.code
    left join position as i on industry_division(o.industry_code) = i.industry_code
    left join bought_division as g on industry_division(o.industry_code) = g.division_code
    where o.code_rank = 1
),

ordered_candidate as (
    select
        *,
        row_number() over (
            order by
                case when tenant_branch_count > 0 then 0 else 1 end,
                case expands_level when 'strong' then 1 when 'some' then 2 when 'earlier' then 3 else 4 end,
                case near_level when 'city' then 1 when 'province' then 2 when 'far' then 3 else 4 end,
                case wanted_level when 'bought' then 1 when 'leading' then 2 when 'present' then 3 else 4 end,
                city_count desc,
                branch_count desc,
                registered_capital_amount desc nulls last,
                registered_date asc nulls last,
                source_key asc
        ) as row_rank
    from graded_candidate
),

ranked_candidate as (
    select
        *,
        case
            when excluded_code is null
                then row_number() over (partition by excluded_code is null order by row_rank)
        end as candidate_rank
    from ordered_candidate
)

select
    d.source_key,
    d.uscc,
    d.enterprise_name,
    d.candidate_rank,
    d.excluded_code,
    d.expands_level,
    d.near_level,
    d.wanted_level,
    cast(d.seen_buyer_count as bigint) as seen_buyer_count,
    d.tenant_branch_count > 0 as is_parent_of_tenant,
    cast(d.branch_count as integer) as branch_count,
    cast(d.recent_count as integer) as recent_branch_count,
    cast(d.city_count as integer) as branch_city_count,
    d.last_opened_date,
    d.industry_code,
    d.division_code,
    d.registered_capital_amount,
    d.registered_date,
    o.as_of,
    d.version as rule_version
from ranked_candidate as d
cross join ops.night as o
where d.candidate_rank <= d.shown_count or (d.excluded_code is not null and d.row_rank <= d.shown_count)
