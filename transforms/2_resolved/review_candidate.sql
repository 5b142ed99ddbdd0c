-- title: Enterprises that a waiting record may be | 待核对记录的候选企业
-- one row is: one source record that waits for a person and one of the enterprises that it may be
--   | 一条待人工核对的记录和它可能所属的一家企业
-- answers: which records wait for a person, why, and which enterprises may each of them be?
--   | 哪些记录待人工核对，原因是什么，各可能是哪几家企业？
-- key: feed, source_key, match_rank
-- rules: A record waits if its outcome waits (is_waiting in rules/match_outcome.yml) or if two people disagree on it.
--   Candidates: the enterprises of its code and of its name, up to 5 of an ambiguous one, scored ones from show_score
--   on (rules/matching.yml), and those that a judgement names. place ranks them: judged, by name, by code, scored (the
--   most probable first). An enterprise that somebody judged different is no candidate. When none is left, the record
--   leaves the queue, unless a person has to agree or to answer (is_kept): its only row has place 1, no candidate.
--   | 判定结果须待人工（rules/match_outcome.yml 的 is_waiting），或两人判定不一致的记录，列入待核对。候选企业：代码所属企业、
--   同名企业（一名或一码多家的最多各取五家）、得分不低于 show_score 的相似企业、人工判定提到的企业。已判定“不是”的不再列出；
--   候选全部排除后该记录不再待核对，须由人协商或答复的（is_kept）除外。
-- known gaps: Of an ambiguous name or code with more than five bearers only five are shown. | 一名或一码超过五家的，只列五家。
-- column enterprise_id: the enterprise that the record counts under until somebody decides | 企业编号 判定前该记录计入的企业
-- checked by: tests/models/resolved.review_candidate, tests/transforms/test_judgements.py
with disagreement as (
    select
        feed,
        source_key,
        min(concat(stated, '. Next: ', next_step)) as stated
    from resolved.judgement_conflict
    where conflict_code = 'judges_disagree'
    group by feed, source_key
),

contradiction as (
    select
        chain,
        min(concat(stated, '. Next: ', next_step)) as stated
    from resolved.judgement_conflict
    where effect_code = 'not_applied'
    group by chain
),

chain_member as (
    select
        feed,
        source_key,
        min(chain) as chain
    from resolved.judgement
    where decision in ('same', 'contradiction')
    group by feed, source_key
),

waiting_record as (
    select
        d.feed,
        d.source_key,
        d.subject,
        d.enterprise_id,
        d.code_enterprise_id,
        d.name_enterprise_id,
        case when r.is_waiting then d.outcome_code else 'judges_disagree' end as reason_code,
        coalesce(g.stated, t.stated, d.evidence) as evidence,
        coalesce(g.stated, t.stated, d.evidence_zh) as evidence_zh,
        s.name_key,
        s.registration_no,
        s.org_code
    from resolved.match_decision as d
    inner join rules.match_outcome as r on d.outcome_code = r.outcome_code
    inner join resolved.source_record as s on d.feed = s.feed and d.source_key = s.source_key
    left join disagreement as g on d.feed = g.feed and d.source_key = g.source_key
    left join chain_member as c on d.feed = c.feed and d.source_key = c.source_key
    left join contradiction as t on c.chain = t.chain and d.outcome_code = 'judgements_contradict'
    where r.is_waiting or g.feed is not null
),

asked_name as (
    select q.name_key
    from waiting_record as q
    where q.reason_code = 'ambiguous_name'
    group by q.name_key
),

-- a name of thousands would be thousands squared: the first few of each will do
bearer_of_name as (
    select
        n.name_key,
        n.enterprise_id,
        row_number() over (partition by n.name_key order by n.name_standing, n.enterprise_id) as match_rank,
        rule.namesakes_max
    from resolved.enterprise_name as n
    inner join asked_name as a on n.name_key = a.name_key
    cross join rules.matching as rule
),

asked_code as (
    select
        'org_code' as code_kind,
        q.org_code as code
    from waiting_record as q
    where q.reason_code = 'ambiguous_code' and q.org_code is not null
    union
    select
        'registration_no' as code_kind,
        q.registration_no as code
    from waiting_record as q
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
        row_number() over (partition by c.code_kind, c.code order by c.enterprise_id) as match_rank,
        rule.namesakes_max
    from registered_code as c
    inner join asked_code as a on c.code_kind = a.code_kind and c.code = a.code
    cross join rules.matching as rule
),

-- what was said of the record: which enterprise it may be, and which it is not
judged_pair as (
    select
        j.feed,
        j.source_key,
        coalesce(j.other_enterprise_id, o.enterprise_id) as enterprise_id,
        j.decision
    from resolved.judgement as j
    left join resolved.match_decision as o on j.other_feed = o.feed and j.other_source_key = o.source_key
),

rejected_pair as (
    select
        feed,
        source_key,
        enterprise_id
    from judged_pair
    where decision = 'different'
    group by feed, source_key, enterprise_id
),

proposed_pair as (
    select
        feed,
        source_key,
        enterprise_id,
        1 as standing,
        cast(null as decimal(30, 3)) as score
    from judged_pair
    where decision <> 'different'
    union all
    select
        feed,
        source_key,
        name_enterprise_id as enterprise_id,
        2 as standing,
        cast(null as decimal(30, 3)) as score
    from waiting_record
    union all
    select
        feed,
        source_key,
        code_enterprise_id as enterprise_id,
        3 as standing,
        cast(null as decimal(30, 3)) as score
    from waiting_record
    union all
    select
        q.feed,
        q.source_key,
        b.enterprise_id,
        2 as standing,
        cast(null as decimal(30, 3)) as score
    from waiting_record as q
    inner join bearer_of_name as b on q.name_key = b.name_key and b.match_rank <= b.namesakes_max
    where q.reason_code = 'ambiguous_name'
    union all
    select
        q.feed,
        q.source_key,
        b.enterprise_id,
        3 as standing,
        cast(null as decimal(30, 3)) as score
    from waiting_record as q
    inner join bearer_of_code as b
        on
            b.code = case b.code_kind when 'org_code' then q.org_code else q.registration_no end
            and b.match_rank <= b.namesakes_max
    where q.reason_code = 'ambiguous_code'
    union all
    select
        c.feed,
        c.source_key,
        c.enterprise_id,
        4 as standing,
        c.score
    from resolved.candidate as c
    cross join rules.matching as rule
    where c.score >= rule.show_score
),

possible_pair as (
    select
        q.feed,
        q.source_key,
        m.enterprise_id,
        min(m.standing) as standing,
        max(m.score) as score
    from waiting_record as q
    inner join proposed_pair as m on q.feed = m.feed and q.source_key = m.source_key
    left join rejected_pair as x
        on m.feed = x.feed and m.source_key = x.source_key and m.enterprise_id = x.enterprise_id
    where
        m.enterprise_id is not null
        and (x.feed is null or q.reason_code = 'judges_disagree')
        and (m.enterprise_id <> q.enterprise_id or q.enterprise_id is null or q.reason_code = 'judges_disagree')
    group by q.feed, q.source_key, m.enterprise_id
),

ranked_pair as (
    select
        feed,
        source_key,
        enterprise_id,
        case standing when 1 then 'judgement' when 2 then 'name' when 3 then 'code' else 'scored' end as method,
        score,
        count(*) over (partition by feed, source_key) as candidate_count,
        row_number() over (
            partition by feed, source_key order by standing asc, coalesce(score, 0) desc, enterprise_id asc
        ) as match_rank
    from possible_pair
)

select
    q.feed,
    q.source_key,
    q.subject,
    q.enterprise_id,
    q.reason_code,
    coalesce(p.match_rank, 1) as match_rank,
    p.enterprise_id as candidate_enterprise_id,
    p.method as candidate_method,
    p.score as candidate_score,
    coalesce(p.candidate_count, 0) as candidate_count,
    q.evidence,
    q.evidence_zh
from waiting_record as q
inner join rules.match_outcome as r on q.reason_code = r.outcome_code
left join ranked_pair as p on q.feed = p.feed and q.source_key = p.source_key
where p.enterprise_id is not null or r.is_kept
