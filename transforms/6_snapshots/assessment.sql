-- title: Assessment | 企业评估
-- one row is: one enterprise that any silo speaks of, up to the last complete month
--   | 一家企业，截至最近一个完整月份
-- answers: is it still here; is it expanding, contracting, new or about to leave; on what evidence?
--   | 企业是否仍在园；是扩张、收缩、新入园还是拟撤离；依据是什么
-- key: enterprise_id
-- rules: The first class that holds; limits in rules/assessment.yml.
--   * taken_over: no longer here, and another enterprise carries on the whole of it (signals.takeover: a merger, or
--     people and premises together). One that is closed in the register and has no staff left is taken over even if
--     its lease or meters still run in its name. A split or staff that moved is no takeover.
--   * left: not here any more (signals.departure): unseen in every silo, and closed or moved out by the register, or
--     all leases over, or never a lease and nothing known for 6 months. left_month is the month after the last trace.
--   * leaving: still here, and one of: the register has it cancelled, revoked or moved out; its leases are terminated
--     early within 5 months; its leases ended within 6 months and it stays on; its leases end within 5 months and
--     activity is down by 12 % in 3 months (signals.activity_fall); or its seat moved lately while something falls. A
--     seat that moved while people or meters stay (signals.seat_move) is no sign.
--   * dormant: no staff, meters, entries, sales or tax for 6 months (18 after a yearly figure), and not left; a lease
--     may still run. At least two signals were delivered meanwhile. An enterprise with nothing but a registered address
--     is dormant. A tenant of which no silo ever had a figure is unknown.
--   * new: registered or first seen within 12 months, not by succession.
--   * unknown: fewer than two signals can be compared.
--   * mixed: some signals rise and some fall. expanding, contracting: some rise, or some fall. stable: neither.
--   * Signals are those of signals.year_change: headcount, sales, tax, leased area, electricity, each over 12 months,
--     without provisional months, suspect values (the evidence names those of the last two years) and successions.
--   * An enterprise that left and came back is classed like any other that is here.
--   | 依次判断，取最先符合的一类，阈值见 rules/assessment.yml。
--   * 被承接：已不在园，且整体由另一企业承接（吸收合并，或人员与场地一并转移）。登记已注销且无参保人员的，
--     即使租约或水电仍在其名下也归此类。分立、部分人员转移不算。
--   * 已撤离：已不在园（见去留判定）：各部门均无在园痕迹，且登记已注销、吊销或迁出，或全部租约已结束，或从无租约且六个月无数据。
--     撤离月份为最后一次出现的次月。
--   * 拟撤离：仍在园，且登记已注销、吊销或迁出，或租约五个月内提前解除，或租约到期未满六个月、未续租仍占用，
--     或租约五个月内到期且活跃度三个月下降12%以上，或刚迁址且有指标下降。仅住所迁出而人员或水电仍在的不算。
--   * 无经营迹象：六个月内无参保、用能、门禁、销售、税款（年度数据为十八个月），且未撤离；租约可能仍有效。
--     其间至少有两项指标有数据报送。仅有注册地址的企业归此类。从无任何数据的承租企业归数据不足。
--   * 新入园：十二个月内成立或首次出现，因承接而来的除外。
--   * 数据不足：可比指标少于两项。
--   * 指标分化：有升有降。扩张、收缩：有升无降、有降无升。平稳：无明显升降。
--   * 指标取参保人数、销售额、税款、租赁面积、用电量近十二个月变化，不含暂定月份、存疑值和承接影响。
--   * 撤离后又返回的企业，按在园企业评估。
-- example: headcount 50 → 60 (+20 %, at least 10 %), sales 1.00 → 1.02 million (less than 10 %): one rises, none
--   falls: expanding.
--   | 参保人数50→60（增20%，达到10%），销售额100万→102万元（不足10%）：一升无降，判为扩张。
-- known gaps: Those of signals.departure. Where offices deliver yearly figures only, no enterprise is ever dormant.
--   Every signal weighs the same; sales and tax depend on each other. A sudden departure shows no sign before it.
--   What an enterprise does outside the park shows only in staff, sales and tax.
--   | 去留判定的局限同样适用。仅有年度数据时不会判为无经营迹象。各指标权重相同，销售额与税款相关。突然撤离事先没有迹象。
--   园外经营情况只体现在参保、销售和税款中。
-- column successor_enterprise_id: the enterprise that carries it on as a whole | 承接方编号 整体承接该企业的企业编号
-- rebuild: by_enterprise
-- checked by: tests/models/snapshots.assessment, benchmarks/assessment.py
with heard_enterprise as (
    -- one row per enterprise: each signal's words in the order in which people ask for them
    select
        enterprise_id,
        count(*) as heard_signal_count,
        sum(case when direction > 0 then 1 else 0 end) as rising_signal_count,
        sum(case when direction < 0 then 1 else 0 end) as falling_signal_count,
        concat_ws(
            '; ',
            max(case when signal_code = 'headcount' then evidence end),
            max(case when signal_code = 'sales' then evidence end),
            max(case when signal_code = 'tax' then evidence end),
            max(case when signal_code = 'leased_area' then evidence end),
            max(case when signal_code = 'electricity' then evidence end)
        ) as heard_en,
        concat_ws(
            '；',
            max(case when signal_code = 'headcount' then evidence_zh end),
            max(case when signal_code = 'sales' then evidence_zh end),
            max(case when signal_code = 'tax' then evidence_zh end),
            max(case when signal_code = 'leased_area' then evidence_zh end),
            max(case when signal_code = 'electricity' then evidence_zh end)
        ) as heard_zh
    from signals.year_change
    group by enterprise_id
),

-- missing deliveries never make an enterprise dormant
delivery as (
    select count(distinct s.signal_code) as delivered_signal_count
    from signals.signal_month as s
    inner join rules.assessment as r on s.signal_code = r.signal_code
    inner join monthly.month as m on m.is_last_month
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
        row_number() over (partition by p.enterprise_id, p.signal_code order by p.month desc) as row_rank,
        count(*) over (partition by p.enterprise_id, p.signal_code) as suspect_count
    from signals.plausibility as p
    inner join rules.assessment as r on p.signal_code = r.signal_code
    inner join rules.signal as g on p.signal_code = g.signal_code
    inner join monthly.month as m on m.is_last_month
    where month_number(p.month) > m.month_number - r.suspect_months
),

suspect_words as (
    select
        s.enterprise_id,
        s.signal_code,
        s.suspect_count,
        w.language_code,
        w.between_values,
        filled(
            w.suspect,
            'month', substr(cast(s.month as varchar), 1, 7),
            'value', number_text(s.value),
            'more',
            case
                when s.suspect_count > 1
                    then
                        filled(
                            w.suspect_more,
                            'count', cast(s.suspect_count as varchar),
                            'others', cast(s.suspect_count - 1 as varchar)
                        )
                else ''
            end,
            'name', case w.language_code when 'zh' then s.name_zh else s.name_en end
        ) as words
    from suspect as s
    cross join rules.assessment_words as w
    where s.row_rank = 1
),

left_out as (
    select
        enterprise_id,
        language_code,
        sum(suspect_count) as suspect_count,
        concat_ws(
            between_values,
            max(case when signal_code = 'headcount' then words end),
            max(case when signal_code = 'sales' then words end),
            max(case when signal_code = 'tax' then words end),
            max(case when signal_code = 'leased_area' then words end),
            max(case when signal_code = 'electricity' then words end)
        ) as words
    from suspect_words
    group by enterprise_id, language_code, between_values
),

-- activity is what happens here: capital and other figures of the register alone are no sign of life
first_activity as (
    select
        s.enterprise_id,
        min(s.month) as first_active_month,
        max(s.month) as last_active_month
    from signals.signal as s
    inner join rules.signal as r on s.signal_code = r.signal_code
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    where not r.is_of_register and s.value <> 0 and p.enterprise_id is null
    group by s.enterprise_id
),

-- fewer people, entries or meter readings than three months ago, beyond the season
activity_drop as (
    select
        enterprise_id,
        max(value) as fall_pct
    from signals.activity_fall
    group by enterprise_id
),

-- what began lately, and whether it began by taking over another enterprise: a successor is not new
recent_flow as (
    select
        f.enterprise_id,
        max(case when f.flow_code in ('open', 'move_in') then 1 else 0 end) as has_start,
        max(case when f.flow_code = 'succession_in' then 1 else 0 end) as has_succession,
        max(case when f.flow_code = 'succession_out' and f.signal_code = 'leased_area' then 1 else 0 end)
            as is_space_carried_on
    from signals.flow as f
    inner join rules.assessment as r on f.signal_code = r.signal_code
    cross join rules.assessment_limit as u
    inner join monthly.month as m on m.is_last_month
    where f.month_number > m.month_number - u.new_months
    group by f.enterprise_id
),

known_enterprise as (
    select
        p.enterprise_id,
        e.enterprise_name,
        p.status_code,
        coalesce(h.heard_signal_count, 0) as heard_signal_count,
        coalesce(h.rising_signal_count, 0) as rising_signal_count,
        coalesce(h.falling_signal_count, 0) as falling_signal_count,
        h.heard_en,
        h.heard_zh,
        greatest(a.last_active_month, p.last_lease_month) as last_active_month,
        d.last_operating_month,
        -- a smaller fall is within what firms that stay show
        case when v.fall_pct >= u.leaving_fall_min_pct then v.fall_pct end as fall_pct,
        d.is_here,
        d.is_leasing,
        d.is_insuring,
        d.left_month,
        d.left_ground_code,
        d.is_lease_over,
        d.is_lease_ending,
        d.is_lease_terminated,
        d.space_until_date,
        d.seat_move_code,
        -- a firm of the last months that was never active here yet is late with its first figures, not dormant
        d.is_silent and not (
            d.last_operating_month is null
            and coalesce(
                month_number(e.registered_date) > m.month_number - u.new_months, false
            )
        ) as is_silent,
        -- a takeover counts near the end of the enterprise's own life; one of years ago explains nothing now
        k.successor_enterprise_id,
        k.successor_name,
        k.successor_status_code,
        k.takeover_month,
        k.enterprise_id is not null
        and abs(
            month_number(k.takeover_month)
            - coalesce(month_number(d.last_seen_month), m.month_number)
        ) <= u.takeover_months as is_carried_on,
        -- a lease that ended long ago without a departure is a lease that was not booked
        month_number(d.space_until_date) > m.month_number - u.leaving_months
        and coalesce(t.is_space_carried_on, 0) = 0 as is_lease_over_lately,
        p.status_code in ('cancelled', 'revoked') as is_closed,
        -- moved out in the register alone, with people still here, is a move on paper
        p.status_code in ('cancelled', 'revoked')
        or (p.status_code = 'moved_out' and coalesce(d.seat_move_code, '') not in ('stayed', 'too_early'))
            as is_struck_off,
        -- new: began here lately, by any of lease, staff or registration, and was not seen before that
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
        y.delivered_signal_count,
        m.month,
        u.signals_min,
        u.version as rule_version
    from snapshots.presence as p
    inner join resolved.enterprise as e on p.enterprise_id = e.enterprise_id
    inner join monthly.month as m on m.is_last_month
    cross join rules.assessment_limit as u
    cross join delivery as y
    inner join signals.departure as d on p.enterprise_id = d.enterprise_id
    left join heard_enterprise as h on p.enterprise_id = h.enterprise_id
    left join first_activity as a on p.enterprise_id = a.enterprise_id
    left join activity_drop as v on p.enterprise_id = v.enterprise_id
    left join recent_flow as t on p.enterprise_id = t.enterprise_id
    left join signals.takeover as k on p.enterprise_id = k.enterprise_id
),

-- the first that holds, from the hardest fact to the softest: gone, going, silent, new, and only then the direction
assessed_enterprise as (
    select
        *,
        case
            when
                is_carried_on and (left_ground_code is not null or (coalesce(is_closed, false) and not is_insuring))
                then 'taken_over'
            when left_ground_code is not null then 'left'
            when is_here and is_lease_ending and is_lease_terminated then 'leaving'
            when
                is_here and not is_silent and (
                    is_struck_off
                    or (is_lease_over and is_lease_over_lately)
                    or (is_lease_ending and fall_pct is not null)
                    or (
                        coalesce(seat_move_code = 'too_early', false)
                        and (fall_pct is not null or (falling_signal_count > 0 and rising_signal_count = 0))
                    )
                )
                then 'leaving'
            when
                is_silent and delivered_signal_count >= signals_min
                and (last_operating_month is not null or not is_leasing)
                then 'dormant'
            when is_new and not (is_silent or coalesce(is_struck_off, false)) then 'new'
            -- before any direction: one figure alone decides nothing
            when heard_signal_count < signals_min then 'unknown'
            when rising_signal_count > 0 and falling_signal_count > 0 then 'mixed'
            when rising_signal_count > 0 then 'expanding'
            when falling_signal_count > 0 then 'contracting'
            else 'stable'
        end as assessment_code
    from known_enterprise
),

-- month and successor are given with an ending only: a takeover of one who stays is in signals.takeover
dated_assessment as (
    select
        a.*,
        case
            when a.assessment_code in ('left', 'taken_over') then coalesce(a.left_month, a.takeover_month)
        end as gone_month,
        case when a.assessment_code = 'taken_over' then a.successor_enterprise_id end as taken_over_by_id,
        case when a.assessment_code = 'taken_over' then a.successor_name end as taken_over_by_name
    from assessed_enterprise as a
),

-- the clauses that hold, once in each language
assessment_words as (
    select
        a.enterprise_id,
        w.language_code,
        coalesce(x.suspect_count, 0) as suspect_count,
        concat_ws(
            w.between_clauses,
            filled(w.gone, 'month', substr(cast(a.gone_month as varchar), 1, 7)),
            case
                when a.status_code = 'cancelled' then w.cancelled
                when a.status_code = 'revoked' then w.revoked
                when a.seat_move_code = 'stayed' then w.moved_stayed
                when a.seat_move_code = 'too_early' then w.moved_open
                when a.status_code = 'moved_out' then w.moved_out
            end,
            case
                when
                    a.is_lease_over and a.is_here
                    then filled(w.lease_over_here, 'date', cast(a.space_until_date as varchar))
                when a.is_lease_over then filled(w.lease_over, 'date', cast(a.space_until_date as varchar))
                when
                    a.is_lease_ending and a.is_lease_terminated
                    then filled(w.lease_terminated, 'date', cast(a.space_until_date as varchar))
                when a.is_lease_ending then filled(w.lease_ending, 'date', cast(a.space_until_date as varchar))
            end,
            case
                when a.is_carried_on and (a.is_closed or not a.is_here)
                    then
                        filled(
                            w.carried_on,
                            'status',
                            case a.successor_status_code
                                when 'cancelled' then w.successor_cancelled
                                when 'revoked' then w.successor_revoked
                                when 'moved_out' then w.successor_moved_out
                                else ''
                            end,
                            'name', a.successor_name
                        )
            end,
            case
                when a.assessment_code = 'dormant' and a.is_leasing
                    then filled(w.dormant, 'month', substr(cast(a.last_operating_month as varchar), 1, 7))
                when a.is_silent and not a.is_leasing and a.last_active_month is not null
                    then filled(w.silent, 'month', substr(cast(a.last_active_month as varchar), 1, 7))
                when a.last_active_month is null then w.never_active
            end,
            filled(w.fall, 'pct', cast(cast(a.fall_pct as decimal(30, 0)) as varchar)),
            case
                when a.is_registered_recently then filled(w.registered, 'date', cast(a.registered_date as varchar))
            end,
            case
                when a.is_new then filled(w.first_seen, 'month', substr(cast(a.first_active_month as varchar), 1, 7))
            end,
            nullif(case w.language_code when 'zh' then a.heard_zh else a.heard_en end, ''),
            filled(w.left_out, 'values', x.words),
            case
                when a.heard_signal_count < a.signals_min
                    then filled(w.few_signals, 'count', cast(a.heard_signal_count as varchar))
            end
        ) as evidence
    from dated_assessment as a
    cross join rules.assessment_words as w
    left join left_out as x on a.enterprise_id = x.enterprise_id and w.language_code = x.language_code
)

select
    a.enterprise_id,
    a.enterprise_name,
    a.assessment_code,
    t.assessment_title_en,
    t.assessment_title_zh,
    a.gone_month as left_month,
    a.taken_over_by_id as successor_enterprise_id,
    a.taken_over_by_name as successor_name,
    en.evidence,
    zh.evidence as evidence_zh,
    cast(a.heard_signal_count as integer) as heard_signal_count,
    cast(a.rising_signal_count as integer) as rising_signal_count,
    cast(a.falling_signal_count as integer) as falling_signal_count,
    cast(en.suspect_count as integer) as suspect_value_count,
    a.last_active_month,
    a.space_until_date,
    a.month,
    o.as_of,
    concat(a.rule_version, '; ', f.version, '; ', q.version) as rule_version
from dated_assessment as a
cross join ops.night as o
cross join rules.flow as f
cross join rules.plausibility_limit as q
inner join assessment_words as en on a.enterprise_id = en.enterprise_id and en.language_code = 'en'
inner join assessment_words as zh on a.enterprise_id = zh.enterprise_id and zh.language_code = 'zh'
left join rules.assessment_title as t on a.assessment_code = t.assessment_code
