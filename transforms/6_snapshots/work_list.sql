-- title: Work list | 工作清单
-- one row is: one thing for one person to do, as of tonight | 一行是：一件要办的事，截至当晚
-- answers: what should be done this week, by which office, why, and how often was such a hint right?
--   | 本周要办什么、由谁办、为什么，此类建议过去命中多少？
-- key: row_id
-- rules: Limits in rules/work_list.yml, which alert asks for what there too; docs/worklist.md.
--   * What there is to do: answer an open stated need (industry.need); call, visit or check for an alert
--     (signals.alert), unless the enterprise has an open need of the kind that it implies; introduce the sides of an
--     introduction (industry.introduction), and show the offer of a tenant of what several others buy outside
--     (industry.offer_demand); contact an enterprise elsewhere (industry.candidate, in its order), and
--     look for a seller of what several tenants buy outside and none sells (industry.gap, most buyers first).
--   * New rows: each week, Monday to Sunday, 6 answers, 4 calls, visits and checks, 3 introductions, 2 of attraction.
--     What earlier published nights put forward in the week counts (ops.work_shown). Answers: those late for the first
--     contact, then the oldest. Alerts: precise before watchful, the best of every alert by score before the second
--     best of any. Introductions: first choices, then the earliest date; offers of what several buy after those
--     that fit and before those to ask about. Attraction: goods and enterprises by turns.
--   * A row stays until day 29 after it was first put forward, and is put forward again on days 7, 14 and 21. It is not
--     new again within 180 days after it was first put forward or answered. A row leaves at once when its reason has
--     gone.
--   * Answers (outcomes.csv): done, no_interest, wrong: the row stays in sight for 7 days. later: it is put forward
--     again after 14 days, as if it were new.
--   * hit_rate: industry.hit_rate of the same action, topic and level.
--   | 阈值见 rules/work_list.yml。
--   * 事项来源：未办结诉求（答复）；预警（电话、走访或核实），企业已提出同类未办结诉求的不再列；供需对接（牵线）；招引对象，以及多家企业
--     在外采购而园内没有卖方的商品（招商）。
--   * 每周（周一至周日）新增：答复6件、联系走访4件、对接3件、招商2件；本周已发布各期新列入的计入限额。诉求先列逾期未联系的，再按提出先后；
--     预警先红后黄，各类预警得分最高的先列、次高的后列；对接先首选、再按期望日期。
--   * 每件自首次列入起保留至第29天，第7、14、21天再次提醒；自首次列入或回复起180天内不再作为新增。理由消失的随即移出。
--   * 回复（outcomes.csv）：已办、无意向、情况不符的再显示7天；以后再办的，14天后重新提醒。
-- example: first put forward on Monday 2026-11-02, not answered: put forward again on 9, 16 and 23 November, last
--   there on 1 December.
--   | 2026年11月2日（周一）首次列入且无人回复：11月9日、16日、23日再次提醒，最后显示到12月1日。
-- known gaps: A row beyond the weekly limit waits; if its reason goes meanwhile, it is never shown. A backfilled
--   night is not seen by readers and does not count.
--   | 超出每周限额的事项顺延，其间理由消失的不再出现；补跑的历史期次不计。
-- column list_date: day of the list in the park | 清单日期 清单所属日期（园区时间）
-- column since_date: day on which it was stated; of an alert, the first month in which it was seen; of an enterprise
--   elsewhere, when it last opened a branch; empty of goods
--   | 起因日期 诉求提出之日；预警为首次出现的月份；招引对象为最近一次设点日期；外购缺口为空
-- column due_date: day until which it should be done: of a need not yet contacted the day for the first contact, else
--   the day until which it is needed; of a call 7 days after it was first put forward
--   | 应完成日期 未联系的诉求为应联系日期，其余为期望日期；电话、走访为首次列入后第七天
-- column office_zh: office that does it | 承办部门 负责办理该事项的部门
-- column enterprise_id: the enterprise that it is about; empty of attraction, which is about none of the park's
--   | 企业编号 事项涉及的企业；招商事项不涉及园内企业，为空
-- checked by: tests/models/snapshots.work_list, tests/transforms/test_work_list.py
with list_night as (
    select
        d.list_date,
        cast(date_trunc('week', d.list_date) as date) as monday,
        o.as_of
    from ops.night as o
    cross join industry.list_day as d
),

-- who has left is not called about a need of the past
present_need as (
    select n.*
    from industry.need as n
    left join signals.departure as d on n.enterprise_id = d.enterprise_id
    where n.is_unresolved and d.left_ground_code is null
),

-- a need that was stated is answered as such: an alert that implies it would be the same work twice
stated_kind as (
    select distinct
        enterprise_id,
        need_kind_code
    from present_need
),

-- columns by name: what a kind of row has none of is NULL
task as (
    select
        concat('answer|', n.need_key) as subject,
        'answer' as action_code,
        n.need_kind_code as topic_code,
        k.title_en as topic_en,
        k.title_zh as topic_zh,
        'stated' as hint_level_code,
        n.enterprise_id,
        n.enterprise_name,
        n.need_key,
        n.office_en,
        n.office_zh,
        n.stated_date as since_date,
        -- until there was a contact the promise of the first contact is what is due
        case when n.first_contact_date is null then n.contact_due_date else n.due_date end as due_date,
        filled(
            words.answer_en,
            'kind', k.title_en,
            'quantity', coalesce(quantity_words(n.needed_quantity, u.title_en), ''),
            'date', cast(n.stated_date as varchar),
            'due', coalesce(filled(words.due_en, 'date', cast(n.due_date as varchar)), ''),
            'contact',
            coalesce(
                case
                    when n.first_contact_date is not null
                        then filled(words.contacted_en, 'date', cast(n.first_contact_date as varchar))
                    when n.is_first_contact_on_time is null
                        then filled(words.contact_until_en, 'date', cast(n.contact_due_date as varchar))
                    else words.contact_overdue_en
                end,
                ''
            )
        ) as work_en,
        filled(
            words.answer_zh,
            'kind', k.title_zh,
            'quantity', coalesce(quantity_words(n.needed_quantity, u.title_zh), ''),
            'date', cast(n.stated_date as varchar),
            'due', coalesce(filled(words.due_zh, 'date', cast(n.due_date as varchar)), ''),
            'contact',
            coalesce(
                case
                    when n.first_contact_date is not null
                        then filled(words.contacted_zh, 'date', cast(n.first_contact_date as varchar))
                    when n.is_first_contact_on_time is null
                        then filled(words.contact_until_zh, 'date', cast(n.contact_due_date as varchar))
                    else words.contact_overdue_zh
                end,
                ''
            )
        ) as work_zh,
        case when n.first_contact_date is null and not coalesce(n.is_first_contact_on_time, true) then 1 else 2 end
            as priority,
        cast(datediff('day', date '2000-01-01', n.stated_date) as decimal(30, 2)) as priority_within
    from present_need as n
    cross join list_night as t
    cross join rules.work_list_words as words
    cross join rules.work_list_limit as r
    inner join rules.need_kind as k on n.need_kind_code = k.need_kind_code
    left join rules.quantity_unit as u on n.quantity_unit_code = u.quantity_unit_code
    where n.stated_date >= t.list_date - cast(r.need_days as integer)
    union all by name
    select
        concat(w.action_code, '|', a.enterprise_id, '|', a.alert_code) as subject,
        w.action_code,
        a.alert_code as topic_code,
        a.alert_title_en as topic_en,
        a.alert_title_zh as topic_zh,
        a.level_code as hint_level_code,
        a.enterprise_id,
        a.enterprise_name,
        w.office_en,
        w.office_zh,
        a.first_seen_month as since_date,
        filled(
            words.alert_en, 'title', a.alert_title_en, 'reasons', a.reasons_en, 'next_step', a.next_step_en
        ) as work_en,
        filled(
            words.alert_zh, 'title', a.alert_title_zh, 'reasons', a.reasons_zh, 'next_step', a.next_step_zh
        ) as work_zh,
        -- the best of each alert before the second best of any: one kind must not fill the week
        case when a.level_code = 'precise' then 0 else 100000 end
        + row_number() over (partition by a.alert_code, a.level_code order by a.score desc, a.enterprise_id asc)
            as priority,
        cast(w.urgency as decimal(30, 2)) as priority_within
    from signals.alert as a
    inner join rules.work_list as w on a.alert_code = w.alert_code
    cross join rules.work_list_words as words
    left join rules.need_implied as i on a.alert_code = i.alert_code
    left join stated_kind as n on a.enterprise_id = n.enterprise_id and i.need_kind_code = n.need_kind_code
    where n.enterprise_id is null
    union all by name
    select
        concat('introduce|', i.need_key, '|', i.offer_key) as subject,
        'introduce' as action_code,
        i.need_kind_code as topic_code,
        k.title_en as topic_en,
        k.title_zh as topic_zh,
        i.fit_level_code as hint_level_code,
        i.enterprise_id,
        i.enterprise_name,
        i.need_key,
        i.offer_key,
        n.office_en,
        n.office_zh,
        n.stated_date as since_date,
        i.due_date,
        filled(words.introduce_en, 'work', i.work_en) as work_en,
        filled(words.introduce_zh, 'work', i.work_zh) as work_zh,
        -- what fits before what somebody has to ask about first
        i.fit_rank + case when i.fit_level_code = 'fits' then 0 else 100 end as priority,
        cast(coalesce(datediff('day', date '2000-01-01', i.due_date), 1000000) as decimal(30, 2)) as priority_within
    from industry.introduction as i
    inner join present_need as n on i.need_key = n.need_key
    inner join rules.need_kind as k on i.need_kind_code = k.need_kind_code
    inner join rules.introduction as l on i.fit_rank <= l.offers_max
    cross join rules.work_list_words as words
    cross join list_night as t
    cross join rules.work_list_limit as r
    where n.stated_date >= t.list_date - cast(r.need_days as integer)
    union all by name
    select
        concat('introduce|offered|', d.offer_key) as subject,
        'introduce' as action_code,
        d.need_kind_code as topic_code,
        k.title_en as topic_en,
        k.title_zh as topic_zh,
        'several' as hint_level_code,
        d.enterprise_id,
        d.enterprise_name,
        d.offer_key,
        k.office_en,
        k.office_zh,
        d.valid_until_date as due_date,
        filled(words.introduce_en, 'work', d.work_en) as work_en,
        filled(words.introduce_zh, 'work', d.work_zh) as work_zh,
        -- after offers that fit a stated need, before those that one has to ask about
        50 as priority,
        cast(coalesce(datediff('day', date '2000-01-01', d.valid_until_date), 1000000) as decimal(30, 2))
            as priority_within
    from industry.offer_demand as d
    inner join rules.need_kind as k on d.need_kind_code = k.need_kind_code
    cross join rules.work_list_words as words
    union all by name
    select
        concat('attract|', c.source_key) as subject,
        'attract' as action_code,
        'candidate' as topic_code,
        words.candidate_topic_en as topic_en,
        words.candidate_topic_zh as topic_zh,
        c.expands_level as hint_level_code,
        c.enterprise_name,
        o.attraction_office_en as office_en,
        o.attraction_office_zh as office_zh,
        c.last_opened_date as since_date,
        filled(
            words.candidate_en,
            'branches', cast(c.recent_branch_count as varchar),
            'months', cast(l.recent_months as varchar),
            'cities', cast(c.branch_city_count as varchar),
            'buyers', coalesce(filled(words.buyers_en, 'count', cast(c.seen_buyer_count as varchar)), ''),
            'name', c.enterprise_name
        ) as work_en,
        filled(
            words.candidate_zh,
            'branches', cast(c.recent_branch_count as varchar),
            'months', cast(l.recent_months as varchar),
            'cities', cast(c.branch_city_count as varchar),
            'buyers', coalesce(filled(words.buyers_zh, 'count', cast(c.seen_buyer_count as varchar)), ''),
            'name', c.enterprise_name
        ) as work_zh,
        -- even and odd: enterprises and goods by turns
        2 * c.candidate_rank as priority,
        cast(0 as decimal(30, 2)) as priority_within
    from industry.candidate as c
    cross join rules.work_list_words as words
    cross join rules.work_list_limit as o
    cross join rules.candidate as l
    where c.candidate_rank is not null
    union all by name
    select
        concat('attract|goods|', g.goods_code) as subject,
        'attract' as action_code,
        'gap' as topic_code,
        words.gap_topic_en as topic_en,
        words.gap_topic_zh as topic_zh,
        'seen' as hint_level_code,
        o.attraction_office_en as office_en,
        o.attraction_office_zh as office_zh,
        filled(
            words.gap_en,
            'code', g.goods_code,
            'count', cast(g.buyer_count as varchar),
            'title',
            case
                when coalesce(g.goods_title_en, g.goods_class_title_en) is not null
                    then filled(
                        words.gap_title_en,
                        'title',
                        concat_ws(words.of_class_en, g.goods_title_en, g.goods_class_title_en)
                    )
                else ''
            end
        ) as work_en,
        filled(
            words.gap_zh,
            'code', g.goods_code,
            'count', cast(g.buyer_count as varchar),
            'title',
            case
                when coalesce(g.goods_title_zh, g.goods_class_title_zh) is not null
                    then filled(
                        words.gap_title_zh,
                        'title',
                        concat_ws(words.of_class_zh, g.goods_title_zh, g.goods_class_title_zh)
                    )
                else ''
            end
        ) as work_zh,
        2 * row_number() over (order by g.buyer_count desc, g.goods_code asc) - 1 as priority,
        cast(0 as decimal(30, 2)) as priority_within
    from industry.gap as g
    cross join rules.work_list_words as words
    cross join rules.work_list_limit as o
    where g.gap_step_code = 'attract'
),

-- the id follows from the subject alone, so that a row is the same one every night
task_by_id as (
    select
        t.*,
        work_row_id(t.subject) as row_id,
        work_limit_group(t.action_code) as limit_group_code
    from task as t
),

ranked_answer as (
    select
        *,
        row_number() over (partition by row_id order by answered_at desc) as answer_rank
    from ops.work_answer
),

-- of several answers to a row the latest counts
last_answer as (
    select
        row_id,
        work_answer_code,
        answered_at,
        answered_because
    from ranked_answer
    where answer_rank = 1
),

-- while a row was put forward or answered within the quiet days, it cannot be new
last_showing as (
    select
        s.row_id,
        max(s.list_date) as first_shown_date
    from ops.work_shown as s
    inner join list_night as t on s.as_of < t.as_of
    cross join rules.work_list_limit as r
    left join last_answer as a on s.row_id = a.row_id
    where greatest(s.list_date, cast(a.answered_at as date)) > t.list_date - cast(r.quiet_days as integer)
    group by s.row_id
),

-- what was put forward this week uses up the limit, whether or not its reason has gone since
week_group as (
    select
        work_limit_group(s.action_code) as limit_group_code,
        count(distinct s.row_id) as shown_count
    from ops.work_shown as s
    inner join list_night as t on s.as_of < t.as_of and s.list_date between t.monday and t.list_date
    group by work_limit_group(s.action_code)
),

-- rows in their order that could be new; the id decides ties, so that two runs agree
waiting_task as (
    select
        i.row_id,
        i.limit_group_code,
        row_number() over (
            partition by i.limit_group_code order by i.priority, i.priority_within, i.row_id
        ) as row_rank
    from task_by_id as i
    left join last_showing as s on i.row_id = s.row_id
    where s.row_id is null
),

new_task as (
    select w.row_id
    from waiting_task as w
    cross join rules.work_list_limit as r
    left join week_group as c on w.limit_group_code = c.limit_group_code
    where
        w.row_rank + coalesce(c.shown_count, 0) <= case w.limit_group_code
            when 'answer' then r.answer_week_max
            when 'call' then r.call_week_max
            when 'introduction' then r.introduction_week_max
            else r.attraction_week_max
        end
),

current_task as (
    select
        i.*,
        t.list_date,
        coalesce(s.first_shown_date, t.list_date) as first_shown_date,
        a.work_answer_code,
        a.answered_at,
        a.answered_because,
        case
            when
                a.work_answer_code = 'later'
                then cast(cast(a.answered_at as date) + cast(r.later_days as integer) as date)
            else coalesce(s.first_shown_date, t.list_date)
        end as put_forward_date
    from task_by_id as i
    cross join list_night as t
    cross join rules.work_list_limit as r
    left join last_showing as s on i.row_id = s.row_id
    left join new_task as n on i.row_id = n.row_id
    left join last_answer as a on s.row_id = a.row_id and cast(a.answered_at as date) >= s.first_shown_date
    where s.row_id is not null or n.row_id is not null
),

task_age as (
    select
        s.*,
        r.version as rule_version,
        r.drop_days,
        r.call_days,
        r.again_days,
        r.again_max,
        datediff('day', s.put_forward_date, s.list_date) as age_days,
        coalesce(s.work_answer_code <> 'later', false) as is_answered,
        datediff('day', cast(s.answered_at as date), s.list_date) as answered_days_ago,
        r.answered_days
    from current_task as s
    cross join rules.work_list_limit as r
),

-- answered rows stay in sight for some days, so that the office sees that its answer was heard
reminder as (
    select
        a.*,
        least(greatest(cast(floor(a.age_days / nullif(a.again_days, 0)) as integer), 0), cast(a.again_max as integer))
            as again_count
    from task_age as a
    where case when a.is_answered then a.answered_days_ago < a.answered_days else a.age_days < a.drop_days end
)

select
    c.row_id,
    c.list_date,
    c.limit_group_code,
    c.action_code,
    c.topic_code,
    c.topic_en,
    c.topic_zh,
    c.hint_level_code,
    c.enterprise_id,
    c.enterprise_name,
    c.need_key,
    c.offer_key,
    c.work_en,
    c.work_zh,
    c.office_en,
    c.office_zh,
    c.since_date,
    coalesce(
        c.due_date,
        case when c.limit_group_code = 'call' then cast(c.put_forward_date + cast(c.call_days as integer) as date) end
    ) as due_date,
    c.first_shown_date,
    case
        when c.age_days < 0 or c.is_answered then null
        else cast(c.put_forward_date + cast(c.again_days as integer) * c.again_count as date)
    end as asked_date,
    case when c.age_days < 0 then 0 else c.again_count + 1 end as asked_count,
    case when not c.is_answered then cast(c.put_forward_date + cast(c.drop_days as integer) as date) end as drop_date,
    case
        when c.is_answered then 'answered'
        when c.age_days < 0 then 'later'
        when c.age_days < c.again_days then 'new'
        else 'back'
    end as work_state_code,
    c.work_answer_code,
    c.answered_at,
    c.answered_because,
    coalesce(h.hit_rate_en, 'not yet known') as hit_rate_en,
    coalesce(h.hit_rate_zh, '尚不可知') as hit_rate_zh,
    cast(
        row_number() over (partition by c.limit_group_code order by c.priority, c.priority_within, c.row_id) as integer
    )
        as rank_in_group,
    o.as_of,
    c.rule_version
from reminder as c
cross join ops.night as o
left join industry.hit_rate as h
    on c.action_code = h.action_code and c.topic_code = h.topic_code and c.hint_level_code = h.hint_level_code
