-- title: Alerts | 预警与机会
-- one row is: one alert about one enterprise that is in force tonight | 一家企业当晚成立的一条预警或机会
-- answers: who should be looked at, for what, how sure is it, since when, and what could be done?
--   | 该关注谁，为什么，把握多大，从何时起，可以做什么？
-- key: enterprise_id, alert_code
-- rules: score = base_points of the alert (rules/alert.yml) + the weights of its counted signs
--   (signals.alert_evidence: decayed, the heaviest of each group). watchful from watchful_points on, precise from
--   precise_points on; below, there is no row. first_seen_month: the first month from which those of tonight's
--   signs that existed then reached the watchful level. reasons: the counted signs with their figures, the
--   heaviest first.
--   | 得分＝该预警的基础分＋计入的各条迹象的权重（按时间衰减，同组只计最重的）。达到黄级分数线为黄，达到红级分数线为红；
--   低于黄级的没有行。首次出现月份：当晚的迹象中当时已有的那些首次达到黄级的月份。理由：计入的迹象及其数据，由重到轻。
-- example: need_lease has base_points −2.0; all leases end in 3 months (+3.0): score 1.0, which is precise from 1.0
--   on.
--   | 续租提醒基础分−2.0；全部租约3个月后到期，加3.0：得分1.0，达到红色界限1.0。
-- known gaps: first_seen_month follows from what is known tonight: a sign that has gone since is not in it, so that an
--   alert may be older (snapshots.alert_change has what the nights showed). Two alerts of one enterprise
--   may rest on the same sign. The levels were chosen on an invented city; a park with its own record of who left
--   should choose its own.
--   | 首次出现月份按当晚所知推算：此后消失的迹象不计，因此预警实际可能更早（各晚所示见“预警每日变化”）。同一企业的两
--   条预警可能依据同一迹象。分数线在虚拟城市上选定；有自己离园记录的园区应自行选定。
-- column score: base points of the alert and the weights of its signs, natural logarithm of the odds
--   | 得分 基础分与各迹象权重之和，为胜算的自然对数
-- rebuild: nightly
-- checked by: tests/models/signals.alert
with alert_score as (
    select
        s.enterprise_id,
        s.alert_code,
        cast(max(r.base_points) + sum(s.weight) as decimal(30, 2)) as score,
        count(*) as sign_count,
        max(s.last_seen_month) as last_sign_month,
        max(s.rule_version) as rule_version
    from signals.alert_evidence as s
    inner join rules.alert as r on s.alert_code = r.alert_code
    where s.is_counted
    group by s.enterprise_id, s.alert_code
),

alert_in_force as (
    select c.*
    from alert_score as c
    inner join rules.alert as r on c.alert_code = r.alert_code
    where c.score >= r.watchful_points
),

-- in words, of alerts in force alone: putting words in order costs more than all else here
alert_words as (
    select
        s.enterprise_id,
        s.alert_code,
        string_agg(s.words_en, '; ' order by s.weight desc, s.sign_code asc) as reasons_en,
        string_agg(s.words_zh, '；' order by s.weight desc, s.sign_code asc) as reasons_zh
    from signals.alert_evidence as s
    inner join alert_in_force as t on s.enterprise_id = t.enterprise_id and s.alert_code = t.alert_code
    where s.is_counted
    group by s.enterprise_id, s.alert_code
),

-- the signs that existed in a month, by tonight's weights, of each group the heaviest
month_sign as (
    select
        m.enterprise_id,
        m.alert_code,
        m.since_month as month,
        max(s.weight) as weight
    from (
        select distinct
            p.enterprise_id,
            p.alert_code,
            p.since_month
        from signals.alert_evidence as p
        inner join alert_in_force as t on p.enterprise_id = t.enterprise_id and p.alert_code = t.alert_code
    ) as m
    inner join signals.alert_evidence as s
        on m.enterprise_id = s.enterprise_id and m.alert_code = s.alert_code and m.since_month >= s.since_month
    group by m.enterprise_id, m.alert_code, m.since_month, s.group_code
),

reached_month as (
    select
        o.enterprise_id,
        o.alert_code,
        o.month
    from month_sign as o
    inner join rules.alert as r on o.alert_code = r.alert_code
    group by o.enterprise_id, o.alert_code, o.month
    having max(r.base_points) + sum(o.weight) >= max(r.watchful_points)
),

first_month as (
    select
        enterprise_id,
        alert_code,
        min(month) as first_seen_month
    from reached_month
    group by enterprise_id, alert_code
)

select
    a.enterprise_id,
    e.enterprise_name,
    a.alert_code,
    r.title_en as alert_title_en,
    r.title_zh as alert_title_zh,
    case when a.score >= r.precise_points then 'precise' else 'watchful' end as level_code,
    a.score,
    f.first_seen_month,
    a.last_sign_month,
    cast(a.sign_count as integer) as sign_count,
    w.reasons_en,
    w.reasons_zh,
    r.next_step_en,
    r.next_step_zh,
    cast(r.horizon_months as integer) as horizon_months,
    l.month,
    o.as_of,
    a.rule_version
from alert_in_force as a
inner join rules.alert as r on a.alert_code = r.alert_code
inner join alert_words as w on a.enterprise_id = w.enterprise_id and a.alert_code = w.alert_code
inner join resolved.enterprise as e on a.enterprise_id = e.enterprise_id
cross join monthly.month as l
cross join ops.night as o
left join first_month as f on a.enterprise_id = f.enterprise_id and a.alert_code = f.alert_code
where l.is_last_month
