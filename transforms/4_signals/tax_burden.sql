-- title: Effective tax burden | 税负率
-- one row is: one enterprise with both sales and tax of the same periods within the last 24 months that can be believed
--   | 一家最近24个月内有同期可信销售额与税款的企业
-- answers: what part of its taxable sales does this enterprise pay in tax, and is that more or less than a year ago?
--   | 这家企业缴税占应税销售额多少，比一年前高还是低？
-- key: enterprise_id
-- rules: Tax paid by period (所属期口径) over taxable sales, added over the periods of the 12 months up to `month` for
--   which both are there; months_used says how many months these are. Tax and sales are the series of signals.signal:
--   who files sales by the month and tax by the quarter is compared by the quarter, and a quarter counts only where
--   all its months are there. Refunds are taken off, so the share may be negative. Neither provisional months nor
--   suspect values (signals.plausibility) are used. Below rules/tax_burden.yml: months_min, or without sales, no share
--   is stated.
--   | 最近12个月内销售额与税款同期都有的所属期，实缴税额（所属期口径）合计除以应税销售额合计；所用月数注明有几个月。税款和销售额取
--   自“监测指标”：按月报销售额而按季缴税的，按季比较，且季内各月须齐全。已扣退税，因此可以为负。不采用暂定月份和异
--   常值。月数不足规则下限或没有销售额的不计算。
-- known gaps: Annual settlements of corporate income tax are in no month's tax and not in the share. Not a tax rate:
--   of exporters, start-ups and firms with losses it says little. Sales are those that returns state: exempt sales may
--   be missing.
--   | 企业所得税汇算清缴不在任何月份，也不在税负率中。它不是税率：对出口企业、初创企业和亏损企业意义不大。销售额为申报
--   所载，免税销售可能缺。
-- column months_used: months of the last 12 of which both sales and tax are used | 税负所用月数 最近12个月中销售额与税款都用到的月数
-- column months_used_before: months of the 12 before of which both sales and tax are used
--   | 上年税负所用月数 再往前12个月中销售额与税款都用到的月数
-- rebuild: by_enterprise
-- checked by: tests/models/signals.tax_burden
with believed_month as (
    select
        subject,
        month
    from monthly.provisional_month
    where subject in ('tax_payment', 'tax_filing') and not is_provisional
),

-- the last month in which both can be believed
last_month as (
    select
        coalesce(
            max(case when p.month is not null and f.month is not null then m.month_number end), max(m.month_number)
        ) as month_number
    from monthly.month as m
    left join believed_month as p on m.month = p.month and p.subject = 'tax_payment'
    left join believed_month as f on m.month = f.month and f.subject = 'tax_filing'
),

believed_value as (
    select
        s.enterprise_id,
        s.signal_code,
        s.month_number,
        s.period_months,
        s.value
    from signals.signal as s
    cross join last_month as e
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    where
        s.signal_code in ('sales', 'tax')
        and not s.is_provisional
        and p.enterprise_id is null
        and s.month_number > e.month_number - 24 - 12
        and s.month_number <= e.month_number
),

-- the longer of both series' periods
common_period as (
    select
        enterprise_id,
        max(period_months) as common_months
    from believed_value
    group by enterprise_id
    having count(distinct signal_code) = 2
),

period_part as (
    select
        b.enterprise_id,
        c.common_months,
        cast(ceil(b.month_number / nullif(c.common_months, 0)) * c.common_months as integer) as end_number,
        sum(case when b.signal_code = 'sales' then b.value end) as sales_amount,
        sum(case when b.signal_code = 'tax' then b.value end) as tax_amount,
        sum(case when b.signal_code = 'sales' then b.period_months else 0 end) as sales_months,
        sum(case when b.signal_code = 'tax' then b.period_months else 0 end) as tax_months
    from believed_value as b
    inner join common_period as c on b.enterprise_id = c.enterprise_id
    group by
        b.enterprise_id,
        c.common_months,
        cast(ceil(b.month_number / nullif(c.common_months, 0)) * c.common_months as integer)
),

burden_sum as (
    select
        b.enterprise_id,
        e.month_number,
        max(b.common_months) as period_months,
        sum(case when b.end_number > e.month_number - 12 then b.tax_amount end) as tax_amount,
        sum(case when b.end_number > e.month_number - 12 then b.sales_amount end) as sales_amount,
        sum(case when b.end_number > e.month_number - 12 then b.common_months else 0 end) as months_used,
        sum(case when b.end_number <= e.month_number - 12 then b.tax_amount end) as tax_amount_before,
        sum(case when b.end_number <= e.month_number - 12 then b.sales_amount end) as sales_amount_before,
        sum(case when b.end_number <= e.month_number - 12 then b.common_months else 0 end) as months_used_before
    from period_part as b
    cross join last_month as e
    where
        b.sales_months = b.common_months and b.tax_months = b.common_months
        and b.end_number > e.month_number - 24 and b.end_number <= e.month_number
    group by b.enterprise_id, e.month_number
)

select
    a.enterprise_id,
    m.month,
    cast(a.period_months as integer) as period_months,
    cast(a.tax_amount as decimal(30, 2)) as burden_tax_amount,
    cast(a.sales_amount as decimal(30, 2)) as burden_sales_amount,
    cast(a.months_used as integer) as months_used,
    cast(case
        when a.months_used >= r.months_min and a.sales_amount > 0 then 100 * a.tax_amount / nullif(a.sales_amount, 0)
    end as decimal(30, 2)) as tax_burden_pct,
    cast(a.months_used_before as integer) as months_used_before,
    cast(case
        when a.months_used_before >= r.months_min and a.sales_amount_before > 0
            then 100 * a.tax_amount_before / nullif(a.sales_amount_before, 0)
    end as decimal(30, 2)) as tax_burden_pct_before,
    concat(r.version, '; ', v.version) as rule_version
from burden_sum as a
inner join monthly.month as m on a.month_number = m.month_number
cross join rules.tax_burden as r
cross join rules.plausibility_limit as v
