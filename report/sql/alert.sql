select
    a.enterprise_id,
    a.enterprise_name,
    a.alert_code,
    a.level_code,
    a.score,
    a.first_seen_month,
    a.reasons_en,
    a.reasons_zh,
    a.next_step_en,
    a.next_step_zh,
    l.building_code,
    l.building_name,
    l.industry_division_title_zh
from signals.alert as a
left join snapshots.enterprise_label as l on a.enterprise_id = l.enterprise_id
order by a.level_code = 'precise' desc, a.score desc, a.enterprise_name asc, a.enterprise_id asc, a.alert_code asc
