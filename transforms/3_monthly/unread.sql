-- title: Reported, but unread | 已报但无可用数值
-- one row is: one period of one enterprise and subject of which a delivery had a row without a figure that can be used
--   | 一家企业一个主题的一个所属期，报送中有其行而无可用的数值
-- answers: is an enterprise silent, or could what it reported not be read? | 企业是没有报送，还是报了而读不出？
-- key: enterprise_id, subject, feed, period_months, month
-- rules:
--   * Rows that were quarantined or skipped (ops.unread_fact), of facts of which no other row is known.
--   * Running totals and readings (figures in feed.yml) of which no figure of the period follows
--   (known.differenced_figure).
--   * It counts as a report (monthly.report): nothing ends, starts or resumes with it (signals.flow). A figure of the
--     same enterprise, subject and month beside a quarantined row may lack a part, and is suspect (is_part).
--   | * 被隔离或跳过的行（且该事实没有其他可用的行）。
--   * 按本年累计或表计读数报送、由此得不出当期数的。
--   * 视为已报；不据此认定结束、开始或恢复。同一企业同一主题同月另有数值而有行被隔离的，该数值可能不全，列为存疑。
-- known gaps: A row without a readable key or period is counted for no enterprise. | 编号或所属期也读不出的行，不知属于谁。
-- column is_part: whether a row of it was quarantined or gives no figure, so that a figure beside it may lack a part;
--   false where rows were skipped on purpose
--   | 是否可能缺部分 是否有行被隔离或得不出当期数，同月的数值因而可能不全；按声明跳过的为否
-- checked by: tests/models/monthly.unread
with unread_period as (
    select
        u.feed,
        u.source_key,
        u.month,
        u.period_months,
        case when u.is_skipped then 'skipped' else 'quarantined' end as unread_code
    from ops.unread_fact as u
    cross join ops.night as n
    where u.received_at <= n.as_of and (u.superseded_at is null or u.superseded_at > n.as_of)
    union all
    select
        feed,
        source_key,
        month,
        period_months,
        reason_code as unread_code
    from known.differenced_figure
    where reason_code is not null
)

select
    l.enterprise_id,
    l.subject,
    u.feed,
    cast(case when y.feed is not null then 12 else u.period_months end as integer) as period_months,
    m.month,
    m.month_number,
    max(case when u.unread_code = 'skipped' then 0 else 1 end) = 1 as is_part,
    string_agg(distinct u.unread_code, ', ' order by u.unread_code) as unread_codes
from unread_period as u
inner join resolved.link as l on u.feed = l.feed and u.source_key = l.source_key
inner join monthly.month as m on u.month = m.month
left join monthly.yearly_feed as y on u.feed = y.feed
group by
    l.enterprise_id, l.subject, u.feed, case when y.feed is not null then 12 else u.period_months end, m.month,
    m.month_number
