-- title: Silos with data | 已有数据的部门
-- one row is: one subject of which any record of an enterprise is known | 一个已有任何企业记录的主题
-- answers: which silos speak at all, so that what is missing in them can be called a gap?
--   | 哪些部门已有数据，因而缺少记录可以算作缺口？
-- key: subject
-- rules: Every subject with at least one source record (resolved.source_record). | 至少有一条来源记录的主题都列入。
-- known gaps: A silo that stopped reporting is still here (monthly.coverage shows it).
--   | 曾有数据、后来不再报送的部门仍在此列（见“数据覆盖率”）。
-- checked by: tests/models/monthly.silo
select subject
from resolved.source_record
group by subject
