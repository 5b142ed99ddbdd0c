-- title: Seats that moved, and who went along | 住所迁移与去留
-- one row is: one recorded move of the registered seat of one enterprise | 一家企业一次有记录的注册住所迁移
-- answers: has the enterprise left with its seat, or do its people and meters stay?
--   | 企业是随住所一起离开了，还是人员和表具仍在？
-- key: feed, event_no
-- rules: Seen are insured staff, leased space, electricity and gate entries above zero. arrived: first seen here
--   within the arrival window (rules/flow.yml) of the move, or after it, and not from the first month on. left: last
--   seen within the departure window of the move, or before it. stayed: still seen after that window: the seat moved
--   on paper, which is no move. too_early: seen up to the last month, and the window is not over. not_seen: no silo
--   but the register has anything of it.
--   | 踪迹为参保、租赁、用电、门禁大于零。迁入：首次出现在迁移前后的迁入期限内或其后，且不是从第一个月就有。迁出：最后
--   出现在迁移前后的迁出期限内或之前。留下：期限过后仍有踪迹，住所只是纸面迁移，不算迁移。尚早：到最近月份都有踪迹而
--   期限未过。无踪迹：除登记外没有任何来源的数据。
-- known gaps: Where an enterprise moves within the park, it has stayed. Meters that run on after a leaving show it as
--   staying.
--   | 在园内搬迁的算留下。离开后仍在走的表具会使其看似留下。
-- checked by: tests/models/signals.seat_move, tests/system/test_successions.py
with seat_change as (
    select
        feed,
        event_no,
        enterprise_id,
        event_date,
        before_text,
        after_text,
        month_number(event_date) as event_number
    from resolved.identity_event
    where change_code = 'seat_moved'
),

mover as (
    select enterprise_id
    from seat_change
    group by enterprise_id
),

trace as (
    select
        h.enterprise_id,
        min(h.month) as first_month,
        max(h.month) as last_month
    from monthly.headcount as h
    inner join mover as w on h.enterprise_id = w.enterprise_id
    where h.insured_headcount > 0
    group by h.enterprise_id
    union all
    select
        a.enterprise_id,
        min(a.month) as first_month,
        max(a.month) as last_month
    from monthly.lease_area as a
    inner join mover as w on a.enterprise_id = w.enterprise_id
    group by a.enterprise_id
    union all
    select
        u.enterprise_id,
        min(u.month) as first_month,
        max(u.month) as last_month
    from monthly.utility as u
    inner join mover as w on u.enterprise_id = w.enterprise_id
    where u.used_quantity > 0
    group by u.enterprise_id
    union all
    select
        c.enterprise_id,
        min(c.month) as first_month,
        max(c.month) as last_month
    from monthly.access as c
    inner join mover as w on c.enterprise_id = w.enterprise_id
    where c.people_entry_count > 0
    group by c.enterprise_id
),

seen_span as (
    select
        enterprise_id,
        min(first_month) as first_seen_month,
        max(last_month) as last_seen_month
    from trace
    group by enterprise_id
),

calendar as (
    select
        min(month) as first_month,
        max(month_number) as last_number
    from monthly.month
)

select
    m.feed,
    m.event_no,
    m.enterprise_id,
    m.event_date,
    m.before_text,
    m.after_text,
    case
        when s.enterprise_id is null then 'not_seen'
        when
            s.first_seen_month > c.first_month
            and month_number(s.first_seen_month)
            >= m.event_number - rule.arrival_window_months
            then 'arrived'
        when
            month_number(s.last_seen_month) > m.event_number + rule.arrival_window_months
            then 'stayed'
        when
            month_number(s.last_seen_month) >= c.last_number - 1
            then 'too_early'
        else 'left'
    end as seat_move_code,
    s.first_seen_month,
    s.last_seen_month,
    rule.version as rule_version
from seat_change as m
cross join rules.flow as rule
cross join calendar as c
left join seen_span as s on m.enterprise_id = s.enterprise_id
