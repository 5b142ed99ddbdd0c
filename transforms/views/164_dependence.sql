-- title: Dependence on one partner | 客商依赖
-- one row is: one enterprise on site as a buyer or as a seller | 一家在园企业作为采购方或销售方
-- answers: who hangs on one supplier or one customer? | 谁依赖单一供应商或单一客户？
-- key: 企业编号, 购销方向
-- rules: From industry.dependence: the rules are there. Trade is the tax secret of both sides: for entitled readers
--   alone.
--   | 口径见 industry.dependence。交易属双方的涉税秘密，仅供获授权人员使用。
-- known gaps: This is not a forecast. | 不作预测。
-- column 依据: 判定为该依赖程度的依据：达到界限、未达份额、一次性大额、金额小、集团内、因合并
-- column 最大往来方: 统计期净额最大的往来方；园外的按发票所写
-- column 份额: 最大往来方占该企业该方向净额的百分比
-- column 总额: 统计期该方向净额，含自然人，元
select
    d.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(d.side_code) as 购销方向,
    code_name(d.dependence_level) as 依赖程度,
    code_name(d.dependence_basis_code) as 依据,
    d.partner_name as 最大往来方,
    d.share_pct as 份额,
    d.months_active as 往来月数,
    d.active_24m_month_count as 近两年往来月数,
    d.hhi as "集中度（HHI）",
    d.partner_count as 往来方数,
    d.total_amount as 总额,
    d.in_park_share_pct as 园内比例,
    d.until_month as 截至月份
from industry.dependence as d
left join snapshots.enterprise_label as l on d.enterprise_id = l.enterprise_id
