-- title: Partners without trade since | 停止往来的伙伴
-- one row is: one enterprise on site, as a buyer or as a seller, and one steady partner that it has not traded with of
--   late
--   | 一家在园企业作为买方或卖方，与一个原本稳定、近来没有往来的往来方
-- answers: which steady supplier or customer has no trade with this firm any more, since when, and with how many other
--   tenants has it none? | 哪个稳定的供应商或客户与这家企业没有往来了，从何时起，与另外几家企业也没有？
-- key: enterprise_id, side_code, partner_key
-- rules: Limits in rules/dependence.yml.
--   * The partner was active in at least six of the last 24 complete months (industry.partner: merged and renamed
--   partners are one), is no natural person and not of the same group.
--   * silent_month_count: months after the last one with a positive net, up to the end of the window, in which the
--   enterprise has other invoices on that side. A month without any invoice of the enterprise says nothing and does not
--   count.
--   * A row where these are at least three, and more than the longest pause between the two before.
--   * steady_tenant_count: enterprises on site with which the partner was so active on that side. silent_tenant_count:
--   those of them that have a row of it here.
--   | 界限见规则文件。
--   * 往来方在近二十四个完整月中至少六个月有往来（合并、更名的按一个计），非自然人、非同一集团。
--   * 停止月数：最近一次净额为正之后，该企业该方向另有发票的月数；该企业一张发票都没有的月份不说明问题，不计。
--   * 停止月数至少三个月，且超过此前两次往来之间的最长间隔的，列出。
--   * 稳定往来企业数：该方向与其稳定往来的在园企业数；已停止企业数：其中也列在本表的。
-- example: A bought of S in each month up to March; invoices of A from others in April, May and July, none at all in
--   June: 3 silent months in July, with a longest pause of 0: a row.
--   | 甲此前每月向某供应商采购至三月；四、五、七月另有进项，六月没有任何发票：至七月停止3个月，最长间隔0，列出。
-- known gaps: No invoices is all that it says: the partner may have failed, been replaced, or sell through another
--   firm. It forecasts nothing for the enterprise.
--   | 只说明没有发票：可能是对方停业、被替换或改由他人开票。不预示企业今后如何。
-- column until_month: last month of the window | 截止月份 统计期的最后一个月
-- checked by: tests/models/industry.partner_silence, tests/system/test_trade.py
with steady_pair as (
    select
        p.buyer_enterprise_id as enterprise_id,
        'buys' as side_code,
        p.seller_key as partner_key,
        p.seller_name as partner_name,
        p.seller_enterprise_id as partner_enterprise_id,
        p.last_traded_month,
        p.longest_pause_month_count,
        p.active_24m_month_count,
        p.trade_12m_amount_before + p.trade_12m_amount as amount,
        p.until_month
    from industry.partner as p
    cross join rules.dependence as r
    where
        p.buyer_enterprise_id is not null and p.seller_key <> 'persons' and not p.is_in_group
        and p.active_24m_month_count >= r.months_active_min
    union all
    select
        p.seller_enterprise_id as enterprise_id,
        'sells' as side_code,
        p.buyer_key as partner_key,
        p.buyer_name as partner_name,
        p.buyer_enterprise_id as partner_enterprise_id,
        p.last_traded_month,
        p.longest_pause_month_count,
        p.active_24m_month_count,
        p.trade_12m_amount_before + p.trade_12m_amount as amount,
        p.until_month
    from industry.partner as p
    cross join rules.dependence as r
    where
        p.seller_enterprise_id is not null and p.buyer_key <> 'persons' and not p.is_in_group
        and p.active_24m_month_count >= r.months_active_min
),

tenant_pair as (
    select s.*
    from steady_pair as s
    inner join signals.present_enterprise as h on s.enterprise_id = h.enterprise_id
),

reported_month as (
    select distinct
        buyer_key as enterprise_id,
        'buys' as side_code,
        month
    from monthly.trade_side
    where reporting_side_code = 'buyer'
    union all
    select distinct
        seller_key as enterprise_id,
        'sells' as side_code,
        month
    from monthly.trade_side
    where reporting_side_code = 'seller'
),

silence as (
    select
        s.enterprise_id,
        s.side_code,
        s.partner_key,
        count(*) as silent_month_count
    from tenant_pair as s
    inner join reported_month as m
        on
            s.enterprise_id = m.enterprise_id and s.side_code = m.side_code
            and s.last_traded_month < m.month and s.until_month >= m.month
    group by s.enterprise_id, s.side_code, s.partner_key
),

judged_pair as (
    select
        s.*,
        coalesce(m.silent_month_count, 0) as silent_month_count,
        coalesce(r.silent_months_min <= m.silent_month_count, false)
        and m.silent_month_count > s.longest_pause_month_count as is_silent,
        r.version as rule_version
    from tenant_pair as s
    cross join rules.dependence as r
    left join silence as m
        on s.enterprise_id = m.enterprise_id and s.side_code = m.side_code and s.partner_key = m.partner_key
),

partner as (
    select
        side_code,
        partner_key,
        count(*) as steady_tenant_count,
        count(case when is_silent then 1 end) as silent_tenant_count
    from judged_pair
    group by side_code, partner_key
)

select
    j.enterprise_id,
    j.side_code,
    j.partner_key,
    j.partner_enterprise_id,
    j.partner_name,
    j.last_traded_month,
    cast(j.silent_month_count as integer) as silent_month_count,
    j.longest_pause_month_count,
    j.active_24m_month_count,
    cast(j.amount as decimal(30, 2)) as trade_24m_amount,
    cast(p.steady_tenant_count as integer) as steady_tenant_count,
    cast(p.silent_tenant_count as integer) as silent_tenant_count,
    j.until_month,
    j.rule_version
from judged_pair as j
inner join partner as p on j.side_code = p.side_code and j.partner_key = p.partner_key
where j.is_silent
