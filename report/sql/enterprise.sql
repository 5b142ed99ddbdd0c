select
    e.*,
    l.name_suffix,
    l.short_name,
    l.industry_section_code,
    l.industry_section_title_zh,
    l.industry_division_code,
    l.industry_division_title_zh,
    s.section_title_en as industry_section_title_en,
    l.building_code,
    l.building_name,
    a.assessment_code,
    a.left_month,
    a.successor_enterprise_id,
    a.successor_name,
    a.evidence as assessment_evidence,
    a.evidence_zh as assessment_evidence_zh,
    a.space_until_date,
    r.registration_no,
    r.record_count
from snapshots.enterprise_current as e
left join snapshots.enterprise_label as l on e.enterprise_id = l.enterprise_id
left join snapshots.assessment as a on e.enterprise_id = a.enterprise_id
left join resolved.enterprise as r on e.enterprise_id = r.enterprise_id
left join rules.industry as s on l.industry_section_code = s.section_code
order by e.insured_headcount desc nulls last, e.enterprise_name, e.enterprise_id
