-- title: Day of the night | 当日
-- one row is: the one day in the park on which the night lists what there is to do | 一行是：当期任务在园区所属的日期
-- answers: which day is it tonight, for what is due, valid or recent? | 判断到期、有效和近期，以哪一天为准？
-- key: list_date
-- rules: The day in the park's time zone at the moment of the night (ops.work_day); the night's own date where no
--   answers were read. | 按园区时区取任务时刻所在日期；未读取回复的，取任务日期。
-- known gaps: none | 无
-- checked by: tests/models/industry.list_day, tests/models/snapshots.work_list
select coalesce(max(w.list_date), max(cast(o.as_of as date))) as list_date
from ops.night as o
left join ops.work_day as w on w.list_date is not null
