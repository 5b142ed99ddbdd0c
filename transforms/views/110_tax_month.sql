-- title: Tax received month by month | 税收月度
-- one row is: one kind of tax in one month of payment, or all kinds together, over the park | 全园一个月一个税种（或合计）的入库税额
-- answers: how much tax came in this month and this year so far, by kind, and how does it compare with last year?
--   | 本月和本年累计各税种入库多少，比上年同期增减多少？
-- key: 月份, 税种
-- rules: Tax received less refunds by the day of payment, whatever period it is for (rows tax_received_* of
--   snapshots.park_month). | 按入库日期统计，不论所属期，已扣退税；税种为“合计”的行是全部税种，不可与各税种再相加。
-- column 税种: 税种；“合计”为全部税种
-- column 入库税额（已扣退税）: 当月入库的税款，已扣退税，元
-- column 本年累计: 本年1月至当月的入库税额合计，元
-- column 上年同期累计: 上年1月至同月的入库税额合计，元
-- column 累计同比增长率: （本年累计−上年同期累计）÷上年同期累计×100，单位：%
-- column 环比增长率: （本月−上月）÷上月×100，单位：%
-- column 同比增长率: （本月−上年同月）÷上年同月×100，单位：%
-- column 缴税企业数: 当月有入库或退库的企业家数
-- column 月份: 税款入库的月份，以当月第一天表示
-- known gaps: Early in a month the receipts of the month before are provisional. | 月初时上月入库数尚不齐全，标为暂定。
select
    m.month as 月份,
    case
        when m.signal_code = 'tax_received' then '合计'
        else code_name(replace(m.signal_code, 'tax_received_', ''), 'monthly.tax_receipt.tax_kind_code')
    end as 税种,
    m.total_value as "入库税额（已扣退税）",
    m.change_1m_pct as 环比增长率,
    m.change_12m_pct as 同比增长率,
    m.year_to_date_value as 本年累计,
    m.year_to_date_value_before as 上年同期累计,
    m.year_to_date_change_pct as 累计同比增长率,
    m.enterprise_count as 缴税企业数,
    yes_no(m.is_provisional) as 是否暂定
from snapshots.park_month as m
where m.signal_code = 'tax_received' or m.signal_code like 'tax_received_%'
