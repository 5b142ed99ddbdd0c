-- title: Payrolls moved to or from labour agencies | 劳务派遣转移
-- one row is: one firm and one labour agency (劳务派遣) between which a payroll seems to have moved in one month
--   | 一家企业和一家劳务派遣公司之间在一个月里疑似发生的参保转移
-- answers: did people lose or find work, or do they sit at the same desk on another's payroll?
--   | 人员是增减了，还是仍在原处上班、只换了参保单位？
-- key: predecessor_enterprise_id, successor_enterprise_id, loss_month, gain_month
-- rules: The firm's insured staff falls (or rises) by a large part, an agency's rises (falls) by about as many, in the
--   same or the next month.
--   * An agency is known by industry or name (rules/agency.yml); where its staff rises and falls all the time, that it
--   is an agency says nothing.
--   * is_at_desk: the firm's entries, else its electricity, stayed as they were beside the whole park's.
--   * Where entries changed with the staff, the people are gone, or new: no row.
--   * A firm that lost (found) its whole staff needs to be seen at its desks.
--   * The best pair for both sides: more points, the same month, the closer count.
--   * is_ambiguous where two are equally good.
--   | 企业参保人数大幅下降（或上升），派遣公司同月或次月上升（或下降）大致相同人数。
--   * 派遣公司按行业或名称识别；其人数本来就时常起落的，是派遣公司这一点不作依据。
--   * 仍在岗：企业的门禁进出（没有则用电）相对全园照旧。
--   * 进出随人数变化的，人确已离开或新来，没有行。
--   * 全部人员离开（或出现）的企业须见其仍在岗。
--   * 每一对须对双方都是最佳：分值更高、同月、人数更接近；两对同样好的为不唯一。
-- known gaps: Only counts are compared, never persons. Two firms that move to one agency in the same month are not
--   seen, nor agencies that insure elsewhere.
--   | 只比较人数，从不比较个人。两家企业同月转到一家派遣公司的看不出，在外地参保的派遣公司也看不出。
-- codes succession_code: payroll_to_agency, payroll_from_agency
-- checked by: tests/models/signals.payroll_move, tests/system/test_successions.py
with life as (
    -- only who ever reported staff can lose or gain it
    select
        h.enterprise_id,
        min(m.month_number) as first_number,
        max(m.month_number) as last_number
    from monthly.headcount as h
    inner join monthly.month as m on h.month = m.month
    group by h.enterprise_id
),

-- the office books a loss and its gain in different months
lag_month as (
    select unnest(generate_series(0, people_lag_months)) as shift
    from rules.succession
),

agency as (
    select e.enterprise_id
    from resolved.enterprise as e
    inner join life as l on e.enterprise_id = l.enterprise_id
    cross join rules.agency as rule
    where
        (rule.field_code = 'industry_code' and starts_with(e.industry_code, rule.word))
        or (rule.field_code = 'enterprise_name' and contains(e.enterprise_name, rule.word))
    group by e.enterprise_id
),

-- an agency with staff that rises and falls all the time matches any firm's loss by chance
busy_agency as (
    select a.enterprise_id
    from agency as a
    inner join life as l on a.enterprise_id = l.enterprise_id
    inner join signals.headcount_step as s on a.enterprise_id = s.enterprise_id
    cross join rules.succession as rule
    group by a.enterprise_id, l.first_number, l.last_number, rule.agency_busy_pct
    having count(*) * 100 > rule.agency_busy_pct * (l.last_number - l.first_number + 1)
),

-- agencies are few: everybody else's large losses and gains, with the month in which an agency gained or lost
firm_loss as (
    select
        l.*,
        l.month_number + d.shift as gain_number
    from signals.headcount_step as l
    cross join lag_month as d
    cross join rules.succession as rule
    left join agency as a on l.enterprise_id = a.enterprise_id
    where
        a.enterprise_id is null and l.change < 0
        and -l.change * 100 >= rule.payroll_share_min_pct * l.earlier_headcount
),

firm_gain as (
    select
        g.*,
        g.month_number - d.shift as loss_number
    from signals.headcount_step as g
    cross join lag_month as d
    cross join rules.succession as rule
    left join agency as a on g.enterprise_id = a.enterprise_id
    where
        a.enterprise_id is null and g.change > 0
        and g.change * 100 >= rule.payroll_share_min_pct * g.insured_headcount
),

agency_loss as (
    select l.*
    from signals.headcount_step as l
    inner join agency as a on l.enterprise_id = a.enterprise_id
    where l.change < 0
),

agency_gain as (
    select g.*
    from signals.headcount_step as g
    inner join agency as a on g.enterprise_id = a.enterprise_id
    where g.change > 0
),

payroll as (
    select
        l.enterprise_id as predecessor_enterprise_id,
        g.enterprise_id as successor_enterprise_id,
        'payroll_to_agency' as succession_code,
        l.enterprise_id as firm_id,
        g.enterprise_id as agency_id,
        l.month_number as firm_number,
        l.month_number as loss_number,
        g.month_number as gain_number,
        -l.change as loss_people,
        g.change as gain_people,
        l.earlier_headcount,
        l.insured_headcount = 0 as is_whole
    from firm_loss as l
    inner join agency_gain as g on l.gain_number = g.month_number
    cross join rules.succession as rule
    where abs(l.change + g.change) * 100 <= greatest(rule.tolerance_people * 100, rule.tolerance_pct * -l.change)
    union all
    select
        l.enterprise_id as predecessor_enterprise_id,
        g.enterprise_id as successor_enterprise_id,
        'payroll_from_agency' as succession_code,
        g.enterprise_id as firm_id,
        l.enterprise_id as agency_id,
        g.month_number as firm_number,
        l.month_number as loss_number,
        g.month_number as gain_number,
        -l.change as loss_people,
        g.change as gain_people,
        l.earlier_headcount,
        g.earlier_headcount = 0 as is_whole
    from firm_gain as g
    inner join agency_loss as l on g.loss_number = l.month_number
    cross join rules.succession as rule
    where abs(l.change + g.change) * 100 <= greatest(rule.tolerance_people * 100, rule.tolerance_pct * -l.change)
),

-- each firm and month once, however many agencies fit
firm as (
    select
        firm_id,
        firm_number
    from payroll
    group by firm_id, firm_number
),

-- if people moved on paper alone, they still pass the gate and use power
trace as (
    select
        f.firm_id,
        f.firm_number,
        'entries' as trace_code,
        m.month_number,
        cast(a.people_entry_count as decimal(30, 3)) as value
    from firm as f
    cross join rules.succession as rule
    inner join monthly.access as a on f.firm_id = a.enterprise_id
    inner join monthly.month as m
        on
            a.month = m.month
            and m.month_number >= f.firm_number - rule.desk_months
            and m.month_number < f.firm_number + rule.desk_months
    union all
    select
        f.firm_id,
        f.firm_number,
        'electricity' as trace_code,
        m.month_number,
        u.used_quantity as value
    from firm as f
    cross join rules.succession as rule
    inner join monthly.utility as u on f.firm_id = u.enterprise_id and u.utility_code = 'electricity'
    inner join monthly.month as m
        on
            u.month = m.month
            and m.month_number >= f.firm_number - rule.desk_months
            and m.month_number < f.firm_number + rule.desk_months
),

-- as many months before as after, so that one odd month does not decide
trace_mean as (
    select
        firm_id,
        firm_number,
        trace_code,
        avg(case when month_number < firm_number then value end) as before_value,
        avg(case when month_number >= firm_number then value end) as after_value
    from trace
    group by firm_id, firm_number, trace_code
),

-- the whole park's entries and electricity: the season is no leaving
park_month as (
    select
        'entries' as trace_code,
        m.month_number,
        sum(a.people_entry_count) as value
    from monthly.access as a
    inner join monthly.month as m on a.month = m.month
    group by m.month_number
    union all
    select
        'electricity' as trace_code,
        m.month_number,
        sum(u.used_quantity) as value
    from monthly.utility as u
    inner join monthly.month as m on u.month = m.month
    where u.utility_code = 'electricity'
    group by m.month_number
),

-- months that need a comparison with the park
turn as (
    select firm_number
    from firm
    group by firm_number
),

park_mean as (
    select
        t.firm_number,
        p.trace_code,
        avg(case when p.month_number < t.firm_number then p.value end) as before_value,
        avg(case when p.month_number >= t.firm_number then p.value end) as after_value
    from turn as t
    cross join rules.succession as rule
    inner join park_month as p
        on
            p.month_number >= t.firm_number - rule.desk_months
            and p.month_number < t.firm_number + rule.desk_months
    group by t.firm_number, p.trace_code
),

-- of both, the trace that is there: entries first
desk as (
    select
        k.firm_id,
        k.firm_number,
        coalesce(
            max(
                case
                    when k.trace_code = 'entries'
                        then k.after_value * p.before_value * 100 / nullif(k.before_value * p.after_value, 0)
                end
            ),
            max(
                case
                    when k.trace_code = 'electricity'
                        then k.after_value * p.before_value * 100 / nullif(k.before_value * p.after_value, 0)
                end
            )
        ) as kept_pct
    from trace_mean as k
    inner join park_mean as p on k.firm_number = p.firm_number and k.trace_code = p.trace_code
    group by k.firm_id, k.firm_number
),

payroll_evidence as (
    select
        p.*,
        coalesce(d.kept_pct >= rule.desk_min_pct and d.kept_pct * rule.desk_min_pct <= 10000, false) as is_at_desk,
        rule.people_points + case when b.enterprise_id is null then rule.agency_points else 0 end
        + case
            when d.kept_pct >= rule.desk_min_pct and d.kept_pct * rule.desk_min_pct <= 10000
                then rule.desk_points
            else 0
        end as points
    from payroll as p
    cross join rules.succession as rule
    left join desk as d on p.firm_id = d.firm_id and p.firm_number = d.firm_number
    left join busy_agency as b on p.agency_id = b.enterprise_id
    where
        -- entries that fell with the staff say that the people are gone
        (d.kept_pct is null and not p.is_whole)
        or (d.kept_pct >= rule.desk_min_pct and d.kept_pct * rule.desk_min_pct <= 10000)
),

-- the best pair for a loss, and for a gain: more points, then the same month, then the closer count
ranked_payroll as (
    select
        *,
        rank() over (
            partition by predecessor_enterprise_id, loss_number
            order by points desc, gain_number asc, abs(loss_people - gain_people) asc
        ) as loss_rank,
        rank() over (
            partition by successor_enterprise_id, gain_number
            order by points desc, loss_number desc, abs(loss_people - gain_people) asc
        ) as gain_rank
    from payroll_evidence
),

-- best for both sides; where several are equally good, each says so
best_payroll as (
    select
        *,
        count(*) over (partition by predecessor_enterprise_id, loss_number) as loss_count,
        count(*) over (partition by successor_enterprise_id, gain_number) as gain_count
    from ranked_payroll
    where loss_rank = 1 and gain_rank = 1
)

select
    p.predecessor_enterprise_id,
    p.successor_enterprise_id,
    p.succession_code,
    l.month as loss_month,
    g.month as gain_month,
    least(p.loss_people, p.gain_people) as people_count,
    p.earlier_headcount,
    p.is_at_desk,
    p.loss_count > 1 or p.gain_count > 1 as is_ambiguous,
    cast(p.points as integer) as evidence_points
from best_payroll as p
inner join monthly.month as l on p.loss_number = l.month_number
inner join monthly.month as g on p.gain_number = g.month_number
