-- title: Ties between enterprises | 企业关系
-- one row is: one typed tie from an enterprise to another, once per kind of evidence
--   | 一家企业到另一家企业的一种关系，每种证据一行
-- answers: whose branch is this, what was merged into what, what was split off from what?
--   | 这是谁的分支，谁并入了谁，谁由谁分立？
-- key: enterprise_id, relation_code, other_reference, evidence_kind
-- rules: branch_of: the register's parent code, the register's event "branch opened", or a registered name that is
--   another registered name followed by words that end in a branch word (分公司, 分店, 营业部, 办事处 …). merged_into,
--   split_from and invests_in: the register's events. A branch is an enterprise of its own; it is never merged into
--   its parent. The tie is kept as stated: nothing follows chains, so cycles in the data cannot loop.
--   | 分支：登记的总公司代码、登记事件“设立分支”，或登记名称等于另一登记名称加以分支字样（分公司、分店、营业部、办事
--   处等）结尾的文字。合并、分立、对外投资：取自登记事件。分支是独立企业，绝不并入总公司。关系照原样保留，不作链式推
--   导，因此数据中的循环不会造成死循环。
-- known gaps: other_enterprise_id is empty where the other one is not in any silo; flows of people are not used as
--   evidence yet.
--   | 对方不在任何来源中的，对方企业编号为空；尚未以人员流动为证据。
-- checked by: tests/models/resolved.relation
with by_parent_code as (
    select
        l.enterprise_id,
        'branch_of' as relation_code,
        r.parent_uscc as other_uscc,
        cast(null as varchar) as other_name,
        r.registered_date as since_date,
        'parent_uscc' as evidence_kind,
        l.feed
    from known.registration as r
    inner join resolved.link as l on r.feed = l.feed and r.source_key = l.source_key
    where r.parent_uscc is not null
),

by_event as (
    select
        l.enterprise_id,
        case e.event_code when 'merger' then 'merged_into' else 'invests_in' end as relation_code,
        e.other_uscc,
        e.after_text as other_name,
        e.event_date as since_date,
        'event' as evidence_kind,
        l.feed
    from known.registration_event as e
    inner join resolved.link as l on e.feed = l.feed and e.source_key = l.source_key
    where e.event_code in ('merger', 'investment')
),

-- events told by the older side: the tie belongs to the one split off, or the branch
by_other_side as (
    select
        l.enterprise_id as other_enterprise_id,
        case e.event_code when 'division' then 'split_from' else 'branch_of' end as relation_code,
        e.other_uscc as uscc,
        e.event_date as since_date,
        l.feed
    from known.registration_event as e
    inner join resolved.link as l on e.feed = l.feed and e.source_key = l.source_key
    where e.event_code in ('division', 'branch_opened') and e.other_uscc is not null
),

branch_name as (
    select
        enterprise_id,
        regexp_extract(name_key, '^(.+公司).*(分公司|分店|分行|分厂|分部|营业部|经营部|门市部|办事处|支公司|支行)$', 1) as parent_key
    from resolved.enterprise_name
    where name_kind = 'registered'
),

by_name as (
    select
        b.enterprise_id,
        min(p.enterprise_id) as other_enterprise_id,
        min(p.enterprise_name) as other_name
    from branch_name as b
    inner join resolved.enterprise_name as p
        on b.parent_key = p.name_key and p.name_standing = 1 and b.enterprise_id <> p.enterprise_id
    where b.parent_key <> ''
    group by b.enterprise_id
    having count(distinct p.enterprise_id) = 1
),

stated as (
    select
        s.enterprise_id,
        s.relation_code,
        c.enterprise_id as other_enterprise_id,
        s.other_uscc,
        s.other_name,
        s.since_date,
        s.evidence_kind,
        s.feed
    from (
        select * from by_parent_code
        union all
        select * from by_event
    ) as s
    left join resolved.enterprise_code as c on c.code_kind = 'uscc' and s.other_uscc = c.code
    union all
    select
        c.enterprise_id,
        o.relation_code,
        o.other_enterprise_id,
        cast(null as varchar) as other_uscc,
        cast(null as varchar) as other_name,
        o.since_date,
        'event' as evidence_kind,
        o.feed
    from by_other_side as o
    inner join resolved.enterprise_code as c on c.code_kind = 'uscc' and o.uscc = c.code
    where c.enterprise_id is not null
    union all
    select
        enterprise_id,
        'branch_of' as relation_code,
        other_enterprise_id,
        cast(null as varchar) as other_uscc,
        other_name,
        cast(null as date) as since_date,
        'name' as evidence_kind,
        cast(null as varchar) as feed
    from by_name
)

select
    enterprise_id,
    relation_code,
    coalesce(other_enterprise_id, other_uscc, other_name) as other_reference,
    min(other_enterprise_id) as other_enterprise_id,
    min(other_uscc) as other_uscc,
    min(other_name) as other_name,
    min(since_date) as since_date,
    evidence_kind,
    min(feed) as feed
from stated
where
    (other_enterprise_id is null or other_enterprise_id <> enterprise_id)
    and coalesce(other_enterprise_id, other_uscc, other_name) is not null
group by enterprise_id, relation_code, coalesce(other_enterprise_id, other_uscc, other_name), evidence_kind
