-- title: High growth and gazelles | 高成长与瞪羚企业
-- one row is: one enterprise by one of two measures, headcount or sales, for which it has a recent believed figure
--   | 一家企业按参保人数或销售额之一的衡量，须有近期可信数值
-- answers: has it grown by more than 10 % or 20 % a year over three years, and is it a gazelle?
--   | 三年来年均增长是否超过10%或20%，是不是瞪羚企业？
-- key: enterprise_id, signal_code
-- rules: Eurostat-OECD: at least 10 employees at the start, and the figure after three years more than 1.331 times
--   (EU, 10 % a year) or 1.728 times (OECD, 20 %) that at the start.
--   * headcount: the latest month against exactly 36 months before.
--   * sales: the sum of the 12 months up to the latest against the 12 months that ended 36 months before, both whole.
--   * A gazelle is such an enterprise at most 5 years old at the end (month of registration).
--   * Growth by mergers, divisions or moved payrolls (succession_in or succession_out in signals.flow within the three
--   years, of the measure or of the staff) does not count.
--   * Neither provisional months nor suspect values (signals.plausibility) are used.
--   * high_growth_code is the first that holds: short_history (the calendar does not reach back to the start),
--   no_start (the enterprise has no believed figure there), too_small, succession, oecd, eu, none.
--   * Limits: rules/high_growth.yml.
--   | 欧盟统计局与经合组织口径：期初至少10人，三年后的数值超过期初的1.331倍（欧盟，年均10%）或1.728倍（经合组织，
--   年均20%）。
--   * 参保人数：最近月份与恰好36个月前比较。
--   * 销售额：截至最近月份的12个月合计与36个月前截止的12个月合计比较，两者均须完整。
--   * 瞪羚企业为期末成立不满5年的此类企业。
--   * 三年内因合并、分立、整体转移参保而来的增长不计。
--   * 不采用暂定月份和异常值。
--   * 判定取首个成立的：历史不足、期初无值、规模太小、承继所致、经合组织口径、欧盟口径、均未达到。
--   * 界限由规则规定。
-- example: 20 people 36 months ago and 27 now: 1.35 times, eu; 35 now: 1.75 times, oecd.
--   | 36个月前20人，现在27人：1.35倍，达到欧盟口径；现在35人：1.75倍，达到经合组织口径。
-- known gaps: The definitions ask for employees, here are insured staff; temporary staff of agencies are missing. A
--   firm younger than three years has no start. Sales need four years of history.
--   | 口径要求雇员数，这里用参保人数；派遣人员缺。成立不足三年的企业没有期初。销售额需要四年历史。
-- column value: the latest figure: headcount, or sales of 12 months | 期末值 最近的参保人数，或最近12个月销售额（元）
-- column earlier_value: the same three years before; empty where there is none | 期初值 三年前的同一数值；没有的为空
-- rebuild: by_enterprise
-- codes signal_code: headcount, sales
-- checked by: tests/models/signals.high_growth
with last_month as (
    select
        max(case when is_last_month then month_number end) as month_number,
        min(month_number) as first_number
    from monthly.month
),

believed_value as (
    select
        s.enterprise_id,
        s.signal_code,
        s.month_number,
        s.period_months,
        s.value
    from signals.signal as s
    cross join last_month as m
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    where
        s.signal_code in ('headcount', 'sales')
        and not s.is_provisional
        and p.enterprise_id is null
        and s.month_number <= m.month_number
),

latest as (
    select
        b.enterprise_id,
        b.signal_code,
        max(b.month_number) as month_number
    from believed_value as b
    cross join last_month as m
    cross join rules.high_growth as r
    where
        b.month_number
        > m.month_number - case when b.period_months >= 12 then r.yearly_recent_months else r.recent_months end
    group by b.enterprise_id, b.signal_code
),

-- a headcount is of its month; sales are of the twelve months that end with it
growth_pair as (
    select
        l.enterprise_id,
        l.signal_code,
        l.month_number,
        l.month_number - 12 * r.years as earlier_number,
        sum(case
            when l.signal_code = 'headcount' and b.month_number = l.month_number then b.value
            when l.signal_code = 'sales' and b.month_number > l.month_number - 12 then b.value
        end) as value,
        sum(case
            when l.signal_code = 'headcount' and b.month_number = l.month_number - 12 * r.years then b.value
            when
                l.signal_code = 'sales'
                and b.month_number > l.month_number - 12 * r.years - 12
                and b.month_number <= l.month_number - 12 * r.years
                then b.value
        end) as earlier_value,
        sum(case when b.month_number > l.month_number - 12 then b.period_months else 0 end) as end_months,
        sum(case
            when
                b.month_number > l.month_number - 12 * r.years - 12
                and b.month_number <= l.month_number - 12 * r.years
                then b.period_months
            else 0
        end) as start_months
    from latest as l
    cross join rules.high_growth as r
    inner join believed_value as b on l.enterprise_id = b.enterprise_id and l.signal_code = b.signal_code
    group by l.enterprise_id, l.signal_code, l.month_number, r.years
),

whole_pair as (
    select
        enterprise_id,
        signal_code,
        month_number,
        earlier_number,
        cast(value as decimal(30, 3)) as value,
        cast(case when signal_code = 'headcount' or start_months = 12 then earlier_value end as decimal(30, 3))
            as earlier_value
    from growth_pair
    where signal_code = 'headcount' or end_months = 12
),

-- employees at the start: the last headcount of the twelve months up to it
start_staff as (
    select
        w.enterprise_id,
        w.signal_code,
        b.value as start_headcount,
        row_number() over (partition by w.enterprise_id, w.signal_code order by b.month_number desc) as row_rank
    from whole_pair as w
    inner join believed_value as b
        on
            w.enterprise_id = b.enterprise_id and b.signal_code = 'headcount'
            and b.month_number > w.earlier_number - 12 and w.earlier_number >= b.month_number
),

succession as (
    select
        w.enterprise_id,
        w.signal_code,
        count(*) as succession_count
    from whole_pair as w
    inner join signals.flow as f
        on
            w.enterprise_id = f.enterprise_id
            and f.signal_code in (w.signal_code, 'headcount')
            and f.flow_code in ('succession_in', 'succession_out')
            and w.earlier_number < f.month_number
            and w.month_number >= f.month_number
    group by w.enterprise_id, w.signal_code
),

judged_growth as (
    select
        w.enterprise_id,
        w.signal_code,
        m.month,
        w.earlier_number,
        w.value,
        w.earlier_value,
        s.start_headcount,
        w.value / nullif(w.earlier_value, 0) as growth_ratio,
        w.month_number - month_number(e.registered_date) as age_months,
        case
            when
                w.earlier_number - case when w.signal_code = 'sales' then 11 else 0 end < l.first_number
                then 'short_history'
            when w.earlier_value is null or w.earlier_value <= 0 or s.start_headcount is null then 'no_start'
            when s.start_headcount < r.start_headcount_min then 'too_small'
            when c.succession_count > 0 then 'succession'
            when w.value > w.earlier_value * cast(r.oecd_ratio_above as decimal(30, 4)) then 'oecd'
            when w.value > w.earlier_value * cast(r.eu_ratio_above as decimal(30, 4)) then 'eu'
            else 'none'
        end as high_growth_code,
        r.gazelle_age_max_months,
        concat(r.version, '; ', g.version, '; ', v.version) as rule_version
    from whole_pair as w
    cross join last_month as l
    cross join rules.high_growth as r
    cross join rules.plausibility_limit as v
    inner join rules.signal as g on w.signal_code = g.signal_code
    inner join monthly.month as m on w.month_number = m.month_number
    left join resolved.enterprise as e on w.enterprise_id = e.enterprise_id
    left join start_staff as s
        on w.enterprise_id = s.enterprise_id and w.signal_code = s.signal_code and s.row_rank = 1
    left join succession as c on w.enterprise_id = c.enterprise_id and w.signal_code = c.signal_code
)

select
    j.enterprise_id,
    j.signal_code,
    j.month,
    n.month as earlier_month,
    cast(j.value as decimal(30, 3)) as value,
    cast(j.earlier_value as decimal(30, 3)) as earlier_value,
    cast(j.start_headcount as bigint) as start_headcount,
    cast(case when j.earlier_value > 0 then j.growth_ratio end as decimal(30, 4)) as growth_ratio,
    cast(j.age_months as integer) as age_months,
    j.high_growth_code,
    j.high_growth_code in ('eu', 'oecd') as is_high_growth_eu,
    j.high_growth_code = 'oecd' as is_high_growth_oecd,
    j.high_growth_code in ('eu', 'oecd') and coalesce(j.age_months <= j.gazelle_age_max_months, false) as is_gazelle_eu,
    j.high_growth_code = 'oecd' and coalesce(j.age_months <= j.gazelle_age_max_months, false) as is_gazelle_oecd,
    j.rule_version
from judged_growth as j
left join monthly.month as n on j.earlier_number = n.month_number
