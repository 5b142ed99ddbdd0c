-- title: Dependence on one partner | 客商依赖
-- one row is: one enterprise on site, as a buyer or as a seller, with net trade in the last twelve complete months
--   | 一家在园企业作为买方或卖方，近十二个完整月有交易净额
-- answers: does this firm hang on one supplier or one customer? | 这家企业是否依赖单一供应商或单一客户？
-- key: enterprise_id, side_code
-- rules:
--   * The largest partner is the one with the most net trade in the window (industry.partner); natural persons
--   together are no partner,
--   but count in the total. Of equal ones the first key.
--   * HHI is the sum of the squared shares in per cent of the partners, 0 to 10,000; natural persons add nothing.
--   * notable, high: the largest share reaches the limit (rules/dependence.yml), the pair was active in at least six
--   of the last 24
--   months, and the trade reaches the least amount. Otherwise none, and the basis says why: below (share too low),
--   one_off (too few active months: one large purchase),
--   small (too little trade), in_group (the partner is of the same group), merged (only the merger of several
--   partners
--   brought the share about).
--   | * 最大往来方为统计期内净额最大的一方；自然人合计不算一方，但计入总额；相同时取编码在前者。
--   * HHI 为各方份额（百分数）平方和，0至10000；自然人不计。
--   * 较高、高：最大份额达到界限，近二十四个月中至少六个月有往来，且金额不低于下限。否则为无，依据说明原因：未达份额、一次性大额、金额小、集团内、因合并。
-- example: purchases of 600 in 8 months from A, 300 from B, 100 from persons: share 60 %, HHI 3600 + 900 = 4500,
--   notable.
--   | 向甲采购600（8个月）、向乙300、向自然人100：份额60%，HHI 为3600+900=4500，依赖较高。
-- known gaps: One side's invoices alone show a partner outside. A partner that is replaced at once is a dependence
--   all the same. It is
--   no forecast.
--   | 与园外的往来只有单方发票；随时可替换的供应商也会显示为依赖。不作预测。
-- column months_active: months of the window with a positive net with the largest partner | 往来月数 统计期内与最大往来方净额为正的月数
-- codes dependence_basis_code:
--   * counted: share, months and amount reach the limits | 达到界限
--   * below: the share is below the limit | 未达份额
--   * one_off: too few active months | 一次性大额
--   * small: too little trade | 金额小
--   * in_group: the partner is of the same group | 集团内
--   * merged: only the merger of partners brought it about | 因合并
-- column until_month: last month of the window | 截止月份 统计期的最后一个月
-- checked by: tests/models/industry.dependence, tests/system/test_trade.py
with side as (
    select
        seller_enterprise_id as enterprise_id,
        'sells' as side_code,
        buyer_key as partner_key,
        buyer_enterprise_id as partner_enterprise_id,
        buyer_name as partner_name,
        trade_12m_amount,
        seller_share_pct as share_pct,
        months_active,
        active_24m_month_count,
        is_in_group,
        is_in_park,
        merged_part_count,
        largest_part_amount,
        until_month
    from industry.partner
    where seller_enterprise_id is not null and trade_12m_amount > 0
    union all
    select
        buyer_enterprise_id as enterprise_id,
        'buys' as side_code,
        seller_key as partner_key,
        seller_enterprise_id as partner_enterprise_id,
        seller_name as partner_name,
        trade_12m_amount,
        buyer_share_pct as share_pct,
        months_active,
        active_24m_month_count,
        is_in_group,
        is_in_park,
        merged_part_count,
        largest_part_amount,
        until_month
    from industry.partner
    where buyer_enterprise_id is not null and trade_12m_amount > 0
),

tenant_side as (
    select
        s.enterprise_id,
        s.side_code,
        sum(s.trade_12m_amount) as total_amount,
        count(case when s.partner_key <> 'persons' then 1 end) as partner_count,
        sum(case when s.is_in_park then s.trade_12m_amount else 0 end) as in_park_amount,
        max(s.until_month) as until_month
    from side as s
    inner join signals.present_enterprise as h on s.enterprise_id = h.enterprise_id
    group by s.enterprise_id, s.side_code
),

-- from the amounts: shares of two decimals would add up to another figure
concentration as (
    select
        s.enterprise_id,
        s.side_code,
        sum(
            (100.0 * cast(s.trade_12m_amount as double) / nullif(cast(m.total_amount as double), 0))
            * (100.0 * cast(s.trade_12m_amount as double) / nullif(cast(m.total_amount as double), 0))
        ) as hhi
    from side as s
    inner join tenant_side as m on s.enterprise_id = m.enterprise_id and s.side_code = m.side_code
    where s.partner_key <> 'persons'
    group by s.enterprise_id, s.side_code
),

ranked_partner as (
    select
        *,
        row_number() over (
            partition by enterprise_id, side_code order by trade_12m_amount desc, partner_key asc
        ) as row_rank
    from side
    where partner_key <> 'persons'
),

judged_side as (
    select
        m.enterprise_id,
        m.side_code,
        r.partner_key,
        r.partner_enterprise_id,
        r.partner_name,
        m.partner_count,
        m.total_amount,
        r.trade_12m_amount as largest_amount,
        r.share_pct,
        r.months_active,
        r.active_24m_month_count,
        c.hhi,
        m.in_park_amount,
        r.is_in_group,
        m.until_month,
        case
            when r.share_pct is null or r.share_pct < rule.share_notable_pct then 'below'
            when r.is_in_group then 'in_group'
            when m.total_amount < rule.amount_min then 'small'
            when r.active_24m_month_count < rule.months_active_min then 'one_off'
            when
                r.merged_part_count > 1
                and 100 * r.largest_part_amount < rule.share_notable_pct * m.total_amount
                then 'merged'
            else 'counted'
        end as dependence_basis_code,
        rule.share_high_pct,
        rule.version as rule_version
    from tenant_side as m
    cross join rules.dependence as rule
    left join ranked_partner as r on m.enterprise_id = r.enterprise_id and m.side_code = r.side_code and r.row_rank = 1
    left join concentration as c on m.enterprise_id = c.enterprise_id and m.side_code = c.side_code
)

select
    enterprise_id,
    side_code,
    partner_key,
    partner_enterprise_id,
    partner_name,
    cast(partner_count as integer) as partner_count,
    cast(total_amount as decimal(30, 2)) as total_amount,
    cast(largest_amount as decimal(30, 2)) as largest_amount,
    share_pct,
    months_active,
    active_24m_month_count,
    cast(coalesce(hhi, 0) as decimal(30, 1)) as hhi,
    cast(100 * in_park_amount / nullif(total_amount, 0) as decimal(30, 2)) as in_park_share_pct,
    coalesce(is_in_group, false) as is_in_group,
    case
        when dependence_basis_code <> 'counted' then 'none'
        when share_pct >= share_high_pct then 'high'
        else 'notable'
    end as dependence_level,
    dependence_basis_code,
    until_month,
    rule_version
from judged_side
