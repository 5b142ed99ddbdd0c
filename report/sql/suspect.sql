select
    p.enterprise_id,
    p.signal_code,
    p.month,
    p.evidence,
    p.evidence_zh
from signals.plausibility as p
order by p.enterprise_id asc, p.month desc, p.signal_code asc
