-- rule: Of every fact one version is known | 每个事实只有一个已知版本
-- severity: critical
-- stage: resolved
-- why: two versions of one filing known at once are counted twice
-- next step: run `parkbridge rebuild`; if it stays, look at superseded_at of the rows in staged.<subject>
select
    'registration' as subject,
    feed,
    source_key as fact_key,
    count(*) as version_count
from known.registration
group by feed, source_key
having count(*) > 1
union all
select
    'registration_event' as subject,
    feed,
    event_no as fact_key,
    count(*) as version_count
from known.registration_event
group by feed, event_no
having count(*) > 1
union all
select
    'tax_filing' as subject,
    feed,
    concat_ws(' ', source_key, tax_kind_code, period_start, period_end) as fact_key,
    count(*) as version_count
from known.tax_filing
group by feed, source_key, tax_kind_code, period_start, period_end
having count(*) > 1
union all
select
    'tax_payment' as subject,
    feed,
    payment_no as fact_key,
    count(*) as version_count
from known.tax_payment
group by feed, payment_no
having count(*) > 1
union all
select
    'employment' as subject,
    feed,
    concat_ws(' ', source_key, month) as fact_key,
    count(*) as version_count
from known.employment
group by feed, source_key, month
having count(*) > 1
union all
select
    'staff_move' as subject,
    feed,
    concat_ws(' ', source_key, former_unit_no, month) as fact_key,
    count(*) as version_count
from known.staff_move
group by feed, source_key, former_unit_no, month
having count(*) > 1
union all
select
    'lease' as subject,
    feed,
    lease_no as fact_key,
    count(*) as version_count
from known.lease
group by feed, lease_no
having count(*) > 1
union all
select
    'premises' as subject,
    feed,
    premises_no as fact_key,
    count(*) as version_count
from known.premises
group by feed, premises_no
having count(*) > 1
union all
select
    'utility_use' as subject,
    feed,
    concat_ws(' ', source_key, meter_no, utility_code, month) as fact_key,
    count(*) as version_count
from known.utility_use
group by feed, source_key, meter_no, utility_code, month
having count(*) > 1
union all
select
    'access_count' as subject,
    feed,
    concat_ws(' ', source_key, month) as fact_key,
    count(*) as version_count
from known.access_count
group by feed, source_key, month
having count(*) > 1
