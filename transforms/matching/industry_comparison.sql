-- title: Whether the industries of a pair agree | 行业比对
-- one row is: one pair of a left record and a known enterprise that both state an industry
-- answers: are they of the same trade?
-- key: left_id, right_id
-- rules: One begins with the other (I65 and I6513): agreement, else disagreement, as many bits for as against.
-- known gaps: Words are not translated into codes.
-- checked by: tests/transforms/test_matching.py
select
    n.left_id,
    n.right_id,
    max(
        case
            when starts_with(l.industry, r.industry) or starts_with(r.industry, l.industry) then rule.industry_bits
            else -rule.industry_bits
        end
    ) as industry_bits
from name_comparison as n
inner join left_industry as l on n.left_id = l.id
inner join right_industry as r on n.right_id = r.id
cross join rules.matching as rule
group by n.left_id, n.right_id
