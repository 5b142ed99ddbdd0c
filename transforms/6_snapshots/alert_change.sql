-- title: Alerts since the night before | 预警每日变化
-- one row is: one alert about one enterprise that is there tonight or was there in the night published before
--   | 一家企业的一条预警，本期或上一期存在
-- answers: which alerts are new since yesterday, which rose or fell a level, which have ended, and which go on?
--   | 与上一期相比，哪些预警是新增、升级、降级、解除或持续的？
-- key: enterprise_id, alert_code
-- rules: signals.alert is compared with itself as published before (ops.last_alert).
--   * new: it was not there.
--   * raised: it was watchful and is precise.
--   * lowered: it was precise and is watchful.
--   * same: the level is the same, whatever the score.
--   * ended: it is no longer there; the row has the reasons of the night before.
--   * leads_to_enterprise_id: of an ended alert, where the enterprise's id leads on (resolved.enterprise_forward).
--   Empty on the first night, and where the night published before was a later one (a backfill).
--   | 本期预警与上一次发布的预警逐条比较；首次发布或补跑历史时为空。
--   * 新增：上一期没有。
--   * 升级：由黄转红。
--   * 降级：由红转黄。
--   * 持续：级别未变，得分可能有变。
--   * 解除：本期已没有，保留上一期的理由。
--   * 转接企业编号：预警解除且企业编号已转接的，为现编号。
-- known gaps: A change of rules between two nights shows here too. An alert that ends because the enterprise has left
--   looks like one that ends because it recovered: snapshots.assessment says which.
--   | 两期之间规则有改动的，其影响也列在这里；企业离园和情况好转都会使预警解除，须看企业评估。
-- column change_code: what became of the alert since the night before | 变动类型 与上一期相比预警的变化
-- codes change_code:
--   * new: it was not there | 新增
--   * raised: it was watchful and is precise | 升级：由黄转红
--   * lowered: it was precise and is watchful | 降级：由红转黄
--   * same: the level is the same | 持续
--   * ended: it is no longer there | 解除
-- column reasons_en: tonight's reasons, of an ended alert those of the night before
--   | 理由（英文） 计分迹象的英文说明；已解除的为上一期的
-- column reasons_zh: tonight's reasons in Chinese, of an ended alert those of the night before
--   | 理由 计分迹象及数据，由重到轻；已解除的为上一期的
-- column score: points of the alert tonight, natural logarithm of the odds
--   | 得分 本期得分，越高越该先看；加0.7约为可能性翻一倍
-- checked by: tests/models/snapshots.alert_change, tests/warehouse/test_as_of.py
with alert_pair as (
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
from alert_pair as p
cross join ops.last_night as l
cross join ops.night as o
left join rules.alert as t on p.alert_code = t.alert_code
left join resolved.enterprise_forward as f
    on p.change_code = 'ended' and p.enterprise_id = f.former_enterprise_id
