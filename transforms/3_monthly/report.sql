-- title: Reports by enterprise | 报送记录
-- one row is: one period for which one enterprise has reported to one feed, by the month in which the period ends
--   | 一家企业向一个数据源报送的一个所属期，按其止月
-- answers: who reports to whom, how often, and when did the next report come? | 谁向哪里报送、多久一次、下一份何时到？
-- key: enterprise_id, feed, period_months, month
-- rules: Reports of staff, meters, entries, returns and payments. A taxpayer whose return says that nothing is due
--   counts as having paid, if it has paid for such periods before. next_month_number is the month of the next report
--   of the same length of period, cancelled_month_number that in which the register cancelled the enterprise.
--   | 包括参保、表具、门禁、申报和入库的报送。申报表写明无应纳税款、而此前为此类所属期缴过税的，视为已缴。下次报送月序
--   号是同样长度所属期的下一份报送的月份，注销月序号是登记注销该企业的月份。
-- known gaps: Records that are of no enterprise (the park's own meters) are not here.
--   | 不归属任何企业的记录（园区自己的表具）不在此表。
-- column next_month_number: year * 12 + month of the next report of this length of period; empty where none came
--   | 下次报送月序号 年×12+月：同样长度所属期的下一份报送；没有的为空
-- column cancelled_month_number: year * 12 + month in which the register cancelled it | 注销月序号 年×12+月：登记机关注销该企业的月份
-- parts: enterprise_id
-- checked by: tests/models/monthly.report
with report as (
    select
        feed,
        source_key,
        'employment' as subject,
        month,
        1 as period_months
    from known.employment
    union all
    select
        feed,
        source_key,
        'utility_use' as subject,
        month,
        1 as period_months
    from known.utility_use
    union all
    select
        feed,
        source_key,
        'access_count' as subject,
        month,
        1 as period_months
    from known.access_count
    union all
    select
        feed,
        source_key,
        'tax_filing' as subject,
        cast(date_trunc('month', period_end) as date) as month,
        month_number(period_end) - month_number(period_start) + 1 as period_months
    from known.tax_filing
    union all
    select
        feed,
        source_key,
        'tax_payment' as subject,
        cast(date_trunc('month', period_end) as date) as month,
        month_number(period_end) - month_number(period_start) + 1 as period_months
    from known.tax_payment
),

payer as (
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

told as (
    select
        r.feed,
        r.subject,
        l.enterprise_id,
        r.period_months,
        m.month_number
    from report as r
    inner join resolved.link as l on r.feed = l.feed and r.source_key = l.source_key
    inner join monthly.month as m on r.month = m.month
    union all
    select
        feed,
        'tax_payment' as subject,
        enterprise_id,
        period_months,
        month_number
    from nothing_due
),

reported as (
    select
        enterprise_id,
        feed,
        period_months,
        month_number,
        min(subject) as subject
    from told
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
from reported as r
inner join monthly.month as m on r.month_number = m.month_number
left join resolved.enterprise as e on r.enterprise_id = e.enterprise_id
