-- title: Branches and investments by month | 月末分支机构与对外投资
-- one row is: one enterprise in one month with a branch, or an investment in another enterprise, at its end
--   | 一家企业在月末有分支机构或有对外投资的一个月
-- answers: how many branches does this enterprise have, in how many others has it invested, and when did that change?
--   | 这家企业有多少分支机构、投资了多少家企业，何时变化的？
-- key: enterprise_id, month
-- rules: A branch counts from the day on which it was opened (the register's event, else its own registration) to the
--   month before its own cancellation; each branch once, by however many kinds of evidence it is known
--   (resolved.relation). Branches that no silo knows count from the parent's event "branch opened". An investment
--   counts from its event, each other enterprise once. Nothing counts any more from the month in which the enterprise
--   itself was cancelled. Only for enterprises that another silo than the register knows: a register may hold a whole
--   country.
--   | 分支机构自设立之日（登记事件，否则其自身成立日）起计至其注销前一个月；同一分支不论有几种证据只计一次。没有来源知
--   晓的分支，按总公司“设立分支”事件计。对外投资自事件之日起计，同一企业只计一次。企业自身注销当月起都不再计。只列
--   登记以外部门也有记录的企业，因为登记库可能覆盖全国。
-- known gaps: The register's events state no amount, and no investment that was sold: the count of investments never
--   falls. A branch that no silo knows never closes. A branch without any date counts from the first month.
--   | 登记事件没有金额，也没有转让：对外投资数不会减少。没有来源知晓的分支不会关闭。没有任何日期的分支从第一个月起计。
-- checked by: tests/models/monthly.relation
with park_enterprise as (
    select l.enterprise_id
    from resolved.link as l
    inner join rules.subject as s on l.subject = s.subject
    where not s.is_regional
    group by l.enterprise_id
),

known_branch as (
    select
        r.other_enterprise_id as enterprise_id,
        r.enterprise_id as other_reference,
        coalesce(min(r.since_date), min(b.registered_date)) as from_date,
        min(b.cancelled_date) as until_date
    from resolved.relation as r
    inner join resolved.enterprise as b on r.enterprise_id = b.enterprise_id
    where r.relation_code = 'branch_of' and r.other_enterprise_id is not null
    group by r.other_enterprise_id, r.enterprise_id
),

unknown_branch as (
    select
        l.enterprise_id,
        e.other_uscc as other_reference,
        min(e.event_date) as from_date,
        cast(null as date) as until_date
    from known.registration_event as e
    inner join resolved.link as l on e.feed = l.feed and e.source_key = l.source_key
    left join resolved.enterprise_code as c on c.code_kind = 'uscc' and e.other_uscc = c.code
    where e.event_code = 'branch_opened' and e.other_uscc is not null and c.enterprise_id is null
    group by l.enterprise_id, e.other_uscc
),

investment as (
    select
        enterprise_id,
        other_reference,
        min(since_date) as from_date,
        cast(null as date) as until_date
    from resolved.relation
    where relation_code = 'invests_in'
    group by enterprise_id, other_reference
),

tie as (
    select
        *,
        1 as is_branch
    from known_branch
    union all
    select
        *,
        1 as is_branch
    from unknown_branch
    union all
    select
        *,
        0 as is_branch
    from investment
)

select
    t.enterprise_id,
    m.month,
    cast(sum(t.is_branch) as integer) as branch_count,
    cast(sum(1 - t.is_branch) as integer) as investment_count
from tie as t
inner join park_enterprise as h on t.enterprise_id = h.enterprise_id
left join resolved.enterprise as e on t.enterprise_id = e.enterprise_id
inner join monthly.month as m
    on
        (t.from_date is null or t.from_date <= m.month_end_date)
        and (t.until_date is null or t.until_date > m.month_end_date)
        and (e.cancelled_date is null or e.cancelled_date > m.month_end_date)
group by t.enterprise_id, m.month
