-- rule: A credit code of the register belongs to one enterprise | 登记的统一社会信用代码只属于一家企业
-- severity: critical
-- stage: resolved
-- why: two enterprises with one code are one enterprise counted twice
-- next step: look at both in resolved.enterprise_value; a judgement in transforms/judgements.csv settles it
select
    s.uscc,
    count(distinct l.enterprise_id) as enterprise_count,
    min(l.enterprise_id) as one_enterprise_id,
    max(l.enterprise_id) as other_enterprise_id
from resolved.source_record as s
inner join resolved.link as l on s.feed = l.feed and s.source_key = l.source_key
-- records that a person judged, or must judge, are separate on purpose
where s.subject = 'registration' and s.uscc is not null and l.outcome_code = 'matched' and l.method <> 'judgement'
group by s.uscc
having count(distinct l.enterprise_id) > 1
