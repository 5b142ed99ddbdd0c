-- title: Assessment | 企业评估
-- one row is: one enterprise that any silo speaks of, up to the last complete month
-- answers: is it expanding, contracting, new, leaving or dormant, do its signals disagree, and on what evidence?
-- key: enterprise_id
-- rules: The signals of signals.year_change are heard: headcount, sales, tax, leased area, electricity, each over 12
--   months, without provisional months, without suspect values (signals.plausibility; the evidence names those of the
--   last two years) and without what came or went by succession. The first that holds: leaving (it is still active,
--   and the register has it cancelled, revoked or moved out; or all leases ended within 6 months, are terminated
--   early, or end within 3 months while something falls and nothing rises; or it moved out within 6 months), dormant
--   (nothing but zeros in any signal for 6 months, or 18 after a yearly figure, no lease, no premises; at least two
--   signals were delivered meanwhile), new (registered or first seen within 12 months, not by succession), unknown
--   (fewer than two signals heard), mixed (some rise, some fall), expanding, contracting, stable. A seat that moved
--   while people or meters stay (signals.seat_move) is no leaving; while that is open, only with a fall and nothing
--   rising. Limits: rules/assessment.yml.
-- known gaps: Where offices deliver yearly figures only, nobody is ever dormant. Every signal weighs the same; sales
--   and tax depend on each other. A tenant who stays on without a recorded renewal reads as leaving. A premises
--   register without dates shows no lease end. What an enterprise does outside the park is seen in none of its
--   signals but staff, sales and tax. Who merged away and is cancelled reads as leaving, then as dormant; the
--   evidence names the succession.
-- parts: enterprise_id
-- checked by: tests/models/snapshots.assessment
with rule as (
    select distinct
        version,
        signals_min,
        dormant_months,
        new_months,
        leaving_months,
        lease_ending_months,
        yearly_recent_months
    from rules.assessment
),

plausibility_version as (
    select max(version) as version
    from rules.plausibility
),

last_month as (
    select
        month,
        month_number,
        month_end_date
    from monthly.month
    where is_last_month
),

-- one row per enterprise: each signal's words in the order in which people ask for them
heard as (
    select
        enterprise_id,
        count(*) as heard_signal_count,
        sum(case when direction > 0 then 1 else 0 end) as rising_signal_count,
        sum(case when direction < 0 then 1 else 0 end) as falling_signal_count,
        max(case when signal_code = 'headcount' then evidence end) as headcount_en,
        max(case when signal_code = 'sales' then evidence end) as sales_en,
        max(case when signal_code = 'tax' then evidence end) as tax_en,
        max(case when signal_code = 'leased_area' then evidence end) as leased_area_en,
        max(case when signal_code = 'electricity' then evidence end) as electricity_en,
        max(case when signal_code = 'headcount' then evidence_zh end) as headcount_zh,
        max(case when signal_code = 'sales' then evidence_zh end) as sales_zh,
        max(case when signal_code = 'tax' then evidence_zh end) as tax_zh,
        max(case when signal_code = 'leased_area' then evidence_zh end) as leased_area_zh,
        max(case when signal_code = 'electricity' then evidence_zh end) as electricity_zh
    from signals.year_change
    group by enterprise_id
),

-- nobody is dormant for want of deliveries
told as (
    select count(distinct s.signal_code) as told_signal_count
    from signals.signal_month as s
    inner join rules.assessment as r on s.signal_code = r.signal_code
    cross join last_month as m
    where
        not s.is_provisional
        and s.month_number > m.month_number - r.dormant_months and s.month_number <= m.month_number
),

-- what was left out, by signal: the last one in figures, the others counted
suspect as (
    select
        p.enterprise_id,
        p.signal_code,
        g.name_en,
        g.name_zh,
        p.month,
        p.value,
        row_number() over (partition by p.enterprise_id, p.signal_code order by p.month desc) as place,
        count(*) over (partition by p.enterprise_id, p.signal_code) as suspect_count
    from signals.plausibility as p
    inner join rules.assessment as r on p.signal_code = r.signal_code
    inner join rules.signal as g on p.signal_code = g.signal_code
    cross join last_month as m
    where month_number(p.month) > m.month_number - 24
),

suspect_worded as (
    select
        enterprise_id,
        signal_code,
        suspect_count,
        concat(
            name_en,
            ' ',
            substr(cast(month as varchar), 1, 7),
            ' (',
            cast(cast(value as decimal(18, 0)) as varchar),
            ')',
            case
                when suspect_count > 1 then concat(' and ', cast(suspect_count - 1 as varchar), ' more') else ''
            end
        ) as evidence,
        concat(
            name_zh, substr(cast(month as varchar), 1, 7), '（', cast(cast(value as decimal(18, 0)) as varchar), '）',
            case
                when suspect_count > 1 then concat('等', cast(suspect_count as varchar), '个月') else ''
            end
        ) as evidence_zh
    from suspect
    where place = 1
),

left_out as (
    select
        enterprise_id,
        sum(suspect_count) as suspect_count,
        concat_ws(
            ', ',
            max(case when signal_code = 'headcount' then evidence end),
            max(case when signal_code = 'sales' then evidence end),
            max(case when signal_code = 'tax' then evidence end),
            max(case when signal_code = 'leased_area' then evidence end),
            max(case when signal_code = 'electricity' then evidence end)
        ) as evidence,
        concat_ws(
            '、',
            max(case when signal_code = 'headcount' then evidence_zh end),
            max(case when signal_code = 'sales' then evidence_zh end),
            max(case when signal_code = 'tax' then evidence_zh end),
            max(case when signal_code = 'leased_area' then evidence_zh end),
            max(case when signal_code = 'electricity' then evidence_zh end)
        ) as evidence_zh
    from suspect_worded
    group by enterprise_id
),

active as (
    select
        s.enterprise_id,
        min(s.month) as first_active_month,
        max(s.month) as last_active_month,
        max(case when s.period_months >= 12 then s.month_number + u.yearly_recent_months - u.dormant_months end)
            as yearly_until_number
    from signals.signal as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    cross join rule as u
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    where not r.is_of_register and s.value <> 0 and p.enterprise_id is null
    group by s.enterprise_id
),

turned as (
    select
        f.enterprise_id,
        max(case when f.flow_code in ('open', 'move_in') then 1 else 0 end) as has_start,
        max(case when f.flow_code = 'succession_in' then 1 else 0 end) as has_succession,
        max(case
            when f.flow_code = 'move_out' and f.month_number > m.month_number - u.leaving_months then f.month
        end) as move_out_month,
        max(case when f.flow_code = 'succession_out' and f.signal_code = 'leased_area' then 1 else 0 end)
            as is_space_carried_on,
        max(case when f.flow_code = 'succession_out' then f.other_enterprise_id end) as carried_on_by
    from signals.flow as f
    inner join rules.assessment as r on f.signal_code = r.signal_code
    cross join rule as u
    cross join last_month as m
    where f.month_number > m.month_number - u.new_months
    group by f.enterprise_id
),

-- whether people and meters went along with the seat, the last time that it moved
seat as (
    select
        enterprise_id,
        seat_move_code,
        row_number() over (partition by enterprise_id order by event_date desc, event_no desc) as place
    from signals.seat_move
),

known_of as (
    select
        p.enterprise_id,
        e.enterprise_name,
        p.status_code,
        coalesce(h.heard_signal_count, 0) as heard_signal_count,
        coalesce(h.rising_signal_count, 0) as rising_signal_count,
        coalesce(h.falling_signal_count, 0) as falling_signal_count,
        h.headcount_en,
        h.sales_en,
        h.tax_en,
        h.leased_area_en,
        h.electricity_en,
        h.headcount_zh,
        h.sales_zh,
        h.tax_zh,
        h.leased_area_zh,
        h.electricity_zh,
        greatest(a.last_active_month, p.last_lease_month) as last_active_month,
        a.yearly_until_number,
        x.evidence as left_out_en,
        x.evidence_zh as left_out_zh,
        coalesce(x.suspect_count, 0) as suspect_value_count,
        l.until_date as space_until_date,
        t.carried_on_by,
        t.move_out_month,
        l.until_date = l.terminated_date as is_terminated,
        l.until_date < m.month_end_date and coalesce(t.is_space_carried_on, 0) = 0
        and coalesce(p.last_lease_month < m.month, true)
        and month_number(l.until_date) > m.month_number - u.leaving_months
            as is_lease_over,
        l.until_date >= m.month_end_date
        and month_number(l.until_date) <= m.month_number + u.lease_ending_months
            as is_lease_ending,
        p.status_code in ('cancelled', 'revoked')
        or (p.status_code = 'moved_out' and coalesce(s.seat_move_code, '') not in ('stayed', 'too_early'))
            as is_struck_off,
        case when p.status_code = 'moved_out' then s.seat_move_code end as seat_move_code,
        coalesce(t.has_succession, 0) = 0
        and (
            coalesce(t.has_start, 0) = 1
            or month_number(e.registered_date) > m.month_number - u.new_months
        )
        and coalesce(
            month_number(a.first_active_month) > m.month_number - u.new_months, true
        ) as is_new,
        month_number(e.registered_date) > m.month_number - u.new_months
            as is_registered_recently,
        e.registered_date,
        a.first_active_month,
        d.told_signal_count,
        m.month,
        m.month_number,
        u.signals_min,
        u.dormant_months,
        u.version as rule_version
    from snapshots.presence as p
    inner join resolved.enterprise as e on p.enterprise_id = e.enterprise_id
    cross join last_month as m
    cross join rule as u
    cross join told as d
    left join heard as h on p.enterprise_id = h.enterprise_id
    left join active as a on p.enterprise_id = a.enterprise_id
    left join turned as t on p.enterprise_id = t.enterprise_id
    left join left_out as x on p.enterprise_id = x.enterprise_id
    left join monthly.lease_end as l on p.enterprise_id = l.enterprise_id
    left join seat as s on p.enterprise_id = s.enterprise_id and s.place = 1
),

inactive as (
    select
        *,
        case
            when last_active_month is not null
                then
                    greatest(
                        month_number(last_active_month), coalesce(yearly_until_number, 0)
                    ) <= month_number - dormant_months
            else not coalesce(is_registered_recently, false)
        end as is_silent
    from known_of
),

assessed as (
    select
        *,
        case
            when
                not is_silent and (
                    is_struck_off or is_lease_over or move_out_month is not null
                    or (is_lease_ending and is_terminated)
                    or (
                        (is_lease_ending or coalesce(seat_move_code = 'too_early', false))
                        and falling_signal_count > 0 and rising_signal_count = 0
                    )
                )
                then 'leaving'
            when is_silent and told_signal_count >= signals_min then 'dormant'
            when is_new and not (is_silent or coalesce(is_struck_off, false)) then 'new'
            when heard_signal_count < signals_min then 'unknown'
            when rising_signal_count > 0 and falling_signal_count > 0 then 'mixed'
            when rising_signal_count > 0 then 'expanding'
            when falling_signal_count > 0 then 'contracting'
            else 'stable'
        end as assessment_code
    from inactive
)

select
    a.enterprise_id,
    a.enterprise_name,
    a.assessment_code,
    t.assessment_title_en,
    t.assessment_title_zh,
    concat_ws(
        '; ',
        case
            when a.seat_move_code = 'stayed' then 'the register has it moved out, but people or meters stay'
            when a.seat_move_code = 'too_early' then 'the register has it moved out; whether people follow is open'
            when a.is_struck_off then concat('the register has it ', replace(a.status_code, '_', ' '))
        end,
        case
            when a.is_lease_over then concat('all leases ended by ', cast(a.space_until_date as varchar))
            when a.is_lease_ending and a.is_terminated
                then concat('all leases are terminated by ', cast(a.space_until_date as varchar))
            when a.is_lease_ending then concat('all leases end by ', cast(a.space_until_date as varchar))
        end,
        case
            when a.move_out_month is not null then concat('moved out ', substr(cast(a.move_out_month as varchar), 1, 7))
        end,
        case
            when a.carried_on_by is not null and (a.is_struck_off or a.is_silent)
                then concat('carried on by ', a.carried_on_by)
        end,
        case
            when a.is_silent and a.last_active_month is not null
                then concat('nothing since ', substr(cast(a.last_active_month as varchar), 1, 7))
            when a.last_active_month is null then 'never active here'
        end,
        case when a.is_registered_recently then concat('registered ', cast(a.registered_date as varchar)) end,
        case
            when
                a.is_new and a.first_active_month is not null
                then concat('first seen ', substr(cast(a.first_active_month as varchar), 1, 7))
        end,
        a.headcount_en, a.sales_en, a.tax_en, a.leased_area_en, a.electricity_en,
        case when a.left_out_en is not null then concat('left out as suspect: ', a.left_out_en) end,
        case
            when a.heard_signal_count < a.signals_min
                then concat('signals with a figure to compare: ', cast(a.heard_signal_count as varchar))
        end
    ) as evidence,
    concat_ws(
        '；',
        case
            when a.status_code = 'cancelled' then '登记已注销'
            when a.status_code = 'revoked' then '登记已吊销'
            when a.seat_move_code = 'stayed' then '登记已迁出，但人员或水电仍在园'
            when a.seat_move_code = 'too_early' then '登记已迁出，人员去留待观察'
            when a.status_code = 'moved_out' then '登记已迁出'
        end,
        case
            when a.is_lease_over then concat('全部租约已于', cast(a.space_until_date as varchar), '到期')
            when a.is_lease_ending and a.is_terminated
                then concat('全部租约于', cast(a.space_until_date as varchar), '解除')
            when a.is_lease_ending then concat('全部租约于', cast(a.space_until_date as varchar), '到期')
        end,
        case
            when a.move_out_month is not null then concat(substr(cast(a.move_out_month as varchar), 1, 7), '迁出')
        end,
        case
            when a.carried_on_by is not null and (a.is_struck_off or a.is_silent)
                then concat('由', a.carried_on_by, '承继')
        end,
        case
            when a.is_silent and a.last_active_month is not null
                then concat(substr(cast(a.last_active_month as varchar), 1, 7), '后无活动')
            when a.last_active_month is null then '在园从无活动'
        end,
        case when a.is_registered_recently then concat(cast(a.registered_date as varchar), '成立') end,
        case
            when
                a.is_new and a.first_active_month is not null
                then concat(substr(cast(a.first_active_month as varchar), 1, 7), '首次出现')
        end,
        a.headcount_zh, a.sales_zh, a.tax_zh, a.leased_area_zh, a.electricity_zh,
        case when a.left_out_zh is not null then concat('存疑未采用：', a.left_out_zh) end,
        case
            when a.heard_signal_count < a.signals_min
                then concat('可比指标仅', cast(a.heard_signal_count as varchar), '项')
        end
    ) as evidence_zh,
    cast(a.heard_signal_count as integer) as heard_signal_count,
    cast(a.rising_signal_count as integer) as rising_signal_count,
    cast(a.falling_signal_count as integer) as falling_signal_count,
    cast(a.suspect_value_count as integer) as suspect_value_count,
    a.last_active_month,
    a.space_until_date,
    a.month,
    o.as_of,
    concat(a.rule_version, '; ', f.version, '; ', q.version) as rule_version
from assessed as a
cross join ops.night as o
cross join rules.flow as f
cross join plausibility_version as q
left join rules.assessment_title as t on a.assessment_code = t.assessment_code
