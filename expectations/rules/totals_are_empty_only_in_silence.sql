-- rule: A total is empty only where no expected reporter has a figure | 合计只在无人报数时为空
-- severity: critical
-- stage: snapshots
-- why: a total that is lost reads like one that is not known yet
-- next step: compare signals.part_total with signals.signal for the month and signal
select
    t.part_kind,
    t.part_code,
    t.month,
    t.signal_code,
    t.period_months,
    t.enterprise_count,
    f.open_ended_count
from signals.part_total as t
left join signals.part_flow as f
    on
        t.part_kind = f.part_kind and t.part_code = f.part_code and t.month = f.month
        and t.signal_code = f.signal_code and t.period_months = f.period_months
where t.total_value is null and (t.enterprise_count > 0 or coalesce(f.open_ended_count, 0) = 0)
