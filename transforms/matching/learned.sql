-- title: What the sure ones say of the others | 已定记录的倾向
-- one row is: the left side as a whole
-- answers: does this silo speak of joint-stock companies more often than there are such?
-- key: none, one row
-- rules: Among records with a best candidate that reaches accept_score without this, the share of joint-stock companies
--   (股份有限公司) against their share among the known enterprises, in whole bits for and against; 0 where fewer records
--   than learned_from_records are sure. One step of expectation maximisation, as Fellegi and Sunter's weights are
--   learned.
-- known gaps: One step only.
-- checked by: tests/transforms/test_matching.py
with sure_total as (
    select
        count(*) as records,
        count(case when s.is_right_joint_stock then 1 end) as joint_stock
    from scored as s
    cross join rules.matching as rule
    where s.match_rank = 1 and s.score >= rule.accept_score
),

known_total as (
    select
        count(*) as names,
        count(case when r.is_joint_stock then 1 end) as joint_stock
    from right_name as r
),

share as (
    select
        s.records,
        (s.joint_stock + 0.5) / (s.records + 1.0) as sure_share,
        (k.joint_stock + 0.5) / (k.names + 1.0) as known_share
    from sure_total as s
    cross join known_total as k
)

select
    case
        when s.records < rule.learned_from_records then 0
        else greatest(least(round(log2(s.sure_share / s.known_share)), rule.learned_bits_max), -rule.learned_bits_max)
    end as joint_stock_bits,
    case
        when s.records < rule.learned_from_records then 0
        else greatest(
            least(round(log2((1 - s.sure_share) / (1 - s.known_share))), rule.learned_bits_max), -rule.learned_bits_max
        )
    end as other_bits
from share as s
cross join rules.matching as rule
