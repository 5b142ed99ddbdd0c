-- title: Reports by enterprise | 报送记录
-- one row is: one period for which one enterprise has reported to one feed, by the month in which the period ends
--   | 一家企业向一个数据源报送的一个所属期（按期末所在月）
-- answers: who reports to which feed, how often, and when did the next report come? | 谁向哪个部门报送、多久一次、
--   下一次是哪个月？
-- key: enterprise_id, feed, period_months, month
-- rules:
--   * Facts of the subjects that are expected every period (warehouse/subjects.yml: expected): staff, meters, entries,
--     returns and payments.
--   * The length of a period is what the fact says; staff that a feed states once a year is of a year
--   (monthly.yearly_feed).
--   * A taxpayer with a nil return counts as having paid, if it has paid for such periods before.
--   * A row that could not be used is a report (monthly.unread).
--   * next_month_number is the month of the next report of the same length of period, cancelled_month_number the month
--     in which the register cancelled the enterprise.
--   | 只取应按期报送的数据（参保、水电气、门禁、申报、入库）；申报无应纳税额、且以前缴过同类所属期税款的，视为已缴；报了而读不出的视为已报。所属期长度按数据本身；
--   每年只报一个数的参保数据源按年。
-- known gaps: Records that are of no enterprise (the park's own meters) are not here. | 不属于任何企业的记录（园区自用
--   表具）不在内。
-- column next_month_number: year * 12 + month of the next report of this length of period; empty where none came
--   | 下次报送月序号 同一长度所属期下一次报送的月份，按年×12+月计；没有则为空
-- column cancelled_month_number: year * 12 + month in which the register cancelled it
--   | 注销月序号 登记机关注销的月份，按年×12+月计
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.report
with payer as (
    select
        enterprise_id,
        feed
    from resolved.link
    where subject = 'tax_payment'
    group by enterprise_id, feed
),

paid_length as (
    select
        enterprise_id,
        period_months
    from monthly.tax
    where payment_count > 0
    group by enterprise_id, period_months
),

-- nothing was due, so nothing will be paid: that is a report too, of who has paid for such periods before
nothing_due as (
    select
        p.feed,
        t.enterprise_id,
        t.period_months,
        m.month_number
    from monthly.tax as t
    inner join payer as p on t.enterprise_id = p.enterprise_id
    inner join paid_length as d on t.enterprise_id = d.enterprise_id and t.period_months = d.period_months
    inner join monthly.month as m on t.month = m.month
    group by p.feed, t.enterprise_id, t.period_months, m.month_number
    having sum(t.tax_due_amount) <= 0
),

reported_period as (
    select
        r.feed,
        r.subject,
        l.enterprise_id,
        -- a fact of one month in a feed of longer periods is about the whole period that ends with it
        case
            when r.period_months > 1 then r.period_months
            when y.feed is not null then 12
            else r.period_months
        end as period_months,
        m.month_number
    from known.fact as r
    inner join resolved.link as l on r.feed = l.feed and r.source_key = l.source_key
    inner join monthly.month as m on r.month = m.month
    left join monthly.yearly_feed as y on r.feed = y.feed
    where r.is_expected
    union all
    select
        feed,
        'tax_payment' as subject,
        enterprise_id,
        period_months,
        month_number
    from nothing_due
    union all
    select
        feed,
        subject,
        enterprise_id,
        period_months,
        month_number
    from monthly.unread
),

report_month as (
    select
        enterprise_id,
        feed,
        period_months,
        month_number,
        min(subject) as subject
    from reported_period
    group by enterprise_id, feed, period_months, month_number
)

select
    r.enterprise_id,
    r.feed,
    r.subject,
    cast(r.period_months as integer) as period_months,
    m.month,
    r.month_number,
    lead(r.month_number) over (partition by r.enterprise_id, r.feed, r.period_months order by r.month_number)
        as next_month_number,
    month_number(e.cancelled_date) as cancelled_month_number
from report_month as r
inner join monthly.month as m on r.month_number = m.month_number
left join resolved.enterprise as e on r.enterprise_id = e.enterprise_id
