-- title: Park by month | 园区月度汇总
-- one row is: one signal in one month over all enterprises with figures for periods of this length
--   | 一项指标在一个月、一种所属期长度下的全园合计
-- answers: how much is it in all, how does it grow, and how much of the change came from openings, closings, growth,
--   decline and moves?
--   | 全园合计多少、同比环比和累计如何，变动中新设、关闭、增加、减少、迁入、迁出各占多少？
-- key: month, signal_code, period_months
-- rules: Monthly and quarterly filers are in rows of their own; adding them up would count unlike periods.
--   * Totals, growth, year to date, tax received (tax_received, tax_received_<kind>): as in signals.part_total. Tax
--     received has no flows.
--   * Flows and rates as in signals.part_flow: creation - destruction + drift + succession = all of the change of the
--     enterprises compared. While some are silent and not yet known to have ended (open_ended), destruction, net and
--     their rates are empty: flow_reason_code says so.
--   * Provisional months have totals but no flows and no growth. Suspect values (signals.plausibility) are in no total
--     and no flow; suspect_count says how many were left out.
--   | 按月申报与按季申报的分行列示，不相加。
--   * 合计、环比、同比、累计与入库税额的口径见“指标合计与同比”；入库税额没有增减构成。
--   * 增减构成与比率的口径见“全园与分组的增减构成”：增加量−减少量＋小幅变动＋承继变动＝可比企业全部变动。有未定企业时减少量、净变动及其比率为空，
--   见“增减不全原因”。
--   * 暂定月份只有合计，没有增减和增长率；异常值不计入合计和增减，剔除的企业数另列。
-- known gaps: Moves count as creation and destruction here, because the park is the frame.
--   | 以园区为界，迁入计入增加量，迁出计入减少量。
-- column suspect_count: how many enterprises' figures were left out of the total as suspect
--   | 存疑企业数 数据异常、未计入合计的企业数
-- checked by: tests/models/snapshots.park_month, tests/system/test_tax_figures.py
with month_coverage as (
    select
        subject,
        month,
        min(coverage_pct) as coverage_pct
    from monthly.coverage
    group by subject, month
)

select
    t.month,
    t.signal_code,
    t.period_months,
    t.total_value,
    t.enterprise_count,
    t.suspect_count,
    c.coverage_pct,
    t.is_provisional,
    t.change_1m_pct,
    t.change_12m_pct,
    t.year_to_date_value,
    t.year_to_date_value_before,
    t.year_to_date_change_pct,
    f.compared_value,
    f.compared_earlier_value,
    f.compared_pct,
    f.flow_reason_code,
    f.open_value,
    f.move_in_value,
    f.expand_value,
    f.close_value,
    f.move_out_value,
    f.contract_value,
    f.creation_value,
    f.destruction_value,
    f.net_value,
    f.reallocation_value,
    f.drift_value,
    f.succession_value,
    f.open_ended_value,
    f.creation_pct,
    f.destruction_pct,
    f.net_pct,
    f.reallocation_pct,
    f.open_pct,
    f.close_pct,
    f.birth_pct,
    f.death_pct,
    f.churn_pct,
    f.open_count,
    f.move_in_count,
    f.expand_count,
    f.close_count,
    f.move_out_count,
    f.contract_count,
    f.unchanged_count,
    f.resumed_count,
    f.open_ended_count,
    o.as_of,
    concat(r.version, '; ', s.version, '; ', v.version) as rule_version
from signals.part_total as t
cross join ops.night as o
cross join rules.flow as r
cross join rules.coverage as v
inner join rules.signal as s on t.signal_code = s.signal_code
left join month_coverage as c on s.subject = c.subject and t.month = c.month
left join signals.part_flow as f
    on
        t.part_kind = f.part_kind and t.part_code = f.part_code and t.month = f.month
        and t.signal_code = f.signal_code and t.period_months = f.period_months
where t.part_kind = 'park'
