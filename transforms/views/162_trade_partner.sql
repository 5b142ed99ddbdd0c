-- title: Trading partners | 往来伙伴
-- one row is: one pair of seller and buyer with trade in the last 24 complete months | 近二十四个完整月有交易的一对买卖双方
-- answers: which firms trade with each other, how much, and is the tie new, steady or lost? | 谁和谁有往来，金额多少，是新增、稳定还是中断？
-- key: 卖方编码, 买方编码
-- rules: From industry.partner: the rules are there. Trade is the tax secret of both sides: for entitled readers
--   alone.
--   | 口径见 industry.partner。交易属双方的涉税秘密，仅供获授权人员使用。
-- known gaps: That a firm is absent here does not say that it does not trade. | 没有记录不等于没有交易。
-- column 卖方编码: 卖方的主体编码，本系统企业为企业编号；自然人合为一行
-- column 买方编码: 买方的主体编码，本系统企业为企业编号；自然人合为一行
-- column 往来状态: 新增、稳定、中断；仅红字为两期都没有正的净额；没有更早一期数据的为空
select
    case when p.seller_key = 'persons' then '自然人' else p.seller_key end as 卖方编码,
    case when p.buyer_key = 'persons' then '自然人' else p.buyer_key end as 买方编码,
    p.seller_name as 卖方名称,
    p.buyer_name as 买方名称,
    p.trade_12m_amount as 近十二月交易净额,
    p.trade_12m_amount_before as 前十二月交易净额,
    p.months_active as 往来月数,
    p.seller_share_pct as 占卖方销售比例,
    p.buyer_share_pct as 占买方采购比例,
    code_name(p.partner_state_code) as 往来状态,
    yes_no(p.is_in_group) as 是否集团内,
    yes_no(p.is_in_park) as 是否园内,
    p.until_month as 截至月份
from industry.partner as p
