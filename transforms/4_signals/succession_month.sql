-- title: Months that a succession explains | 承继影响月份
-- one row is: one month in which what changes at one enterprise may be another's, by a succession that is a fact
--   | 一家企业的变化可能由已认定的承继造成的一个月
-- answers: is this change here, in this month, explained by a merger, a division, a taking-over or a moved payroll?
--   | 这家企业这个月的变化，是否由合并、分立、承接或转移参保造成？
-- key: enterprise_id, role, month, is_headcount, step_kind
-- rules: role is the side of the enterprise: the predecessor loses, the successor gains. For a merger,
--   division or taking-over it is the month before it and some months after it (rules/flow.yml); headcount
--   (is_headcount = 1) of the side that goes on only the month in which people were seen to move; ends of the old one
--   and starts of the new one (step_kind = whole) up to a year later. For a payroll that moved it is the headcount of
--   that month. Of several successions the nearest counts.
--   | 角色表示企业在哪一方：前身减少，承继增加。合并、分立、承接影响其前一个月和其后若干月；双方继续经营时参保人数只影
--   响人员转移的那个月；前身的结束和承继方的开始至多影响到一年后。转移参保只影响当月的参保人数。有几起承继的取最近的
--   一起。
-- known gaps: All of a change in these months is taken as the succession's. | 这些月份的全部变化都算作承继所致。
-- checked by: tests/models/signals.succession_month, tests/models/signals.flow
-- each loss and its gain, once per side; headcount apart, where the month in which the people moved is known
with succession_side as (
    select
        predecessor_enterprise_id as enterprise_id,
        'predecessor' as role,
        successor_enterprise_id as other_enterprise_id,
        succession_code,
        coalesce(event_date, effective_month) as event_date,
        month_number(loss_month) as people_number,
        succession_code in ('merged', 'taken_over') as is_whole
    from signals.succession
    where standing_code = 'fact' and predecessor_enterprise_id is not null
    union all
    select
        successor_enterprise_id as enterprise_id,
        'successor' as role,
        predecessor_enterprise_id as other_enterprise_id,
        succession_code,
        coalesce(event_date, effective_month) as event_date,
        month_number(gain_month) as people_number,
        succession_code in ('split', 'taken_over') as is_whole
    from signals.succession
    where standing_code = 'fact' and successor_enterprise_id is not null
),

succession_window as (
    select unnest(generate_series(-1, greatest(succession_window_months, succession_end_months))) as shift
    from rules.flow
),

scope as (
    select
        0 as is_headcount,
        'whole' as step_kind
    union all
    select
        1 as is_headcount,
        'whole' as step_kind
    union all
    select
        0 as is_headcount,
        'part' as step_kind
    union all
    select
        1 as is_headcount,
        'part' as step_kind
),

succession_month as (
    select
        t.enterprise_id,
        t.role,
        month_number(t.event_date) + w.shift as month_number,
        c.is_headcount,
        c.step_kind,
        t.other_enterprise_id,
        t.succession_code,
        w.shift
    from succession_side as t
    cross join rules.flow as rule
    cross join succession_window as w
    cross join scope as c
    where
        case
            -- of a payroll the headcount moves, in one month, and nothing else
            when t.succession_code in ('payroll_to_agency', 'payroll_from_agency', 'staff_moved')
                then c.is_headcount = 1 and month_number(t.event_date) + w.shift = t.people_number
            when c.is_headcount = 1 and t.people_number is not null and not t.is_whole
                then month_number(t.event_date) + w.shift = t.people_number
            else w.shift <= rule.succession_window_months or (t.is_whole and c.step_kind = 'whole')
        end
),

ranked_succession_month as (
    select
        *,
        row_number() over (
            partition by enterprise_id, role, month_number, is_headcount, step_kind
            order by abs(shift) asc, other_enterprise_id asc, succession_code asc
        ) as row_rank
    from succession_month
)

select
    p.enterprise_id,
    p.role,
    m.month,
    m.month_number,
    p.is_headcount,
    p.step_kind,
    p.other_enterprise_id,
    p.succession_code
from ranked_succession_month as p
inner join monthly.month as m on p.month_number = m.month_number
where p.row_rank = 1
