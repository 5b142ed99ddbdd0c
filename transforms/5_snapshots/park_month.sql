-- title: Park by month | 园区月度汇总
-- one row is: one signal in one month over all enterprises whose figures are for periods of this length
--   | 一项指标在一个月、一种所属期长度下的全园合计
-- answers: how much is it in all, how does it grow, and how much of the change came from openings, closings, growth,
--   decline and moves?
--   | 全园合计多少、同比环比和累计如何，变动中新设、关闭、增加、减少、迁入、迁出各占多少？
-- key: month, signal_code, period_months
-- rules: Monthly and quarterly filers are in rows of their own; adding them up would count unlike periods.
--   * Totals, growth, year to date, tax received (tax_received, tax_received_<kind>): as in signals.part_total. Tax
--     received has no flows.
--   * creation = open + move_in + expand; destruction = close + move_out + contract, as a positive figure; net =
--     creation - destruction; reallocation = creation + destruction - |net|. Rates divide by the mean of both periods
--     over the enterprises compared.
--   * Changes within the tolerance (drift), by mergers and divisions (succession) and after a gap (resumed) are apart:
--     creation - destruction + drift + succession = all of the change of the enterprises compared.
--   * Provisional months have totals but no flows and no growth. Suspect values (signals.plausibility) are in no total
--     and no flow; suspect_count says how many were left out.
--   | 按月申报与按季申报的分行列示，不相加。
--   * 合计、环比、同比、累计与入库税额的口径见“指标合计与同比”；入库税额没有增减构成。
--   * 增加量＝新设＋迁入＋增长；减少量＝关闭＋迁出＋下降（取正数）；净变动＝增加量−减少量；总变动量＝增加量＋减少量−净变动绝对值；
--   各比率除以可比企业两期平均数。
--   * 阈值内小幅变动、合并分立带来的变动、中断后恢复的另列：增加量−减少量＋小幅变动＋承继变动＝可比企业全部变动。
--   * 暂定月份只有合计，没有增减和增长率；异常值不计入合计和增减，剔除的企业数另列。
-- known gaps: Moves count as creation and destruction here, because the park is the frame.
--   | 以园区为界，迁入计入增加量，迁出计入减少量。
-- column suspect_count: how many enterprises' figures were left out of the total as suspect
--   | 存疑企业数 数据异常、未计入合计的企业数
-- checked by: tests/models/snapshots.park_month, tests/system/test_tax_figures.py
with flowed as (
    select
        month,
        signal_code,
        period_months,
        sum(case when flow_code <> 'resumed' then value else 0 end) as compared_value,
        sum(case when flow_code <> 'resumed' then earlier_value else 0 end) as compared_earlier_value,
        sum(case when flow_code = 'open' then change else 0 end) as open_value,
        sum(case when flow_code = 'move_in' then change else 0 end) as move_in_value,
        sum(case when flow_code = 'expand' then change else 0 end) as expand_value,
        -sum(case when flow_code = 'close' then change else 0 end) as close_value,
        -sum(case when flow_code = 'move_out' then change else 0 end) as move_out_value,
        -sum(case when flow_code = 'contract' then change else 0 end) as contract_value,
        sum(case when flow_code = 'unchanged' then change else 0 end) as drift_value,
        sum(case when flow_code in ('succession_in', 'succession_out') then change else 0 end) as succession_value,
        sum(case when flow_code = 'open' then 1 else 0 end) as open_count,
        sum(case when flow_code = 'move_in' then 1 else 0 end) as move_in_count,
        sum(case when flow_code = 'expand' then 1 else 0 end) as expand_count,
        sum(case when flow_code = 'close' then 1 else 0 end) as close_count,
        sum(case when flow_code = 'move_out' then 1 else 0 end) as move_out_count,
        sum(case when flow_code = 'contract' then 1 else 0 end) as contract_count,
        sum(case when flow_code = 'unchanged' then 1 else 0 end) as unchanged_count,
        sum(case when flow_code = 'resumed' then 1 else 0 end) as resumed_count
    from signals.flow
    group by month, signal_code, period_months
),

added as (
    select
        *,
        open_value + move_in_value + expand_value as creation_value,
        close_value + move_out_value + contract_value as destruction_value,
        (abs(compared_value) + abs(compared_earlier_value)) / 2 as mean_value
    from flowed
),

covered as (
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
    a.compared_value,
    a.compared_earlier_value,
    a.open_value,
    a.move_in_value,
    a.expand_value,
    a.close_value,
    a.move_out_value,
    a.contract_value,
    a.creation_value,
    a.destruction_value,
    a.creation_value - a.destruction_value as net_value,
    a.creation_value + a.destruction_value - abs(a.creation_value - a.destruction_value) as reallocation_value,
    a.drift_value,
    a.succession_value,
    cast(100 * a.creation_value / nullif(a.mean_value, 0) as decimal(30, 2)) as creation_pct,
    cast(100 * a.destruction_value / nullif(a.mean_value, 0) as decimal(30, 2)) as destruction_pct,
    cast(100 * (a.creation_value - a.destruction_value) / nullif(a.mean_value, 0) as decimal(30, 2)) as net_pct,
    a.open_count,
    a.move_in_count,
    a.expand_count,
    a.close_count,
    a.move_out_count,
    a.contract_count,
    a.unchanged_count,
    a.resumed_count,
    o.as_of,
    concat(f.version, '; ', s.version, '; ', v.version) as rule_version
from signals.part_total as t
cross join ops.night as o
cross join rules.flow as f
cross join rules.coverage as v
inner join rules.signal as s on t.signal_code = s.signal_code
left join covered as c on s.subject = c.subject and t.month = c.month
left join added as a
    on t.month = a.month and t.signal_code = a.signal_code and t.period_months = a.period_months
where t.part_kind = 'park'
