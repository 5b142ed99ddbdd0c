-- title: Trading partners | 往来伙伴
-- one row is: one seller and one buyer with trade in the last 24 complete months | 近二十四个完整月有交易的一对买卖双方
-- answers: how much do the two trade in a year, what share of each is that, and is the tie new, steady or lost?
--   | 两家一年交易多少，各占对方和自己多大份额，是新增、稳定还是中断？
-- key: seller_key, buyer_key
-- rules:
--   * The window is the twelve months up to the last month that is not provisional for trade (monthly.trade_month).
--   * An enterprise that was merged into another (resolved.succession) is that one from then on and before: a merged
--   or renamed
--   partner is neither lost nor new. merged_part_count says how many pairs it was before a merger within the window,
--   and
--   largest_part_amount what the largest of them would have alone, by its share before the merger.
--   * Shares are of the positive net trade of that side within the window, natural persons included. Where red
--   letters outweigh
--   invoices, the net is negative and has no share.
--   * new: net trade in the window, none in the twelve months before. steady: in both. lost: only before. red_only:
--   in neither more
--   than was taken back. Empty while the feed holds no month before the window.
--   * last_traded_month: last month with a positive net. longest_pause_month_count: most months without one between two
--   with one. Both within the 24 months.
--   * is_in_group: one is a branch of the other or has invested in it, or both are branches of one
--   (resolved.relation).
--   | * 统计期为截至最近一个非暂定月份的十二个月。
--   * 被并入他人的企业前后都按并入后的企业计：合并或更名的伙伴不算中断或新增；合并主体数为统计期内合并之前是几对，合并前最大净额为按合并前份额折算的其中最大者。
--   * 份额按该方统计期内为正的交易净额计，含自然人；红字超过开具的净额为负，不计份额。
--   * 新增：统计期内有净额、此前十二个月没有；稳定：两期都有；中断：只有此前有；仅红字：两期都没有正的净额。数据不足一期以前的为空。
--   * 最近往来月：最近一个净额为正的月份；最长间隔：两个净额为正的月份之间最多隔几个月；均在二十四个月内。
--   * 集团内：一方是另一方的分支机构或被其投资，或双方同属一家总公司。
-- known gaps: A holding that no register entry shows is not known as a group. A firm absent here may trade all the
--   same.
--   | 登记中看不出的控股关系不算集团内；没有记录不等于没有交易。
-- codes partner_state_code:
--   * new: trade in the window, none in the year before | 新增
--   * steady: trade in both years | 稳定
--   * lost: trade in the year before alone | 中断
--   * red_only: no positive net in either year | 仅红字
-- column until_month: last month of the window | 截止月份 统计期的最后一个月
-- checked by: tests/models/industry.partner
with last_month as (
    select
        max(case when not is_provisional then month_number(month) end) as until_number,
        max(case when not is_provisional then month end) as until_month
    from monthly.trade_month
),

first_month as (
    select min(month_number(month)) as first_number
    from monthly.trade
),

-- one step only: nothing follows chains
merged_party as (
    select
        s.predecessor_enterprise_id as party_key,
        min(coalesce(s.successor_enterprise_id, concat('code:', s.successor_reference))) as successor_key
    from resolved.succession as s
    cross join last_month as l
    where
        s.succession_code = 'merged' and s.predecessor_enterprise_id is not null
        and month_number(s.event_date) <= l.until_number + 1
    group by s.predecessor_enterprise_id
    having count(distinct s.successor_reference) = 1
),

party as (
    select
        party_key,
        min(enterprise_id) as enterprise_id,
        min(party_name) as party_name
    from monthly.trade_party
    group by party_key
),

edge as (
    select
        coalesce(ms.successor_key, t.seller_key) as seller_key,
        coalesce(mb.successor_key, t.buyer_key) as buyer_key,
        t.seller_key as stated_seller_key,
        t.buyer_key as stated_buyer_key,
        l.until_number - month_number(t.month) as age,
        t.trade_amount
    from monthly.trade as t
    cross join last_month as l
    cross join rules.dependence as rule
    left join merged_party as ms on t.seller_key = ms.party_key
    left join merged_party as mb on t.buyer_key = mb.party_key
    where
        month_number(t.month) <= l.until_number
        and month_number(t.month) > l.until_number - 2 * rule.window_months
),

pair_month as (
    select
        seller_key,
        buyer_key,
        age,
        sum(trade_amount) as trade_amount
    from edge
    where seller_key <> buyer_key
    group by seller_key, buyer_key, age
),

-- months up to the one in which a party that was merged away traded last: what the others were before the merger
merger_age as (
    select
        e.seller_key,
        e.buyer_key,
        min(e.age) as merged_age
    from edge as e
    cross join rules.dependence as rule
    where
        e.seller_key <> e.buyer_key and e.age < rule.window_months
        and (e.seller_key <> e.stated_seller_key or e.buyer_key <> e.stated_buyer_key)
    group by e.seller_key, e.buyer_key
),

part as (
    select
        e.seller_key,
        e.buyer_key,
        sum(e.trade_amount) as part_amount
    from edge as e
    inner join merger_age as a on e.seller_key = a.seller_key and e.buyer_key = a.buyer_key and e.age >= a.merged_age
    group by e.seller_key, e.buyer_key, e.stated_seller_key, e.stated_buyer_key
    having sum(e.trade_amount) > 0
),

merged_pair as (
    select
        seller_key,
        buyer_key,
        count(*) as part_count,
        max(part_amount) as largest_part_amount,
        sum(part_amount) as parts_amount
    from part
    group by seller_key, buyer_key
),

-- months between two with a positive net: the later is this one, the earlier has the next higher age
pause as (
    select
        seller_key,
        buyer_key,
        lead(age) over (partition by seller_key, buyer_key order by age) - age - 1 as pause_months
    from pair_month
    where trade_amount > 0
),

longest_pause as (
    select
        seller_key,
        buyer_key,
        max(pause_months) as pause_months
    from pause
    group by seller_key, buyer_key
),

pair as (
    select
        p.seller_key,
        p.buyer_key,
        coalesce(sum(case when p.age < rule.window_months then p.trade_amount end), 0) as amount,
        coalesce(sum(case when p.age >= rule.window_months then p.trade_amount end), 0) as amount_before,
        count(case when p.age < rule.window_months and p.trade_amount > 0 then 1 end) as months_active,
        count(case when p.trade_amount > 0 then 1 end) as active_24m_month_count,
        min(case when p.trade_amount > 0 then p.age end) as last_age
    from pair_month as p
    cross join rules.dependence as rule
    group by p.seller_key, p.buyer_key
),

seller as (
    select
        seller_key,
        sum(case when amount > 0 then amount end) as total
    from pair
    group by seller_key
),

buyer as (
    select
        buyer_key,
        sum(case when amount > 0 then amount end) as total
    from pair
    group by buyer_key
),

tie as (
    select
        enterprise_id as left_key,
        coalesce(other_enterprise_id, concat('code:', other_uscc)) as right_key,
        relation_code
    from resolved.relation
    where
        relation_code in ('branch_of', 'invests_in')
        and coalesce(other_enterprise_id, concat('code:', other_uscc)) is not null
),

group_pair as (
    select
        left_key,
        right_key
    from tie
    union
    select
        right_key as left_key,
        left_key as right_key
    from tie
    union
    select
        a.left_key,
        b.left_key as right_key
    from tie as a
    inner join tie as b on a.right_key = b.right_key and a.left_key <> b.left_key
    where a.relation_code = 'branch_of' and b.relation_code = 'branch_of'
)

select
    p.seller_key,
    p.buyer_key,
    s.enterprise_id as seller_enterprise_id,
    b.enterprise_id as buyer_enterprise_id,
    s.party_name as seller_name,
    b.party_name as buyer_name,
    cast(p.amount as decimal(30, 2)) as trade_12m_amount,
    cast(p.amount_before as decimal(30, 2)) as trade_12m_amount_before,
    cast(p.months_active as integer) as months_active,
    cast(p.active_24m_month_count as integer) as active_24m_month_count,
    cast(l.until_month - to_months(cast(p.last_age as integer)) as date) as last_traded_month,
    cast(case when p.last_age is not null then coalesce(u.pause_months, 0) end as integer) as longest_pause_month_count,
    cast(case when p.amount > 0 then 100 * p.amount / nullif(ts.total, 0) end as decimal(30, 2)) as seller_share_pct,
    cast(case when p.amount > 0 then 100 * p.amount / nullif(tb.total, 0) end as decimal(30, 2)) as buyer_share_pct,
    case
        when f.first_number > l.until_number - rule.window_months then null
        when p.amount > 0 and p.amount_before > 0 then 'steady'
        when p.amount > 0 then 'new'
        when p.amount_before > 0 then 'lost'
        else 'red_only'
    end as partner_state_code,
    g.left_key is not null as is_in_group,
    hs.enterprise_id is not null and hb.enterprise_id is not null as is_in_park,
    cast(coalesce(m.part_count, 1) as integer) as merged_part_count,
    cast(
        case when m.part_count > 1 then p.amount * m.largest_part_amount / nullif(m.parts_amount, 0) else p.amount end
        as decimal(30, 2)
    ) as largest_part_amount,
    l.until_month,
    rule.version as rule_version
from pair as p
cross join last_month as l
cross join first_month as f
cross join rules.dependence as rule
inner join seller as ts on p.seller_key = ts.seller_key
inner join buyer as tb on p.buyer_key = tb.buyer_key
left join longest_pause as u on p.seller_key = u.seller_key and p.buyer_key = u.buyer_key
left join merged_pair as m on p.seller_key = m.seller_key and p.buyer_key = m.buyer_key
left join party as s on p.seller_key = s.party_key
left join party as b on p.buyer_key = b.party_key
left join group_pair as g on p.seller_key = g.left_key and p.buyer_key = g.right_key
left join signals.present_enterprise as hs on s.enterprise_id = hs.enterprise_id
left join signals.present_enterprise as hb on b.enterprise_id = hb.enterprise_id
