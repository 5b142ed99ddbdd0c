-- title: Presence and gaps | 在园与数据缺口
-- one row is: one enterprise that any silo knows | 一家企业（任一部门有记录即列入）
-- answers: who is known to which office, who is missing where, and what should be done?
--   | 哪些部门有这家企业、缺在哪里、该怎么办？如租房未纳税、纳税无租约、已注销仍在园。
-- key: 企业编号
-- rules: The rows of snapshots.presence in words. | 在租看月末租约，参保、用量、门禁看近3个月，纳税看近6个月的所属期；缺口只看已接入数据的部门。已撤离的不算在园经营。
-- column 全部数据缺口: 各部门数据之间的全部缺口，多项以顿号分隔；没有则为空
-- column 建议步骤: 对主要数据缺口建议采取的步骤
-- column 数据月份: 数据所属的月份，以当月第一天表示
-- known gaps: Registered here is not distinguished from registered elsewhere. | 注册在本园和注册在外地未作区分。
select
    p.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    p.uscc as 统一社会信用代码,
    code_name(p.status_code) as 登记状态,
    code_name(p.identity_code) as 识别依据,
    yes_no(p.is_active_here) as 是否在园经营,
    yes_no(p.is_registered) as 是否在册,
    yes_no(p.is_leasing) as 是否在租,
    yes_no(p.is_paying_tax) as 是否纳税,
    yes_no(p.is_insuring) as 是否参保,
    yes_no(p.is_using_utilities) as 是否有水电气用量,
    yes_no(p.is_accessing) as 是否有门禁记录,
    code_name(p.gap_code) as 主要数据缺口,
    code_name(p.register_gap_code) as 登记缺口,
    code_names(p.gap_codes) as 全部数据缺口,
    p.next_step_zh as 建议步骤,
    p.last_lease_month as 最近在租月份,
    p.last_tax_month as 最近纳税月份,
    p.last_headcount_month as 最近参保月份,
    p.last_utility_month as 最近有用量月份,
    p.last_access_month as 最近有门禁记录月份,
    p.month as 数据月份
from snapshots.presence as p
inner join snapshots.enterprise_label as l on p.enterprise_id = l.enterprise_id
