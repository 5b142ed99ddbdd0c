-- rule: Presence agrees with what it is read from | 在园情况与依据一致
-- severity: critical
-- stage: snapshots
-- why: the gap lists are worked through by people; a wrong flag sends them to the wrong door
-- next step: look at the enterprise in snapshots.presence and in the monthly tables of its last months
with traced_enterprise as (
    select
        *,
        is_leasing or is_insuring or is_using_utilities or is_accessing as has_trace,
        greatest(last_lease_month, last_tax_month, last_headcount_month, last_utility_month, last_access_month)
            as last_trace_month
    from snapshots.presence
),

wrong_enterprise as (
    select
        enterprise_id,
        enterprise_name,
        case
            when is_active_here and not has_trace then 'active here without a trace'
            when is_leasing and coalesce(last_lease_month <> month, true) then 'leasing without a lease in the month'
            when is_leasing and not is_known_to_property then 'leasing, unknown to the lease book'
            when is_insuring and not is_known_to_insurance then 'insuring, unknown to social insurance'
            when is_paying_tax and not is_known_to_tax then 'paying tax, unknown to the tax authority'
            when is_registered and not is_known_to_register then 'registered, unknown to the register'
            when last_trace_month > month then 'a trace after the last complete month'
            when gap_code is not null and next_step_en is null then 'a gap without its next step'
        end as reason
    from traced_enterprise
)

select
    enterprise_id,
    enterprise_name,
    reason
from wrong_enterprise
where reason is not null
