-- title: Where accepted facts are | 数据去向
-- one row is: one feed, one month that its facts are for, and one thing that became of these facts
--   | 一个数据源、一个所属月份，以及这些数据的一种去向
-- answers: how many of the rows that an office sent are in the snapshots, and why are the others not?
--   | 来源单位报来的数据有多少进入快照，其余为什么没有进入？
-- key: feed, subject, month, account_code
-- rules: Every current fact (known.fact) is in one row. First that holds:
--   * no_enterprise: it is about a building or a vacant unit.
--   * no_identity: its record has neither a usable code nor a name (resolved.unmatched without an enterprise).
--   * before_calendar, after_calendar: its month is before the first or after the last month measured (monthly.month).
--   * counted: its record is tied to an enterprise of snapshots.enterprise_current.
--   * lost: none of these. A night with a lost fact is not published (facts_are_accounted_for).
--   * Facts without months (register, leases, buildings) are under the last month measured: they say what is so now.
--   | 每条有效数据列入且只列入一行，依次判断：
--   * 不涉及企业：所述为楼栋或空置房产。
--   * 无法归属：既无可用代码也无名称。
--   * 早于首月、晚于末月：所属月份不在月历内。
--   * 已计入：已归到一家企业。
--   * 去向不明：以上均不是；有去向不明的数据时当期不发布。
--   * 登记、租约、楼栋等不分月的数据列在末月，表示现状。
-- known gaps: A counted fact may have no value, be suspect (signals.plausibility) or wait for the rest of its quarter:
--   it is tied to its enterprise and month all the same. What was superseded by a later version is in no row.
--   | 已计入的数据可能没有数值、存疑或尚待本季其余月份；已被更正取代的旧数据不列。
-- checked by: tests/models/snapshots.fact_account, expectations/rules/facts_are_accounted_for.sql
with bounds as (
    select
        min(month) as first_month,
        max(month) as last_month
    from monthly.month
),

fact_group as (
    select
        feed,
        subject,
        source_key,
        month,
        is_of_enterprise,
        count(*) as fact_count
    from known.fact
    group by feed, subject, source_key, month, is_of_enterprise
),

accounted_fact as (
    select
        f.feed,
        f.subject,
        f.fact_count,
        coalesce(f.month, b.last_month) as month,
        case
            when not f.is_of_enterprise then 'no_enterprise'
            when l.source_key is null and u.source_key is not null and u.enterprise_id is null then 'no_identity'
            when f.month < b.first_month then 'before_calendar'
            when f.month > b.last_month then 'after_calendar'
            when e.enterprise_id is not null then 'counted'
            else 'lost'
        end as account_code
    from fact_group as f
    cross join bounds as b
    left join resolved.link as l on f.feed = l.feed and f.source_key = l.source_key
    left join resolved.unmatched as u on f.feed = u.feed and f.source_key = u.source_key
    left join snapshots.enterprise_current as e on l.enterprise_id = e.enterprise_id
)

select
    feed,
    subject,
    month,
    account_code,
    cast(sum(fact_count) as bigint) as fact_count
from accounted_fact
group by feed, subject, month, account_code
