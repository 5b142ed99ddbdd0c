-- title: How each source record was decided | 记录匹配判定
-- one row is: one source record (feed, source_key), matched or not | 一条来源记录，无论是否匹配
-- answers: which enterprise does this record belong to, by which evidence; and if none, why not?
--   | 这条记录属于哪家企业，依据是什么；如未匹配，原因是什么？
-- key: feed, source_key
-- rules: In this order.
--   * A person's judgement wins: different (from the enterprise that it would come to otherwise), else same, else
--   unsure; none of those that contradict each other is applied (resolved.judgement_conflict).
--   * A chain of "same" belongs to the enterprise that it names, else to the one that the rules tie its records to.
--   * A registered record is its own enterprise (by its code, else by its name).
--   * Any other record: what resolved.exact_match decides by code or exact name.
--   * A code is not believed where its enterprise bears no such name (code_name_differ); it is where the enterprise's
--   name differs only in spelling (resolved.code_name_check).
--   * What is still open goes to its best candidate (resolved.candidate) from accept_score on (rules/matching.yml),
--   method scored, and waits for a person from review_score on (doubtful).
--   * rules/match_outcome.yml lists the outcomes: which wait for a person (is_waiting) and which records are an
--   enterprise of their own meanwhile (is_alone).
--   * A name that is not in the register also becomes an enterprise of its own, so that an unregistered tenant is
--   seen. So does a valid code that is not in the register; it is queued if its name is registered under another code.
--   | 依次为：
--   * 人工判定优先（不是、是、拿不准；互相矛盾的均不采用）。
--   * 登记记录即其自身企业。
--   * 其余记录先按代码、再按全名精确匹配。
--   * 代码所属企业的名称不像则不采信（code_name_differ）。
--   * 仍未定的归到得分最高且不低于 accept_score 的候选企业，得分在 review_score 以上的待人工核对
--   （doubtful）。
--   * 各判定结果是否待人工、是否暂作单独企业，见 rules/match_outcome.yml。
--   * 登记册没有的名称或有效代码，单独作为一家企业统计。
-- example: a lease without a code: name and address agree best with one enterprise, score 0.95, accept_score 0.88:
--   matched, by scored; with 0.60 it would wait (doubtful).
--   | 一份没有代码的租约，名称和地址与某企业最相近，得分0.95，不低于0.88：匹配；得分0.60则待人工核对。
-- known gaps: A record has one identity for all its months: the one stated last. | 一条记录各月只有一个归属，以最近一次所填为准。
-- checked by: tests/models/resolved.match_decision, tests/transforms/test_resolution.py
with compared_record as (
    select
        e.feed,
        e.source_key,
        e.subject,
        e.name,
        e.stated_code,
        e.code_check,
        e.own_enterprise_id,
        e.code_enterprise_id,
        e.name_enterprise_id,
        e.name_count,
        e.code_count,
        e.enterprise_id as exact_enterprise_id,
        e.method as exact_method,
        e.code_method,
        e.outcome_code as exact_outcome_code,
        c.enterprise_id as candidate_enterprise_id,
        c.score as candidate_score,
        c.evidence as candidate_evidence,
        c.evidence_zh as candidate_evidence_zh,
        case
            -- a name written otherwise than its code's own enterprise writes it, or another name altogether
            when e.outcome_code = 'contradiction' and n.level in ('same_body', 'typing_error') then 'matched'
            when e.outcome_code = 'matched' and e.is_name_to_check and not n.is_alike then 'code_name_differ'
            when e.is_open and c.score >= rule.accept_score then 'matched'
            when
                e.is_open
                and c.score >= rule.review_score
                and not r.is_waiting
                then 'doubtful'
            else e.outcome_code
        end as outcome_code
    from resolved.exact_match as e
    inner join rules.match_outcome as r on e.outcome_code = r.outcome_code
    cross join rules.matching as rule
    left join resolved.candidate as c on e.feed = c.feed and e.source_key = c.source_key and c.match_rank = 1
    left join resolved.code_name_check as n on e.feed = n.feed and e.source_key = n.source_key
),

decided_record as (
    select
        c.*,
        case
            when c.outcome_code = 'matched' and c.exact_outcome_code = 'contradiction' then c.code_enterprise_id
            when c.outcome_code = 'matched' and c.exact_outcome_code <> 'matched' then c.candidate_enterprise_id
            when r.is_alone then enterprise_key(concat('record:', c.feed, '/', c.source_key))
            else c.exact_enterprise_id
        end as enterprise_id,
        case
            when c.outcome_code = 'matched' and c.exact_outcome_code = 'contradiction' then c.code_method
            when c.outcome_code = 'matched' and c.exact_outcome_code <> 'matched' then 'scored'
            when r.is_alone then 'own_record'
            else c.exact_method
        end as method,
        case
            when
                c.outcome_code = 'matched' and c.exact_outcome_code not in ('matched', 'contradiction')
                then c.candidate_score
        end as score
    from compared_record as c
    inner join rules.match_outcome as r on c.outcome_code = r.outcome_code
),

-- where an enterprise that a judgement names is tonight: under its id, else where all has gone that would have that id
chain_enterprise as (
    select
        j.named_id,
        d.enterprise_id,
        1 as standing
    from (select distinct other_enterprise_id as named_id from resolved.judgement) as j
    inner join decided_record as d on j.named_id = d.enterprise_id
    union
    select
        j.named_id,
        d.enterprise_id,
        2 as standing
    from (select distinct other_enterprise_id as named_id from resolved.judgement) as j
    inner join decided_record as d on j.named_id = d.own_enterprise_id
),

named_enterprise as (
    select
        named_id,
        case
            when min(standing) = 1 then named_id
            when count(distinct enterprise_id) = 1 then min(enterprise_id)
        end as enterprise_id
    from chain_enterprise
    group by named_id
),

-- where a chain of `same` belongs: to the enterprise it names, else to the one that the rules tie its records to
chain_lead as (
    select
        j.chain,
        count(j.other_enterprise_id) > 0 as is_named,
        max(n.enterprise_id) as named_enterprise_id,
        count(distinct case when d.method <> 'own_record' then d.enterprise_id end) as tied_count,
        min(case when d.method <> 'own_record' then d.enterprise_id end) as tied_enterprise_id,
        min(d.enterprise_id) as any_enterprise_id
    from resolved.judgement as j
    inner join decided_record as d on j.feed = d.feed and j.source_key = d.source_key
    left join named_enterprise as n on j.other_enterprise_id = n.named_id
    where j.decision = 'same'
    group by j.chain
),

chained_record as (
    select
        d.*,
        j.decided_by as chained_by,
        j.decided_on as chained_on,
        j.reason as chained_why,
        case
            when d.subject = 'registration' and c.named_enterprise_id = d.enterprise_id then null
            when j.decision = 'contradiction' and d.subject <> 'registration' then 'contradiction'
            when j.decision = 'same' and not c.is_named and c.tied_count > 1 then 'contradiction'
            when j.decision = 'same' and (c.named_enterprise_id is not null or not c.is_named) then 'same'
        end as chained_as,
        case
            when j.decision <> 'same' or j.decision is null then d.enterprise_id
            when c.is_named then coalesce(c.named_enterprise_id, d.enterprise_id)
            else coalesce(c.tied_enterprise_id, c.any_enterprise_id)
        end as placed_enterprise_id
    from decided_record as d
    left join resolved.judgement as j
        on d.feed = j.feed and d.source_key = j.source_key and j.decision in ('same', 'contradiction')
    left join chain_lead as c on j.chain = c.chain
),

-- `different` where both would come to one enterprise, `unsure` where the rules tie the record to no other one
parted_record as (
    select
        c.feed,
        c.source_key,
        j.decision,
        j.decided_by,
        j.decided_on,
        j.reason,
        coalesce(j.chain, concat(c.feed, '/', c.source_key)) as own_name,
        row_number() over (
            partition by c.feed, c.source_key
            order by
                case j.decision when 'different' then 1 else 2 end,
                j.decided_on desc,
                coalesce(j.other_enterprise_id, concat(j.other_feed, '/', j.other_source_key)),
                j.line_number desc
        ) as row_rank
    from chained_record as c
    inner join resolved.judgement as j
        on c.feed = j.feed and c.source_key = j.source_key and j.decision in ('different', 'unsure')
    left join named_enterprise as n on j.other_enterprise_id = n.named_id
    left join chained_record as o on j.other_feed = o.feed and j.other_source_key = o.source_key
    where
        (
            j.decision = 'different' and coalesce(c.chained_as, 'same') = 'same'
            and coalesce(n.enterprise_id, o.placed_enterprise_id) = c.placed_enterprise_id
        )
        or (
            j.decision = 'unsure' and c.chained_as is null
            and (
                coalesce(c.method, 'own_record') = 'own_record'
                or coalesce(n.enterprise_id, o.placed_enterprise_id) = c.placed_enterprise_id
            )
        )
),

judged_record as (
    select
        c.*,
        c.enterprise_id as rule_enterprise_id,
        coalesce(p.decision, c.chained_as) as judged_as,
        coalesce(p.decided_by, c.chained_by) as decided_by,
        coalesce(p.decided_on, c.chained_on) as decided_on,
        coalesce(p.reason, c.chained_why) as reason,
        case when c.chained_as = 'same' then c.placed_enterprise_id end as other_enterprise_id,
        case
            when p.decision = 'different' then p.own_name else concat(c.feed, '/', c.source_key)
        end as own_name
    from chained_record as c
    left join parted_record as p on c.feed = p.feed and c.source_key = p.source_key and p.row_rank = 1
),

-- with the words that say why: a person's judgement, else the method, else what it came to
worded_record as (
    select
        *,
        case when outcome_code = 'ambiguous_code' then code_count else name_count end as bearer_count,
        case
            when judged_as is not null then concat('judged_', judged_as)
            when method in ('name', 'former_name')
                then case when code_check in ('valid', 'none') then 'name' else 'name_code_wrong' end
            when method <> 'own_record' then method
            else outcome_code
        end as clause_code
    from judged_record
)

select
    r.feed,
    r.source_key,
    r.subject,
    case
        when r.judged_as = 'same' then r.other_enterprise_id
        when r.judged_as is not null then enterprise_key(concat('record:', r.own_name))
        else r.enterprise_id
    end as enterprise_id,
    r.rule_enterprise_id,
    case when r.judged_as = 'same' then 'judgement' when r.judged_as is not null then 'own_record' else r.method end
        as method,
    case
        when r.judged_as = 'same' then 'matched'
        when r.judged_as = 'different' then 'judged_different'
        when r.judged_as = 'unsure' then 'judged_unsure'
        when r.judged_as = 'contradiction' then 'judgements_contradict'
        else r.outcome_code
    end as outcome_code,
    r.code_enterprise_id,
    r.name_enterprise_id,
    r.name_count as name_enterprise_count,
    r.candidate_enterprise_id,
    r.score,
    filled(
        w.words_en,
        'code', coalesce(r.stated_code, ''),
        'check', coalesce(r.code_check, ''),
        'count', coalesce(cast(r.bearer_count as varchar), ''),
        'by', coalesce(r.decided_by, ''),
        'on', coalesce(cast(r.decided_on as varchar), ''),
        'reason', coalesce(r.reason, ''),
        'candidate', coalesce(r.candidate_evidence, ''),
        'name', coalesce(r.name, r.stated_code, '')
    ) as evidence,
    filled(
        w.words_zh,
        'code', coalesce(r.stated_code, ''),
        'count', coalesce(cast(r.bearer_count as varchar), ''),
        'by', coalesce(r.decided_by, ''),
        'on', coalesce(cast(r.decided_on as varchar), ''),
        'reason', coalesce(r.reason, ''),
        'candidate', coalesce(r.candidate_evidence_zh, ''),
        'name', coalesce(r.name, r.stated_code, '')
    ) as evidence_zh
from worded_record as r
left join rules.match_words as w on r.clause_code = w.clause_code
