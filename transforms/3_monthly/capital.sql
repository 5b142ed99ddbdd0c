-- title: Registered capital by month | 月末注册资本
-- one row is: one enterprise in one month with a registered capital at its end
--   | 一家企业在月末仍在册且登记有注册资本的一个月
-- answers: what was this enterprise's registered capital, and when did it change?
--   | 这家企业的注册资本是多少，何时变更过？
-- key: enterprise_id, month
-- rules: At a month's end the capital after the last change recorded by then; before the first recorded change the
--   amount which that change started from; without changes the capital in the register. From the month of
--   registration to the month before the cancellation. Only for enterprises that another silo knows too: a register
--   may hold a whole country.
--   | 月末取截至当时最后一次变更后的金额；首次变更之前取变更前金额；从未变更的取登记金额。自成立当月至注销前一个月。只
--   列其他部门也有记录的企业，因为登记库可能覆盖全国。
-- known gaps: Of "500万元人民币" the figure and 万 are read; a change without a figure leaves a gap. Other currencies are
--   not converted.
--   | “500万元人民币”读取数字与“万”；变更未写金额的留空。其他币种不折算。
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.capital
with park_enterprise as (
    select l.enterprise_id
    from resolved.link as l
    inner join rules.subject as s on l.subject = s.subject
    where not s.is_regional
    group by l.enterprise_id
),

capital_change as (
    select
        l.enterprise_id,
        e.event_date,
        try_cast(regexp_extract(replace(e.before_text, ',', ''), '[0-9]+([.][0-9]+)?') as decimal(30, 4))
        * case when e.before_text like '%万%' then 10000 else 1 end as before_amount,
        try_cast(regexp_extract(replace(e.after_text, ',', ''), '[0-9]+([.][0-9]+)?') as decimal(30, 4))
        * case when e.after_text like '%万%' then 10000 else 1 end as after_amount,
        row_number() over (partition by l.enterprise_id order by e.event_date, e.event_no) as row_rank
    from known.registration_event as e
    inner join resolved.link as l on e.feed = l.feed and e.source_key = l.source_key
    where e.event_code = 'capital_change'
),

-- one row per stretch of time with one capital
stretch as (
    select
        enterprise_id,
        cast(null as date) as from_date,
        event_date as until_date,
        before_amount as capital_amount
    from capital_change
    where row_rank = 1
    union all
    select
        c.enterprise_id,
        c.event_date as from_date,
        n.event_date as until_date,
        c.after_amount as capital_amount
    from capital_change as c
    left join capital_change as n on c.enterprise_id = n.enterprise_id and c.row_rank + 1 = n.row_rank
    union all
    select
        e.enterprise_id,
        cast(null as date) as from_date,
        cast(null as date) as until_date,
        e.registered_capital_amount as capital_amount
    from resolved.enterprise as e
    left join capital_change as c on e.enterprise_id = c.enterprise_id
    where c.enterprise_id is null
),

-- from the day on which it holds to the day before it holds no more, within the life of the enterprise
held_capital as (
    select
        e.enterprise_id,
        cast(s.capital_amount as decimal(30, 2)) as capital_amount,
        greatest(
            coalesce(s.from_date, cast('0001-01-01' as date)), coalesce(e.registered_date, cast('0001-01-01' as date))
        )
            as from_date,
        least(
            coalesce(s.until_date, cast('9999-12-31' as date)), coalesce(e.cancelled_date, cast('9999-12-31' as date))
        )
            as until_date
    from resolved.enterprise as e
    inner join park_enterprise as h on e.enterprise_id = h.enterprise_id
    inner join stretch as s on e.enterprise_id = s.enterprise_id
    where e.identity_code = 'register' and s.capital_amount is not null
)

select
    h.enterprise_id,
    m.month,
    h.capital_amount as registered_capital_amount
from held_capital as h
inner join monthly.month as m on h.from_date <= m.month_end_date and h.until_date > m.month_end_date
