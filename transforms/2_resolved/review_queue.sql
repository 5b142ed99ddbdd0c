-- title: Matches that a person should decide | 待人工核对
-- one row is: one source record that the rules will not tie to an enterprise by themselves, or doubt
--   | 一条规则不能自行认定归属、或归属存疑的来源记录
-- answers: what should somebody look at, what matters most first, and which are the two enterprises it may be?
--   | 哪些记录要由人核对，先看哪条，最可能是哪两家企业？
-- key: feed, source_key
-- rules:
--   * Work it by priority, then share_pct from above, then candidate_score from above: `parkbridge review` does.
--   * reason_code, priority, reason and next_step are those of rules/match_outcome.yml, the only list of what waits
--   for a person.
--   * share_pct is the part of its feed's latest figures (insured staff and entries of the last 4 months, tax and
--   sales of the last 12, area leased now, rateable value) that hangs on the record.
--   * The best two candidates of resolved.review_candidate are shown beside the record.
--   * Nothing in a row depends on the night's date: a row stays as it is until the record, its candidates or its
--   figures change.
--   * The enterprise of a waiting record has identity_code review (resolved.enterprise).
--   | * 按优先级、再按所涉份额、再按候选得分从高到低处理（即 parkbridge review 的次序）。
--   * 哪些判定结果待人工、先后次序和处理办法，只以 rules/match_outcome.yml 为准。
--   * 所涉份额指该记录占本数据源近期数值（近 4 个月参保人数和进出次数、近 12 个月税款和销售额、现租面积、应税房产价值）
--   的百分比。
--   * 候选企业取 resolved.review_candidate 的前两家。
-- known gaps: What the register says of a candidate's other addresses is not shown. | 不显示候选企业的其他登记地址。
-- checked by: tests/models/resolved.review_queue, tests/transforms/test_judgements.py,
--   expectations/rules/queued_is_in_review.sql
with shown_enterprise as (
    select distinct candidate_enterprise_id as enterprise_id
    from resolved.review_candidate
    where match_rank <= 2 and candidate_enterprise_id is not null
),

one_name as (
    select
        n.enterprise_id,
        coalesce(min(case when n.name_kind = 'registered' then n.enterprise_name end), min(n.enterprise_name))
            as enterprise_name
    from resolved.enterprise_name as n
    inner join shown_enterprise as s on n.enterprise_id = s.enterprise_id
    group by n.enterprise_id
),

candidate as (
    select
        c.*,
        coalesce(e.enterprise_name, n.enterprise_name) as candidate_name,
        coalesce(e.uscc, e.registration_no) as candidate_code,
        coalesce(e.registered_address, e.operating_address) as candidate_address
    from resolved.review_candidate as c
    left join resolved.enterprise as e on c.candidate_enterprise_id = e.enterprise_id
    left join one_name as n on c.candidate_enterprise_id = n.enterprise_id
    cross join rules.resolution as r
    where c.match_rank <= r.review_candidates_max
),

-- recent months count for people and visits, a year for money
first_month as (
    select
        month_number(cast(n.as_of as date)) - r.review_recent_months as recent_number,
        month_number(cast(n.as_of as date)) - r.review_year_months as year_number
    from ops.night as n
    cross join rules.resolution as r
),

figure as (
    select
        f.feed,
        f.source_key,
        cast(f.insured_headcount as double) as value
    from known.employment as f
    cross join first_month as c
    where month_number(f.month) >= c.recent_number
    union all
    select
        f.feed,
        f.source_key,
        cast(coalesce(f.people_entry_count, 0) + coalesce(f.vehicle_entry_count, 0) as double) as value
    from known.access_count as f
    cross join first_month as c
    where month_number(f.month) >= c.recent_number
    union all
    select
        f.feed,
        f.source_key,
        cast(greatest(f.paid_amount, 0) as double) as value
    from known.tax_payment as f
    cross join first_month as c
    where month_number(f.paid_date) >= c.year_number
    union all
    select
        f.feed,
        f.source_key,
        cast(greatest(f.sales_amount, 0) as double) as value
    from known.tax_filing as f
    cross join first_month as c
    where month_number(f.period_end) >= c.year_number
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

record_share as (
    select
        c.feed,
        c.source_key,
        cast(100 * sum(f.value) / nullif(max(t.value), 0) as decimal(30, 2)) as share_pct
    from resolved.review_candidate as c
    inner join figure as f on c.feed = f.feed and c.source_key = f.source_key
    inner join total as t on c.feed = t.feed
    where c.match_rank = 1
    group by c.feed, c.source_key
)

select
    a.feed,
    a.source_key,
    a.subject,
    a.reason_code,
    concat(r.title_en, ' | ', r.title_zh) as reason,
    r.priority,
    coalesce(w.share_pct, 0) as share_pct,
    s.name as stated_name,
    s.stated_code,
    s.address as stated_address,
    a.candidate_enterprise_id,
    a.candidate_name,
    a.candidate_code,
    a.candidate_address,
    a.candidate_method,
    a.candidate_score,
    b.candidate_enterprise_id as runner_up_enterprise_id,
    b.candidate_name as runner_up_name,
    b.candidate_code as runner_up_code,
    b.candidate_address as runner_up_address,
    b.candidate_method as runner_up_method,
    b.candidate_score as runner_up_score,
    a.candidate_count,
    a.evidence,
    a.evidence_zh,
    concat(r.next_step_en, ' | ', r.next_step_zh) as next_step
from candidate as a
inner join rules.match_outcome as r on a.reason_code = r.outcome_code
inner join resolved.source_record as s on a.feed = s.feed and a.source_key = s.source_key
left join candidate as b on a.feed = b.feed and a.source_key = b.source_key and b.match_rank = 2
left join record_share as w on a.feed = w.feed and a.source_key = w.source_key
where a.match_rank = 1
