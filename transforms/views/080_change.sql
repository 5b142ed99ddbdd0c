-- title: What changed since the night before | 每日变化
-- one row is: one item of one enterprise that changed, or one enterprise that is new or gone
--   | 一家企业的一项变化，或一家新增、消失的企业
-- answers: what is different from yesterday?
--   | 和上一期相比，哪些企业新增、消失、更名、迁址，哪些数值变了？
-- key: 企业编号, 变动类型, 变化项目
-- rules: The rows of snapshots.change in words. | 与上一次发布的企业现状逐项比较；首次发布时为空。
-- column 企业名称: 企业全称；已消失的为上一期所示名称
-- column 企业简称: 去掉地名、括号和组织形式的简称，各企业互不重复；已消失的为企业全称
-- column 变化项目: 发生变化的项目；整户新增或消失的为“整户”
-- column 变化前: 上一期所示的内容；金额为元，面积为平方米，用电为千瓦时
-- column 变化后: 本期所示的内容；金额为元，面积为平方米，用电为千瓦时
-- known gaps: Revisions of earlier months are in 核对.历史修订. | 更早月份的修订见核对库的历史修订。
select
    c.enterprise_id as 企业编号,
    coalesce(l.enterprise_name, c.enterprise_name) as 企业名称,
    coalesce(l.short_name, c.enterprise_name) as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(c.change_code) as 变动类型,
    case when c.changed_column = 'enterprise_id' then '整户' else code_name(c.changed_column) end as 变化项目,
    case c.changed_column
        when 'status_code' then code_name(c.before_text, 'resolved.enterprise.status_code')
        when 'gap_code' then code_name(c.before_text, 'snapshots.presence.gap_code')
        else c.before_text
    end as 变化前,
    case c.changed_column
        when 'status_code' then code_name(c.after_text, 'resolved.enterprise.status_code')
        when 'gap_code' then code_name(c.after_text, 'snapshots.presence.gap_code')
        else c.after_text
    end as 变化后,
    c.leads_to_enterprise_id as 转接企业编号,
    park_time(c.previous_as_of) as 上期截至时间
from snapshots.change as c
left join snapshots.enterprise_label as l on c.enterprise_id = l.enterprise_id
