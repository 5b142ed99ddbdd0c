-- title: Introductions | 供需对接
-- one row is: one open need of one enterprise and one offer that fits it tonight | 一行是：一件未办结诉求与一项当晚可对接的供给
-- answers: who offers what this enterprise has asked for? | 企业所求之事，谁可以提供？
-- key: need_key, offer_key
-- rules: Limits in rules/introduction.yml. Of the same kind as the need, by somebody else, and all of this:
--   * quantity: the offer has at least as much, in the same unit, where the kind has one
--     (rules/need_kind.yml).
--   * date: it holds on the day until which it is needed, or tonight where that has passed; of a need without such a
--     day, 30 days after tonight.
--   * place: it serves the whole park, or the building where it is needed.
--   * fits: all of it is stated. ask: nothing speaks against it, but a quantity, a day or a building is not stated.
--   * fit_rank: those that fit first, then of the same building, of a tenant, the smallest that is enough.
--   The words say what the enterprise asked the park for and what is publicly offered, nothing else: no trade, no
--   figure of either side. A sector alone is never a reason.
--   | 阈值见 rules/introduction.yml。供给与诉求类型相同、非同一企业，且：
--   * 数量：计数量的类型，供给量不少于需求量，单位相同。
--   * 日期：期望日期（已过期的按当晚）在有效期内；未注明期望日期的，按当晚后三十天。
--   * 地点：服务全园，或就在所需楼栋。
--   * 吻合：以上均已注明；待问：无不符之处，但数量、日期或楼栋未注明。
--   * 推荐次序：吻合在前，其次同楼栋、园内企业、够用而最小的。
--   说明只写企业向园区提出的诉求和公开的供给，不涉及任何交易与经营数据；仅行业相近不作为理由。
-- example: 20 hours of a laboratory until 1 December, an offer of 120 hours valid to the end of the year: fits.
--   One of 10 hours does not.
--   | 需检测20小时、12月1日前；供给120小时、有效期至年末：吻合。只有10小时的不列。
-- known gaps: What one need takes of an offer is not taken off it for the next. An offer that was never withdrawn may
--   be gone.
--   | 一项供给可同时推荐给多件诉求，不扣减数量；未及时撤下的供给可能已不可用。
-- checked by: tests/models/industry.introduction, tests/system/test_work_list.py
with offer as (
    select o.*
    from industry.offer as o
    cross join industry.list_day as t
    where o.valid_until_date is null or o.valid_until_date >= t.list_date
),

need as (
    select
        n.*,
        -- what is overdue is needed now
        case
            when n.due_date is null then cast(t.list_date + cast(i.due_default_days as integer) as date)
            else greatest(n.due_date, t.list_date)
        end as meant_date,
        i.quantity_min_pct,
        i.version as introduction_version,
        k.has_quantity,
        k.title_en,
        k.title_zh
    from industry.need as n
    cross join industry.list_day as t
    cross join rules.introduction as i
    inner join rules.need_kind as k on n.need_kind_code = k.need_kind_code
    where n.is_unresolved
),

fitting_pair as (
    select
        n.enterprise_id,
        n.enterprise_name,
        n.need_key,
        o.offer_key,
        n.need_kind_code,
        n.needed_quantity,
        n.quantity_unit_code,
        n.due_date,
        n.stated_date,
        n.title_en,
        n.title_zh,
        n.introduction_version,
        o.offer_no,
        o.offered_by_name,
        o.offered_by_id,
        o.offered_quantity,
        o.quantity_unit_code as offered_unit_code,
        o.building_code,
        o.valid_from_date,
        o.valid_until_date,
        coalesce(o.building_code = n.building_code, false) as is_same_building,
        case
            when n.due_date is null or o.valid_from_date is null then 'ask'
            when n.has_quantity and (n.needed_quantity is null or o.offered_quantity is null) then 'ask'
            when n.has_quantity and (n.quantity_unit_code is null or o.quantity_unit_code is null) then 'ask'
            when o.serves_code is null then 'ask'
            when o.serves_code = 'building' and (o.building_code is null or n.building_code is null) then 'ask'
            else 'fits'
        end as fit_level_code
    from need as n
    inner join offer as o on n.need_kind_code = o.need_kind_code
    where
        (o.offered_by_id is null or o.offered_by_id <> n.enterprise_id)
        and (o.valid_from_date is null or o.valid_from_date <= n.meant_date)
        and (o.valid_until_date is null or o.valid_until_date >= n.meant_date)
        and (
            not n.has_quantity
            or (
                coalesce(n.quantity_unit_code = o.quantity_unit_code, true)
                and coalesce(o.offered_quantity * 100 >= n.needed_quantity * n.quantity_min_pct, true)
            )
        )
        and (
            o.serves_code is distinct from 'building'
            or o.building_code is null
            or n.building_code is null
            or o.building_code = n.building_code
        )
),

ranked_pair as (
    select
        f.*,
        row_number() over (
            partition by f.need_key
            order by
                f.fit_level_code = 'fits' desc, f.is_same_building desc, f.offered_by_id is not null desc,
                f.offered_quantity asc nulls last, f.offer_key asc
        ) as fit_rank
    from fitting_pair as f
)

select
    r.enterprise_id,
    r.enterprise_name,
    r.need_key,
    r.offer_key,
    r.need_kind_code,
    r.needed_quantity,
    r.quantity_unit_code,
    r.stated_date,
    r.due_date,
    r.offered_by_name,
    r.offered_by_id,
    r.offered_quantity,
    r.building_code,
    r.valid_from_date,
    r.valid_until_date,
    r.fit_level_code,
    cast(r.fit_rank as integer) as fit_rank,
    filled(
        filled(
            w.need_offer_en,
            'quantity', coalesce(quantity_words(r.needed_quantity, u.title_en), ''),
            'due', coalesce(filled(w.due_en, 'date', cast(r.due_date as varchar)), ''),
            'offered', coalesce(quantity_words(r.offered_quantity, v.title_en), w.no_quantity_en),
            'until', coalesce(filled(w.until_en, 'date', cast(r.valid_until_date as varchar)), '')
        ),
        'kind', r.title_en, 'offer_no', r.offer_no, 'name', r.enterprise_name, 'other', r.offered_by_name
    ) as work_en,
    filled(
        filled(
            w.need_offer_zh,
            'quantity', coalesce(quantity_words(r.needed_quantity, u.title_zh), ''),
            'due', coalesce(filled(w.due_zh, 'date', cast(r.due_date as varchar)), ''),
            'offered', coalesce(quantity_words(r.offered_quantity, v.title_zh), w.no_quantity_zh),
            'until', coalesce(filled(w.until_zh, 'date', cast(r.valid_until_date as varchar)), '')
        ),
        'kind', r.title_zh, 'offer_no', r.offer_no, 'name', r.enterprise_name, 'other', r.offered_by_name
    ) as work_zh,
    r.introduction_version as rule_version
from ranked_pair as r
cross join rules.introduction_words as w
left join rules.quantity_unit as u on r.quantity_unit_code = u.quantity_unit_code
left join rules.quantity_unit as v on r.offered_unit_code = v.quantity_unit_code
