-- title: Introductions | 供需对接
-- one row is: one open need and one offer that fits it | 一行是：一件未办结诉求与一项可对接的供给
-- answers: who offers what this enterprise has asked for? | 企业所求之事，谁可以提供？
-- key: 诉求标识, 供给标识
-- rules: The rows of industry.introduction: kind, quantity, date and place fit. | 类型、数量、日期、地点均吻合；待问的须先询问。
-- known gaps: Offers are not used up by needs. | 供给不因推荐而扣减。
select
    i.need_key as 诉求标识,
    i.offer_key as 供给标识,
    i.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(i.need_kind_code) as 诉求类型,
    i.offered_by_name as 供给方,
    code_name(i.fit_level_code) as 匹配程度,
    i.fit_rank as 推荐次序,
    i.work_zh as 事项说明,
    i.valid_until_date as 有效截止日期
from industry.introduction as i
inner join snapshots.enterprise_label as l on i.enterprise_id = l.enterprise_id
