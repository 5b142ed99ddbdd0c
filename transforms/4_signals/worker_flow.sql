-- title: Groups of staff who changed employer together | 人员成批转移
-- one row is: one enterprise in one month, and another that its people were insured by the month before
--   | 一家企业的一个月，及其人员上月参保所在的另一家企业
-- answers: did so many people come from one place that the enterprise carries it on, rather than grows?
--   | 是否有大量人员来自同一处，以致应算承接而不是增长？
-- key: predecessor_enterprise_id, successor_enterprise_id, gain_month
-- rules: From counted rosters (known.staff_move): people of one unit who were another unit's the month before; no
--   person is named.
--   * A row where at least people_min people came, and they are worker_flow_share_pct or more of the successor's
--   insured staff, or of the predecessor's the month before (LEHD: 80 %; BLS: 75 %; rules/succession.yml).
--   * taken_over: the successor had no staff before, the predecessor has none left.
--   * split: only the former.
--   * merged: only the latter.
--   * with a labour agency on one side (rules/agency.yml) it is a payroll that moved.
--   * else staff_moved.
--   * The former unit is known by its credit code, else by its number in the staff feeds.
--   * A headcount that its wages contradict (signals.wage_check) is unknown here, and so is the share of it.
--   | 取自汇总后的名册：一个单位的人员上月属于另一单位的人数，不涉及姓名。
--   * 来人达到规则人数，且占承继方参保人数或前身上月参保人数达到规则比例的列入（LEHD为80%，BLS为75%）。
--   * 整体承接：承继方此前无人且前身无人留下。
--   * 分立：仅前者成立。
--   * 合并：仅后者成立。
--   * 一方为劳务派遣公司的为转移参保。
--   * 其余为人员转移。
--   * 原单位先按信用代码、再按参保数据中的单位编号识别。
--   * 与工资矛盾的人数视为未知，不据以计算比例。
-- known gaps: Needs an office that compares its own rosters of two months. Without it signals.payroll_move and
--   signals.room_succession compare totals.
--   | 需要有关部门比较自己前后两月的名册。没有的，以总人数推算（见“劳务派遣转移”“同址先后承租”）。
-- checked by: tests/models/signals.worker_flow
with stated_former_unit as (
    select former_unit_no
    from known.staff_move
    group by former_unit_no
),

-- first these few units, then their enterprises
former_unit as (
    select distinct
        e.unit_no,
        e.feed,
        e.source_key
    from known.employment as e
    inner join stated_former_unit as f on e.unit_no = f.former_unit_no
),

unit as (
    select
        u.unit_no,
        min(l.enterprise_id) as enterprise_id
    from former_unit as u
    inner join resolved.link as l on u.feed = l.feed and u.source_key = l.source_key
    group by u.unit_no
    having count(distinct l.enterprise_id) = 1
),

moved_people as (
    select
        coalesce(c.enterprise_id, u.enterprise_id) as predecessor_enterprise_id,
        l.enterprise_id as successor_enterprise_id,
        m.month,
        m.month_number,
        sum(s.moved_headcount) as people_count
    from known.staff_move as s
    inner join resolved.link as l on s.feed = l.feed and s.source_key = l.source_key
    inner join monthly.month as m on s.month = m.month
    left join resolved.enterprise_code as c on c.code_kind = 'uscc' and s.former_uscc = c.code
    left join unit as u on s.former_unit_no = u.unit_no
    where coalesce(c.enterprise_id, u.enterprise_id) <> l.enterprise_id
    group by coalesce(c.enterprise_id, u.enterprise_id), l.enterprise_id, m.month, m.month_number
),

flow_enterprise as (
    select predecessor_enterprise_id as enterprise_id from moved_people
    union
    select successor_enterprise_id as enterprise_id from moved_people
),

-- headcounts that their wages contradict are unknown here
suspect_month as (
    select
        enterprise_id,
        month
    from signals.wage_check
    where is_suspect
    group by enterprise_id, month
),

staff as (
    select
        h.enterprise_id,
        m.month_number,
        case when s.enterprise_id is null then h.insured_headcount end as insured_headcount
    from monthly.headcount as h
    inner join flow_enterprise as w on h.enterprise_id = w.enterprise_id
    inner join monthly.month as m on h.month = m.month
    left join suspect_month as s on h.enterprise_id = s.enterprise_id and h.month = s.month
),

agency as (
    select e.enterprise_id
    from resolved.enterprise as e
    inner join flow_enterprise as w on e.enterprise_id = w.enterprise_id
    cross join rules.agency as rule
    where
        (rule.field_code = 'industry_code' and starts_with(e.industry_code, rule.word))
        or (rule.field_code = 'enterprise_name' and contains(e.enterprise_name, rule.word))
    group by e.enterprise_id
),

weighed_flow as (
    select
        w.predecessor_enterprise_id,
        w.successor_enterprise_id,
        w.month,
        w.people_count,
        case when pb.enterprise_id is null then 0 else pb.insured_headcount end as earlier_headcount,
        case when pa.enterprise_id is null then 0 else pa.insured_headcount end as left_headcount,
        case when sb.enterprise_id is null then 0 else sb.insured_headcount end as there_headcount,
        case when sa.enterprise_id is null then 0 else sa.insured_headcount end as insured_headcount,
        p.enterprise_id is not null as is_from_agency,
        s.enterprise_id is not null as is_to_agency
    from moved_people as w
    left join staff as pb on w.predecessor_enterprise_id = pb.enterprise_id and w.month_number = pb.month_number + 1
    left join staff as pa on w.predecessor_enterprise_id = pa.enterprise_id and w.month_number = pa.month_number
    left join staff as sb on w.successor_enterprise_id = sb.enterprise_id and w.month_number = sb.month_number + 1
    left join staff as sa on w.successor_enterprise_id = sa.enterprise_id and w.month_number = sa.month_number
    left join agency as p on w.predecessor_enterprise_id = p.enterprise_id
    left join agency as s on w.successor_enterprise_id = s.enterprise_id
)

select
    w.predecessor_enterprise_id,
    w.successor_enterprise_id,
    w.month as gain_month,
    case
        when w.is_to_agency and not w.is_from_agency then 'payroll_to_agency'
        when w.is_from_agency and not w.is_to_agency then 'payroll_from_agency'
        when w.there_headcount = 0 and w.left_headcount = 0 then 'taken_over'
        when w.there_headcount = 0 then 'split'
        when w.left_headcount = 0 then 'merged'
        else 'staff_moved'
    end as succession_code,
    cast(w.people_count as bigint) as people_count,
    w.earlier_headcount,
    w.insured_headcount,
    cast(100.0 * w.people_count / nullif(w.earlier_headcount, 0) as decimal(30, 2)) as people_share_pct,
    cast(100.0 * w.people_count / nullif(w.insured_headcount, 0) as decimal(30, 2)) as successor_share_pct
from weighed_flow as w
cross join rules.succession as rule
where
    w.people_count >= rule.people_min
    and (
        w.people_count * 100 >= rule.worker_flow_share_pct * nullif(w.insured_headcount, 0)
        or w.people_count * 100 >= rule.worker_flow_share_pct * nullif(w.earlier_headcount, 0)
    )
