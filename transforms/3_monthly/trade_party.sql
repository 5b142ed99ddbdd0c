-- title: Parties of trade | 交易主体
-- one row is: one pair of code and name under which a firm is in the records of trade | 交易记录中一个代码与名称的组合
-- answers: is this partner one of our enterprises, and if not, who is it? | 这个往来对象是不是本系统的企业，不是的话是谁？
-- key: stated_party
-- rules:
--   * code: the stated code is exactly that of one enterprise (resolved.enterprise_code).
--   * name: no code is stated, and the full name is that of exactly one enterprise (resolved.enterprise_name).
--   * outside_code: a code of none, or of several, of our enterprises; the code is the key. A name without a code,
--   which other records
--   state with exactly one such code, has that key too (learned_code).
--   * outside_name: no code, and a name of no enterprise, or of several; the name is the key.
--   * persons: all natural persons are one party (made so before landing).
--   * No enterprise is made here, and none is in the park because of trade.
--   | * 代码一致：所写代码恰为一家企业的代码。
--   * 名称一致：没有代码，全称恰为一家企业的名称。
--   * 园外代码：代码不属于本系统任何企业（或属于几家），以代码为准；没有代码、但同一名称在别处恰有一个这样的代码的，视为同一家（同名推得代码）。
--   * 园外名称：没有代码，名称不属于任何企业或属于几家企业，以名称为准。
--   * 自然人：全部自然人合为一方（入库前已合并）。
--   * 不因交易新增企业，也不因交易认定在园。
-- known gaps: A code that is stated wrongly is a party of its own. An outside firm is two parties
--   where its code changed. A stated name is not compared by likeness.
--   | 写错的代码单独成为一方；园外企业换发代码后算两方；名称不作近似比对。
-- codes party_method_code:
--   * code: exact code of an enterprise | 代码一致
--   * name: unique full name of an enterprise | 名称一致
--   * outside_code: a code of no enterprise of ours | 园外代码
--   * learned_code: a name that elsewhere has one outside code | 同名推得代码
--   * outside_name: a name only | 园外名称
--   * persons: natural persons | 自然人
-- checked by: tests/models/monthly.trade_party, tests/system/test_trade.py
with stated_party as (
    select
        uscc as party_code,
        enterprise_name as party_name,
        month
    from known.trade
    union all
    select
        partner_taxpayer_no as party_code,
        partner_name,
        month
    from known.trade
),

party as (
    select
        s.party_code,
        s.party_name,
        n.name_key,
        max(s.month) as last_month
    from stated_party as s
    left join resolved.trade_name as n on s.party_name = n.name
    group by s.party_code, s.party_name, n.name_key
),

coded_party as (
    select
        p.party_code,
        p.party_name,
        p.name_key,
        p.last_month,
        min(c.enterprise_id) as enterprise_id
    from party as p
    left join resolved.enterprise_code as c
        on p.party_code = c.code and c.code_kind in ('uscc', 'registration_no') and c.enterprise_id is not null
    group by p.party_code, p.party_name, p.name_key, p.last_month
),

learned_code as (
    select
        name_key,
        min(party_code) as party_code
    from coded_party
    where party_code is not null and enterprise_id is null and name_key is not null
    group by name_key
    having count(distinct party_code) = 1
),

placed_party as (
    select
        p.party_code,
        p.party_name,
        p.last_month,
        case
            when p.party_code is null and p.party_name = '自然人' then null
            when p.party_code is not null then p.enterprise_id
            else u.enterprise_id
        end as enterprise_id,
        case
            when p.party_code is null and p.party_name = '自然人' then 'persons'
            when p.enterprise_id is not null then 'code'
            when p.party_code is not null then 'outside_code'
            when u.enterprise_id is not null then 'name'
            when l.party_code is not null then 'learned_code'
            else 'outside_name'
        end as party_method_code,
        coalesce(p.party_code, l.party_code) as own_or_learned_code
    from coded_party as p
    left join monthly.unique_name as u on p.name_key = u.name_key
    left join learned_code as l on p.name_key = l.name_key
),

keyed_party as (
    select
        *,
        case party_method_code
            when 'code' then enterprise_id
            when 'name' then enterprise_id
            when 'persons' then 'persons'
            when 'outside_name' then concat('name:', party_name)
            else concat('code:', own_or_learned_code)
        end as party_key
    from placed_party
)

select
    concat(coalesce(k.party_code, ''), '|', coalesce(k.party_name, '')) as stated_party,
    k.party_key,
    k.enterprise_id,
    k.party_method_code,
    k.party_code,
    -- renamed: the name stated last
    coalesce(
        e.enterprise_name,
        first_value(k.party_name) over (partition by k.party_key order by k.last_month desc, k.party_name asc)
    ) as party_name
from keyed_party as k
left join resolved.enterprise as e on k.enterprise_id = e.enterprise_id
