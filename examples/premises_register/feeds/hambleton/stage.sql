-- Who pays for an empty unit does not occupy it. A unit without a named occupier is its own key: its record has no
-- enterprise.
with unit as (
    select
        *,
        case when occupied = 'false' then ratepayer end as occupier_name
    from delivery
)

select
    row_number,
    "Property Reference Number" as premises_no,
    occupier_name as enterprise_name,
    "Full Property Address" as address,
    "Post Code" as postcode,
    cast(occupied as boolean) as is_vacant,
    coalesce(occupier_name, "Property Reference Number") as source_key,
    to_amount("Rateable value") as rateable_value_amount,
    to_date("Liability start date") as occupied_since_date
from unit
