-- title: Matches that a person should decide | 待人工核对
-- one row is: one source record that the rules will not tie to an enterprise by themselves, or doubt
-- answers: what should somebody look at, what matters most first, and which are the two enterprises it may be?
-- key: feed, source_key
-- rules: Work it by priority, then share_pct from above, then candidate_score from above: `parkbridge review` does.
--   Priority goes by the kind of doubt (reason_code); share_pct is the part of its feed's latest figures (insured
--   staff and entries of the last 4 months, tax and sales of the last 12, area leased now, rateable value) that hangs
--   on the record. Candidates: the enterprises of its code and of its name, up to 5 of an ambiguous one, scored ones,
--   and those that a judgement names; the best two stand beside the record. An enterprise that somebody judged
--   different is no candidate; when none is left, the record leaves the queue. Nothing in a row says which night it
--   is: a row stays as it is until the record, its candidates or its figures change.
-- known gaps: What the register says of a candidate's other addresses is not shown.
-- checked by: tests/models/resolved.review_queue, tests/transforms/test_judgements.py
with disagreed as (
    select
        feed,
        source_key,
        min(concat(stated, '. Next: ', next_step)) as told
    from resolved.judgement_conflict
    where conflict_code = 'judges_disagree'
    group by feed, source_key
),

contradicted as (
    select
        chain,
        min(concat(stated, '. Next: ', next_step)) as told
    from resolved.judgement_conflict
    where effect_code = 'not_applied'
    group by chain
),

chained as (
    select
        feed,
        source_key,
        min(chain) as chain
    from resolved.judgement
    where decision in ('same', 'contradiction')
    group by feed, source_key
),

queued as (
    select
        d.feed,
        d.source_key,
        d.subject,
        d.enterprise_id,
        d.code_enterprise_id,
        d.name_enterprise_id,
        case
            when d.outcome_code in (
                'contradiction', 'judgements_contradict', 'code_name_differ', 'doubtful', 'ambiguous_name',
                'ambiguous_code', 'code_unknown_name_known', 'judged_unsure'
            ) then d.outcome_code
            else 'judges_disagree'
        end as reason_code,
        coalesce(g.told, t.told, d.evidence) as evidence,
        s.name,
        s.name_key,
        s.stated_code,
        s.registration_no,
        s.org_code,
        s.address
    from resolved.match_decision as d
    inner join resolved.source_record as s on d.feed = s.feed and d.source_key = s.source_key
    left join disagreed as g on d.feed = g.feed and d.source_key = g.source_key
    left join chained as c on d.feed = c.feed and d.source_key = c.source_key
    left join contradicted as t on c.chain = t.chain and d.outcome_code = 'judgements_contradict'
    where
        d.outcome_code in (
            'contradiction', 'judgements_contradict', 'code_name_differ', 'doubtful', 'ambiguous_name',
            'ambiguous_code', 'code_unknown_name_known', 'judged_unsure'
        )
        or g.feed is not null
),

asked_name as (
    select q.name_key
    from queued as q
    where q.reason_code = 'ambiguous_name'
    group by q.name_key
),

-- a name of thousands would be thousands squared: the first five of each will do
bearer_of_name as (
    select
        n.name_key,
        n.enterprise_id,
        row_number() over (partition by n.name_key order by n.name_standing, n.enterprise_id) as place
    from resolved.enterprise_name as n
    inner join asked_name as a on n.name_key = a.name_key
),

asked_code as (
    select
        'org_code' as code_kind,
        q.org_code as code
    from queued as q
    where q.reason_code = 'ambiguous_code' and q.org_code is not null
    union
    select
        'registration_no' as code_kind,
        q.registration_no as code
    from queued as q
    where q.reason_code = 'ambiguous_code' and q.registration_no is not null
),

registered_code as (
    select
        'org_code' as code_kind,
        s.org_code as code,
        r.enterprise_id
    from resolved.source_record as s
    inner join resolved.record_anchor as r on s.feed = r.feed and s.source_key = r.source_key
    where s.subject = 'registration' and s.org_code is not null and r.enterprise_id is not null
    union
    select
        'registration_no' as code_kind,
        s.registration_no as code,
        r.enterprise_id
    from resolved.source_record as s
    inner join resolved.record_anchor as r on s.feed = r.feed and s.source_key = r.source_key
    where s.subject = 'registration' and s.registration_no is not null and r.enterprise_id is not null
),

bearer_of_code as (
    select
        c.code_kind,
        c.code,
        c.enterprise_id,
        row_number() over (partition by c.code_kind, c.code order by c.enterprise_id) as place
    from registered_code as c
    inner join asked_code as a on c.code_kind = a.code_kind and c.code = a.code
),

-- what was said of the record: which enterprise it may be, and which it is not
said as (
    select
        j.feed,
        j.source_key,
        coalesce(j.other_enterprise_id, o.enterprise_id) as enterprise_id,
        j.decision
    from resolved.judgement as j
    left join resolved.match_decision as o on j.other_feed = o.feed and j.other_source_key = o.source_key
),

judged_different as (
    select
        feed,
        source_key,
        enterprise_id
    from said
    where decision = 'different'
    group by feed, source_key, enterprise_id
),

may_be as (
    select
        feed,
        source_key,
        enterprise_id,
        'judgement' as method,
        1 as standing,
        cast(null as decimal(4, 3)) as score
    from said
    where decision <> 'different'
    union all
    select
        feed,
        source_key,
        name_enterprise_id as enterprise_id,
        'name' as method,
        2 as standing,
        cast(null as decimal(4, 3)) as score
    from queued
    union all
    select
        feed,
        source_key,
        code_enterprise_id as enterprise_id,
        'code' as method,
        3 as standing,
        cast(null as decimal(4, 3)) as score
    from queued
    union all
    select
        q.feed,
        q.source_key,
        b.enterprise_id,
        'name' as method,
        2 as standing,
        cast(null as decimal(4, 3)) as score
    from queued as q
    inner join bearer_of_name as b on q.name_key = b.name_key and b.place <= 5
    where q.reason_code = 'ambiguous_name'
    union all
    select
        q.feed,
        q.source_key,
        b.enterprise_id,
        'code' as method,
        3 as standing,
        cast(null as decimal(4, 3)) as score
    from queued as q
    inner join bearer_of_code as b
        on b.code = case b.code_kind when 'org_code' then q.org_code else q.registration_no end and b.place <= 5
    where q.reason_code = 'ambiguous_code'
    union all
    select
        c.feed,
        c.source_key,
        c.enterprise_id,
        'scored' as method,
        4 as standing,
        c.score
    from resolved.candidate as c
    cross join rules.matching as rule
    where c.score >= rule.show_score
),

possible as (
    select
        q.feed,
        q.source_key,
        m.enterprise_id,
        min(m.standing) as standing,
        max(m.score) as score
    from queued as q
    inner join may_be as m on q.feed = m.feed and q.source_key = m.source_key
    left join judged_different as x
        on m.feed = x.feed and m.source_key = x.source_key and m.enterprise_id = x.enterprise_id
    where
        m.enterprise_id is not null
        and (x.feed is null or q.reason_code = 'judges_disagree')
        and (m.enterprise_id <> q.enterprise_id or q.enterprise_id is null or q.reason_code = 'judges_disagree')
    group by q.feed, q.source_key, m.enterprise_id
),

one_name as (
    select
        n.enterprise_id,
        coalesce(min(case when n.name_kind = 'registered' then n.enterprise_name end), min(n.enterprise_name))
            as enterprise_name
    from resolved.enterprise_name as n
    inner join possible as p on n.enterprise_id = p.enterprise_id
    group by n.enterprise_id
),

placed as (
    select
        p.feed,
        p.source_key,
        p.enterprise_id,
        case p.standing when 1 then 'judgement' when 2 then 'name' when 3 then 'code' else 'scored' end as method,
        p.score,
        coalesce(e.enterprise_name, n.enterprise_name) as enterprise_name,
        coalesce(e.uscc, e.registration_no) as code,
        coalesce(e.registered_address, e.operating_address) as address,
        count(*) over (partition by p.feed, p.source_key) as candidate_count,
        row_number() over (
            partition by p.feed, p.source_key order by p.standing asc, coalesce(p.score, 0) desc, p.enterprise_id asc
        ) as place
    from possible as p
    left join resolved.enterprise as e on p.enterprise_id = e.enterprise_id
    left join one_name as n on p.enterprise_id = n.enterprise_id
),

figure as (
    select
        f.feed,
        f.source_key,
        cast(f.insured_headcount as double) as value
    from known.employment as f
    cross join ops.night as n
    where f.month >= cast(date_trunc('month', n.as_of) - interval 4 month as date)
    union all
    select
        f.feed,
        f.source_key,
        cast(coalesce(f.people_entry_count, 0) + coalesce(f.vehicle_entry_count, 0) as double) as value
    from known.access_count as f
    cross join ops.night as n
    where f.month >= cast(date_trunc('month', n.as_of) - interval 4 month as date)
    union all
    select
        f.feed,
        f.source_key,
        cast(greatest(f.paid_amount, 0) as double) as value
    from known.tax_payment as f
    cross join ops.night as n
    where f.paid_date >= cast(date_trunc('month', n.as_of) - interval 12 month as date)
    union all
    select
        f.feed,
        f.source_key,
        cast(greatest(f.sales_amount, 0) as double) as value
    from known.tax_filing as f
    cross join ops.night as n
    where f.period_end >= cast(date_trunc('month', n.as_of) - interval 12 month as date)
    union all
    select
        f.feed,
        f.source_key,
        cast(f.leased_area_m2 as double) as value
    from known.lease as f
    cross join ops.night as n
    where coalesce(f.terminated_date, f.end_date, cast(n.as_of as date)) >= cast(n.as_of as date)
    union all
    select
        f.feed,
        f.source_key,
        cast(f.rateable_value_amount as double) as value
    from known.premises as f
),

total as (
    select
        feed,
        sum(value) as value
    from figure
    group by feed
),

weighed as (
    select
        q.feed,
        q.source_key,
        cast(100 * sum(f.value) / nullif(max(t.value), 0) as decimal(5, 2)) as share_pct
    from queued as q
    inner join figure as f on q.feed = f.feed and q.source_key = f.source_key
    inner join total as t on q.feed = t.feed
    group by q.feed, q.source_key
)

select
    q.feed,
    q.source_key,
    q.subject,
    q.reason_code,
    case q.reason_code
        when 'contradiction' then 'code of one enterprise, name of another | 代码与名称分属两家企业'
        when 'judgements_contradict' then 'judgements contradict each other | 人工判定互相矛盾'
        when 'code_name_differ' then 'code of an enterprise that bears another name | 代码所属企业名称不同'
        when 'doubtful' then 'alike, not alike enough | 相似但不足以认定'
        when 'ambiguous_name' then 'several enterprises have this name | 多家企业同名'
        when 'ambiguous_code' then 'several enterprises have this code | 多家企业同代码'
        when 'code_unknown_name_known' then 'code not registered, name registered | 代码未登记而名称已登记'
        when 'judges_disagree' then 'two people disagree | 两人判定不一致'
        else 'somebody was unsure | 有人拿不准'
    end as reason,
    case q.reason_code
        when 'contradiction' then 1
        when 'judgements_contradict' then 2
        when 'code_name_differ' then 3
        when 'doubtful' then 4
        when 'ambiguous_name' then 5
        when 'ambiguous_code' then 6
        when 'code_unknown_name_known' then 7
        when 'judges_disagree' then 8
        else 9
    end as priority,
    coalesce(w.share_pct, 0) as share_pct,
    q.name as stated_name,
    q.stated_code,
    q.address as stated_address,
    a.enterprise_id as candidate_enterprise_id,
    a.enterprise_name as candidate_name,
    a.code as candidate_code,
    a.address as candidate_address,
    a.method as candidate_method,
    a.score as candidate_score,
    b.enterprise_id as runner_up_enterprise_id,
    b.enterprise_name as runner_up_name,
    b.code as runner_up_code,
    b.address as runner_up_address,
    b.method as runner_up_method,
    b.score as runner_up_score,
    coalesce(a.candidate_count, 0) as candidate_count,
    q.evidence
from queued as q
left join placed as a on q.feed = a.feed and q.source_key = a.source_key and a.place = 1
left join placed as b on q.feed = b.feed and q.source_key = b.source_key and b.place = 2
left join weighed as w on q.feed = w.feed and q.source_key = w.source_key
where
    a.enterprise_id is not null
    or q.reason_code in ('judgements_contradict', 'judges_disagree', 'judged_unsure')
