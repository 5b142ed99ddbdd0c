-- Short name and building are all there is to know an enterprise by, so they are its key.
select
    row_number,
    case when 单位简称 is not null then concat_ws('@', 单位简称, 楼栋) end as source_key,
    单位简称 as enterprise_name,
    楼栋 as building_code,
    to_month(月份) as month,
    to_count(人员进出次数) as people_entry_count,
    to_count(车辆进出次数) as vehicle_entry_count
from delivery
