-- title: Offers of what several tenants buy outside | 园内可供、多家外购
-- one row is: one public offer of a tenant of what at least three others buy outside the park
--   | 在园企业的一项公开供给，至少三家其他企业向园外采购此类服务
-- answers: which offer should be shown to all tenants again? | 哪项供给值得再向全体企业发布？
-- key: 供给标识
-- rules: From industry.offer_demand: no buyer, number of buyers or amount is in it.
--   | 口径见 industry.offer_demand；不含采购方、家数和金额。
-- known gaps: That tenants buy outside does not say that they look for another seller. | 在园外采购不等于想换卖方。
select
    o.offer_key as 供给标识,
    o.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(o.need_kind_code) as 诉求类型,
    o.valid_until_date as 有效截止日期,
    o.work_zh as 事项说明
from industry.offer_demand as o
left join snapshots.enterprise_label as l on o.enterprise_id = l.enterprise_id
