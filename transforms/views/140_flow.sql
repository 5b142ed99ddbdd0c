-- title: Openings, closings, growth and decline | 进出与增减
-- one row is: one change of one figure of one enterprise from one period to the next
--   | 一家企业一项指标本期相对前期的一次变动
-- answers: who came, went, grew or shrank, when and by how much?
--   | 哪些企业新设、关停、迁入、迁出、扩张、收缩，是什么时候、变了多少？
-- key: 企业编号, 指标, 月份, 所属期月数
-- rules: The rows of signals.flow other than unchanged, with the enterprise's building of the month.
--   | 只列有变动的（基本不变的不列）；合并、分立等承继带来的变动单列为承继转入、承继转出，不算扩张收缩。
-- column 变动: 本期数值减前期数值，单位见单位列
-- column 单位: 数值的单位
-- column 本期值: 本期的数值，单位见单位列；空为没有报送、尚未定
-- column 前期值: 前一期的数值，单位见单位列；空为原先没有
-- column 对方企业名称: 承继中另一家企业的名称
-- column 楼栋名称: 当月所在的主要楼栋
-- known gaps: Provisional months and suspect values have no flows. | 暂定月份和存疑数值没有进出。
select
    f.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    coalesce(g.building_name, b.building_code) as 楼栋名称,
    f.month as 月份,
    code_name(f.signal_code) as 指标,
    code_name(f.flow_code) as 变动类型,
    f.earlier_value as 前期值,
    f.value as 本期值,
    f.change as 变动,
    s.unit_zh as 单位,
    f.period_months as 所属期月数,
    code_name(f.succession_code) as 承继类型,
    o.enterprise_name as 对方企业名称
from signals.flow as f
inner join snapshots.enterprise_label as l on f.enterprise_id = l.enterprise_id
inner join rules.signal as s on f.signal_code = s.signal_code
left join snapshots.enterprise_label as o on f.other_enterprise_id = o.enterprise_id
left join monthly.main_building as b
    on f.enterprise_id = b.enterprise_id and f.month between b.from_month and b.until_month
left join monthly.building as g on b.building_code = g.building_code
where f.flow_code <> 'unchanged'
