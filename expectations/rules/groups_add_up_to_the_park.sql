-- rule: Buildings and industries add up to the park | 楼栋、行业合计等于园区
-- severity: critical
-- stage: snapshots
-- why: parts that do not add up to the whole have lost or doubled somebody
-- next step: look for an enterprise in two stretches of monthly.main_building or two divisions of rules/industry.yml
with group_sum as (
    select
        part_kind,
        month,
        signal_code,
        period_months,
        sum(total_value) as total_value,
        sum(enterprise_count) as enterprise_count,
        sum(year_to_date_value) as year_to_date_value,
        coalesce(sum(creation_value), 0) as creation_value,
        coalesce(sum(destruction_value), 0) as destruction_value,
        coalesce(sum(net_value), 0) as net_value,
        coalesce(sum(open_ended_count), 0) as open_ended_count,
        coalesce(sum(open_count + move_in_count), 0) as start_count,
        coalesce(sum(close_count), 0) + coalesce(sum(move_out_count), 0) as end_count
    from snapshots.group_month
    group by part_kind, month, signal_code, period_months
)

select
    g.part_kind,
    p.month,
    p.signal_code,
    p.period_months,
    g.total_value as sum_of_groups,
    p.total_value as park_total,
    g.creation_value as creation_of_groups,
    p.creation_value as creation_of_park,
    g.destruction_value as destruction_of_groups,
    p.destruction_value as destruction_of_park
from snapshots.park_month as p
left join group_sum as g
    on p.month = g.month and p.signal_code = g.signal_code and p.period_months = g.period_months
where
    g.part_kind is null
    or g.total_value is distinct from p.total_value
    or g.enterprise_count is distinct from p.enterprise_count
    -- a group without a figure in the month has no row and no year to date, but of tax received it has 0
    or (p.signal_code like 'tax!_received%' escape '!' and g.year_to_date_value is distinct from p.year_to_date_value)
    or g.creation_value is distinct from coalesce(p.creation_value, 0)
    or g.open_ended_count is distinct from coalesce(p.open_ended_count, 0)
    -- where somebody is silent, the park and the silent one's groups have none
    or (
        g.open_ended_count = 0
        and (
            g.destruction_value is distinct from coalesce(p.destruction_value, 0)
            or g.net_value is distinct from coalesce(p.net_value, 0)
        )
    )
    or g.start_count is distinct from coalesce(p.open_count + p.move_in_count, 0)
    or g.end_count is distinct from coalesce(p.close_count, 0) + coalesce(p.move_out_count, 0)
