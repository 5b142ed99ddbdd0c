-- title: Silos that tell | 已有数据的部门
-- one row is: one subject of which any record of an enterprise is known
-- answers: which silos speak at all, so that what is missing in them can be called a gap?
-- key: subject
-- rules: Every subject with at least one source record (resolved.source_record).
-- known gaps: A silo that told once and has fallen silent since still stands here (monthly.coverage tells).
-- checked by: tests/models/monthly.silo
select subject
from resolved.source_record
group by subject
