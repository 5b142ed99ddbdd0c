-- title: Industries month by month | 行业月度
-- one row is: one industry with one figure in one month, for periods of one length
--   | 一个行业一项指标一个月（同一所属期长度）的合计
-- answers: in which industries do staff, sales, tax and space grow and shrink, and how?
--   | 哪些行业的人数、销售、税收、面积在增在减，由哪些变动构成？
-- key: 行业层级, 行业代码, 月份, 指标, 所属期月数
-- rules: The rows of snapshots.group_month for sections and divisions of GB/T 4754. Take one 行业层级 only when adding
--   up. | 行业门类与大类各成一套，加总时只取一个行业层级；按月与按季申报的分行列示，不相加。
-- column 行业层级: 行业门类或行业大类
-- column 行业代码: 门类字母或大类两位数字；未知为登记没有行业代码
-- column 行业名称: GB/T 4754—2017 的门类或大类名称；登记没有行业代码的为“未知”
-- column 单位: 合计和各项增减的单位
-- column 合计: 全部有数企业的合计，单位见单位列；存疑数值不计
-- column 企业数: 计入合计的企业家数
-- column 剔除的异常值个数: 数据存疑、未计入合计的企业家数
-- column 未定企业前期合计: 未定企业前期的数值之和，即最多还可能减少的量，单位见单位列
-- column 是否暂定: 当月数据尚未报齐，只有合计、没有增减
-- known gaps: The industry is today's in the register. A cell of one or two enterprises shows their own figures: not
--   for publication. | 行业以当前登记为准；只有一两家企业的行会露出个体数据，不得对外发布。
select
    code_name(m.part_kind) as 行业层级,
    case when m.part_code = 'unknown' then '未知' else m.part_code end as 行业代码,
    m.part_title_zh as 行业名称,
    m.month as 月份,
    code_name(m.signal_code) as 指标,
    s.unit_zh as 单位,
    m.period_months as 所属期月数,
    m.total_value as 合计,
    m.enterprise_count as 企业数,
    m.change_1m_pct as 环比增长率,
    m.change_12m_pct as 同比增长率,
    m.year_to_date_value as 本年累计,
    m.year_to_date_value_before as 上年同期累计,
    m.year_to_date_change_pct as 累计同比增长率,
    m.open_value as 新设增加,
    m.move_in_value as 迁入增加,
    m.expand_value as 扩张增加,
    m.close_value as 关停减少,
    m.move_out_value as 迁出减少,
    m.contract_value as 收缩减少,
    m.creation_value as 增加量,
    m.destruction_value as 减少量,
    m.net_value as 净变动,
    m.reallocation_value as "总变动量（扣净变动）",
    m.drift_value as 阈值内小幅变动,
    m.succession_value as 承继所致变动合计,
    m.open_count as 新设企业数,
    m.move_in_count as 迁入企业数,
    m.expand_count as 扩张企业数,
    m.close_count as 关停企业数,
    m.move_out_count as 迁出企业数,
    m.contract_count as 收缩企业数,
    m.unchanged_count as 基本不变企业数,
    m.suspect_count as 剔除的异常值个数,
    m.open_ended_count as 未定企业数,
    m.open_ended_value as 未定企业前期合计,
    m.compared_pct as 可比占比,
    m.creation_pct as 增加率,
    m.destruction_pct as 减少率,
    m.net_pct as 净变动率,
    m.reallocation_pct as "总变动率（扣净变动）",
    m.open_pct as 新设比率,
    m.close_pct as 关闭比率,
    m.birth_pct as 企业出生率,
    m.death_pct as 企业死亡率,
    m.churn_pct as 企业更替率,
    code_name(m.flow_reason_code) as 增减不全原因,
    yes_no(m.is_provisional) as 是否暂定
from snapshots.group_month as m
inner join rules.signal as s on m.signal_code = s.signal_code
where m.part_kind in ('industry_section', 'industry_division')
