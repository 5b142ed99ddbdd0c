-- title: Near the line of the statistics office | 小升规
-- one row is: one enterprise of a trade with a line for statistics units (四上)
--   | 一家所属行业有入统（四上）标准的企业
-- answers: who comes near the line, by how much, and who is above it?
--   | 哪些企业快达到入统标准、还差多少、哪些已经达标？
-- key: 企业编号
-- rules: The rows of signals.threshold_watch in words; from the watch share on (rules/threshold_line.yml, 80 %) a
--   visit is worth it.
--   | 近十二月应税销售额与本行业入统标准相比；达到80%即值得走访培育，达到100%可申报入统。
-- column 还差金额: 入统标准减近十二月销售额，元；已达标的为零
-- column 进度: 已达标（近十二月销售额达到标准）、培育（达到走访比例而不满100%）、未到
-- column 数据月份: 数据所属的月份，以当月第一天表示
-- known gaps: The line also asks for registration and accounts, which no silo states.
--   | 入统还须符合登记、核算等条件，这里只看销售额。
select
    w.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    w.trade_zh as 适用行业,
    w.sales_12m_amount as 近十二月销售额,
    w.line_amount as 入统标准,
    w.line_share_pct as 达标比例,
    cast(greatest(w.line_amount - w.sales_12m_amount, 0) as decimal(30, 2)) as 还差金额,
    case
        when w.sales_12m_amount >= w.line_amount then '已达标'
        when w.since_month is not null then '培育'
        when w.line_share_pct is not null then '未到'
    end as 进度,
    w.since_month as 起始月份,
    w.above_month as 最近达线月份,
    w.month as 数据月份
from signals.threshold_watch as w
inner join snapshots.enterprise_label as l on w.enterprise_id = l.enterprise_id
