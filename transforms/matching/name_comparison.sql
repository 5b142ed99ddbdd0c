-- title: How well the names of a pair agree | 名称比对
-- one row is: one pair of a left record and a known enterprise, by the best of their names
-- answers: in what way are the names alike, and how many bits of evidence is that?
-- key: left_id, right_id
-- rules: Of name_level the one that says most. Bits: how rare such agreement is among the known names, less what
--   rules/matching.yml takes off for the level; a share of the joint-stock form when the short name keeps 股份.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
with weighed_pair as (
    select
        l.left_id,
        l.right_id,
        l.level,
        l.right_key,
        case l.level
            when 'same_name' then greatest(coalesce(c.whole_bits, 0), i.bits)
            when 'same_body' then greatest(coalesce(c.whole_bits, 0), i.bits)
            when 'typing_error'
                then least(
                    i.bits * (l.left_length - 1) / l.left_length + rule.typing_error_bits,
                    k.enterprise_bits + rule.alike_bits_max
                )
            when 'begins' then greatest(coalesce(c.prefix_bits, 0), i.bits + rule.begins_bits)
            when 'inside' then i.bits + rule.inside_bits
            when 'subsequence' then i.bits + rule.subsequence_bits
            when 'shortened' then i.bits * l.right_length / l.left_length + rule.shortened_bits
            when 'most'
                then least(
                    i.bits * l.common_characters / l.left_length + rule.most_bits,
                    k.enterprise_bits + rule.alike_bits_max
                )
            when 'branch_mismatch' then rule.branch_mismatch_bits
            when 'other_place' then rule.sister_bits
            when 'sister' then rule.sister_bits
        end as agreement_bits,
        case
            when l.is_left_joint_stock and l.is_right_joint_stock then rule.joint_stock_bits
            when l.is_left_joint_stock then -rule.joint_stock_bits
            else 0
        end
        + case when l.is_branch_for_short and l.level <> 'branch_mismatch' then rule.short_for_branch_bits else 0 end
            as form_bits,
        l.is_left_full,
        l.is_other_form,
        l.left_place,
        l.is_same_place,
        l.is_other_word,
        l.is_left_joint_stock,
        l.is_right_joint_stock,
        l.is_branch_for_short and l.level <> 'branch_mismatch' as is_branch_for_short,
        rule.name_bits_max
    from name_level as l
    inner join information as i on l.left_body = i.body
    left join prefix_count as c on l.left_body = c.body
    cross join known_count as k
    cross join rules.matching as rule
    where l.level <> 'none'
),

ranked_pair as (
    select
        w.left_id,
        w.right_id,
        w.level,
        w.right_key,
        w.is_left_full,
        w.is_other_form,
        w.left_place,
        w.is_same_place,
        w.is_other_word,
        w.is_left_joint_stock,
        w.is_right_joint_stock,
        w.is_branch_for_short,
        least(w.agreement_bits, w.name_bits_max) as agreement_bits,
        least(w.agreement_bits, w.name_bits_max) + w.form_bits as bits,
        row_number() over (
            partition by w.left_id, w.right_id
            order by w.agreement_bits + w.form_bits desc, w.level, w.right_key asc
        ) as row_rank
    from weighed_pair as w
)

select
    p.left_id,
    p.right_id,
    p.level as name_level,
    p.right_key,
    p.is_left_full,
    p.is_other_form,
    p.left_place,
    p.is_same_place,
    p.is_other_word,
    p.is_left_joint_stock,
    p.is_right_joint_stock,
    p.is_branch_for_short,
    p.bits as name_bits,
    p.agreement_bits
from ranked_pair as p
where p.row_rank = 1
