-- title: What came of suggestions | 建议结果
-- one row is: one row of the work list that a published night put forward as new | 一行是：某期已发布的工作清单新列入的一件事
-- answers: was the suggestion right? | 当时的建议是否命中？
-- key: row_id, first_shown_date
-- rules:
--   * A stated need: hit where it was closed as met, in full or in part; miss where it was closed otherwise.
--   * An implied need (rules/need_implied.yml): hit where the enterprise stated a need of that kind within 6 months
--     after the day on which the list first showed it; miss where it did not in that time, or where somebody answered
--     wrong.
--   * All other rows: as answered in outcomes.csv: done is a hit, no_interest and wrong are misses.
--   * An answer counts for the showing that it followed: dated from its day on, and before the row was put forward
--     anew. Of several the latest holds.
--   * waiting: none of this yet. A row without an answer stays so: it is unknown.
--   | * 企业提出的诉求：办结且全部或部分解决为命中，其他办结结果为未中。
--   * 推断的需求（见规则）：列入清单后六个月内企业提出同类诉求为命中；六个月内未提出，或有人答复“情况不符”的为未中。
--   * 其他事项按 outcomes.csv 的回复：已办为命中，无意向、情况不符为未中。
--   * 回复归于其前最近的一次列入；同次有多个回复的，以最后一个为准。
--   * 尚不可知：以上均未发生。无人回复的一直如此。
-- example: put forward on 2026-03-02, a need of that kind stated on 2026-07-01: hit, settled on 2026-07-01.
--   | 2026年3月2日列入，7月1日提出同类诉求：命中，见分晓日期为7月1日。
-- known gaps: Rows that exceeded the weekly limit were never put forward and are not here. An implied need that is
--   met before it is stated counts as a miss.
--   | 因每周限额未列入的不在内；推断的需求在提出前已解决的，计为未中。
-- checked by: tests/models/industry.outcome
with shown_row as (
    select
        s.row_id,
        s.list_date as first_shown_date,
        lead(s.list_date) over (partition by s.row_id order by s.list_date) as next_shown_date,
        min(s.action_code) as action_code,
        min(s.topic_code) as topic_code,
        min(s.hint_level_code) as hint_level_code,
        min(coalesce(f.enterprise_id, s.enterprise_id)) as enterprise_id,
        min(s.need_key) as need_key,
        min(s.offer_key) as offer_key
    from ops.work_shown as s
    inner join ops.night as o on s.as_of < o.as_of
    left join resolved.enterprise_forward as f on s.enterprise_id = f.former_enterprise_id
    group by s.row_id, s.list_date
),

showing_answer as (
    select
        s.row_id,
        s.first_shown_date,
        a.work_answer_code,
        a.answered_at,
        row_number() over (partition by s.row_id, s.first_shown_date order by a.answered_at desc) as answer_rank
    from shown_row as s
    inner join ops.work_answer as a
        on
            s.row_id = a.row_id
            and cast(a.answered_at as date) >= s.first_shown_date
            and coalesce(cast(a.answered_at as date) < s.next_shown_date, true)
),

-- of an implied need, the first need of its kind that was stated in time
first_stated_need as (
    select
        s.row_id,
        s.first_shown_date,
        max(i.stated_within_months) as stated_within_months,
        min(n.stated_date) as stated_date
    from shown_row as s
    inner join rules.need_implied as i on s.topic_code = i.alert_code
    left join industry.need as n
        on
            s.enterprise_id = n.enterprise_id
            and i.need_kind_code = n.need_kind_code
            and s.first_shown_date <= n.stated_date
            and n.stated_date <= s.first_shown_date + interval '1' month * i.stated_within_months
    group by s.row_id, s.first_shown_date
),

verdict as (
    select
        s.*,
        a.work_answer_code,
        case
            when s.action_code = 'answer' and n.need_outcome_code in ('met', 'partly') then 'hit'
            when s.action_code = 'answer' and n.closed_date is not null then 'miss'
            when s.action_code = 'answer' then 'waiting'
            when t.stated_date is not null then 'hit'
            when t.row_id is not null and a.work_answer_code = 'wrong' then 'miss'
            when t.row_id is not null and o.list_date > s.first_shown_date + interval '1' month * t.stated_within_months
                then 'miss'
            when t.row_id is not null then 'waiting'
            when a.work_answer_code = 'done' then 'hit'
            when a.work_answer_code in ('no_interest', 'wrong') then 'miss'
            else 'waiting'
        end as came_of_it_code,
        case
            when s.action_code = 'answer' then n.closed_date
            when t.stated_date is not null then t.stated_date
            when t.row_id is not null and a.work_answer_code = 'wrong' then cast(a.answered_at as date)
            when
                t.row_id is not null
                then cast(s.first_shown_date + interval '1' month * t.stated_within_months as date)
            else cast(a.answered_at as date)
        end as settled_date
    from shown_row as s
    cross join industry.list_day as o
    left join showing_answer as a
        on s.row_id = a.row_id and s.first_shown_date = a.first_shown_date and a.answer_rank = 1
    left join first_stated_need as t on s.row_id = t.row_id and s.first_shown_date = t.first_shown_date
    left join industry.need as n on s.need_key = n.need_key
)

select
    j.row_id,
    j.first_shown_date,
    j.enterprise_id,
    e.enterprise_name,
    j.action_code,
    j.topic_code,
    j.hint_level_code,
    j.need_key,
    j.offer_key,
    j.work_answer_code,
    j.came_of_it_code,
    case when j.came_of_it_code <> 'waiting' then j.settled_date end as settled_date
from verdict as j
left join resolved.enterprise as e on j.enterprise_id = e.enterprise_id
