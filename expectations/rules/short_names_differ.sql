-- rule: No two enterprises have one short name | 企业简称互不重复
-- severity: warning
-- stage: snapshots
-- why: a chart or a sum by short name would add two enterprises up as one
-- next step: raise suffix_length in rules/short_name.yml
select
    short_name,
    count(*) as enterprise_count
from snapshots.enterprise_label
group by short_name
having count(*) > 1
