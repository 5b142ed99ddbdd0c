-- title: Hit rates of suggestions | 建议命中率
-- one row is: one kind of suggestion at one level that was put forward | 一行是：列入过清单的一类建议的一个把握程度
-- answers: how often has such a suggestion been right? | 此类建议过去命中多少？
-- key: action_code, topic_code, hint_level_code
-- rules: Counts of industry.outcome. The rate, and its words, are given from 20 settled ones on
--   (rules/work_list.yml): of fewer, chance says more than the rule.
--   | 按建议结果计数。见分晓满二十次（见规则）才给出命中率，不足的写“尚不可知”。
-- example: 20 settled, 6 of them hits: 30 %, in words 6 of 20.
--   | 已见分晓20次，命中6次：命中率30%，写作“20 次中 6 次”。
-- known gaps: Rule changes meanwhile are not distinguished. | 期间规则有改动的不作区分。
-- checked by: tests/models/industry.hit_rate
with hint_count as (
    select
        action_code,
        topic_code,
        hint_level_code,
        count(*) as shown_count,
        count(case when came_of_it_code <> 'waiting' then 1 end) as settled_count,
        count(case when came_of_it_code = 'hit' then 1 end) as hit_count
    from industry.outcome
    group by action_code, topic_code, hint_level_code
)

select
    c.action_code,
    c.topic_code,
    c.hint_level_code,
    c.shown_count,
    c.settled_count,
    c.hit_count,
    case
        when
            c.settled_count >= r.settled_min
            then cast(c.hit_count * 100.0 / nullif(c.settled_count, 0) as decimal(30, 2))
    end
        as hit_rate_pct,
    case
        when c.settled_count >= r.settled_min
            then filled(w.hit_rate_en, 'hits', number_text(c.hit_count), 'count', number_text(c.settled_count))
        else w.not_settled_en
    end as hit_rate_en,
    case
        when c.settled_count >= r.settled_min
            then filled(w.hit_rate_zh, 'hits', number_text(c.hit_count), 'count', number_text(c.settled_count))
        else w.not_settled_zh
    end as hit_rate_zh,
    r.version as rule_version
from hint_count as c
cross join rules.work_list_limit as r
cross join rules.work_list_words as w
