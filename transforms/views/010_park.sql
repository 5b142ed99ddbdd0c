-- title: The park at a glance | 园区概况
-- one row is: one of the figures that a director asks for | 领导关心的一项指标
-- answers: how is the park in figures, each against the year before? | 园区各项指标是多少，比上年同期如何？
-- key: 序号
-- rules: The figures of snapshots.park_current, amounts in 10,000 yuan.
--   | 金额以万元计，口径见核对库“园区现状”。同比增长率＝（本期−上年同期）÷上年同期×100%；增减为本期减上年同期，出租率为百分点。
-- column 序号: 指标的排列次序
-- column 指标: 指标名称
-- column 数值: 本期数值，单位见“单位”
-- column 单位: 数值与上年同期的单位
-- column 上年同期: 一年前的同一数值；没有的为空
-- column 增减: 本期减上年同期，单位同数值；出租率为百分点
-- column 同比增长率: （本期−上年同期）÷上年同期×100，单位：%；上年同期无数、为零或为负的为空；出租率只看增减
-- column 截至月份: 该数值截至的月份，以当月第一天表示
-- column 说明: 该指标怎么算
-- known gaps: Some figures have none of the year before. | 部分指标没有上年同期数。
with figure as (
    select
        1 as 序号,
        '在园经营企业' as 指标,
        cast(p.on_site_count as decimal(30, 2)) as 数值,
        '家' as 单位,
        cast(p.on_site_count_before as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '月末在园区有参保、水电气用量或门禁记录的企业' as 说明
    from snapshots.park_current as p
    union all
    select
        2 as 序号,
        '在租企业' as 指标,
        cast(p.tenant_count as decimal(30, 2)) as 数值,
        '家' as 单位,
        cast(p.tenant_count_before as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '月末有在租合同的企业' as 说明
    from snapshots.park_current as p
    union all
    select
        3 as 序号,
        '参保人数' as 指标,
        cast(p.insured_headcount as decimal(30, 2)) as 数值,
        '人' as 单位,
        cast(p.insured_headcount_before as decimal(30, 2)) as 上年同期,
        p.headcount_month as 截至月份,
        '最近可信月份的参保人数' as 说明
    from snapshots.park_current as p
    union all
    select
        4 as 序号,
        '近十二月新增岗位' as 指标,
        cast(p.gained_12m_headcount as decimal(30, 2)) as 数值,
        '人' as 单位,
        cast(p.gained_12m_headcount_before as decimal(30, 2)) as 上年同期,
        p.jobs_12m_until_month as 截至月份,
        '新设、迁入、扩张带来的参保人数增加量' as 说明
    from snapshots.park_current as p
    union all
    select
        5 as 序号,
        '近十二月减少岗位' as 指标,
        cast(p.lost_12m_headcount as decimal(30, 2)) as 数值,
        '人' as 单位,
        cast(p.lost_12m_headcount_before as decimal(30, 2)) as 上年同期,
        p.jobs_12m_until_month as 截至月份,
        '关闭、迁出、收缩带来的参保人数减少量' as 说明
    from snapshots.park_current as p
    union all
    select
        6 as 序号,
        '本年累计入库税额（已扣退税）' as 指标,
        cast(p.tax_received_year_amount / 10000.0 as decimal(30, 2)) as 数值,
        '万元' as 单位,
        cast(p.tax_received_year_amount_before / 10000.0 as decimal(30, 2)) as 上年同期,
        p.tax_received_12m_until_month as 截至月份,
        '按入库日期，当年1月至截止月份' as 说明
    from snapshots.park_current as p
    union all
    select
        7 as 序号,
        '近十二月入库税额（已扣退税）' as 指标,
        cast(p.tax_received_12m_amount / 10000.0 as decimal(30, 2)) as 数值,
        '万元' as 单位,
        cast(p.tax_received_12m_amount_before / 10000.0 as decimal(30, 2)) as 上年同期,
        p.tax_received_12m_until_month as 截至月份,
        '按入库日期' as 说明
    from snapshots.park_current as p
    union all
    select
        8 as 序号,
        '近十二月实缴税额（所属期口径）' as 指标,
        cast(p.tax_paid_12m_amount / 10000.0 as decimal(30, 2)) as 数值,
        '万元' as 单位,
        cast(p.tax_paid_12m_amount_before / 10000.0 as decimal(30, 2)) as 上年同期,
        p.tax_paid_12m_until_month as 截至月份,
        '各企业近十二月实缴之和，截止月份取金额最大的一个' as 说明
    from snapshots.park_current as p
    union all
    select
        9 as 序号,
        '近十二月销售额' as 指标,
        cast(p.sales_12m_amount / 10000.0 as decimal(30, 2)) as 数值,
        '万元' as 单位,
        cast(p.sales_12m_amount_before / 10000.0 as decimal(30, 2)) as 上年同期,
        p.sales_12m_until_month as 截至月份,
        '按月、按季申报的应税销售额' as 说明
    from snapshots.park_current as p
    union all
    select
        10 as 序号,
        '近十二月用电量' as 指标,
        cast(p.electricity_12m_kwh / 10000.0 as decimal(30, 2)) as 数值,
        '万千瓦时' as 单位,
        cast(p.electricity_12m_kwh_before / 10000.0 as decimal(30, 2)) as 上年同期,
        p.electricity_12m_until_month as 截至月份,
        '有表具读数的企业用电合计' as 说明
    from snapshots.park_current as p
    union all
    select
        11 as 序号,
        '可租面积' as 指标,
        cast(p.lettable_area_m2 as decimal(30, 2)) as 数值,
        '平方米' as 单位,
        cast(null as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '楼栋台账所载可租面积之和' as 说明
    from snapshots.park_current as p
    union all
    select
        12 as 序号,
        '在租面积' as 指标,
        cast(p.leased_area_m2 as decimal(30, 2)) as 数值,
        '平方米' as 单位,
        cast(p.leased_area_m2_before as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '全部楼栋的在租面积，含可租面积不详的楼栋' as 说明
    from snapshots.park_current as p
    union all
    select
        13 as 序号,
        '在租面积（可租面积已知楼栋）' as 指标,
        cast(p.measured_leased_area_m2 as decimal(30, 2)) as 数值,
        '平方米' as 单位,
        cast(null as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '出租率的分子，不含可租面积不详的楼栋' as 说明
    from snapshots.park_current as p
    union all
    select
        14 as 序号,
        '出租率' as 指标,
        cast(p.occupancy_pct as decimal(30, 2)) as 数值,
        '%' as 单位,
        cast(p.occupancy_pct_before as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '只算可租面积已知的楼栋' as 说明
    from snapshots.park_current as p
    union all
    select
        15 as 序号,
        '空置面积' as 指标,
        cast(p.unlet_area_m2 as decimal(30, 2)) as 数值,
        '平方米' as 单位,
        cast(p.unlet_area_m2_before as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '可租面积减在租面积，只算可租面积已知的楼栋' as 说明
    from snapshots.park_current as p
    union all
    select
        16 as 序号,
        '六个月内到期面积' as 指标,
        cast(p.due_6m_area_m2 as decimal(30, 2)) as 数值,
        '平方米' as 单位,
        cast(p.due_6m_area_m2_before as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '月末在租、此后6个月内到期的面积' as 说明
    from snapshots.park_current as p
    union all
    select
        17 as 序号,
        '六个月内到期未续签面积' as 指标,
        cast(p.due_6m_unrenewed_area_m2 as decimal(30, 2)) as 数值,
        '平方米' as 单位,
        cast(null as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '其中同一承租人尚未另签合同的面积' as 说明
    from snapshots.park_current as p
    union all
    select
        18 as 序号,
        '单位面积税收' as 指标,
        cast(p.tax_received_12m_per_m2_amount as decimal(30, 2)) as 数值,
        '元/平方米' as 单位,
        cast(p.tax_received_12m_per_m2_amount_before as decimal(30, 2)) as 上年同期,
        p.tax_received_12m_until_month as 截至月份,
        '近十二月入库税额÷可租面积' as 说明
    from snapshots.park_current as p
    union all
    select
        19 as 序号,
        '亩均税收' as 指标,
        cast(p.tax_received_12m_per_mu_amount / 10000.0 as decimal(30, 2)) as 数值,
        '万元/亩' as 单位,
        cast(p.tax_received_12m_per_mu_amount_before / 10000.0 as decimal(30, 2)) as 上年同期,
        p.tax_received_12m_until_month as 截至月份,
        '近十二月入库税额÷楼栋占地亩数' as 说明
    from snapshots.park_current as p
    union all
    select
        20 as 序号,
        '高成长企业' as 指标,
        cast(p.high_growth_count as decimal(30, 2)) as 数值,
        '家' as 单位,
        cast(null as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '三年年均增长超过10%；历史不足的为空' as 说明
    from snapshots.park_current as p
    union all
    select
        21 as 序号,
        '红级预警' as 指标,
        cast(p.red_alert_count as decimal(30, 2)) as 数值,
        '条' as 单位,
        cast(null as decimal(30, 2)) as 上年同期,
        p.month as 截至月份,
        '级别为红的预警与机会' as 说明
    from snapshots.park_current as p
)

select
    f.序号,
    f.指标,
    f.数值,
    f.单位,
    f.上年同期,
    f.数值 - f.上年同期 as 增减,
    case
        when f.上年同期 > 0 and f.单位 <> '%' then cast((f.数值 - f.上年同期) * 100 / f.上年同期 as decimal(30, 2))
    end as 同比增长率,
    f.截至月份,
    f.说明
from figure as f
order by f.序号
