-- title: Ties between enterprises | 企业关系
-- one row is: one typed tie from an enterprise to another, once per kind of evidence
--   | 一家企业对另一家企业的一种关系，每种依据一行
-- answers: of which enterprise is this a branch, what was merged into what, what was split off from what?
--   | 是谁的分支机构，并入了谁，从谁分立？
-- key: enterprise_id, relation_code, other_reference, evidence_kind
-- rules: branch_of: the register's parent code, the register's event "branch opened", or a registered name that is
--   another registered name, up to its legal form, followed by words that end in a branch word (rules/name_word.yml:
--   分公司, 分店, 营业部, 代表处 …). merged_into, split_from and invests_in: the register's events. A branch is an
--   enterprise of its own; it is never merged into its parent. The tie is kept as stated: nothing follows chains, so
--   cycles in the data cannot loop.
--   | 分支机构（branch_of）依据登记的总公司代码、登记的“设立分支机构”事件，或名称：以另一家登记企业的全称（到组织形式为止）开头、
--   以分支机构用词（rules/name_word.yml）结尾。并入、分立、对外投资依据登记事件。分支机构单独算一家，从不并入总公司。
-- known gaps: other_enterprise_id is empty where the other one is not in any source; flows of people are not used as
--   evidence yet; a branch of a firm without a legal form in its name (…厂分厂) is not known by its name.
--   | 对方不在任何来源中时对方企业编号为空；未使用人员流动作为依据；总公司名称不含组织形式的（如“某某厂”），不能按名称识别其分支机构。
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

-- events stated by the older side: the tie belongs to the one split off, or the branch
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

-- of several words that a name ends in the longest one is the branch word
branch_name as (
    select
        n.enterprise_id,
        n.name_key,
        substr(n.name_key, 1, length(n.name_key) - max(length(w.word))) as before_word
    from resolved.enterprise_name as n
    inner join rules.name_word as w
        on w.kind in ('branch_word', 'company_branch_word') and ends_with(n.name_key, w.word)
    where n.name_kind = 'registered'
    group by n.enterprise_id, n.name_key
),

-- the parent's name ends with the last legal form before the branch word
parent_name as (
    select
        b.enterprise_id,
        substr(
            b.before_word,
            1,
            max(length(b.before_word) + 1 - strpos(reverse(b.before_word), reverse(w.word)))
        ) as parent_key
    from branch_name as b
    inner join rules.name_word as w on w.kind = 'legal_form' and contains(b.before_word, w.word)
    group by b.enterprise_id, b.name_key, b.before_word
),

by_name as (
    select
        b.enterprise_id,
        min(p.enterprise_id) as other_enterprise_id,
        min(p.enterprise_name) as other_name
    from parent_name as b
    inner join resolved.enterprise_name as p
        on b.parent_key = p.name_key and p.name_standing = 1 and b.enterprise_id <> p.enterprise_id
    group by b.enterprise_id
    having count(distinct p.enterprise_id) = 1
),

stated_tie as (
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
from stated_tie
where
    (other_enterprise_id is null or other_enterprise_id <> enterprise_id)
    and coalesce(other_enterprise_id, other_uscc, other_name) is not null
group by enterprise_id, relation_code, coalesce(other_enterprise_id, other_uscc, other_name), evidence_kind
