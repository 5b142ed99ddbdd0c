-- title: Headcount against wages | 人数与工资核对
-- one row is: one enterprise in one month, and one way in which its headcount and its wages do not fit together
--   | 一家企业一个月内人数与缴费工资的一种不符
-- answers: which headcounts do the wages of the same report contradict, and which should not be believed?
--   | 哪些参保人数与同期申报的工资矛盾，哪些不可采信？
-- key: enterprise_id, month, finding_code
-- rules:
--   * wage_level: the headcount is off while the wages are not (signals.wage_level). Suspect.
--   * equals_wages: the headcount is the wages in yuan, of equal_people_min or more. Suspect.
--   * wages_without_staff: zero people insured and wages reported. Suspect between months with staff; before the
--     first and after the last it is what is paid early or late, and only noted.
--   * staff_without_wages: staff and no wages, of an enterprise that reports wages in other months. Only noted: the
--     wages are missing, the staff is there.
--   * same_headcount: the same headcount of same_people_min or more for same_months or more, while the wages of a
--     month moved by same_wage_heads heads' wages beyond their usual course, or by same_wage_pct in all. Only noted:
--     the report is copied, and its size is about right.
--   * A suspect headcount is in signals.plausibility too, and so in no total, flow, growth or assessment.
--   * Limits: rules/plausibility.yml.
--   | * 人数突变而工资未变：见工资未随之变化的参保人数，存疑。
--   * 人数等于工资：参保人数与工资总额（元）相同，疑错列，存疑。
--   * 有工资无人数：处于有人数的月份之间时存疑；在首次之前或末次之后视为预发或补发，仅提示。
--   * 有人数无工资：其他月份报有工资的企业，该月漏报工资，仅提示。
--   * 人数长期不变：50人以上连续6个月以上人数相同而工资有变动，疑照抄上月，规模大致可信，仅提示。
--   * 存疑的人数同时列入指标合理性，不计入任何合计、进出、增长和评估。
-- known gaps: Of an enterprise with several units only the sums are compared, so that wages which one unit leaves
--   out are not noted. Where neither wages nor staff moved, the same headcount is not noted.
--   | 多个参保单位只比较合计数，个别单位漏报工资的不提示；工资也未变动的，人数不变不提示。
-- column since_month: first of the months in a row that show it | 起始月份 连续不符的首月
-- column until_month: last of the months in a row that show it | 截止月份 连续不符的末月
-- column month_count: months in a row that show it | 连续月数 连续不符的月数
-- rebuild: by_enterprise
-- checked by: tests/models/signals.wage_check
with rule as (
    select
        version,
        equal_people_min,
        same_months,
        same_people_min,
        spike_gap_periods,
        same_wage_heads,
        positive_log(1 + same_wage_pct / 100.0) as same_wage_limit
    from rules.plausibility_limit
),

staff_month as (
    select
        s.enterprise_id,
        s.month,
        s.month_number,
        s.period_months,
        h.insured_headcount,
        h.wage_amount,
        h.wage_per_head_amount,
        positive_log(h.waged_headcount) as staff_log,
        positive_log(h.wage_per_head_amount) as pay_log
    from signals.signal as s
    inner join monthly.headcount as h on s.enterprise_id = h.enterprise_id and s.month = h.month
    where s.signal_code = 'headcount'
),

life as (
    select
        enterprise_id,
        min(case when insured_headcount > 0 then month_number end) as first_staffed_number,
        max(case when insured_headcount > 0 then month_number end) as last_staffed_number,
        max(insured_headcount) as greatest_headcount,
        max(pay_log) as greatest_pay_log
    from staff_month
    group by enterprise_id
),

-- staff is the wages of the next column
equal_month as (
    select
        s.enterprise_id,
        s.month,
        'equals_wages' as finding_code,
        true as is_suspect
    from staff_month as s
    cross join rule as u
    where s.insured_headcount >= u.equal_people_min and abs(s.insured_headcount - s.wage_amount) < 1
),

-- zero people insured, but wages paid
unstaffed_month as (
    select
        s.enterprise_id,
        s.month,
        'wages_without_staff' as finding_code,
        coalesce(
            s.month_number > l.first_staffed_number and s.month_number < l.last_staffed_number, false
        ) as is_suspect
    from staff_month as s
    inner join life as l on s.enterprise_id = l.enterprise_id
    where s.insured_headcount = 0 and s.wage_amount > 0
),

unpaid_month as (
    select
        s.enterprise_id,
        s.month,
        'staff_without_wages' as finding_code,
        false as is_suspect
    from staff_month as s
    inner join life as l on s.enterprise_id = l.enterprise_id
    where s.insured_headcount > 0 and coalesce(s.wage_amount, 0) = 0 and l.greatest_pay_log is not null
),

-- a month that never came, or could not be read, does not interrupt the same number
large_month as (
    select
        s.enterprise_id,
        s.month,
        s.month_number,
        s.insured_headcount,
        s.insured_headcount = lag(s.insured_headcount) over by_month
        and s.month_number <= lag(s.month_number) over by_month + u.spike_gap_periods as is_same,
        case
            when s.month_number = lag(s.month_number) over by_month + 1
                then s.staff_log + s.pay_log - lag(s.staff_log + s.pay_log) over by_month
        end as wages_step
    from staff_month as s
    inner join life as l on s.enterprise_id = l.enterprise_id
    cross join rule as u
    where l.greatest_headcount >= u.same_people_min and s.period_months = 1
    window by_month as (partition by s.enterprise_id order by s.month_number)
),

same_month as (
    select
        enterprise_id,
        month,
        insured_headcount,
        case when is_same then wages_step end as wages_step,
        sum(case when is_same then 0 else 1 end) over (partition by enterprise_id order by month_number) as run_number
    from large_month
),

same_step as (
    select
        *,
        avg(wages_step) over (partition by enterprise_id, run_number) as mean_step,
        sum(wages_step) over (partition by enterprise_id, run_number) as whole_step,
        count(*) over (partition by enterprise_id, run_number) as month_count
    from same_month
),

same_run as (
    select
        s.enterprise_id,
        s.run_number,
        min(s.month) as since_month,
        max(s.month) as until_month,
        count(*) as month_count
    from same_step as s
    cross join rule as u
    where s.month_count >= u.same_months and s.insured_headcount >= u.same_people_min
    group by s.enterprise_id, s.run_number, u.same_wage_heads, u.same_wage_limit
    having
        max(abs(s.wages_step - s.mean_step) * s.insured_headcount) >= u.same_wage_heads
        or max(abs(s.whole_step)) >= u.same_wage_limit
),

found_month as (
    select
        enterprise_id,
        month,
        'wage_level' as finding_code,
        true as is_suspect,
        since_month,
        until_month,
        month_count
    from signals.wage_level
    union all
    select
        m.enterprise_id,
        m.month,
        'same_headcount' as finding_code,
        false as is_suspect,
        r.since_month,
        r.until_month,
        r.month_count
    from same_run as r
    inner join same_month as m on r.enterprise_id = m.enterprise_id and r.run_number = m.run_number
    union all
    select
        f.*,
        f.month as since_month,
        f.month as until_month,
        1 as month_count
    from (
        select * from equal_month
        union all
        select * from unstaffed_month
        union all
        select * from unpaid_month
    ) as f
),

-- the code as a column: as a condition it would compare every row with every other
level_month as (
    select
        *,
        'wage_level' as finding_code
    from signals.wage_level
),

finding_words as (
    select
        f.*,
        s.insured_headcount,
        s.wage_amount,
        s.wage_per_head_amount,
        v.usual_wage_per_head_amount,
        v.industry_wage_per_head_amount,
        number_text(s.insured_headcount) as headcount_text,
        number_text(s.wage_amount) as wage_text,
        number_text(s.wage_per_head_amount) as pay_text,
        number_text(v.usual_wage_per_head_amount) as usual_text,
        number_text(v.industry_wage_per_head_amount) as industry_text,
        number_text(v.before_headcount) as before_text,
        number_text(v.after_headcount) as after_text,
        cast(f.month_count as varchar) as count_text,
        substr(cast(f.since_month as varchar), 1, 7) as since_text,
        g.name_en,
        g.name_zh,
        g.unit_zh
    from found_month as f
    inner join staff_month as s on f.enterprise_id = s.enterprise_id and f.month = s.month
    inner join rules.signal as g on g.signal_code = 'headcount'
    left join level_month as v
        on f.enterprise_id = v.enterprise_id and f.month = v.month and f.finding_code = v.finding_code
)

select
    w.enterprise_id,
    w.month,
    w.finding_code,
    w.is_suspect,
    w.insured_headcount,
    w.wage_amount,
    w.wage_per_head_amount,
    w.usual_wage_per_head_amount,
    w.industry_wage_per_head_amount,
    w.since_month,
    w.until_month,
    cast(w.month_count as integer) as month_count,
    case w.finding_code
        when 'wage_level'
            then filled(
                t.wage_level_en, 'name', w.name_en, 'headcount', w.headcount_text, 'month', w.since_text,
                'around',
                concat(filled(t.before_en, 'headcount', w.before_text), filled(t.after_en, 'headcount', w.after_text)),
                'pay', w.pay_text, 'usual', w.usual_text,
                'industry', coalesce(filled(t.industry_en, 'pay', w.industry_text), '')
            )
        when 'equals_wages'
            then filled(t.equals_wages_en, 'name', w.name_en, 'headcount', w.headcount_text, 'wages', w.wage_text)
        when 'wages_without_staff' then filled(t.wages_without_staff_en, 'wages', w.wage_text, 'name', w.name_en)
        when
            'staff_without_wages'
            then filled(t.staff_without_wages_en, 'name', w.name_en, 'headcount', w.headcount_text)
        when 'same_headcount'
            then filled(
                t.same_headcount_en, 'name', w.name_en, 'headcount', w.headcount_text, 'months', w.count_text,
                'month', w.since_text
            )
    end as evidence,
    case w.finding_code
        when 'wage_level'
            then filled(
                filled(
                    t.wage_level_zh,
                    'around',
                    concat(
                        filled(t.before_zh, 'headcount', w.before_text), filled(t.after_zh, 'headcount', w.after_text)
                    ),
                    'industry', coalesce(filled(t.industry_zh, 'pay', w.industry_text), '')
                ),
                'name', w.name_zh, 'headcount', w.headcount_text, 'month', w.since_text, 'pay', w.pay_text,
                'usual', w.usual_text, 'unit', w.unit_zh
            )
        when 'equals_wages'
            then filled(t.equals_wages_zh, 'name', w.name_zh, 'headcount', w.headcount_text, 'wages', w.wage_text)
        when 'wages_without_staff' then filled(t.wages_without_staff_zh, 'wages', w.wage_text, 'name', w.name_zh)
        when 'staff_without_wages'
            then filled(t.staff_without_wages_zh, 'name', w.name_zh, 'headcount', w.headcount_text, 'unit', w.unit_zh)
        when 'same_headcount'
            then filled(
                t.same_headcount_zh, 'name', w.name_zh, 'headcount', w.headcount_text, 'months', w.count_text,
                'month', w.since_text, 'unit', w.unit_zh
            )
    end as evidence_zh,
    u.version as rule_version
from finding_words as w
cross join rule as u
cross join rules.wage_check_words as t
