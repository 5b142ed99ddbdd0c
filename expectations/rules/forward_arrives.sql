-- rule: An id that leads on leads to the end at once | 企业编号转接一步到位
-- severity: critical
-- stage: resolved
-- why: a reader follows a forwarding record once; an id still in use must not be led away from its enterprise
-- next step: rebuild from resolve; if it stays, look at resolved.code_group for the codes of these ids
select
    f.former_enterprise_id,
    f.enterprise_id,
    f.anchor_kind,
    f.anchor_text,
    case when n.former_enterprise_id is null then 'the former id is still in use' else 'it leads to another forward' end
        as reason
from resolved.enterprise_forward as f
left join resolved.enterprise_forward as n on f.enterprise_id = n.former_enterprise_id
left join resolved.enterprise as e on f.former_enterprise_id = e.enterprise_id
where n.former_enterprise_id is not null or e.enterprise_id is not null
