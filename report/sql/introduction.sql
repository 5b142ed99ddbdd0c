select
    i.enterprise_id,
    i.work_en,
    i.work_zh,
    i.fit_level_code
from industry.introduction as i
where i.fit_rank <= 3
order by i.enterprise_id, i.need_key, i.fit_rank
