-- title: Stated needs | 企业诉求
-- one row is: one need that an enterprise stated, as known tonight | 一行是：企业提出的一件诉求，截至当晚
-- answers: who needs what, how much, until when, who answers it, and was the first contact in time?
--   | 谁需要什么、多少、何时要、谁承办、是否按时联系？
-- key: need_key
-- rules: The rows of the service desk, tied to their enterprise (resolved.link).
--   * building_code: where it is needed, as stated, else the enterprise's main building of the last month.
--   * office: as the service desk has it, else by kind (rules/need_kind.yml).
--   * contact_due_date: the fifth working day after the day on which it was stated. is_first_contact_on_time:
--   contacted by then; false once the day has passed without a contact; empty while it still can come.
--   * is_unresolved: not closed by tonight.
--   | 服务台登记的诉求，按主体匹配归到企业。
--   * 楼栋：以登记为准，未登记的取该企业最近一个月的主要楼栋。
--   * 承办部门：以登记为准，未登记的按诉求类型（见规则）。
--   * 应联系日期：提出之日后第五个工作日；到期前已联系为按时，过期未联系为不按时，未到期且未联系的为空。
--   * 未办结：当晚尚未办结。
-- example: stated on Thursday 2026-09-24; 25 September and 1 to 7 October are holidays: the working days after it are
--   28, 29, 30 September, 8 and 9 October, so that contact is due on 2026-10-09.
--   | 2026年9月24日（周四）提出，25日及10月1至7日放假：应于10月9日前联系。
-- known gaps: A need that was not written down is not in it. Who asked is not kept.
--   | 未登记的诉求不在内；联系人不入库。
-- checked by: tests/models/industry.need
with office as (
    select
        office_zh,
        min(office_en) as office_en
    from rules.need_kind
    group by office_zh
),

last_building as (
    select
        b.enterprise_id,
        b.building_code
    from monthly.main_building as b
    inner join monthly.month as m on m.is_last_month and m.month between b.from_month and b.until_month
),

stated_need as (
    select
        l.enterprise_id,
        concat(n.feed, '/', n.need_no) as need_key,
        n.feed,
        n.need_no,
        n.need_kind_code,
        n.needed_quantity,
        n.quantity_unit_code,
        coalesce(n.building_code, b.building_code) as building_code,
        n.stated_date,
        n.due_date,
        n.first_contact_date,
        n.closed_date,
        n.need_outcome_code,
        n.office_name
    from known.need as n
    inner join resolved.link as l on n.feed = l.feed and n.source_key = l.source_key
    left join last_building as b on l.enterprise_id = b.enterprise_id
)

select
    s.enterprise_id,
    e.enterprise_name,
    s.need_key,
    s.feed,
    s.need_no,
    s.need_kind_code,
    s.needed_quantity,
    s.quantity_unit_code,
    s.building_code,
    s.stated_date,
    s.due_date,
    s.first_contact_date,
    s.closed_date,
    s.need_outcome_code,
    coalesce(s.office_name, k.office_zh) as office_zh,
    coalesce(o.office_en, s.office_name, k.office_en) as office_en,
    c.workday as contact_due_date,
    u.workday_number - a.workday_number as first_contact_days,
    case
        when s.first_contact_date is not null then s.first_contact_date <= c.workday
        when t.list_date > c.workday then false
    end as is_first_contact_on_time,
    s.closed_date is null as is_unresolved,
    k.version as rule_version
from stated_need as s
cross join industry.list_day as t
inner join resolved.enterprise as e on s.enterprise_id = e.enterprise_id
inner join rules.need_kind as k on s.need_kind_code = k.need_kind_code
left join office as o on s.office_name = o.office_zh
left join monthly.workday as a on s.stated_date = a.workday
-- of a day that is off, the fifth working day after it is counted from the working day before
left join monthly.workday as c on c.is_workday and a.workday_number + k.contact_days = c.workday_number
left join monthly.workday as u on u.workday = coalesce(s.first_contact_date, t.list_date)
