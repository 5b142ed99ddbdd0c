-- The register's own words, one to one; what was changed (altitem) is translated by the feed's code list.
select
    row_number,
    eventno as event_no,
    pripid as source_key,
    uniscid as uscc,
    entname as enterprise_name,
    altitem as event_code,
    altbe as before_text,
    altaf as after_text,
    othercode as other_uscc,
    to_date(altdate) as event_date
from delivery
