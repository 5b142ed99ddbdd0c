select
    n.chain_code,
    n.chain_title_en,
    n.chain_title_zh,
    n.node_number,
    n.node_title_en,
    n.node_title_zh,
    n.industry_codes,
    n.wanted_count,
    n.present_count,
    n.missing_count,
    n.outsider_count,
    n.signed_by,
    n.signed_date
from industry.chain_node as n
order by n.chain_code, n.node_number
