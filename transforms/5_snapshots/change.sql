-- title: Changes since the night before | 每日变化
-- one row is: one column of one enterprise that is not what the night published before showed, or one enterprise that
--   is new or gone
-- answers: what is different from yesterday: who is new, gone, renamed or moved, and which figures are others?
-- key: enterprise_id, change_code, changed_column
-- rules: snapshots.enterprise_current is compared with itself as published before (ops.last_enterprise), by
--   enterprise_id. new, gone: of the enterprise as a whole, with its name; renamed: name or code; moved: an address;
--   corrected: a latest figure of the same month; updated: a latest figure of another month, the register's status,
--   the gap. A gone enterprise whose id leads on (resolved.enterprise_forward) has that id in leads_to_enterprise_id.
--   Empty on the first night, and where the night published before was a later one (a backfill): there is nothing to
--   compare with.
-- known gaps: Figures of earlier months: snapshots.revision. Growth, trends and flows are not compared. Where rules
--   or models changed between two nights, what they changed stands here too.
-- column change_code: new, gone, renamed, moved, corrected or updated | 变化类型 new 新增；gone 消失；renamed 更名换码；moved
--   迁址；corrected 更正；updated 更新
-- column before_text: what the night before showed, as text | 变化前
-- column after_text: what this night shows, as text | 变化后
-- checked by: tests/models/snapshots.change, tests/warehouse/test_as_of.py
with pair as (
    select
        coalesce(n.enterprise_id, b.enterprise_id) as enterprise_id,
        coalesce(n.enterprise_name, b.enterprise_name) as shown_name,
        b.enterprise_id is null as is_new,
        n.enterprise_id is null as is_gone,
        b.enterprise_name as b_enterprise_name,
        n.enterprise_name as n_enterprise_name,
        b.uscc as b_uscc,
        n.uscc as n_uscc,
        b.registered_address as b_registered_address,
        n.registered_address as n_registered_address,
        b.operating_address as b_operating_address,
        n.operating_address as n_operating_address,
        b.status_code as b_status_code,
        n.status_code as n_status_code,
        b.gap_code as b_gap_code,
        n.gap_code as n_gap_code,
        b.insured_headcount as b_insured_headcount,
        n.insured_headcount as n_insured_headcount,
        b.headcount_month as b_headcount_month,
        n.headcount_month as n_headcount_month,
        b.sales_amount as b_sales_amount,
        n.sales_amount as n_sales_amount,
        b.sales_month as b_sales_month,
        n.sales_month as n_sales_month,
        b.tax_paid_amount as b_tax_paid_amount,
        n.tax_paid_amount as n_tax_paid_amount,
        b.tax_month as b_tax_month,
        n.tax_month as n_tax_month,
        b.leased_area_m2 as b_leased_area_m2,
        n.leased_area_m2 as n_leased_area_m2,
        b.leased_area_month as b_leased_area_month,
        n.leased_area_month as n_leased_area_month,
        b.electricity_kwh as b_electricity_kwh,
        n.electricity_kwh as n_electricity_kwh,
        b.electricity_month as b_electricity_month,
        n.electricity_month as n_electricity_month
    from ops.last_enterprise as b
    full outer join snapshots.enterprise_current as n on b.enterprise_id = n.enterprise_id
),

stated as (
    select
        enterprise_id,
        shown_name,
        case when is_new then 'new' else 'gone' end as change_code,
        'enterprise_id' as changed_column,
        case when is_gone then shown_name end as before_text,
        case when is_new then shown_name end as after_text
    from pair
    where is_new or is_gone
    union all
    select
        enterprise_id,
        shown_name,
        'renamed' as change_code,
        'enterprise_name' as changed_column,
        b_enterprise_name as before_text,
        n_enterprise_name as after_text
    from pair
    where not is_new and not is_gone and b_enterprise_name is distinct from n_enterprise_name
    union all
    select
        enterprise_id,
        shown_name,
        'renamed' as change_code,
        'uscc' as changed_column,
        b_uscc as before_text,
        n_uscc as after_text
    from pair
    where not is_new and not is_gone and b_uscc is distinct from n_uscc
    union all
    select
        enterprise_id,
        shown_name,
        'moved' as change_code,
        'registered_address' as changed_column,
        b_registered_address as before_text,
        n_registered_address as after_text
    from pair
    where not is_new and not is_gone and b_registered_address is distinct from n_registered_address
    union all
    select
        enterprise_id,
        shown_name,
        'moved' as change_code,
        'operating_address' as changed_column,
        b_operating_address as before_text,
        n_operating_address as after_text
    from pair
    where not is_new and not is_gone and b_operating_address is distinct from n_operating_address
    union all
    select
        enterprise_id,
        shown_name,
        'updated' as change_code,
        'status_code' as changed_column,
        b_status_code as before_text,
        n_status_code as after_text
    from pair
    where not is_new and not is_gone and b_status_code is distinct from n_status_code
    union all
    select
        enterprise_id,
        shown_name,
        'updated' as change_code,
        'gap_code' as changed_column,
        b_gap_code as before_text,
        n_gap_code as after_text
    from pair
    where not is_new and not is_gone and b_gap_code is distinct from n_gap_code
    union all
    select
        enterprise_id,
        shown_name,
        case when b_headcount_month = n_headcount_month then 'corrected' else 'updated' end as change_code,
        'insured_headcount' as changed_column,
        cast(b_insured_headcount as varchar) as before_text,
        cast(n_insured_headcount as varchar) as after_text
    from pair
    where not is_new and not is_gone and b_insured_headcount is distinct from n_insured_headcount
    union all
    select
        enterprise_id,
        shown_name,
        case when b_sales_month = n_sales_month then 'corrected' else 'updated' end as change_code,
        'sales_amount' as changed_column,
        cast(b_sales_amount as varchar) as before_text,
        cast(n_sales_amount as varchar) as after_text
    from pair
    where not is_new and not is_gone and b_sales_amount is distinct from n_sales_amount
    union all
    select
        enterprise_id,
        shown_name,
        case when b_tax_month = n_tax_month then 'corrected' else 'updated' end as change_code,
        'tax_paid_amount' as changed_column,
        cast(b_tax_paid_amount as varchar) as before_text,
        cast(n_tax_paid_amount as varchar) as after_text
    from pair
    where not is_new and not is_gone and b_tax_paid_amount is distinct from n_tax_paid_amount
    union all
    select
        enterprise_id,
        shown_name,
        case when b_leased_area_month = n_leased_area_month then 'corrected' else 'updated' end as change_code,
        'leased_area_m2' as changed_column,
        cast(b_leased_area_m2 as varchar) as before_text,
        cast(n_leased_area_m2 as varchar) as after_text
    from pair
    where not is_new and not is_gone and b_leased_area_m2 is distinct from n_leased_area_m2
    union all
    select
        enterprise_id,
        shown_name,
        case when b_electricity_month = n_electricity_month then 'corrected' else 'updated' end as change_code,
        'electricity_kwh' as changed_column,
        cast(b_electricity_kwh as varchar) as before_text,
        cast(n_electricity_kwh as varchar) as after_text
    from pair
    where not is_new and not is_gone and b_electricity_kwh is distinct from n_electricity_kwh
)

select
    s.enterprise_id,
    s.shown_name as enterprise_name,
    s.change_code,
    s.changed_column,
    s.before_text,
    s.after_text,
    f.enterprise_id as leads_to_enterprise_id,
    l.as_of as previous_as_of,
    o.as_of
from stated as s
cross join ops.last_night as l
cross join ops.night as o
left join resolved.enterprise_forward as f on s.change_code = 'gone' and s.enterprise_id = f.former_enterprise_id
