select
    side_code,
    count(*) as enterprise_count,
    count(case when dependence_level <> 'none' then 1 end) as dependent_count,
    sum(total_amount) as total_amount,
    100 * sum(total_amount * in_park_share_pct / 100) / nullif(sum(total_amount), 0) as in_park_share_pct
from industry.dependence
group by side_code
order by side_code
