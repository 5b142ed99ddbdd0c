-- title: Service of needs by office | 诉求办理情况
-- one row is: one office in charge of stated needs, as of tonight | 一行是：一个承办部门，截至当晚
-- answers: does each office contact in time whoever stated a need, and what comes of the needs?
--   | 各部门是否按时联系提出诉求的企业，办理结果如何？
-- key: office_zh
-- rules: Needs stated in the 12 months up to tonight. The share in time is over the needs that were contacted, or
--   past their fifth working day (industry.need). Open needs count whenever they were stated.
--   | 取截至当晚十二个月内提出的诉求。按时联系率的分母为已联系或已过应联系日期的件数。未办结件数不限提出时间。
-- example: 4 stated, 3 of them contacted in time, 1 late: 75 %.
--   | 提出4件，按时联系3件，逾期1件：按时联系率75%。
-- known gaps: The offices are those that the service desk wrote, else those of rules/need_kind.yml.
--   | 部门以服务台登记为准，未登记的按规则。
-- checked by: tests/models/snapshots.need_service
with need as (
    select
        n.office_zh,
        n.office_en,
        n.is_unresolved,
        n.is_first_contact_on_time,
        n.need_outcome_code,
        n.stated_date > t.list_date - interval '12' month as is_recent
    from industry.need as n
    cross join industry.list_day as t
),

office_count as (
    select
        office_zh,
        min(office_en) as office_en,
        count(case when is_recent then 1 end) as stated_count,
        count(case when is_recent then is_first_contact_on_time end) as contact_judged_count,
        count(case when is_recent and is_first_contact_on_time then 1 end) as contact_on_time_count,
        count(case when is_recent and not is_unresolved then 1 end) as closed_count,
        count(case when is_recent and need_outcome_code in ('met', 'partly') then 1 end) as met_count,
        count(case when is_unresolved then 1 end) as unresolved_count
    from need
    group by office_zh
)

select
    office_zh,
    office_en,
    stated_count,
    contact_judged_count,
    contact_on_time_count,
    cast(contact_on_time_count * 100.0 / nullif(contact_judged_count, 0) as decimal(30, 2)) as contact_on_time_pct,
    closed_count,
    met_count,
    unresolved_count
from office_count
