-- title: Completeness of trade by month | 交易数据完整性
-- one row is: one month of the records of trade | 交易数据的一个月
-- answers: have the firms that report trade done so for this month? | 这个月应有发票的企业是否已齐？
-- key: month
-- rules: A firm is expected that reported in each of the periods before (rules/coverage.yml,
--   expected_after_periods). The month is
--   provisional where fewer of these than the feed's threshold have reported, and where nothing has come at all.
--   | 此前每期（期数见规则）都有发票的企业视为应报。应报中已报的比例低于数据源下限的月份为暂定；一份都没收到的也为暂定。
-- known gaps: A firm without an invoice in the month cannot be distinguished from one with a late ledger.
--   | 当月确无发票与报送迟到无法区分。
-- checked by: tests/models/monthly.trade_month
with reporter_month as (
    select
        p.party_key,
        month_number(t.month) as month_number
    from known.trade as t
    inner join monthly.trade_party as p
        on concat(coalesce(t.uscc, ''), '|', coalesce(t.enterprise_name, '')) = p.stated_party
    group by p.party_key, month_number(t.month)
),

trade_feed as (
    select distinct feed
    from known.trade
),

threshold as (
    select max(coalesce(f.coverage_pct, r.coverage_min_pct)) as coverage_min_pct
    from rules.coverage as r
    left join trade_feed as k on true
    left join ops.feed as f on k.feed = f.feed
),

-- reported in each of the periods up to this month
steady_party as (
    select
        r.party_key,
        r.month_number
    from reporter_month as r
    cross join rules.coverage as c
    inner join reporter_month as b
        on
            r.party_key = b.party_key
            and r.month_number >= b.month_number
            and r.month_number < b.month_number + c.expected_after_periods
    group by r.party_key, r.month_number, c.expected_after_periods
    having count(*) >= c.expected_after_periods
),

expected_month as (
    select
        m.month,
        count(distinct s.party_key) as expected_count,
        count(distinct case when n.party_key is not null then s.party_key end) as reported_count
    from monthly.month as m
    left join steady_party as s on m.month_number = s.month_number + 1
    left join reporter_month as n on s.party_key = n.party_key and m.month_number = n.month_number
    group by m.month
),

arrived_month as (
    select
        month_number,
        count(*) as report_count
    from reporter_month
    group by month_number
)

select
    m.month,
    m.expected_count,
    m.reported_count,
    cast(coalesce(a.report_count, 0) as bigint) as report_count,
    cast(100.0 * m.reported_count / nullif(m.expected_count, 0) as decimal(30, 2)) as coverage_pct,
    cast(t.coverage_min_pct as decimal(30, 2)) as coverage_min_pct,
    a.report_count is null
    or coalesce(100.0 * m.reported_count / nullif(m.expected_count, 0) < t.coverage_min_pct, false) as is_provisional
from expected_month as m
cross join threshold as t
left join arrived_month as a on month_number(m.month) = a.month_number
