-- title: Successions | 承继关系
-- one row is: one enterprise that carries on the people, the premises or the business of another, from one month on
--   | 自某月起接续另一家企业人员、房屋或业务的一家企业
-- answers: is this gain growth, or did another's people arrive; is this loss decline, or do others carry it on?
--   | 增加是增长，还是别家的人来了；减少是下降，还是由别家接走了？
-- key: predecessor_reference, successor_reference, succession_code, effective_month
-- rules: Points of the kinds of evidence are added up (rules/succession.yml).
--   * fact: accept_points and more; signals.flow counts its losses and gains as succession, never as growth or
--   decline.
--   * candidate: queue_points and more; somebody should look at it, and it changes nothing meanwhile.
--   * register: a merger or division (resolved.succession).
--   * people: the insured headcount of one falls by about what the other's rises, at about that time; alone it is
--   nothing.
--   * worker_flow: signals.worker_flow.
--   * agency, desk: signals.payroll_move.
--   * premises, founded: signals.room_succession.
--   * merged, split: by the register, or by people and premises.
--   * taken_over: the whole of one goes on in a new one.
--   * staff_moved: between two that both go on.
--   * payroll_to_agency, payroll_from_agency: people who change the employer's name and keep their desk.
--   * Each row is a pair of two, as it is found: nothing follows chains, so that A → B → A cannot loop.
--   * Changes within one enterprise (name, code, seat) are in resolved.identity_event and signals.seat_move.
--   | 各类依据的分值相加。
--   * 达到认定分数线的为认定：其增减计为承继，不算增长或下降。
--   * 达到待核分数线的为待核：应有人查看，期间不改变任何数值。
--   * 登记：合并或分立。
--   * 人数：一方减少与另一方增加在时间和数量上大致相当，单独不成立。
--   * 另有人员成批转移、派遣公司、仍在岗、同一房屋、新设承接。
--   * 合并、分立：依登记，或依人员与房屋。
--   * 整体承接：一家全部转入新企业。
--   * 人员转移：双方都继续。
--   * 转入派遣、转出派遣：换了参保单位而仍在原处上班。
--   * 每行是一对企业，不作链式推导，循环不会造成死循环。
--   * 同一企业内的变更见“名称代码住所变更”和“住所迁移与去留”。
-- example: A's headcount falls 40 → 0, B's rises 0 → 39 in the same month (people, 60 points), in A's room (premises,
--   40): 100, a fact.
--   | 甲参保人数40→0，乙同月0→39（人数，60分），且在甲原来的房间（同一房屋，40分）：共100分，认定。
-- known gaps: Fewer than five people leave no trace. A side that no silo knows has a reference and no enterprise_id.
--   | 不足五人的看不出。没有来源知晓的一方只有标识，没有企业编号。
-- column event_date: day of the register's event; empty where only other evidence is known | 登记日期 登记事件的日期；只有其他依据的为空
-- column evidence_kind: the kinds of evidence that were found, with + between | 依据类别 找到的依据，多项以加号相连
-- codes evidence_kind: several
--   * register: the register's event | 登记事项
--   * worker_flow: people counted from unit to unit | 人员成批转移
--   * people: one headcount falls by roughly the other's gain | 人数吻合
--   * agency: one of the two is a labour agency | 劳务派遣
--   * desk: entries or electricity stay as they were | 仍在岗
--   * premises: the same room | 同一房屋
--   * founded: one closes and the other is registered at about the same time | 新设承接
-- column score: evidence points over 100, at most 1 | 依据得分 依据分值除以100，至多为1
-- checked by: tests/models/signals.succession, tests/system/test_successions.py
with register_event as (
    select
        predecessor_enterprise_id,
        successor_enterprise_id,
        predecessor_reference,
        successor_reference,
        succession_code,
        event_date,
        month_number(event_date) as event_number
    from resolved.succession
    where event_date is not null
),

reported_people as (
    select
        t.predecessor_reference,
        t.successor_reference,
        t.succession_code,
        l.month as loss_month,
        g.month as gain_month,
        -l.change as loss_people,
        g.change as gain_people,
        l.earlier_headcount,
        row_number() over (
            partition by t.predecessor_reference, t.successor_reference, t.succession_code
            order by abs(l.change + g.change) asc, g.month_number asc, l.month_number asc
        ) as row_rank
    from register_event as t
    cross join rules.succession as rule
    inner join signals.headcount_step as l
        on
            t.predecessor_enterprise_id = l.enterprise_id and l.change < 0
            and l.month_number >= t.event_number - rule.register_before_months
            and l.month_number <= t.event_number + rule.register_after_months
    inner join signals.headcount_step as g
        on
            t.successor_enterprise_id = g.enterprise_id and g.change > 0
            and l.month_number <= g.month_number
            and g.month_number <= l.month_number + rule.people_lag_months
    where
        abs(l.change + g.change) * 100
        <= greatest(rule.tolerance_people * 100, rule.register_tolerance_pct * -l.change)
),

by_register as (
    select
        t.predecessor_enterprise_id,
        t.successor_enterprise_id,
        t.predecessor_reference,
        t.successor_reference,
        t.succession_code,
        t.event_date,
        coalesce(p.gain_month, cast(date_trunc('month', t.event_date) as date)) as effective_month,
        p.loss_month,
        p.gain_month,
        least(p.loss_people, p.gain_people) as people_count,
        p.earlier_headcount,
        rule.register_points + case when p.row_rank = 1 then rule.people_points else 0 end as points,
        false as is_ambiguous,
        concat('register', case when p.row_rank = 1 then '+people' else '' end) as evidence_kind
    from register_event as t
    cross join rules.succession as rule
    left join reported_people as p
        on
            t.predecessor_reference = p.predecessor_reference
            and t.successor_reference = p.successor_reference
            and t.succession_code = p.succession_code
            and p.row_rank = 1
),

by_payroll as (
    select
        predecessor_enterprise_id,
        successor_enterprise_id,
        predecessor_enterprise_id as predecessor_reference,
        successor_enterprise_id as successor_reference,
        succession_code,
        cast(null as date) as event_date,
        gain_month as effective_month,
        loss_month,
        gain_month,
        people_count,
        earlier_headcount,
        evidence_points as points,
        is_ambiguous,
        concat('people+agency', case when is_at_desk then '+desk' else '' end) as evidence_kind
    from signals.payroll_move
),

by_room as (
    select
        r.predecessor_enterprise_id,
        r.successor_enterprise_id,
        r.predecessor_enterprise_id as predecessor_reference,
        r.successor_enterprise_id as successor_reference,
        r.succession_code,
        cast(null as date) as event_date,
        coalesce(r.gain_month, r.start_month) as effective_month,
        r.loss_month,
        r.gain_month,
        r.people_count,
        r.earlier_headcount,
        r.evidence_points as points,
        false as is_ambiguous,
        concat(
            case when r.is_people then 'people+' else '' end, 'premises',
            case when r.is_founded then '+founded' else '' end
        ) as evidence_kind
    from signals.room_succession as r
    left join register_event as t
        on
            r.predecessor_enterprise_id = t.predecessor_enterprise_id
            and r.successor_enterprise_id = t.successor_enterprise_id
    where t.predecessor_reference is null
),

by_roster as (
    select
        w.predecessor_enterprise_id,
        w.successor_enterprise_id,
        w.predecessor_enterprise_id as predecessor_reference,
        w.successor_enterprise_id as successor_reference,
        w.succession_code,
        cast(null as date) as event_date,
        w.gain_month as effective_month,
        w.gain_month as loss_month,
        w.gain_month,
        w.people_count,
        w.earlier_headcount,
        rule.worker_flow_points as points,
        false as is_ambiguous,
        'worker_flow' as evidence_kind
    from signals.worker_flow as w
    cross join rules.succession as rule
    left join register_event as t
        on
            w.predecessor_enterprise_id = t.predecessor_enterprise_id
            and w.successor_enterprise_id = t.successor_enterprise_id
    where t.predecessor_reference is null
),

found_succession as (
    select * from by_register
    union all
    select * from by_roster
    union all
    select * from by_payroll
    union all
    select * from by_room
),

ranked_succession as (
    select
        *,
        row_number() over (
            partition by predecessor_reference, successor_reference, succession_code, effective_month
            order by is_ambiguous asc, points desc, evidence_kind desc
        ) as row_rank
    from found_succession
)

select
    f.predecessor_reference,
    f.successor_reference,
    f.succession_code,
    f.effective_month,
    f.predecessor_enterprise_id,
    f.successor_enterprise_id,
    f.event_date,
    f.loss_month,
    f.gain_month,
    cast(f.people_count as bigint) as people_count,
    cast(100.0 * f.people_count / nullif(f.earlier_headcount, 0) as decimal(30, 2)) as people_share_pct,
    f.evidence_kind,
    case when f.points >= rule.accept_points and not f.is_ambiguous then 'fact' else 'candidate' end as standing_code,
    cast(least(f.points, 100) / 100.0 as decimal(30, 2)) as score,
    rule.version as rule_version
from ranked_succession as f
cross join rules.succession as rule
where f.points >= rule.queue_points and f.row_rank = 1
