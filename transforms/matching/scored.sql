-- title: Candidates and how likely each is | 候选评分
-- one row is: one left record and one of its three best candidates
-- answers: which known enterprise is this record most likely about, and which is the next?
-- key: left_id, match_rank
-- rules: The bits of name, address, code and industry are added (as if independent) and weighed against each other and
--   against "no known one": score = 2^bits / (sum over all candidates of 2^bits + 2^(log2 of known enterprises +
--   unmatched_bits)).
--   * Two candidates that agree equally well get at most one half each.
--   * may_decide: a full name (it has its legal form) decides by itself: the same name, the same but for a place that
--   one side leaves off, contained whole at one door in the same form of company, or one wrong character (no other
--   word) at a common door, of joint-stock companies (name_difference) also at much the same address; else it waits,
--   with waiting_score_max.
-- known gaps: Agreements are not independent: a name with its city in it says less where the address says the city.
-- checked by: tests/transforms/test_matching.py
with added_pair as (
    select
        n.left_id,
        n.right_id,
        n.right_key,
        n.name_level,
        n.agreement_bits,
        n.is_right_joint_stock,
        a.right_place,
        n.is_left_full,
        -- what a full name may decide: itself, or one wrong character at a common door; an alike code decides by itself
        coalesce(c.code_level = 'mistyped', false)
        or case
            when n.name_level = 'same_name' or not n.is_left_full then true
            when n.is_other_form then false
            when n.name_level = 'same_body'
                -- a place may be left off, also that of a district; one that the register does not have is meant
                then
                    n.is_same_place
                    or coalesce(a.address_level in ('premises', 'text', 'number', 'building'), false)
                    or (n.left_place = '' and coalesce(a.address_level <> 'elsewhere', true))
            when n.name_level = 'typing_error'
                then
                    not n.is_other_word
                    and coalesce(
                        a.address_level in ('premises', 'text', 'number', 'building')
                        or (a.address_level = 'near' and n.is_left_joint_stock and n.is_right_joint_stock),
                        false
                    )
            -- contained whole, at one door: a place that no list of places has was left off
            when n.name_level = 'inside'
                then
                    n.is_left_joint_stock = n.is_right_joint_stock
                    and coalesce(a.address_level in ('premises', 'text', 'building'), false)
            else false
        end as may_decide,
        case
            when h.address_bits > coalesce(a.address_bits, 0) then 'branch'
            else coalesce(a.address_level, 'unknown')
        end as address_level,
        coalesce(c.code_level, 'unknown') as code_level,
        n.name_bits + coalesce(greatest(a.address_bits, h.address_bits), 0)
        + coalesce(c.code_bits, 0) + coalesce(i.industry_bits, 0)
        -- a city with which the name itself begins is counted there
        - case
            when
                a.address_level = 'city' and n.is_left_full and n.name_level not in ('same_name', 'same_body')
                and contains(n.left_place, a.left_city)
                then a.address_bits
            else 0
        end
        -- who counts people at a building means the branch that is there
        + case
            when n.is_branch_for_short and a.address_level = 'building' then rule.branch_in_building_bits else 0
        end
        + case when n.is_right_joint_stock then f.joint_stock_bits else f.other_bits end as bits
    from name_comparison as n
    cross join learned as f
    cross join rules.matching as rule
    left join address_comparison as a on n.left_id = a.left_id and n.right_id = a.right_id
    left join head_comparison as h on n.left_id = h.left_id and n.right_id = h.right_id
    left join code_comparison as c on n.left_id = c.left_id and n.right_id = c.right_id
    left join industry_comparison as i on n.left_id = i.left_id and n.right_id = i.right_id
),

weighed_pair as (
    select
        a.*,
        pow(2.0, a.bits)
        / (sum(pow(2.0, a.bits)) over (partition by a.left_id) + pow(2.0, k.enterprise_bits + rule.unmatched_bits))
            as bits_score,
        -- a record that is known by its name alone speaks of all who bear the name
        case
            when f.id is null then 1
            else pow(2.0, a.agreement_bits) / sum(pow(2.0, a.agreement_bits)) over (partition by a.left_id)
        end as share_of_name,
        row_number() over (partition by a.left_id order by a.bits desc, a.right_id asc) as match_rank
    from added_pair as a
    left join left_keyed as f on a.left_id = f.id
    cross join known_count as k
    cross join rules.matching as rule
)

select
    w.left_id,
    w.match_rank,
    w.right_id,
    w.right_key,
    w.right_place,
    w.is_right_joint_stock,
    w.name_level,
    w.address_level,
    w.code_level,
    w.is_left_full,
    w.may_decide,
    w.bits,
    cast(
        least(w.bits_score, w.share_of_name, case when w.may_decide then 1 else rule.waiting_score_max end)
        as decimal(4, 3)
    ) as score
from weighed_pair as w
cross join rules.matching as rule
where w.match_rank <= 3
