-- title: Changes of premises between deliveries | 房产变动
-- one row is: one change of one unit of property between two deliveries of a premises register
--   | 房产台账两次交付之间一处房产的一项变化
-- answers: which units are new or gone, which were taken up or vacated, and who replaced which tenant?
--   | 哪些房产新增或消失，哪些入驻或腾空，谁换了谁？
-- key: feed, premises_no, changed_at
-- rules: Every version of a unit is compared with the version it replaced.
--   * new: not in the delivery before (a feed's first delivery is no change).
--   * gone: in the delivery before and not in this one.
--   * taken_up: vacant before, occupied now.
--   * vacated: occupied before, vacant now.
--   * occupier_changed: occupied before and now under another name, punctuation and case aside.
--   * Other corrections (value, address) are no change here.
--   * This model reads staged.premises, with what was superseded, instead of known.*, because the history of versions
--   is its subject; nothing received after the night's as_of is used.
--   * An earlier occupier who is in no delivery any more is known by a name that exactly one enterprise bears.
--   | 每个版本与其替代的版本比较：新增、消失、入驻、腾空、换户（名称不同，不计标点与大小写）。
--   * 数据源的首次交付不算变化。
--   * 价值、地址等其他更正不算。
--   * 为比较历史版本，本表读取含已被替代的原始版本；截止时刻之后收到的不用。
--   * 已不在任何交付中的原占用人，按唯一使用该名称的企业认定。
-- known gaps: A unit that is withdrawn and comes back later is gone and then new. A renamed occupier looks like
--   another one.
--   | 撤回后又出现的房产先记消失、再记新增。占用人更名看起来像换户。
-- column change_code: what happened to the unit | 变动类型 房产单元发生的变动
-- codes change_code:
--   * new: not in the delivery before | 新增
--   * gone: in the delivery before and not in this one | 消失
--   * taken_up: vacant before, occupied now | 入驻
--   * vacated: occupied before, vacant now | 腾空
--   * occupier_changed: occupied before and now under another name | 换户
-- checked by: tests/models/signals.premises_change, tests/transforms/test_premises_real.py
with version as (
    select
        p.feed,
        p.premises_no,
        p.source_key,
        p.enterprise_name,
        regexp_replace(upper(p.enterprise_name), '[\s\p{P}\p{S}]', '', 'g') as compared_name,
        p.is_vacant,
        p.received_at,
        case when p.superseded_at <= n.as_of then p.superseded_at end as superseded_at
    from staged.premises as p
    cross join ops.night as n
    where p.received_at <= n.as_of
),

first_delivery as (
    select
        feed,
        min(received_at) as received_at
    from version
    group by feed
),

compared_version as (
    select
        v.feed,
        v.premises_no,
        v.received_at as changed_at,
        b.source_key as earlier_source_key,
        v.source_key,
        b.enterprise_name as earlier_occupier_name,
        b.compared_name as earlier_compared_name,
        v.enterprise_name as occupier_name,
        case
            when b.premises_no is null then 'new'
            when b.is_vacant and not v.is_vacant then 'taken_up'
            when not b.is_vacant and v.is_vacant then 'vacated'
            when not v.is_vacant and b.compared_name <> v.compared_name then 'occupier_changed'
        end as change_code
    from version as v
    inner join first_delivery as f on v.feed = f.feed and v.received_at > f.received_at
    left join version as b
        on v.feed = b.feed and v.premises_no = b.premises_no and v.received_at = b.superseded_at
    union all
    select
        v.feed,
        v.premises_no,
        v.superseded_at as changed_at,
        v.source_key as earlier_source_key,
        cast(null as varchar) as source_key,
        v.enterprise_name as earlier_occupier_name,
        v.compared_name as earlier_compared_name,
        cast(null as varchar) as occupier_name,
        'gone' as change_code
    from version as v
    left join version as n
        on v.feed = n.feed and v.premises_no = n.premises_no and v.superseded_at = n.received_at
    where v.superseded_at is not null and n.premises_no is null
),

-- who has left is in no delivery any more, and in no link: the name may still be known
left_name as (
    select earlier_compared_name as name_key
    from compared_version
    where earlier_compared_name is not null and change_code is not null
    group by earlier_compared_name
),

known_name as (
    select
        n.name_key,
        min(n.enterprise_id) as enterprise_id
    from resolved.enterprise_name as n
    inner join left_name as l on n.name_key = l.name_key
    group by n.name_key
    having count(distinct n.enterprise_id) = 1
)

select
    c.feed,
    c.premises_no,
    c.changed_at,
    c.change_code,
    c.earlier_occupier_name,
    coalesce(b.enterprise_id, k.enterprise_id) as earlier_enterprise_id,
    c.occupier_name,
    l.enterprise_id
from compared_version as c
left join resolved.link as b on c.feed = b.feed and c.earlier_source_key = b.source_key
left join resolved.link as l on c.feed = l.feed and c.source_key = l.source_key
left join known_name as k on c.earlier_compared_name = k.name_key
where c.change_code is not null
