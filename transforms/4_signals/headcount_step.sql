-- title: Steps in headcount | 参保人数跃变
-- one row is: one enterprise in one month in which its insured headcount changed by people_min or more
--   | 一家企业参保人数与上月相差达到规则人数的一个月
-- answers: where could people have come from another enterprise, or gone to one?
--   | 哪里可能有人从别的企业来，或到别的企业去？
-- key: enterprise_id, month
-- rules: Against the month right before, both complete (monthly.provisional_month) and neither contradicted
--   by its wages (signals.wage_check). A first value counts from zero, except
--   in the first month of all; after the last value all people are gone, except in the last month of all. How many
--   people make a step is in rules/succession.yml.
--   | 与紧邻的上月比较，两月均须完整，且人数不与工资矛盾。首个数值视为从零增加，全部数据的第一个月除外；最后一个数值之后视为全部离开，全部
--   数据的最后一个月除外。多少人算跃变由规则规定。
-- known gaps: What changes across a gap is no step. | 跨越缺数月份的变化不算跃变。
-- column change: insured_headcount less earlier_headcount, people | 人数变动 本月参保人数减上月，单位：人
-- rebuild: by_enterprise
-- checked by: tests/models/signals.headcount_step
with doubtful_month as (
    select month
    from monthly.provisional_month
    where subject = 'employment' and is_provisional
),

headcount as (
    select
        h.enterprise_id,
        m.month_number,
        h.insured_headcount as people
    from monthly.headcount as h
    inner join monthly.month as m on h.month = m.month
    left join doubtful_month as d on h.month = d.month
    where d.month is null
),

suspect_month as (
    select
        w.enterprise_id,
        m.month_number
    from signals.wage_check as w
    inner join monthly.month as m on w.month = m.month
    where w.is_suspect
    group by w.enterprise_id, m.month_number
),

believed_headcount as (
    select
        h.enterprise_id,
        h.month_number,
        h.people
    from headcount as h
    left join suspect_month as s on h.enterprise_id = s.enterprise_id and h.month_number = s.month_number
    where s.enterprise_id is null
),

-- of the months that are complete for the park, the first and the last
span as (
    select
        min(month_number) as first_number,
        max(month_number) as last_number
    from monthly.provisional_month
    where subject = 'employment' and not is_provisional
),

life as (
    select
        enterprise_id,
        min(month_number) as first_number,
        max(month_number) as last_number
    from headcount
    group by enterprise_id
),

headcount_change as (
    select
        h.enterprise_id,
        h.month_number,
        b.people as before_people,
        h.people as after_people
    from believed_headcount as h
    inner join believed_headcount as b on h.enterprise_id = b.enterprise_id and h.month_number = b.month_number + 1
    cross join rules.succession as rule
    where abs(h.people - b.people) >= rule.people_min
    union all
    select
        h.enterprise_id,
        h.month_number,
        0 as before_people,
        h.people as after_people
    from believed_headcount as h
    inner join life as l on h.enterprise_id = l.enterprise_id and h.month_number = l.first_number
    cross join span as s
    cross join rules.succession as rule
    where h.month_number > s.first_number and h.people >= rule.people_min
    union all
    select
        h.enterprise_id,
        h.month_number + 1 as month_number,
        h.people as before_people,
        0 as after_people
    from believed_headcount as h
    inner join life as l on h.enterprise_id = l.enterprise_id and h.month_number = l.last_number
    cross join span as s
    cross join rules.succession as rule
    where h.month_number < s.last_number and h.people >= rule.people_min
)

select
    c.enterprise_id,
    m.month,
    cast(c.month_number as integer) as month_number,
    cast(c.before_people as bigint) as earlier_headcount,
    cast(c.after_people as bigint) as insured_headcount,
    cast(c.after_people - c.before_people as bigint) as change
from headcount_change as c
inner join monthly.month as m on c.month_number = m.month_number
