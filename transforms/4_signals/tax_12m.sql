-- title: Tax of twelve months, paid and received | 近十二月税额（实缴与入库）
-- one row is: one enterprise and one kind of tax, or all its kinds together (total), with a figure in the 24 months
--   | 一家企业的一个税种，或其全部税种合计（total），两年内有数
-- answers: how much tax has it paid for twelve months, how much has the treasury received in twelve months, and how
--   much was it a year before? | 近十二月实缴多少、入库多少，比上年同期增减多少？
-- key: enterprise_id, tax_kind_code
-- rules:
--   * Paid (所属期口径): payments less refunds for periods that end in the 12 months up to tax_paid_12m_until_month.
--   * That month is the same for all kinds of an enterprise: the last believed month that ends a period of each length
--     (month, quarter, half-year) in which it files. So no period is cut in two.
--   * Kinds with a return for every period (rules/tax_12m.yml: is_waited_for) must be in, that is paid, or nothing is
--     due. Where one is late the 12 months end earlier, by 3 months at most. A cancelled enterprise is not waited for.
--   * Annual settlement (汇算清缴): in the 12 months that hold the month in which it is due (May), so that every 12 months
--     hold one. An enterprise that files by the year only: the 12 months end with its year.
--   * Received (入库，已扣退税): payments less refunds by day of payment in the 12 months up to the last believed month.
--     Nothing received is 0.
--   * Change in per cent of the 12 months before. Paid: only if both cover the same number of months (months_used).
--     Both figures: not with suspect tax (signals.plausibility), provisional months or months before the tax office's
--     books begin in the 24 months. An amount paid with a suspect value in it is empty.
--   | 实缴税额：按所属期统计，所属期止于截止月份及之前共十二个月，已扣退税。
--   * 截止月份全部税种统一：该企业各税种所属期均已到期的最近可信月份，有按季申报的止于季末，按半年申报的止于半年末。
--   * 每期都须申报的税种须已缴清或无应纳税额；有迟缴的截止月份前移，至多三个月；已注销企业不等待。
--   * 汇算清缴计入应缴月份（次年5月）所在的十二个月，故每十二个月含一次；只按年申报的止于年末。
--   * 入库税额：按入库日期统计，截至最近可信月份的十二个月，已扣退税，没有入库的为0。
--   * 同比：实缴须两个十二月的月数相同；含异常值、暂定月份或早于税务数据起点的不计算；含异常值的实缴税额为空。
-- example: VAT by the month, income tax by the quarter, last believed month October 2026. Paid: October 2025 to
--   September 2026 with the settlement of 2025, due in May 2026. Received: November 2025 to October 2026.
-- known gaps: An enterprise that changes from quarters to months ends with a quarter for two more years. A missing
--   period is waited for only where no later one of the kind is in; months_used counts months with any kind.
--   | 由季报改月报的企业两年内仍止于季末；中间缺报而后期已报的不等待。
-- column suspect_value_count: suspect values of all tax together in the 24 months
--   | 存疑税款月数 两个十二月中被判为异常的税款月数
-- rebuild: by_enterprise
-- checked by: tests/models/signals.tax_12m, tests/transforms/test_tax_12m.py, tests/system/test_tax_figures.py
with believed_month as (
    -- the treasury's books come in late: provisional months would look like a fall
    select month_number
    from monthly.provisional_month
    where subject = 'tax_payment' and not is_provisional
),

-- where no month can be believed (a park without payments by the month), the calendar's last
last_believed_month as (
    select coalesce(max(b.month_number), max(m.month_number)) as month_number
    from monthly.month as m
    left join believed_month as b on m.month_number = b.month_number
),

-- receipts are complete from the month in which the first period of every length was paid
books as (
    select
        coalesce(
            max(case when period_months <= 3 then month_number(first_month) + period_months end),
            max(month_number(first_month))
        ) as first_number
    from monthly.filing_start
    where signal_code = 'tax'
),

-- by the length of the period: months, quarters, half-years; null is the yearly settlement
tax_period as (
    select
        t.enterprise_id,
        t.tax_kind_code,
        month_number(t.period_end) as end_number,
        t.period_months,
        t.paid_amount,
        case
            when t.period_months > r.period_months_max then null
            when t.period_months > 3 then 6
            when t.period_months > 1 then 3
            else 1
        end as length_months
    from monthly.tax as t
    cross join rules.tax_12m_limit as r
    cross join last_believed_month as b
    where t.paid_amount is not null and month_number(t.period_end) <= b.month_number
),

-- 12 where an enterprise files nothing shorter than a year
enterprise_length as (
    select
        p.enterprise_id,
        max(p.length_months) is null as is_yearly,
        coalesce(max(p.length_months), 12) as length_months
    from tax_period as p
    cross join last_believed_month as b
    cross join rules.tax_12m_limit as r
    where p.end_number > b.month_number - 24 - r.wait_months - r.period_months_max
    group by p.enterprise_id
),

-- how far each kind of tax has been stated
last_period as (
    select
        enterprise_id,
        tax_kind_code,
        end_number,
        length_months,
        row_number() over (
            partition by enterprise_id, tax_kind_code order by end_number desc, length_months asc
        ) as row_rank
    from tax_period
    where length_months is not null
),

-- a main tax that is due but not stated yet holds the 12 months back: without it the sum would fall for no reason
late_kind as (
    select
        p.enterprise_id,
        min(p.end_number) as end_number
    from last_period as p
    inner join rules.tax_12m as r on p.tax_kind_code = r.tax_kind_code
    cross join last_believed_month as b
    inner join resolved.enterprise as e on p.enterprise_id = e.enterprise_id
    where
        p.row_rank = 1 and r.is_waited_for
        and p.end_number + p.length_months <= b.month_number
        and p.end_number + p.length_months > b.month_number - r.wait_months
        and (e.cancelled_date is null or p.end_number + p.length_months <= month_number(e.cancelled_date))
    group by p.enterprise_id
),

-- who states tax and who pays it may differ: both
enterprise as (
    select enterprise_id
    from monthly.tax
    where paid_amount is not null
    union
    select enterprise_id
    from monthly.tax_receipt
),

-- the window ends with a full period of the longest that the enterprise files: no half quarter is in it
twelve_months as (
    select
        e.enterprise_id,
        coalesce(l.is_yearly, false) as is_yearly,
        b.month_number as believed_number,
        coalesce(k.end_number, b.month_number)
        - coalesce(k.end_number, b.month_number) % nullif(coalesce(l.length_months, 1), 0) as until_number
    from enterprise as e
    cross join last_believed_month as b
    left join enterprise_length as l on e.enterprise_id = l.enterprise_id
    left join late_kind as k on e.enterprise_id = k.enterprise_id
),

-- a settlement counts when it is due, months after its year, as monthly filers pay it then
counted_period as (
    select
        p.enterprise_id,
        p.tax_kind_code,
        p.paid_amount,
        p.period_months,
        p.length_months,
        p.end_number,
        t.until_number,
        case
            when p.length_months is null and not t.is_yearly then p.end_number + r.settlement_due_months
            else p.end_number
        end as counted_number
    from tax_period as p
    inner join twelve_months as t on p.enterprise_id = t.enterprise_id
    cross join rules.tax_12m_limit as r
),

-- these 12 months, and the 12 before
period_in_window as (
    select
        enterprise_id,
        tax_kind_code,
        paid_amount,
        period_months,
        length_months,
        end_number,
        case when counted_number > until_number - 12 then 1 else 0 end as is_current
    from counted_period
    where counted_number <= until_number and counted_number > until_number - 24
),

paid_kind as (
    select
        enterprise_id,
        tax_kind_code,
        sum(case when is_current = 1 then paid_amount end) as amount,
        sum(case when is_current = 0 then paid_amount end) as amount_before,
        max(case when is_current = 1 and length_months is null then least(period_months, 12) end) as long_months,
        max(case when is_current = 0 and length_months is null then least(period_months, 12) end) as long_months_before
    from period_in_window
    group by enterprise_id, tax_kind_code
),

-- the longest period but the settlement is half a year
month_of_period as (
    select 0 as back
    union all
    select 1 as back
    union all
    select 2 as back
    union all
    select 3 as back
    union all
    select 4 as back
    union all
    select 5 as back
),

-- a month counts once, whether a monthly or a quarterly return covers it
covered_month as (
    select distinct
        p.enterprise_id,
        p.tax_kind_code,
        p.is_current,
        p.end_number - m.back as month_number
    from period_in_window as p
    inner join month_of_period as m on p.period_months > m.back
    where p.length_months is not null
),

kind_months as (
    select
        enterprise_id,
        tax_kind_code,
        sum(is_current) as months_used,
        sum(1 - is_current) as months_used_before
    from covered_month
    group by enterprise_id, tax_kind_code
    union all
    select
        enterprise_id,
        'total' as tax_kind_code,
        count(distinct case when is_current = 1 then month_number end) as months_used,
        count(distinct case when is_current = 0 then month_number end) as months_used_before
    from covered_month
    group by enterprise_id
),

paid_total as (
    select *
    from paid_kind
    union all
    select
        enterprise_id,
        'total' as tax_kind_code,
        sum(amount) as amount,
        sum(amount_before) as amount_before,
        max(long_months) as long_months,
        max(long_months_before) as long_months_before
    from paid_kind
    group by enterprise_id
),

-- receipts by the day of payment: their window ends with the last believed month for all
receipt as (
    select
        t.enterprise_id,
        t.tax_kind_code,
        case when month_number(t.month) > b.month_number - 12 then t.received_amount else 0 end as amount,
        case when month_number(t.month) > b.month_number - 12 then 0 else t.received_amount end as amount_before
    from monthly.tax_receipt as t
    cross join last_believed_month as b
    where month_number(t.month) between b.month_number - 23 and b.month_number
),

received_total as (
    select
        enterprise_id,
        tax_kind_code,
        sum(amount) as amount,
        sum(amount_before) as amount_before
    from receipt
    group by enterprise_id, tax_kind_code
    union all
    select
        enterprise_id,
        'total' as tax_kind_code,
        sum(amount) as amount,
        sum(amount_before) as amount_before
    from receipt
    group by enterprise_id
),

kind as (
    select
        enterprise_id,
        tax_kind_code
    from paid_total
    union
    select
        enterprise_id,
        tax_kind_code
    from received_total
),

-- a suspect value of all tax together: its kind of tax is unknown
suspect as (
    select
        t.enterprise_id,
        count(*) as suspect_count,
        count(case when month_number(p.month) between t.until_number - 11 and t.until_number then 1 end)
            as suspect_count_now,
        count(case when month_number(p.month) between t.until_number - 23 and t.until_number - 12 then 1 end)
            as suspect_count_before
    from signals.plausibility as p
    inner join twelve_months as t on p.enterprise_id = t.enterprise_id
    where p.signal_code = 'tax' and month_number(p.month) between t.until_number - 23 and t.believed_number
    group by t.enterprise_id
),

-- by the month in which the 24 months end: whether one of them is provisional
provisional_end as (
    select m.month_number
    from monthly.month as m
    inner join monthly.provisional_month as p
        on p.month_number between m.month_number - 23 and m.month_number
    where p.subject = 'tax_payment' and p.is_provisional
    group by m.month_number
),

-- comparable: both halves cover as many months, none of them suspect or provisional
figure as (
    select
        k.enterprise_id,
        k.tax_kind_code,
        t.until_number,
        t.believed_number,
        case when coalesce(s.suspect_count_now, 0) = 0 then p.amount end as paid_amount,
        case when coalesce(s.suspect_count_before, 0) = 0 then p.amount_before end as paid_amount_before,
        coalesce(n.months_used, p.long_months, 0) as months_used,
        coalesce(n.months_used_before, p.long_months_before, 0) as months_used_before,
        r.amount as received_amount,
        r.amount_before as received_amount_before,
        coalesce(s.suspect_count, 0) as suspect_count,
        coalesce(n.months_used, p.long_months, 0) = coalesce(n.months_used_before, p.long_months_before, 0)
        and p.amount is not null and p.amount_before is not null
        and s.enterprise_id is null and x.month_number is null as is_comparable,
        s.enterprise_id is null and y.month_number is null and coalesce(b.first_number <= t.believed_number - 23, false)
            as is_received_comparable
    from kind as k
    inner join twelve_months as t on k.enterprise_id = t.enterprise_id
    cross join books as b
    left join paid_total as p on k.enterprise_id = p.enterprise_id and k.tax_kind_code = p.tax_kind_code
    left join kind_months as n on k.enterprise_id = n.enterprise_id and k.tax_kind_code = n.tax_kind_code
    left join received_total as r on k.enterprise_id = r.enterprise_id and k.tax_kind_code = r.tax_kind_code
    left join suspect as s on k.enterprise_id = s.enterprise_id
    left join provisional_end as x on t.until_number = x.month_number
    left join provisional_end as y on t.believed_number = y.month_number
)

select
    f.enterprise_id,
    f.tax_kind_code,
    cast(f.paid_amount as decimal(30, 2)) as tax_paid_12m_amount,
    cast(f.paid_amount_before as decimal(30, 2)) as tax_paid_12m_amount_before,
    cast(b.month - interval '1' month * (f.believed_number - f.until_number) as date) as tax_paid_12m_until_month,
    case when f.is_comparable then growth_pct(f.paid_amount, f.paid_amount_before) end as tax_paid_12m_change_pct,
    cast(f.months_used as integer) as months_used,
    cast(f.months_used_before as integer) as months_used_before,
    f.is_comparable,
    cast(f.received_amount as decimal(30, 2)) as tax_received_12m_amount,
    cast(f.received_amount_before as decimal(30, 2)) as tax_received_12m_amount_before,
    b.month as tax_received_12m_until_month,
    case when f.is_received_comparable then growth_pct(f.received_amount, f.received_amount_before) end
        as tax_received_12m_change_pct,
    cast(f.suspect_count as bigint) as suspect_value_count,
    concat(r.version, '; ', v.version) as rule_version
from figure as f
cross join rules.tax_12m_limit as r
cross join rules.plausibility_limit as v
inner join monthly.month as b on f.believed_number = b.month_number
