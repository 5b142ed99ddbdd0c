select
    a.*,
    l.building_code,
    l.building_name,
    l.industry_division_title_zh
from signals.alert as a
left join snapshots.enterprise_label as l on a.enterprise_id = l.enterprise_id
order by a.level_code = 'precise' desc, a.score desc, a.enterprise_name, a.enterprise_id, a.alert_code
