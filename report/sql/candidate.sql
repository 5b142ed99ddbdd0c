select
    t.source_key,
    t.enterprise_name,
    t.uscc,
    t.candidate_rank,
    t.excluded_code,
    t.expands_level,
    t.near_level,
    t.wanted_level,
    t.seen_buyer_count,
    t.is_parent_of_tenant,
    t.recent_branch_count,
    t.branch_count,
    t.branch_city_count,
    t.last_opened_date,
    t.industry_code,
    t.registered_capital_amount
from industry.candidate as t
order by t.candidate_rank asc nulls last, t.source_key asc
