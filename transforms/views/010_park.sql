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
    select f.*
    from snapshots.park_current as p
    cross join (
        values
        (1, '在园经营企业', '家', 1, '月末在园区有参保、水电气用量或门禁记录的企业', p.on_site_count, p.on_site_count_before, p.month),
        (2, '在租企业', '家', 1, '月末有在租合同的企业', p.tenant_count, p.tenant_count_before, p.month),
        (3, '参保人数', '人', 1, '最近可信月份的参保人数', p.insured_headcount, p.insured_headcount_before, p.headcount_month),
        (
            4, '近十二月新增岗位', '人', 1, '新设、迁入、扩张带来的参保人数增加量',
            p.gained_12m_headcount, p.gained_12m_headcount_before, p.jobs_12m_until_month
        ),
        (
            5, '近十二月减少岗位', '人', 1, '关闭、迁出、收缩带来的参保人数减少量',
            p.lost_12m_headcount, p.lost_12m_headcount_before, p.jobs_12m_until_month
        ),
        (
            6, '本年累计入库税额（已扣退税）', '万元', 10000, '按入库日期，当年1月至截止月份',
            p.tax_received_year_amount, p.tax_received_year_amount_before, p.tax_received_12m_until_month
        ),
        (
            7, '近十二月入库税额（已扣退税）', '万元', 10000, '按入库日期',
            p.tax_received_12m_amount, p.tax_received_12m_amount_before, p.tax_received_12m_until_month
        ),
        (
            8, '近十二月实缴税额（所属期口径）', '万元', 10000, '各企业近十二月实缴之和，截止月份取金额最大的一个',
            p.tax_paid_12m_amount, p.tax_paid_12m_amount_before, p.tax_paid_12m_until_month
        ),
        (
            9, '近十二月销售额', '万元', 10000, '按月、按季申报的应税销售额',
            p.sales_12m_amount, p.sales_12m_amount_before, p.sales_12m_until_month
        ),
        (
            10, '近十二月用电量', '万千瓦时', 10000, '有表具读数的企业用电合计',
            p.electricity_12m_kwh, p.electricity_12m_kwh_before, p.electricity_12m_until_month
        ),
        (11, '可租面积', '平方米', 1, '楼栋台账所载可租面积之和', p.lettable_area_m2, null, p.month),
        (12, '在租面积', '平方米', 1, '全部楼栋的在租面积，含可租面积不详的楼栋', p.leased_area_m2, p.leased_area_m2_before, p.month),
        (13, '在租面积（可租面积已知楼栋）', '平方米', 1, '出租率的分子，不含可租面积不详的楼栋', p.measured_leased_area_m2, null, p.month),
        (14, '出租率', '%', 1, '只算可租面积已知的楼栋', p.occupancy_pct, p.occupancy_pct_before, p.month),
        (15, '空置面积', '平方米', 1, '可租面积减在租面积，只算可租面积已知的楼栋', p.unlet_area_m2, p.unlet_area_m2_before, p.month),
        (16, '六个月内到期面积', '平方米', 1, '月末在租、此后6个月内到期的面积', p.due_6m_area_m2, p.due_6m_area_m2_before, p.month),
        (17, '六个月内到期未续签面积', '平方米', 1, '其中同一承租人尚未另签合同的面积', p.due_6m_unrenewed_area_m2, null, p.month),
        (
            18, '单位面积税收', '元/平方米', 1, '近十二月入库税额÷可租面积',
            p.tax_received_12m_per_m2_amount, p.tax_received_12m_per_m2_amount_before, p.tax_received_12m_until_month
        ),
        (
            19, '亩均税收', '万元/亩', 10000, '近十二月入库税额÷楼栋占地亩数',
            p.tax_received_12m_per_mu_amount, p.tax_received_12m_per_mu_amount_before, p.tax_received_12m_until_month
        ),
        (20, '高成长企业', '家', 1, '三年年均增长超过10%；历史不足的为空', p.high_growth_count, null, p.month),
        (21, '红级预警', '条', 1, '级别为红的预警与机会', p.red_alert_count, null, p.month)
    ) as f (序号, 指标, 单位, 除数, 说明, 数值, 上年同期, 截至月份)
),

shown_figure as (
    select
        序号,
        指标,
        cast(数值 / 除数 as decimal(30, 2)) as 数值,
        单位,
        cast(上年同期 / 除数 as decimal(30, 2)) as 上年同期,
        截至月份,
        说明
    from figure
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
from shown_figure as f
order by f.序号
