-- title: Headcounts that wages do not follow | 工资未随之变化的参保人数
-- one row is: one enterprise in one month with a headcount that is off and wages that are not
--   | 一家企业参保人数突变而工资未变的一个月
-- answers: which headcounts are the group's, or of a part of the staff, by the wages of the same report?
--   | 从同期工资看，哪些月份报的是集团人数或部分人数？
-- key: enterprise_id, month
-- rules:
--   * A month is off where its wage per head is wage_ratio times the usual one or more, or as small a part of it.
--     Wages are the middle of three months, so that a bonus is none.
--   * Usual is the level of wage per head that holds in most months, unless another one fits the industry
--     (monthly.industry_wage) so much better that this outweighs its fewer months.
--   * Months in a row that are off on one side have a row if their headcount differs as much from that of the usual
--     months right before and right after, by wage_people_min people or more, and the wages go no more than
--     wage_follow_pct of the way. At the start or end of the series one side is enough. Length does not matter.
--   * No row where wages move with the staff (hiring, seasons, a merger, a payroll moved to an agency), or where
--     wages move alone (a rise, a bonus).
--   * A month without wages, with a headcount like that of such months beside it, goes with them.
--   * A yearly count is of one day, its wages of the whole year: from wage_ratio_yearly on, and only between two
--     years.
--   * Limits: rules/plausibility.yml.
--   | * 人均工资为通常水平的1.5倍以上或不足其1.5分之一的月份为异常；工资取前后三个月的中间值，不受一次性奖金影响。
--   * 通常水平：多数月份所在的水平；若另一水平与行业相符得多，足以抵过月份较少，则取后者。
--   * 连续异常的月份，人数较前后正常月份同样偏离1.5倍以上且至少10人，而工资总额未随之变化的，列入；序列首尾只与一侧比较；不论长短。
--   * 工资随人数变化（招聘、季节、合并、转劳务派遣）或只是工资变化（调薪、奖金）的，不列入。
--   * 相邻月份中人数相近而无工资的，一并列入。年度数须前后都有年份，且偏离2倍以上。
-- example: 40 people at 6,000 yuan each, then 280 for 6 months with the same wages (857 a head), then 35: six rows.
--   | 40人，人均6000元；其后6个月报280人而工资总额不变（人均857元），再降为35人：列入6行。
-- known gaps: An enterprise with the wrong headcount in all months has no row. Where fewer or more people come to
--   earn the same in all, that reads as off. Where wages follow the staff a month late, the newest month has a row
--   until the next is in.
--   | 全部月份均错报的不列入；人数变化而工资总额恰好不变的会被列入；工资滞后一个月的，最新月份在下月报出前列入。
-- column before_headcount: mean of the usual months right before | 此前人数 之前正常月份的平均参保人数，单位：人
-- column after_headcount: mean of the usual months right after | 此后人数 之后正常月份的平均参保人数，单位：人
-- column since_month: first of the months in a row | 起始月份 连续异常的首月
-- column until_month: last of the months in a row | 截止月份 连续异常的末月
-- column month_count: months in a row, without those that have no wages | 连续月数 连续异常的月数，不含无工资的月份
-- rebuild: by_enterprise
-- checked by: tests/models/signals.wage_level, tests/transforms/test_wage_level.py
with rule as (
    select
        version,
        positive_log(wage_ratio) as wage_limit,
        positive_log(wage_ratio_yearly) as wage_limit_yearly,
        wage_people_min,
        wage_follow_pct / 100.0 as follow_share,
        wage_reference_months,
        months_weight,
        industry_spread
    from rules.plausibility_limit
),

reported_month as (
    select
        s.enterprise_id,
        s.month,
        s.month_number,
        s.period_months,
        h.insured_headcount,
        h.wage_amount,
        h.wage_per_head_amount,
        positive_log(h.waged_headcount) as staff_log,
        positive_log(h.waged_headcount) + positive_log(h.wage_per_head_amount) as wages_log
    from signals.signal as s
    inner join monthly.headcount as h on s.enterprise_id = h.enterprise_id and s.month = h.month
    where s.signal_code = 'headcount'
),

-- wages of the month before and after; of the first month those of the two after it, of the last of the two before
neighbour_month as (
    select
        *,
        coalesce(lag(wages_log) over by_month, lead(wages_log, 2) over by_month, wages_log) as last_wages_log,
        coalesce(lead(wages_log) over by_month, lag(wages_log, 2) over by_month, wages_log) as next_wages_log
    from reported_month
    where wages_log is not null
    window by_month as (partition by enterprise_id order by month_number)
),

-- the middle wages of three months, so that the bonus of one month is none; a year's wages are what they are
steady_month as (
    select
        *,
        case
            when period_months >= 12 then wages_log
            else greatest(
                least(last_wages_log, next_wages_log), least(greatest(last_wages_log, next_wages_log), wages_log)
            )
        end as steady_wages_log
    from neighbour_month
),

staff_month as (
    select
        *,
        steady_wages_log - staff_log as pay_log
    from steady_month
),

-- by their least and greatest wage per head alone, most enterprises can have no month that is far from usual
uneven_enterprise as (
    select s.enterprise_id
    from staff_month as s
    cross join rule as u
    group by s.enterprise_id, u.wage_limit
    having max(s.pay_log) - min(s.pay_log) >= u.wage_limit
),

paid_month as (
    select
        s.*,
        -- of two middle ones the higher wage: more people too many are reported than too few
        row_number() over (partition by s.enterprise_id order by s.pay_log desc, s.month_number asc) as row_rank,
        count(*) over (partition by s.enterprise_id) as month_count
    from staff_month as s
    inner join uneven_enterprise as n on s.enterprise_id = n.enterprise_id
),

middle as (
    select
        enterprise_id,
        pay_log
    from paid_month
    where row_rank = ceil(month_count / 2)
),

off_month as (
    select
        p.enterprise_id,
        p.pay_log,
        case when p.pay_log > m.pay_log then 1 else -1 end as side,
        row_number() over (
            partition by p.enterprise_id, p.pay_log > m.pay_log order by p.pay_log asc, p.month_number asc
        ) as row_rank,
        count(*) over (partition by p.enterprise_id, p.pay_log > m.pay_log) as month_count
    from paid_month as p
    inner join middle as m on p.enterprise_id = m.enterprise_id
    cross join rule as u
    where abs(p.pay_log - m.pay_log) >= u.wage_limit
),

-- the levels that may be the usual one: the middle of all months, of those far above it, of those far below it
level as (
    select
        enterprise_id,
        0 as side,
        pay_log
    from middle
    union all
    select
        enterprise_id,
        side,
        pay_log
    from off_month
    where row_rank = ceil(month_count / 2)
),

supported_level as (
    select
        v.enterprise_id,
        v.side,
        v.pay_log,
        sum(case when abs(p.pay_log - v.pay_log) < u.wage_limit then 1 else 0 end)
        / nullif(cast(count(*) as double), 0) as month_share
    from level as v
    inner join paid_month as p on v.enterprise_id = p.enterprise_id
    cross join rule as u
    group by v.enterprise_id, v.side, v.pay_log
),

park_wage as (
    select wage_per_head_amount
    from monthly.industry_wage
    where part_code = 'park'
),

industry as (
    select
        n.enterprise_id,
        coalesce(i.wage_per_head_amount, p.wage_per_head_amount) as wage_per_head_amount
    from uneven_enterprise as n
    left join resolved.enterprise as e on n.enterprise_id = e.enterprise_id
    left join monthly.industry_wage as i on regexp_extract(e.industry_code, '[0-9][0-9]') = i.part_code
    left join park_wage as p on true
),

ranked_level as (
    select
        v.enterprise_id,
        v.pay_log,
        row_number() over (
            partition by v.enterprise_id
            order by
                u.months_weight * positive_log(v.month_share) - coalesce(
                    power(v.pay_log - positive_log(i.wage_per_head_amount), 2)
                    / nullif(2 * power(u.industry_spread, 2), 0),
                    0
                ) desc,
                abs(v.side) asc,
                v.side desc
        ) as row_rank
    from supported_level as v
    cross join rule as u
    left join industry as i on v.enterprise_id = i.enterprise_id
),

-- below: 1 the wage per head is far below the usual one, -1 far above, 0 neither
sided_month as (
    select
        p.enterprise_id,
        p.month,
        p.month_number,
        p.period_months,
        p.staff_log,
        p.wages_log,
        p.steady_wages_log,
        v.pay_log as usual_log,
        case
            when v.pay_log - p.pay_log >= case when p.period_months >= 12 then u.wage_limit_yearly else u.wage_limit end
                then 1
            when p.pay_log - v.pay_log >= case when p.period_months >= 12 then u.wage_limit_yearly else u.wage_limit end
                then -1
            else 0
        end as below
    from paid_month as p
    inner join ranked_level as v on p.enterprise_id = v.enterprise_id and v.row_rank = 1
    cross join rule as u
),

turned_month as (
    select
        *,
        case
            when below = coalesce(lag(below) over (partition by enterprise_id order by month_number), 0) then 0 else 1
        end as is_turn
    from sided_month
),

numbered_month as (
    select
        *,
        sum(is_turn) over (partition by enterprise_id order by month_number) as run_number,
        sum(case when below = 0 then 1 else 0 end) over (partition by enterprise_id order by month_number)
            as usual_count
    from turned_month
),

run as (
    select
        enterprise_id,
        run_number,
        max(below) as below,
        max(period_months) as period_months,
        max(usual_count) as usual_count,
        min(month_number) as since_number,
        max(month_number) as until_number,
        min(month) as since_month,
        max(month) as until_month,
        count(*) as month_count,
        avg(staff_log) as staff_log,
        -- of three months or more without the bonus of one
        case when count(*) >= 3 then avg(steady_wages_log) else avg(wages_log) end as wages_log
    from numbered_month
    where below <> 0
    group by enterprise_id, run_number
),

-- the usual months right before and right after a run
reference as (
    select
        r.enterprise_id,
        r.run_number,
        m.usual_count > r.usual_count as is_after,
        avg(m.staff_log) as staff_log,
        avg(m.steady_wages_log) as wages_log
    from run as r
    cross join rule as u
    inner join numbered_month as m
        on
            r.enterprise_id = m.enterprise_id and m.below = 0
            and m.usual_count > r.usual_count - u.wage_reference_months
            and m.usual_count <= r.usual_count + u.wage_reference_months
    group by r.enterprise_id, r.run_number, m.usual_count > r.usual_count
),

-- staff moved and wages did not, against each side that there is
held_run as (
    select
        r.enterprise_id,
        r.run_number,
        r.since_number,
        r.until_number,
        r.since_month,
        r.until_month,
        r.month_count,
        r.staff_log,
        max(case when not f.is_after then exp(f.staff_log) end) as before_headcount,
        max(case when f.is_after then exp(f.staff_log) end) as after_headcount
    from run as r
    inner join reference as f on r.enterprise_id = f.enterprise_id and r.run_number = f.run_number
    cross join rule as u
    group by
        r.enterprise_id, r.run_number, r.since_number, r.until_number, r.since_month, r.until_month, r.month_count,
        r.staff_log, r.period_months, r.below
    having
        min(case
            when
                (r.staff_log - f.staff_log) * r.below
                >= case when r.period_months >= 12 then u.wage_limit_yearly else u.wage_limit end
                and abs(exp(r.staff_log) - exp(f.staff_log)) >= u.wage_people_min
                and (r.wages_log - f.wages_log) * r.below <= u.follow_share * (r.staff_log - f.staff_log) * r.below
                then 1
            else 0
        end) = 1
        and (r.period_months < 12 or count(*) = 2)
),

-- a month of the same headcount that has no wages of its own goes with the run beside it
held_month as (
    select
        n.enterprise_id,
        n.month,
        n.run_number,
        n.usual_log
    from held_run as r
    inner join numbered_month as n on r.enterprise_id = n.enterprise_id and r.run_number = n.run_number
    union all
    select
        s.enterprise_id,
        s.month,
        min(r.run_number) as run_number,
        max(v.pay_log) as usual_log
    from held_run as r
    cross join rule as u
    inner join ranked_level as v on r.enterprise_id = v.enterprise_id and v.row_rank = 1
    inner join reported_month as s
        on
            r.enterprise_id = s.enterprise_id and s.wages_log is null and s.insured_headcount > 0
            and s.month_number >= r.since_number - u.wage_reference_months * s.period_months
            and s.month_number <= r.until_number + u.wage_reference_months * s.period_months
            and abs(positive_log(s.insured_headcount) - r.staff_log) < u.wage_limit
    group by s.enterprise_id, s.month
)

select
    n.enterprise_id,
    n.month,
    s.insured_headcount,
    s.wage_amount,
    s.wage_per_head_amount,
    cast(exp(n.usual_log) as decimal(30, 2)) as usual_wage_per_head_amount,
    i.wage_per_head_amount as industry_wage_per_head_amount,
    cast(r.before_headcount as decimal(30, 1)) as before_headcount,
    cast(r.after_headcount as decimal(30, 1)) as after_headcount,
    r.since_month,
    r.until_month,
    cast(r.month_count as integer) as month_count,
    u.version as rule_version
from held_run as r
inner join held_month as n on r.enterprise_id = n.enterprise_id and r.run_number = n.run_number
inner join reported_month as s on n.enterprise_id = s.enterprise_id and n.month = s.month
left join industry as i on n.enterprise_id = i.enterprise_id
cross join rule as u
