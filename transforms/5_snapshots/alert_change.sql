-- title: Alerts since the night before | 预警每日变化
-- one row is: one alert about one enterprise that stands tonight or stood in the night published before
-- answers: which alerts are new since yesterday, which rose or fell a level, which have ended, and which stand on?
-- key: enterprise_id, alert_code
-- rules: signals.alert is compared with itself as published before (ops.last_alert). new: it did not stand; raised: it
--   was watchful and is precise; lowered: it was precise and is watchful; same: the level is the same, whatever the
--   score; ended: it stands no longer, with the reasons that it had. An ended alert of an enterprise whose id leads on
--   (resolved.enterprise_forward) has that id in leads_to_enterprise_id. Empty on the first night, and where the night
--   published before was a later one (a backfill): there is nothing to compare with.
-- known gaps: Where rules changed between two nights, what they changed stands here too. An alert that ends because the
--   enterprise has left is told no differently from one that ends because it recovered: snapshots.assessment tells.
-- column change_code: what became of the alert since the night before | 变动类型 与上一期相比预警的变化
-- codes change_code:
--   * new: it was not there | 新增
--   * raised: it was watchful and is precise | 升级：由黄转红
--   * lowered: it was precise and is watchful | 降级：由红转黄
--   * same: the level is the same | 持续
--   * ended: it is no longer there | 解除
-- column reasons_en: tonight's reasons, of an ended alert those of the night before | 理由（英文）
-- column reasons_zh: tonight's reasons in Chinese, of an ended alert those of the night before | 理由
-- column score: points of the alert tonight, natural logarithm of the odds | 得分
-- checked by: tests/models/snapshots.alert_change, tests/warehouse/test_as_of.py
with paired as (
    select
        coalesce(n.enterprise_id, b.enterprise_id) as enterprise_id,
        coalesce(n.enterprise_name, b.enterprise_name) as enterprise_name,
        coalesce(n.alert_code, b.alert_code) as alert_code,
        case
            when b.enterprise_id is null then 'new'
            when n.enterprise_id is null then 'ended'
            when b.level_code = 'watchful' and n.level_code = 'precise' then 'raised'
            when b.level_code = 'precise' and n.level_code = 'watchful' then 'lowered'
            else 'same'
        end as change_code,
        b.level_code as level_code_before,
        n.level_code,
        b.score as score_before,
        n.score,
        coalesce(n.first_seen_month, b.first_seen_month) as first_seen_month,
        case when n.enterprise_id is null then b.reasons_en else n.reasons_en end as reasons_en,
        case when n.enterprise_id is null then b.reasons_zh else n.reasons_zh end as reasons_zh
    from ops.last_alert as b
    full outer join signals.alert as n on b.enterprise_id = n.enterprise_id and b.alert_code = n.alert_code
),

titled as (
    select distinct
        alert_code,
        title_en,
        title_zh
    from rules.alert
)

select
    p.enterprise_id,
    p.enterprise_name,
    p.alert_code,
    t.title_en as alert_title_en,
    t.title_zh as alert_title_zh,
    p.change_code,
    p.level_code_before,
    p.level_code,
    p.score_before,
    p.score,
    p.first_seen_month,
    p.reasons_en,
    p.reasons_zh,
    f.enterprise_id as leads_to_enterprise_id,
    l.as_of as previous_as_of,
    o.as_of
from paired as p
cross join ops.last_night as l
cross join ops.night as o
left join titled as t on p.alert_code = t.alert_code
left join resolved.enterprise_forward as f
    on p.change_code = 'ended' and p.enterprise_id = f.former_enterprise_id
