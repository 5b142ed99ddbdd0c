-- rule: Of every fact one version is known | 每个事实只有一个已知版本
-- severity: critical
-- stage: resolved
-- why: two versions of one filing known at once are counted twice
-- next step: run `parkbridge rebuild`; if it stays, look at superseded_at of the rows in staged.<subject>
select
    subject,
    feed,
    fact_key,
    version_count
from known.repeated_fact
