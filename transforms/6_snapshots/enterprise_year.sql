-- title: Enterprise by year | 企业年度汇总
-- one row is: one enterprise in one complete calendar year of which a silo has a figure of it
--   | 一家企业有数据的一个完整自然年度
-- answers: what did it pay, sell, employ, lease and use in the year, on how much land, and how much more
--   than in the year before?
--   | 这家企业全年缴税、销售、用工、租赁、用电各多少，占用多少地，比上年增长百分之几？
-- key: enterprise_id, year_number
-- rules: Only years of which every month is in monthly.month.
--   * Tax paid (所属期口径) and sales: all periods that end in the year, annual settlements among them. Per-mu scores use
--     this tax.
--   * Tax received (入库，已扣退税): by the day of payment, whatever period it is for.
--   * Electricity: over the year. Headcount: mean of the months reported. Leased area: mean over twelve months, months
--     without a lease count as 0.
--   * Land: each month's leased area by building divided by its plot ratio (monthly.building), in mu.
--   * A figure with a suspect value in it (signals.plausibility) is empty; suspect_value_count counts them.
--     is_provisional: a month of the year is, for tax, staff or meters.
--   * …_change_12m_pct: (this year - year before) / year before, per cent. Empty where the year before is missing,
--     zero or negative. Of tax, sales, area and electricity also empty where the two years cover unlike numbers of
--     months: part of a year is no base for a whole one.
--   | 只含月份齐全的年度。
--   * 实缴税额（所属期口径）与销售额：所属期止于当年的全部所属期，含汇算清缴；亩均评价采用此税额。
--   * 入库税额：按入库日期统计，不论所属期，已扣退税。
--   * 用电为全年合计；人数为有数月份的平均；面积为十二个月平均，无租约的月份按零计。
--   * 用地：各月各楼栋租赁面积除以该楼容积率，折算为亩。
--   * 同比增长率＝（本年−上年）÷上年×100；上年无数、为零、为负的为空；税额、销售额、面积、用电两年有数月数不同的也为空。
--   * 含异常值的数为空，个数另列；有月份为暂定的，年度标为暂定。
-- known gaps: The settlement of a year is due by 31 May of the next: before, the tax paid of the year is without it,
--   and so are the per-mu scores. Land is calculated, not measured: an enterprise that owns land has it only as far as
--   it leases. Of an enterprise that came or left within the year, tax and sales are of some months, and so is the mean
--   of its area.
--   | 汇算清缴次年5月31日前申报，此前该年实缴税额和亩均得分不含汇缴；用地为折算数，自有土地的只按租赁面积计；年内迁入或迁出的，
--   税额、销售额和平均面积只含部分月份。
-- column tax_paid_amount: tax of all kinds paid for periods that end in the year, yuan
--   | 年实缴税额（所属期口径） 所属期止于当年的实缴税额，已扣退税，含当年汇算清缴，单位：元
-- column tax_received_amount: tax of all kinds received less refunds on the days of the year, yuan
--   | 年入库税额（已扣退税） 当年入库的税款，不论所属期，已扣退税，单位：元
-- column electricity_kwh: electricity used in the year, kWh | 年用电量 全年用电量，单位：千瓦时
-- column tax_change_12m_pct: tax paid for the year against the year before, per cent | 年实缴税额同比增长率 本年比上年，%
-- column tax_received_change_12m_pct: tax received in the year against the year before, per cent
--   | 年入库税额同比增长率 本年比上年，%
-- column sales_change_12m_pct: sales of the year against the year before, per cent | 年销售额同比增长率 本年比上年，%
-- column headcount_change_12m_pct: mean headcount of the year against the year before, per cent
--   | 年均参保人数同比增长率 本年比上年，%
-- column leased_area_change_12m_pct: mean leased area of the year against the year before, per cent
--   | 年均租赁面积同比增长率 本年比上年，%
-- column electricity_change_12m_pct: electricity of the year against the year before, per cent
--   | 年用电量同比增长率 本年比上年，%
-- rebuild: by_enterprise
-- checked by: tests/models/snapshots.enterprise_year
with whole_year as (
    select year(month) as year_number
    from monthly.month
    group by year(month)
    having count(*) = 12
),

figure as (
    select
        enterprise_id,
        year(month) as year_number,
        'tax' as signal_code,
        sum(paid_amount) as value,
        -- months from the first period's first to the last one's last; an annual settlement says nothing of them
        coalesce(
            max(case when period_months < 12 then month_number(month) end)
            - min(case when period_months < 12 then month_number(month) - period_months end),
            12
        ) as covered_months,
        cast(null as double) as land_mu
    from monthly.tax
    group by enterprise_id, year(month)
    union all
    select
        enterprise_id,
        year(month) as year_number,
        'tax_received' as signal_code,
        sum(received_amount) as value,
        cast(null as bigint) as covered_months,
        cast(null as double) as land_mu
    from monthly.tax_receipt
    group by enterprise_id, year(month)
    union all
    select
        enterprise_id,
        year(month) as year_number,
        'sales' as signal_code,
        sum(sales_amount) as value,
        coalesce(
            max(case when period_months < 12 then month_number(month) end)
            - min(case when period_months < 12 then month_number(month) - period_months end),
            12
        ) as covered_months,
        cast(null as double) as land_mu
    from monthly.sales
    group by enterprise_id, year(month)
    union all
    select
        enterprise_id,
        year(month) as year_number,
        'headcount' as signal_code,
        avg(insured_headcount) as value,
        cast(null as bigint) as covered_months,
        cast(null as double) as land_mu
    from monthly.headcount
    group by enterprise_id, year(month)
    union all
    select
        enterprise_id,
        year(month) as year_number,
        'electricity' as signal_code,
        sum(used_quantity) as value,
        count(distinct month) as covered_months,
        cast(null as double) as land_mu
    from monthly.utility
    where utility_code = 'electricity'
    group by enterprise_id, year(month)
    union all
    select
        b.enterprise_id,
        year(b.month) as year_number,
        'leased_area' as signal_code,
        sum(b.leased_area_m2) / 12 as value,
        count(distinct b.month) as covered_months,
        sum(b.leased_area_m2 / nullif(coalesce(o.plot_ratio, p.plot_ratio), 0)) / 12 / nullif(max(r.m2_per_mu), 0)
            as land_mu
    from monthly.lease_building as b
    cross join rules.land_limit as r
    left join rules.land as p on p.building_code is null
    left join monthly.building as o on b.building_code = o.building_code
    group by b.enterprise_id, year(b.month)
),

suspect as (
    select
        enterprise_id,
        year(month) as year_number,
        signal_code,
        count(*) as suspect_value_count
    from signals.plausibility
    where signal_code in ('tax', 'sales', 'headcount', 'electricity', 'leased_area')
    group by enterprise_id, year(month), signal_code
),

doubtful_year as (
    select year(month) as year_number
    from monthly.provisional_month
    where is_provisional and subject in ('tax_payment', 'tax_filing', 'employment', 'utility_use')
    group by year(month)
),

enterprise_year as (
    select
        f.enterprise_id,
        f.year_number,
        cast(
            max(case when f.signal_code = 'tax' and s.enterprise_id is null then f.value end) as decimal(30, 2)
        ) as tax_amount,
        cast(
            max(case when f.signal_code = 'tax_received' then f.value end) as decimal(30, 2)
        ) as tax_received_amount,
        cast(
            max(case when f.signal_code = 'sales' and s.enterprise_id is null then f.value end) as decimal(30, 2)
        ) as sales_amount,
        cast(
            max(case when f.signal_code = 'headcount' and s.enterprise_id is null then f.value end) as decimal(30, 2)
        ) as headcount,
        cast(
            max(case when f.signal_code = 'leased_area' and s.enterprise_id is null then f.value end) as decimal(30, 2)
        ) as leased_area_m2,
        max(case when s.enterprise_id is null then f.land_mu end) as land_mu,
        cast(
            max(case when f.signal_code = 'electricity' and s.enterprise_id is null then f.value end) as decimal(30, 3)
        ) as electricity_kwh,
        max(case when f.signal_code = 'tax' then f.covered_months end) as tax_months,
        max(case when f.signal_code = 'sales' then f.covered_months end) as sales_months,
        max(case when f.signal_code = 'leased_area' then f.covered_months end) as leased_area_months,
        max(case when f.signal_code = 'electricity' then f.covered_months end) as electricity_months,
        coalesce(sum(s.suspect_value_count), 0) as suspect_value_count
    from figure as f
    inner join whole_year as w on f.year_number = w.year_number
    left join suspect as s
        on f.enterprise_id = s.enterprise_id and f.year_number = s.year_number and f.signal_code = s.signal_code
    where f.value is not null
    group by f.enterprise_id, f.year_number
),

with_year_before as (
    select
        *,
        first_value(tax_amount) over year_before as tax_amount_before,
        first_value(tax_received_amount) over year_before as tax_received_amount_before,
        first_value(sales_amount) over year_before as sales_amount_before,
        first_value(headcount) over year_before as headcount_before,
        first_value(leased_area_m2) over year_before as leased_area_m2_before,
        first_value(electricity_kwh) over year_before as electricity_kwh_before,
        first_value(tax_months) over year_before as tax_months_before,
        first_value(sales_months) over year_before as sales_months_before,
        first_value(leased_area_months) over year_before as leased_area_months_before,
        first_value(electricity_months) over year_before as electricity_months_before
    from enterprise_year
    window year_before as (
        partition by enterprise_id order by year_number range between 1 preceding and 1 preceding
    )
)

select
    a.enterprise_id,
    cast(a.year_number as integer) as year_number,
    a.tax_amount as tax_paid_amount,
    case when a.tax_months = a.tax_months_before then growth_pct(a.tax_amount, a.tax_amount_before) end
        as tax_change_12m_pct,
    a.tax_received_amount,
    case
        when a.tax_months = a.tax_months_before then growth_pct(a.tax_received_amount, a.tax_received_amount_before)
    end as tax_received_change_12m_pct,
    a.sales_amount,
    case when a.sales_months = a.sales_months_before then growth_pct(a.sales_amount, a.sales_amount_before) end
        as sales_change_12m_pct,
    a.headcount as mean_headcount,
    growth_pct(a.headcount, a.headcount_before) as headcount_change_12m_pct,
    a.leased_area_m2 as mean_leased_area_m2,
    case
        when a.leased_area_months = a.leased_area_months_before
            then growth_pct(a.leased_area_m2, a.leased_area_m2_before)
    end as leased_area_change_12m_pct,
    cast(a.land_mu as decimal(30, 4)) as land_mu,
    a.electricity_kwh,
    case
        when a.electricity_months = a.electricity_months_before
            then growth_pct(a.electricity_kwh, a.electricity_kwh_before)
    end as electricity_change_12m_pct,
    cast(a.suspect_value_count as bigint) as suspect_value_count,
    d.year_number is not null as is_provisional,
    o.as_of,
    concat(r.version, '; ', v.version) as rule_version
from with_year_before as a
cross join rules.land_limit as r
cross join rules.plausibility_limit as v
cross join ops.night as o
left join doubtful_year as d on a.year_number = d.year_number
