-- title: Insured headcount by month | 月度参保人数
-- one row is: one enterprise in one month for which at least one of its units reported insured staff
--   | 一家企业至少有一个参保单位报送了的一个月
-- answers: how many people does this enterprise insure here, and on what wages?
--   | 这家企业在这里为多少人参保，人均缴费工资多少？
-- key: enterprise_id, month
-- rules: The sum over the enterprise's employing units, as last corrected by this night. Of feeds with different
--   ranks (rules/authority.yml, insured_headcount) only the best that states the month counts; feeds of one rank, as
--   of two districts, are added up. A month without a report has no row; a reported 0 is 0. A month covers everybody
--   insured in it, also for part of it, as the social insurance bureau counts. Wage per head: wages over staff of the
--   units that report both, so that a unit without wages lowers nothing.
--   | 汇总该企业各参保单位，以截至当晚的最新更正为准。各数据源权威等级不同的，只取报送了该月的最高一级；同级的（如两个
--   区）相加。无人报送的月份没有行；报送为0的就是0。当月参保过的人都计入，不论天数，与社保经办机构口径一致。
--   人均缴费工资只按同时申报了人数和工资的单位计算。
-- known gaps: Two feeds of one rank that report the same people are added up. Staff on an agency's payroll (劳务派遣)
--   count at the agency.
--   | 两个同级数据源报了同一批人的会重复相加。劳务派遣人员计在派遣公司。
-- rebuild: by_enterprise
-- checked by: tests/models/monthly.headcount, tests/transforms/test_headcount_ranks.py
with staff_feed as (
    select feed
    from known.employment
    group by feed
),

feed_rank as (
    select
        s.feed,
        coalesce(min(own.authority_rank), min(shared.authority_rank), 1) as authority_rank
    from staff_feed as s
    left join rules.authority as own on own.field_code = 'insured_headcount' and s.feed = own.feed
    left join rules.authority as shared
        on shared.field_code = 'insured_headcount' and shared.subject = 'employment' and shared.feed is null
    group by s.feed
),

-- enterprises reported by feeds of different rank (few)
mixed_enterprise as (
    select l.enterprise_id
    from resolved.link as l
    inner join feed_rank as f on l.feed = f.feed
    group by l.enterprise_id
    having min(f.authority_rank) < max(f.authority_rank)
),

best_rank as (
    select
        l.enterprise_id,
        e.month,
        min(f.authority_rank) as authority_rank
    from mixed_enterprise as x
    inner join resolved.link as l on x.enterprise_id = l.enterprise_id
    inner join feed_rank as f on l.feed = f.feed
    inner join known.employment as e on l.feed = e.feed and l.source_key = e.source_key
    group by l.enterprise_id, e.month
)

select
    l.enterprise_id,
    e.month,
    cast(sum(e.insured_headcount) as bigint) as insured_headcount,
    cast(sum(e.wage_amount) as decimal(30, 2)) as wage_amount,
    cast(sum(case when e.insured_headcount > 0 and e.wage_amount > 0 then e.insured_headcount end) as bigint)
        as waged_headcount,
    cast(
        cast(sum(case when e.insured_headcount > 0 and e.wage_amount > 0 then e.wage_amount end) as double)
        / nullif(sum(case when e.insured_headcount > 0 and e.wage_amount > 0 then e.insured_headcount end), 0)
        as decimal(30, 2)
    ) as wage_per_head_amount,
    cast(count(*) as integer) as unit_count,
    max(e.received_at) as received_at
from known.employment as e
inner join resolved.link as l on e.feed = l.feed and e.source_key = l.source_key
inner join monthly.month as m on e.month = m.month
inner join feed_rank as f on l.feed = f.feed
left join best_rank as b on l.enterprise_id = b.enterprise_id and e.month = b.month
where b.enterprise_id is null or f.authority_rank = b.authority_rank
group by l.enterprise_id, e.month
