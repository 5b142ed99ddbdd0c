-- title: The park month by month | 园区月度
-- one row is: one figure of the park in one month, for periods of one length
--   | 全园一项指标一个月（同一所属期长度）的合计
-- answers: how much is it in all, how does it grow, and what came from openings, closings, growth, decline and moves?
--   | 全园合计多少、环比同比和累计如何，变动中新设、关停、扩张、收缩、迁入、迁出各占多少？
-- key: 月份, 指标, 所属期月数
-- rules: The rows of snapshots.park_month in words. Monthly and quarterly filers are in rows of their own.
--   | 按月与按季申报的分行列示，不相加；增加量减减少量，加小幅变动和承继所致变动，等于可比企业的全部变动；入库税额只有合计和累计。
-- column 单位: 合计和各项增减的单位
-- column 合计: 全部有数企业的合计，单位见单位列；存疑数值不计
-- column 企业数: 计入合计的企业家数
-- column 剔除的异常值个数: 数据存疑、未计入合计的企业家数
-- column 未定企业前期合计: 未定企业前期的数值之和，即最多还可能减少的量，单位见单位列
-- column 是否暂定: 当月数据尚未报齐，只有合计、没有增减
-- column 报送率: 应报户中已报送的占比，%
-- known gaps: Moves count as gain and loss here, because the park is the frame. | 以园区为界，迁入计入增加量，迁出计入减少量。
select
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
    m.coverage_pct as 报送率,
    yes_no(m.is_provisional) as 是否暂定
from snapshots.park_month as m
inner join rules.signal as s on m.signal_code = s.signal_code
