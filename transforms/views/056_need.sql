-- title: Stated needs | 企业诉求
-- one row is: one need that an enterprise stated | 一行是：企业提出的一件诉求
-- answers: who asked for what, was it contacted in time, and what came of it? | 谁提了什么诉求、是否按时联系、结果如何？
-- key: 诉求标识
-- rules: The rows of industry.need. | 首次联系应在提出后五个工作日内。
-- known gaps: A need that was not written down is not in it. | 未登记的诉求不在内。
-- column 承办部门: 负责办理的部门：以服务台登记为准，未登记的按规则
select
    n.need_key as 诉求标识,
    n.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(n.need_kind_code) as 诉求类型,
    n.needed_quantity as 需求数量,
    code_name(n.quantity_unit_code) as 计量单位,
    n.stated_date as 提出日期,
    n.due_date as 期望日期,
    n.office_zh as 承办部门,
    n.contact_due_date as 应联系日期,
    n.first_contact_date as 首次联系日期,
    n.first_contact_days as 首次联系工作日数,
    yes_no(n.is_first_contact_on_time) as 是否按时联系,
    yes_no(n.is_unresolved) as 是否未办结,
    n.closed_date as 办结日期,
    code_name(n.need_outcome_code) as 办理结果
from industry.need as n
inner join snapshots.enterprise_label as l on n.enterprise_id = l.enterprise_id
