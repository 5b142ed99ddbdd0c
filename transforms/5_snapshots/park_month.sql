-- title: Park by month | 园区月度汇总
-- one row is: one signal in one month over all enterprises whose figures are for periods of this length
-- answers: how much is it in all, and how much of the change came from openings, closings, growth, decline and moves?
-- key: month, signal_code, period_months
-- rules: Monthly and quarterly filers stand in rows of their own; adding them up would count unlike periods. Creation
--   = open + move_in + expand; destruction = close + move_out + contract, as a positive figure; net = creation -
--   destruction; reallocation = creation + destruction - |net|. Rates divide by the mean of both periods over the
--   enterprises compared. Changes within the tolerance (drift), by mergers and divisions (succession) and after a gap
--   (resumed) stand apart, so that creation - destruction + drift + succession = all of the change of the enterprises
--   compared. Provisional months have totals but no flows. Suspect values (signals.plausibility) are in no total and
--   no flow; suspect_count says how many were left out.
-- known gaps: Moves count as creation and destruction here, since the park is the frame: they are, seen from the
--   park.
-- column suspect_count: how many enterprises' figures were left out of the total as suspect | 存疑企业数
-- checked by: tests/models/snapshots.park_month
with total as (
    select
        s.month,
        s.signal_code,
        s.period_months,
        coalesce(sum(case when p.enterprise_id is null then s.value end), 0) as total_value,
        count(*) as enterprise_count,
        count(p.enterprise_id) as suspect_count,
        max(case when s.is_provisional then 1 else 0 end) as is_provisional
    from signals.signal as s
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    group by s.month, s.signal_code, s.period_months
),

flowed as (
    select
        month,
        signal_code,
        period_months,
        sum(case when flow_code <> 'resumed' then value else 0 end) as compared_value,
        sum(case when flow_code <> 'resumed' then earlier_value else 0 end) as compared_earlier_value,
        sum(case when flow_code = 'open' then change else 0 end) as open_value,
        sum(case when flow_code = 'move_in' then change else 0 end) as move_in_value,
        sum(case when flow_code = 'expand' then change else 0 end) as expand_value,
        -sum(case when flow_code = 'close' then change else 0 end) as close_value,
        -sum(case when flow_code = 'move_out' then change else 0 end) as move_out_value,
        -sum(case when flow_code = 'contract' then change else 0 end) as contract_value,
        sum(case when flow_code = 'unchanged' then change else 0 end) as drift_value,
        sum(case when flow_code in ('succession_in', 'succession_out') then change else 0 end) as succession_value,
        sum(case when flow_code = 'open' then 1 else 0 end) as open_count,
        sum(case when flow_code = 'move_in' then 1 else 0 end) as move_in_count,
        sum(case when flow_code = 'expand' then 1 else 0 end) as expand_count,
        sum(case when flow_code = 'close' then 1 else 0 end) as close_count,
        sum(case when flow_code = 'move_out' then 1 else 0 end) as move_out_count,
        sum(case when flow_code = 'contract' then 1 else 0 end) as contract_count,
        sum(case when flow_code = 'unchanged' then 1 else 0 end) as unchanged_count,
        sum(case when flow_code = 'resumed' then 1 else 0 end) as resumed_count
    from signals.flow
    group by month, signal_code, period_months
),

added as (
    select
        *,
        open_value + move_in_value + expand_value as creation_value,
        close_value + move_out_value + contract_value as destruction_value,
        (abs(compared_value) + abs(compared_earlier_value)) / 2 as mean_value
    from flowed
),

covered as (
    select
        subject,
        month,
        min(coverage_pct) as coverage_pct
    from monthly.coverage
    group by subject, month
)

select
    t.month,
    t.signal_code,
    t.period_months,
    t.total_value,
    cast(t.enterprise_count as bigint) as enterprise_count,
    cast(t.suspect_count as bigint) as suspect_count,
    c.coverage_pct,
    t.is_provisional = 1 as is_provisional,
    a.compared_value,
    a.compared_earlier_value,
    a.open_value,
    a.move_in_value,
    a.expand_value,
    a.close_value,
    a.move_out_value,
    a.contract_value,
    a.creation_value,
    a.destruction_value,
    a.creation_value - a.destruction_value as net_value,
    a.creation_value + a.destruction_value - abs(a.creation_value - a.destruction_value) as reallocation_value,
    a.drift_value,
    a.succession_value,
    cast(100 * a.creation_value / nullif(a.mean_value, 0) as decimal(18, 2)) as creation_pct,
    cast(100 * a.destruction_value / nullif(a.mean_value, 0) as decimal(18, 2)) as destruction_pct,
    cast(100 * (a.creation_value - a.destruction_value) / nullif(a.mean_value, 0) as decimal(18, 2)) as net_pct,
    a.open_count,
    a.move_in_count,
    a.expand_count,
    a.close_count,
    a.move_out_count,
    a.contract_count,
    a.unchanged_count,
    a.resumed_count,
    o.as_of,
    concat(f.version, '; ', s.version, '; ', v.version) as rule_version
from total as t
cross join ops.night as o
cross join rules.flow as f
cross join rules.coverage as v
inner join rules.signal as s on t.signal_code = s.signal_code
left join covered as c on s.subject = c.subject and t.month = c.month
left join added as a
    on t.month = a.month and t.signal_code = a.signal_code and t.period_months = a.period_months
