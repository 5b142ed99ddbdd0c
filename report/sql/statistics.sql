select
    m.part_kind,
    m.part_code,
    m.part_title_zh,
    m.part_title_en,
    m.month,
    m.signal_code,
    m.total_value,
    m.enterprise_count,
    s.name_zh,
    s.name_en,
    s.unit_zh,
    s.unit_en
from statistics.month as m
inner join rules.signal as s on m.signal_code = s.signal_code
order by m.month asc, m.signal_code desc, m.part_kind asc, m.part_code desc
