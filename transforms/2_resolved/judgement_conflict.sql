-- title: Judgements that contradict each other | 人工判定矛盾
-- one row is: one contradiction between judgements, or one judgement that speaks of what is not there
--   | 人工判定之间的一处矛盾，或一条所涉对象不存在的判定
-- answers: which lines of judgements.csv do not hold, why not, who wrote them, and what has to be done?
--   | 判定文件中哪些行不成立，为什么，谁写的，该怎么办？
-- key: conflict_code, conflict_key
-- rules:
--   * different_in_chain: A is B, B is C, A is not C.
--   * both_ways: a pair judged same and different at one moment.
--   * two_enterprises: a chain of "same" names two enterprises, or none while the rules tie its records to two.
--   * None of such a chain is applied: its records stay enterprises of their own (registered ones keep theirs).
--   * judges_disagree: the last words of two people on a pair differ; the later holds meanwhile.
--   * record_gone, enterprise_gone: what is judged is in no silo (any more), or has become several enterprises; the
--   line has no effect on it.
--   * stated holds the lines in words, with their numbers in the file; what happens meanwhile, and the next step, are
--   in rules/judgement_conflict.yml.
--   | * 链中有异：甲同乙、乙同丙、甲异丙。
--   * 正反皆有：同一时刻判为同又判为异。
--   * 涉及两家：一串“相同”涉及两家企业，或规则把其记录归到两家。
--   * 以上各串均不采用，其记录单独成户（登记记录保留自己的企业）。
--   * 意见不一：两人对同一对的最后意见不同，暂以后者为准。
--   * 记录已无、企业已无：所判对象已不在任何来源中，或已成几家，该行不起作用。
--   * stated 为所涉各行的文字与行号；解决前如何处理、下一步做什么见规则文件。
-- known gaps: Nothing reports that a judgement merely repeats what the rules say. | 只是重复规则结论的判定不作提示。
-- checked by: tests/models/resolved.judgement_conflict, tests/transforms/test_judgements.py
with tied_chain as (
    select
        j.chain,
        string_agg(concat(j.feed, '/', j.source_key, ' is ', d.rule_enterprise_id), ', ' order by j.feed, j.source_key)
            as found_by_rules
    from resolved.judgement as j
    inner join resolved.match_decision as d on j.feed = d.feed and j.source_key = d.source_key
    where j.decision = 'same' and d.outcome_code = 'judgements_contradict'
    group by j.chain
),

line as (
    select distinct
        chain,
        stated,
        line_number,
        decided_by,
        decided_on
    from resolved.judgement
    where decision = 'same'
),

by_rules as (
    select
        'two_enterprises' as conflict_code,
        t.chain as conflict_key,
        t.chain,
        split_part(t.chain, '/', 1) as feed,
        substr(t.chain, strpos(t.chain, '/') + 1) as source_key,
        concat(string_agg(l.stated, '; ' order by l.line_number), '; but by the rules ', t.found_by_rules) as stated,
        string_agg(cast(l.line_number as varchar), ', ' order by l.line_number) as line_numbers,
        string_agg(distinct l.decided_by, ', ' order by l.decided_by) as decided_by,
        max(l.decided_on) as decided_on
    from tied_chain as t
    inner join line as l on t.chain = l.chain
    group by t.chain, t.found_by_rules
),

current_enterprise as (
    select rule_enterprise_id as enterprise_id
    from resolved.match_decision
    group by rule_enterprise_id
),

-- where all has gone that would have this id
gone_target as (
    select
        a.enterprise_id,
        count(distinct d.rule_enterprise_id) as enterprise_count
    from resolved.record_anchor as a
    inner join resolved.match_decision as d on a.feed = d.feed and a.source_key = d.source_key
    inner join resolved.judgement as j on a.enterprise_id = j.other_enterprise_id
    group by a.enterprise_id
),

gone_enterprise as (
    select
        'enterprise_gone' as conflict_code,
        j.other_enterprise_id as conflict_key,
        cast(null as varchar) as chain,
        min(j.feed) as feed,
        min(j.source_key) as source_key,
        string_agg(distinct j.stated, '; ' order by j.stated) as stated,
        string_agg(distinct cast(j.line_number as varchar), ', ' order by cast(j.line_number as varchar))
            as line_numbers,
        string_agg(distinct j.decided_by, ', ' order by j.decided_by) as decided_by,
        max(j.decided_on) as decided_on
    from resolved.judgement as j
    left join current_enterprise as s on j.other_enterprise_id = s.enterprise_id
    left join gone_target as g on j.other_enterprise_id = g.enterprise_id
    where j.other_enterprise_id is not null and s.enterprise_id is null and coalesce(g.enterprise_count, 0) <> 1
    group by j.other_enterprise_id
),

conflict as (
    select
        conflict_code,
        conflict_key,
        chain,
        feed,
        source_key,
        stated,
        line_numbers,
        decided_by,
        decided_on
    from resolved.judgement_finding
    union all
    select * from by_rules
    union all
    select * from gone_enterprise
)

select
    c.conflict_code,
    c.conflict_key,
    r.effect_code,
    c.chain,
    c.feed,
    c.source_key,
    c.stated,
    c.line_numbers,
    c.decided_by,
    c.decided_on,
    -- a code that the rules lack stays, without a next step, and the check of that column stops the night
    r.next_step_en || ' | ' || r.next_step_zh as next_step
from conflict as c
left join rules.judgement_conflict as r on c.conflict_code = r.conflict_code
