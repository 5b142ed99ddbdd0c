-- title: Gaps between the silos, one by one | 数据缺口清单
-- one row is: one gap of one enterprise | 一家企业的一项数据缺口
-- answers: which enterprises have this gap, since when, and what should be done?
--   | 哪些企业在租未纳税、纳税无租约、有参保无租约、用能无参保、有门禁无租约、仅有登记？自何月起、该怎么办？
-- key: 企业编号, 数据缺口
-- rules: The rows of snapshots.presence_gap in words.
--   | 每项缺口一行，互不掩盖。在本园纳税指园区税务数据中有近六个月所属期的申报或入库，零申报也算；未接入数据的部门不计缺口。
-- column 起始月份: 该缺口连续存在的第一个月
-- column 数据月份: 数据所属的月份，以当月第一天表示
-- known gaps: Registered here is not distinguished from registered elsewhere. | 注册在本园和注册在外地未作区分。
select
    g.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(g.gap_code) as 数据缺口,
    code_name(g.gap_group_code) as 缺口类别,
    g.since_month as 起始月份,
    g.next_step_zh as 建议步骤,
    g.month as 数据月份
from snapshots.presence_gap as g
inner join snapshots.enterprise_label as l on g.enterprise_id = l.enterprise_id
