-- title: Signals | 监测指标
-- one row is: one signal of one enterprise in one month (for a quarterly filer: the month in which the quarter ends)
--   | 一家企业一项指标的一个月（按季申报的记在季末月份）
-- answers: how much of this did the enterprise have, and is the month complete enough to be believed?
--   | 这家企业该项有多少，这个月是否齐全可信？
-- key: enterprise_id, signal_code, month
-- rules:
--   * headcount, sales, tax (all kinds) and tax_<kind> by the period the tax is for, leased_area, premises (occupied
--   units) and rateable_value at month's end, electricity, water, gas, registered_capital, branches and
--   outward_investment (other enterprises invested in) at month's end, people_entries, vehicle_entries
--   (rules/signal.yml has the units).
--   * No report, no row; a reported zero is zero; no branch or no investment is no row.
--   * Sales and tax have periods of one length per series (signals.filed_series).
--   * Staff of enterprises that only feeds with one figure a year speak of (monthly.yearly_feed) is a yearly series.
--   * A month is provisional if any feed of the signal's subject is (monthly.provisional_month).
--   | * 参保人数；销售额、税款合计及各税种税款（按所属期）；月末租赁面积、占用房产及其计税价值；用电、用水、用气；月末注册资本、
--   分支机构数、对外投资数；人员与车辆进出。
--   * 单位见规则。
--   * 没有报送就没有行；报送为零的就是零；没有分支或投资的没有行。
--   * 销售额与税款每个序列只用一种所属期长度。
--   * 只有年报数据源的企业，其参保人数为年度序列。
--   * 该指标主题的任一数据源在该月为暂定的，该月为暂定。
-- known gaps: An investment is a count, not an amount; one that was sold still counts (monthly.relation).
--   | 对外投资是个数而不是金额；已转让的仍计入。
-- rebuild: by_enterprise
-- checked by: tests/models/signals.signal
with staff_length as (
    select
        l.enterprise_id,
        case when count(*) = count(y.feed) then 12 else 1 end as period_months
    from resolved.link as l
    left join monthly.yearly_feed as y on l.feed = y.feed
    where l.subject = 'employment'
    group by l.enterprise_id
),

month_series as (
    select
        enterprise_id,
        'leased_area' as signal_code,
        month,
        cast(leased_area_m2 as decimal(30, 3)) as value
    from monthly.lease_area
    union all
    select
        enterprise_id,
        'premises' as signal_code,
        month,
        cast(premises_count as decimal(30, 3)) as value
    from monthly.premises
    union all
    select
        enterprise_id,
        'rateable_value' as signal_code,
        month,
        cast(rateable_value_amount as decimal(30, 3)) as value
    from monthly.premises
    where rateable_value_amount > 0
    union all
    select
        enterprise_id,
        utility_code as signal_code,
        month,
        used_quantity as value
    from monthly.utility
    union all
    select
        enterprise_id,
        'registered_capital' as signal_code,
        month,
        cast(registered_capital_amount as decimal(30, 3)) as value
    from monthly.capital
    union all
    select
        enterprise_id,
        'branches' as signal_code,
        month,
        cast(branch_count as decimal(30, 3)) as value
    from monthly.relation
    where branch_count > 0
    union all
    select
        enterprise_id,
        'outward_investment' as signal_code,
        month,
        cast(investment_count as decimal(30, 3)) as value
    from monthly.relation
    where investment_count > 0
    union all
    select
        enterprise_id,
        'people_entries' as signal_code,
        month,
        cast(people_entry_count as decimal(30, 3)) as value
    from monthly.access
    union all
    select
        enterprise_id,
        'vehicle_entries' as signal_code,
        month,
        cast(vehicle_entry_count as decimal(30, 3)) as value
    from monthly.access
),

series as (
    select
        enterprise_id,
        signal_code,
        month,
        month_number,
        period_months,
        cast(value as decimal(30, 3)) as value
    from signals.filed_series
    union all
    select
        s.enterprise_id,
        s.signal_code,
        s.month,
        m.month_number,
        1 as period_months,
        s.value
    from month_series as s
    inner join monthly.month as m on s.month = m.month
    where s.value is not null
    union all
    select
        h.enterprise_id,
        'headcount' as signal_code,
        h.month,
        m.month_number,
        coalesce(p.period_months, 1) as period_months,
        cast(h.insured_headcount as decimal(30, 3)) as value
    from monthly.headcount as h
    inner join monthly.month as m on h.month = m.month
    left join staff_length as p on h.enterprise_id = p.enterprise_id
    where h.insured_headcount is not null
)


select
    s.enterprise_id,
    s.signal_code,
    s.month,
    cast(s.month_number as integer) as month_number,
    cast(s.period_months as integer) as period_months,
    s.value,
    coalesce(c.is_provisional, false) as is_provisional
from series as s
inner join rules.signal as r on s.signal_code = r.signal_code
left join monthly.provisional_month as c on r.subject = c.subject and s.month = c.month
