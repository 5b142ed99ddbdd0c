-- title: Partners without trade since | 停止往来的伙伴
-- one row is: one enterprise on site as a buyer or as a seller, and one steady partner without trade of late
--   | 一家在园企业作为采购方或销售方，与一个原本稳定、近来没有往来的往来方
-- answers: which steady supplier or customer has stopped, since when, and with how many tenants?
--   | 哪个稳定的供应商或客户停止了往来，从何时起，涉及几家企业？
-- key: 企业编号, 购销方向, 往来方编码
-- rules: From industry.partner_silence: the rules are there. Trade is the tax secret of both sides: for entitled
--   readers alone.
--   | 口径见 industry.partner_silence。交易属双方的涉税秘密，仅供获授权人员使用。
-- known gaps: It says that there are no invoices, not why. | 只说明没有发票，不说明原因。
select
    s.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    code_name(s.side_code) as 购销方向,
    s.partner_key as 往来方编码,
    s.partner_name as 往来方,
    s.last_traded_month as 最近往来月份,
    s.silent_month_count as 停止月数,
    s.longest_pause_month_count as 最长间隔,
    s.active_24m_month_count as 近两年往来月数,
    s.trade_24m_amount as 近二十四月交易净额,
    s.steady_tenant_count as 稳定往来企业数,
    s.silent_tenant_count as 已停止企业数,
    s.until_month as 截止月份
from industry.partner_silence as s
left join snapshots.enterprise_label as l on s.enterprise_id = l.enterprise_id
