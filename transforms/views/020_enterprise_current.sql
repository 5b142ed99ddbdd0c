-- title: Enterprises today | 企业现状
-- one row is: one enterprise that any silo knows | 一家企业（任一部门有记录即列入）
-- answers: who is this enterprise, what are its latest figures, and is it here?
--   | 这家企业是谁、最新的人数和面积是多少、现在是否在园？
-- key: 企业编号
-- rules: The enterprise's figures in snapshots.enterprise_current under the names of the trade.
--   | 取自各部门最新一期可信数据；暂定月份不采用。
-- known gaps: A record that waits for a person is an enterprise of its own until somebody decides.
--   | 待人工核对的记录在判定前单独成户。
select
    e.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_code as 楼栋名称,
    e.uscc as 统一社会信用代码,
    code_name(e.status_code) as 登记状态,
    e.insured_headcount as 参保人数,
    e.leased_area_m2 as 租赁面积,
    yes_no(e.is_active_here) as 是否在园经营,
    code_name(e.gap_code) as 主要数据缺口
from snapshots.enterprise_current as e
inner join snapshots.enterprise_label as l on e.enterprise_id = l.enterprise_id
