-- title: Usual wage per head by industry | 行业人均缴费工资
-- one row is: one industry division with enough enterprises, or the whole park | 企业数足够的一个行业大类，或全园
-- answers: what does an insured person usually earn in this industry? | 该行业人均缴费工资一般是多少？
-- key: part_code
-- rules:
--   * The middle wage per head of all enterprises and months of the last complete calendar year; of the whole
--     calendar, where no year is complete. Rounded to two digits, so that it seldom changes.
--   * An industry needs industry_enterprises_min enterprises (rules/plausibility.yml); others use the row `park`.
--   | * 取最近一个完整年度全部企业各月人均缴费工资的中位数，保留两位有效数字；无完整年度时取全部月份。
--   * 企业数不足的行业（rules/plausibility.yml）用全园数（park）。
-- known gaps: The industry is the registered one. Enterprises without one count for the park alone.
--   | 行业按登记行业；无登记行业的企业只计入全园。
-- column part_code: two digits of GB/T 4754, or park | 行业大类代码 GB/T 4754两位代码；park为全园
-- column wage_per_head_amount: middle wage per head of the year, yuan a month | 人均缴费工资 该年各月人均缴费工资的中位数，单位：元/月
-- checked by: tests/models/monthly.industry_wage
with -- twelve complete months of a calendar year, the last such; else the whole calendar
wage_year as (
    select
        coalesce(
            max(case when month(month) = 12 and month_number - 11 >= first_number then year(month) end), 0
        ) as year_number
    from (
        select
            month,
            month_number,
            min(month_number) over () as first_number,
            max(case when is_last_month then month_number end) over () as last_number
        from monthly.month
    ) as calendar
    where month_number <= last_number
),

wage_month as (
    select
        h.enterprise_id,
        h.wage_per_head_amount,
        case
            when regexp_extract(e.industry_code, '[0-9][0-9]') between '01' and '97'
                then regexp_extract(e.industry_code, '[0-9][0-9]')
        end as division_code
    from monthly.headcount as h
    inner join resolved.enterprise as e on h.enterprise_id = e.enterprise_id
    cross join wage_year as y
    where h.wage_per_head_amount > 0 and (year(h.month) = y.year_number or y.year_number = 0)
),

part_month as (
    select
        'park' as part_code,
        enterprise_id,
        wage_per_head_amount
    from wage_month
    union all
    select
        division_code as part_code,
        enterprise_id,
        wage_per_head_amount
    from wage_month
    where division_code is not null
),

ranked_month as (
    select
        part_code,
        wage_per_head_amount,
        row_number() over (partition by part_code order by wage_per_head_amount asc) as row_rank,
        count(*) over (partition by part_code) as value_count
    from part_month
),

part as (
    select
        part_code,
        count(distinct enterprise_id) as enterprise_count
    from part_month
    group by part_code
),

-- with the power of ten that leaves two digits
middle as (
    select
        p.part_code,
        k.wage_per_head_amount,
        power(10, floor(log10(k.wage_per_head_amount)) - 1) as step
    from part as p
    inner join ranked_month as k on p.part_code = k.part_code and k.row_rank = ceil(k.value_count / 2)
    cross join rules.plausibility_limit as u
    where p.part_code = 'park' or p.enterprise_count >= u.industry_enterprises_min
)

select
    part_code,
    cast(round(wage_per_head_amount / nullif(step, 0)) * step as decimal(30, 2)) as wage_per_head_amount
from middle
