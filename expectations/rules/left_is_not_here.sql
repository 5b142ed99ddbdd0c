-- rule: An enterprise that has left is not here | 已撤离的企业不在园
-- severity: critical
-- stage: snapshots
-- why: an operator who reads that an enterprise has left, and that it is here, believes neither
-- next step: look at the enterprise in signals.departure, signals.takeover and snapshots.presence
with assessed_enterprise as (
    select
        a.enterprise_id,
        a.enterprise_name,
        a.assessment_code in ('left', 'taken_over') as has_left,
        a.assessment_code,
        a.left_month,
        a.successor_enterprise_id,
        p.is_active_here,
        a.month
    from snapshots.assessment as a
    inner join snapshots.presence as p on a.enterprise_id = p.enterprise_id
),

wrong_enterprise as (
    select
        enterprise_id,
        enterprise_name,
        case
            when assessment_code = 'left' and is_active_here then 'left, and active here'
            when not has_left and left_month is not null then 'a month of leaving, and not left'
            when left_month > month + interval 1 month then 'leaves in a month that is not over'
            when assessment_code = 'taken_over' and successor_enterprise_id is null then 'taken over, and no successor'
            when assessment_code <> 'taken_over' and successor_enterprise_id is not null
                then 'a successor, and not taken over'
            when successor_enterprise_id = enterprise_id then 'its own successor'
        end as reason
    from assessed_enterprise
)

select
    enterprise_id,
    enterprise_name,
    reason
from wrong_enterprise
where reason is not null
