select
    p.enterprise_id,
    p.is_registered,
    p.is_leasing,
    p.is_paying_tax,
    p.is_insuring,
    p.is_using_utilities,
    p.is_accessing,
    p.is_known_to_register,
    p.is_known_to_tax,
    p.is_known_to_insurance,
    p.is_known_to_property,
    p.is_known_to_utilities,
    p.is_known_to_access,
    p.last_lease_month,
    p.last_tax_month,
    p.last_headcount_month,
    p.last_utility_month,
    p.last_access_month
from snapshots.presence as p
order by p.enterprise_id
