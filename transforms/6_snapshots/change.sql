-- title: Changes since the night before | 每日变化
-- one row is: one column of one enterprise that differs from the night published before, or one enterprise that is new
--   or gone | 一家企业的一项变化（与上一次发布相比），或一家新增、消失的企业
-- answers: what is different from yesterday: who is new, gone, renamed or moved, and which figures changed?
--   | 与上一期相比有什么变化：哪些企业新增、消失、更名、迁址，哪些数值变了？
-- key: enterprise_id, change_code, changed_column
-- rules: snapshots.enterprise_current is compared with itself as published before (ops.last_enterprise), by
--   enterprise_id.
--   * new, gone: the enterprise as a whole, with its name. If the id of a gone one leads on
--     (resolved.enterprise_forward), leads_to_enterprise_id has the id that it leads to.
--   * renamed: name or code.
--   * moved: an address.
--   * corrected: a latest figure of the same month.
--   * updated: a latest figure of another month, the register's status, or the gap.
--   Empty on the first night, and where the night published before was a later one (a backfill).
--   | 企业现状与上一次发布的企业现状按企业编号比较；首次发布或补跑历史时为空。
--   * 新增、消失：整户企业，附名称；编号已转接的，另列现编号。
--   * 更名换码：名称或代码。
--   * 迁址：注册或经营地址。
--   * 更正：同一月份的最新数值变了。
--   * 更新：有了新月份的数值，或登记状态、数据缺口变了。
-- known gaps: Figures of earlier months: snapshots.revision. Growth, trends and flows are not compared. A change of
--   rules or models between two nights shows here too.
--   | 更早月份的修订见历史修订；增长率、趋势和进出不作比较；两期之间规则或模型有改动的，其影响也列在这里。
-- column change_code: what is different from the night before | 变动类型 与上一期相比的变化
-- codes change_code:
--   * new: the enterprise is new | 新增
--   * gone: the enterprise is gone | 消失
--   * renamed: name or code | 更名换码
--   * moved: an address | 迁址
--   * corrected: a latest figure of the same month | 更正：同一月份的数值被更正
--   * updated: a latest figure of another month, the status, the gap | 更新：有了新月份的数值，或登记状态、缺口变了
-- column before_text: what the night before showed, as text | 变化前 上一期所示的内容
-- column after_text: what this night shows, as text | 变化后 本期所示的内容
-- checked by: tests/models/snapshots.change, tests/warehouse/test_as_of.py
-- what is compared, as what a difference counts, and for a figure the month that it is of
with compared_column as (
    select
        c.changed_column,
        c.change_code,
        c.month_column
    from (
        values
        ('enterprise_id', null, null),
        ('enterprise_name', 'renamed', null),
        ('uscc', 'renamed', null),
        ('registered_address', 'moved', null),
        ('operating_address', 'moved', null),
        ('status_code', 'updated', null),
        ('gap_code', 'updated', null),
        ('insured_headcount', 'updated', 'headcount_month'),
        ('sales_amount', 'updated', 'sales_month'),
        ('tax_paid_amount', 'updated', 'tax_month'),
        ('leased_area_m2', 'updated', 'leased_area_month'),
        ('electricity_kwh', 'updated', 'electricity_month')
    ) as c (changed_column, change_code, month_column)
),

-- every column of every enterprise, both nights as text; the enterprise as a whole goes by its name
pair as (
    select
        coalesce(n.enterprise_id, b.enterprise_id) as enterprise_id,
        coalesce(n.enterprise_name, b.enterprise_name) as enterprise_name,
        b.enterprise_id is null as is_new,
        n.enterprise_id is null as is_gone,
        c.change_code,
        c.changed_column,
        case c.changed_column
            when 'enterprise_id' then b.enterprise_name
            when 'enterprise_name' then b.enterprise_name
            when 'uscc' then b.uscc
            when 'registered_address' then b.registered_address
            when 'operating_address' then b.operating_address
            when 'status_code' then b.status_code
            when 'gap_code' then b.gap_code
            when 'insured_headcount' then cast(b.insured_headcount as varchar)
            when 'sales_amount' then cast(b.sales_amount as varchar)
            when 'tax_paid_amount' then cast(b.tax_paid_amount as varchar)
            when 'leased_area_m2' then cast(b.leased_area_m2 as varchar)
            when 'electricity_kwh' then cast(b.electricity_kwh as varchar)
        end as before_text,
        case c.changed_column
            when 'enterprise_id' then n.enterprise_name
            when 'enterprise_name' then n.enterprise_name
            when 'uscc' then n.uscc
            when 'registered_address' then n.registered_address
            when 'operating_address' then n.operating_address
            when 'status_code' then n.status_code
            when 'gap_code' then n.gap_code
            when 'insured_headcount' then cast(n.insured_headcount as varchar)
            when 'sales_amount' then cast(n.sales_amount as varchar)
            when 'tax_paid_amount' then cast(n.tax_paid_amount as varchar)
            when 'leased_area_m2' then cast(n.leased_area_m2 as varchar)
            when 'electricity_kwh' then cast(n.electricity_kwh as varchar)
        end as after_text,
        case c.month_column
            when 'headcount_month' then b.headcount_month = n.headcount_month
            when 'sales_month' then b.sales_month = n.sales_month
            when 'tax_month' then b.tax_month = n.tax_month
            when 'leased_area_month' then b.leased_area_month = n.leased_area_month
            when 'electricity_month' then b.electricity_month = n.electricity_month
        end as is_of_same_month
    from ops.last_enterprise as b
    full outer join snapshots.enterprise_current as n on b.enterprise_id = n.enterprise_id
    cross join compared_column as c
),

column_change as (
    select
        enterprise_id,
        enterprise_name,
        case
            when is_new then 'new'
            when is_gone then 'gone'
            when is_of_same_month then 'corrected'
            else change_code
        end as change_code,
        changed_column,
        before_text,
        after_text
    from pair
    where
        case
            when is_new or is_gone then changed_column = 'enterprise_id'
            else changed_column <> 'enterprise_id' and before_text is distinct from after_text
        end
)

select
    s.enterprise_id,
    s.enterprise_name,
    s.change_code,
    s.changed_column,
    s.before_text,
    s.after_text,
    f.enterprise_id as leads_to_enterprise_id,
    l.as_of as previous_as_of,
    o.as_of
from column_change as s
cross join ops.last_night as l
cross join ops.night as o
left join resolved.enterprise_forward as f on s.change_code = 'gone' and s.enterprise_id = f.former_enterprise_id
