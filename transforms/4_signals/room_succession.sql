-- title: One after another in the same room | 同址先后承租
-- one row is: one enterprise that leases a room which another had up to about then, or still has
--   | 一家企业租用的、另一家在此前后租用过或仍在租的房间
-- answers: did a new tenant take an empty room, or does the old one go on under another name?
--   | 是新租户进了空房，还是原企业换了名字继续？
-- key: predecessor_enterprise_id, successor_enterprise_id
-- rules: The same building and room of the same lease book; the later one begins up to premises_window_months after
--   the earlier one's end, or before it. A new tenant is the normal thing in a park: only where more is known does
--   signals.succession make something of it. is_people: around that time the earlier one's headcount falls by about
--   what the later one's rises. is_founded: the register cancelled the earlier one and registered the later one
--   within founded_window_months of each other. Limits are in rules/succession.yml.
--   | 同一租赁台账中同一楼栋同一房间；后者起租不晚于前者到期后规定的月数，或早于其到期。换租户在园区很平常：只有另有依
--   据时才计入“承继关系”。人数吻合：前后前者参保减少与后者增加大致相当。新设承接：前者注销与后者登记相隔不超过规定
--   月数。界限由规则规定。
-- known gaps: Premises without building and room, and rooms with many tenants over time, are left out.
--   | 没有楼栋和房间的、以及先后租户很多的房间不列。
-- codes succession_code: merged, split, taken_over, staff_moved
-- checked by: tests/models/signals.room_succession
with tenancy as (
    select
        t.enterprise_id,
        l.feed,
        l.building_code,
        l.room,
        min(l.start_date) as start_date,
        max(coalesce(least(l.end_date, l.terminated_date), l.end_date, l.terminated_date, date '9999-12-31'))
            as until_date
    from known.lease as l
    inner join resolved.link as t on l.feed = t.feed and l.source_key = t.source_key
    where l.building_code is not null and l.room is not null
    group by t.enterprise_id, l.feed, l.building_code, l.room
),

unit as (
    select
        t.feed,
        t.building_code,
        t.room
    from tenancy as t
    cross join rules.succession as rule
    group by t.feed, t.building_code, t.room, rule.premises_tenants_max
    having count(*) > 1 and count(*) <= rule.premises_tenants_max
),

same_room as (
    select
        p.enterprise_id as predecessor_enterprise_id,
        s.enterprise_id as successor_enterprise_id,
        s.building_code,
        s.room,
        month_number(s.start_date) as start_number,
        -- the first month at the end of which it is gone
        month_number(p.until_date + 1) as gone_number
    from unit as u
    inner join tenancy as p
        on u.feed = p.feed and u.building_code = p.building_code and u.room = p.room
    inner join tenancy as s
        on
            u.feed = s.feed and u.building_code = s.building_code and u.room = s.room
            and p.enterprise_id <> s.enterprise_id and p.start_date < s.start_date
    cross join rules.succession as rule
    where
        month_number(s.start_date)
        <= month_number(p.until_date + 1) + rule.premises_window_months
),

room_pair as (
    select
        predecessor_enterprise_id,
        successor_enterprise_id,
        min(start_number) as start_number,
        min(gone_number) as gone_number,
        min(concat(building_code, ' ', room)) as premises
    from same_room
    group by predecessor_enterprise_id, successor_enterprise_id
),

room_people as (
    select
        r.predecessor_enterprise_id,
        r.successor_enterprise_id,
        l.month_number as loss_number,
        g.month_number as gain_number,
        -l.change as loss_people,
        g.change as gain_people,
        l.earlier_headcount,
        l.insured_headcount as left_people,
        g.earlier_headcount as there_people,
        row_number() over (
            partition by r.predecessor_enterprise_id, r.successor_enterprise_id
            order by abs(l.change + g.change) asc, g.month_number asc, l.month_number asc
        ) as row_rank
    from room_pair as r
    cross join rules.succession as rule
    inner join signals.headcount_step as l
        on
            r.predecessor_enterprise_id = l.enterprise_id and l.change < 0
            and l.month_number >= r.start_number - rule.premises_window_months
            and l.month_number <= r.start_number + rule.premises_window_months
    inner join signals.headcount_step as g
        on
            r.successor_enterprise_id = g.enterprise_id and g.change > 0
            and l.month_number <= g.month_number
            and g.month_number <= l.month_number + rule.people_lag_months
    where abs(l.change + g.change) * 100 <= greatest(rule.tolerance_people * 100, rule.tolerance_pct * -l.change)
),

room_evidence as (
    select
        r.*,
        p.loss_number,
        p.gain_number,
        p.loss_people,
        p.gain_people,
        p.earlier_headcount,
        p.left_people,
        p.there_people,
        p.row_rank = 1 as is_people,
        coalesce(
            r.start_number >= r.gone_number - rule.premises_window_months
            and abs(datediff('month', s.registered_date, o.cancelled_date)) <= rule.founded_window_months,
            false
        ) as is_founded
    from room_pair as r
    cross join rules.succession as rule
    left join room_people as p
        on
            r.predecessor_enterprise_id = p.predecessor_enterprise_id
            and r.successor_enterprise_id = p.successor_enterprise_id
            and p.row_rank = 1
    left join resolved.enterprise as o on r.predecessor_enterprise_id = o.enterprise_id
    left join resolved.enterprise as s on r.successor_enterprise_id = s.enterprise_id
)

select
    r.predecessor_enterprise_id,
    r.successor_enterprise_id,
    r.premises,
    m.month as start_month,
    l.month as loss_month,
    g.month as gain_month,
    least(r.loss_people, r.gain_people) as people_count,
    r.earlier_headcount,
    case
        when r.left_people = 0 and r.there_people > 0 then 'merged'
        when r.left_people > 0 and r.there_people = 0 then 'split'
        when r.left_people > 0 then 'staff_moved'
        else 'taken_over'
    end as succession_code,
    coalesce(r.is_people, false) as is_people,
    r.is_founded,
    cast(
        rule.premises_points
        + case when r.is_people then rule.people_points else 0 end
        + case when r.is_founded then rule.founded_points else 0 end as integer
    ) as evidence_points
from room_evidence as r
cross join rules.succession as rule
inner join monthly.month as m on r.start_number = m.month_number
left join monthly.month as l on r.loss_number = l.month_number
left join monthly.month as g on r.gain_number = g.month_number
