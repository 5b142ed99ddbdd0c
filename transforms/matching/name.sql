-- title: Names cut into what distinguishes enterprises | 名称拆分
-- one row is: one name key of one enterprise (or record) on one side
-- answers: what of a name is its own, beside the place it begins with, its brackets and its legal form?
-- key: id, name_key, body
-- rules: Words are those of rules/name_word.yml.
--   * body is the name without bracketed parts, legal form, and the places it begins with: province, city, district
--   (known_place), where its own addresses do not state another city. At least two characters are left.
--   * A short name that begins with the abbreviation of its own address's province (皖天然气) has a second row without it.
--   * is_branch: the name ends in a branch word, or goes on after a legal form (…公司实验商场).
--   * is_short: neither a legal form nor a branch word, or a legal form in a name of at most short_name_max_length
--   characters (明达公司; rules/matching.yml).
--   * foreign_form: the form of rules/legal_form.yml.
-- known gaps: A firm named like a city (大同证券) loses that part of its name; its address says it again.
-- checked by: tests/transforms/test_matching.py
with stated_form as (
    select
        n.id,
        n.name_key,
        n.bare_key,
        n.bracketed
    from stated_name as n
    union
    -- 皖天然气: a short name that begins with the abbreviation of its own province
    select
        n.id,
        n.name_key,
        substr(n.bare_key, 2) as bare_key,
        n.bracketed
    from stated_name as n
    inner join address as a on n.id = a.id
    inner join province as p on a.province = p.province
    where length(n.bare_key) between 3 and 6 and contains(p.abbreviations, substr(n.bare_key, 1, 1))
),

known_city as (
    select distinct substr(p.place, 1, 2) as city
    from known_place as p
    where right(p.place, 1) not in ('区', '县')
),

own_place as (
    select
        a.id,
        string_agg(a.place, ' ') as places,
        max(case when a.province <> '' or contains(a.place, '市') or k.city is not null then 1 else 0 end)
        = 1 as is_city_stated
    from address as a
    left join known_city as k on a.city = k.city
    group by a.id
),

beyond_province as (
    select
        s.id,
        s.name_key,
        s.bare_key,
        s.bracketed,
        o.is_city_stated,
        o.places,
        case
            when length(s.bare_key) >= length(p.province) + 2
                then regexp_replace(substr(s.bare_key, length(p.province) + 1), '^(省|市|自治区)(.{2,})$', '\2')
            else s.bare_key
        end as text
    from stated_form as s
    left join own_place as o on s.id = o.id
    left join province as p
        on substr(s.bare_key, 1, 2) = substr(p.province, 1, 2) and starts_with(s.bare_key, p.province)
),

name_start as (
    select
        b.*,
        -- a place that the record's own addresses contradict is part of the name (永安药业 of 潜江)
        case when b.is_city_stated and not contains(b.places, c.place) then 0 else coalesce(c.place_length, 0) end
            as four,
        case when b.is_city_stated and not contains(b.places, d.place) then 0 else coalesce(d.place_length, 0) end
            as three,
        case when b.is_city_stated and not contains(b.places, e.place) then 0 else coalesce(e.place_length, 0) end
            as two
    from beyond_province as b
    left join known_place as c on substr(b.text, 1, 4) = c.place
    left join known_place as d on substr(b.text, 1, 3) = d.place
    left join known_place as e on substr(b.text, 1, 2) = e.place
),

beyond_city as (
    select
        p.id,
        p.name_key,
        p.bare_key,
        p.bracketed,
        case
            when length(p.text) - greatest(p.four, p.three, p.two) < 2 then p.text
            else
                regexp_replace(substr(p.text, greatest(p.four, p.three, p.two) + 1), '^市(.{2,})$', '\1')
        end as text
    from name_start as p
),

beyond_district as (
    select
        b.id,
        b.name_key,
        b.bare_key,
        b.bracketed,
        case
            when length(b.text) - coalesce(c.place_length, d.place_length) < 2 then b.text
            when c.place_length = 4 then substr(b.text, 5)
            when d.place_length = 3 then substr(b.text, 4)
            else b.text
        end as text
    from beyond_city as b
    left join known_place as c on substr(b.text, 1, 4) = c.place and right(c.place, 1) in ('区', '县')
    left join known_place as d on substr(b.text, 1, 3) = d.place and right(d.place, 1) in ('区', '县')
),

stated_key as (
    select distinct n.name_key
    from stated_name as n
),

-- the words that a name holds
form as (
    select
        k.name_key,
        max(case when w.kind = 'legal_form' then 1 else 0 end) as has_legal_form,
        max(case when w.kind = 'legal_form' and ends_with(k.name_key, w.word) then 1 else 0 end) as ends_in_legal_form,
        max(case when w.kind = 'legal_form' and ends_with(k.name_key, w.word) then length(w.word) else 0 end)
            as end_length,
        max(case when w.kind = 'branch_word' and ends_with(k.name_key, w.word) then 1 else 0 end)
            as ends_in_branch_word,
        max(
            case
                when w.is_joint_stock and (w.kind = 'legal_form' or ends_with(k.name_key, w.word)) then 1 else 0
            end
        ) as is_joint_stock
    from stated_key as k
    inner join rules.name_word as w on contains(k.name_key, w.word)
    group by k.name_key
),

-- the longest: COMPANYLIMITED rather than LIMITED
foreign_name as (
    select
        k.name_key,
        substr(max(concat(right(concat('0', cast(length(f.form) as varchar)), 2), f.form)), 3) as foreign_form
    from (
        select
            k.name_key,
            right(k.name_key, 2) as key_edge
        from stated_key as k
    ) as k
    inner join (
        select distinct
            f.form,
            right(f.form, 2) as form_edge
        from rules.legal_form as f
    ) as f on k.key_edge = f.form_edge and ends_with(k.name_key, f.form) and k.name_key <> f.form
    group by k.name_key
    union
    -- before the name
    select
        k.name_key,
        max(f.form) as foreign_form
    from stated_key as k
    inner join rules.legal_form as f
        on f.is_anywhere and left(k.name_key, 2) = left(f.form, 2) and starts_with(k.name_key, f.form)
    where k.name_key <> f.form
    group by k.name_key
),

full_end as (
    select distinct k.name_key
    from stated_key as k
    inner join rules.name_mark as w on w.kind = 'full_end' and ends_with(k.name_key, w.word)
    cross join rules.matching as rule
    where length(k.name_key) >= rule.full_name_min_length
),

read_name as (
    select
        d.id,
        d.name_key,
        coalesce(d.text, d.name_key) as body,
        regexp_replace(
            concat(
                case when ends_with(d.bare_key, d.text) then left(d.bare_key, length(d.bare_key) - length(d.text)) end,
                d.bracketed
            ), '[省市]', '', 'g'
        ) as place,
        coalesce(f.is_joint_stock, 0) = 1 as is_joint_stock,
        coalesce(f.ends_in_branch_word, 0) = 1
        or (coalesce(f.has_legal_form, 0) = 1 and f.ends_in_legal_form = 0) as is_branch,
        (coalesce(f.has_legal_form, 0) = 0 and coalesce(f.ends_in_branch_word, 0) = 0 and g.foreign_form is null)
        or (coalesce(f.ends_in_legal_form, 0) = 1 and length(d.name_key) <= rule.short_name_max_length) as is_short,
        g.foreign_form,
        -- 云思有限公司: as short as a short name, but with its whole legal form
        e.name_key is not null or coalesce(f.end_length, 0) >= 4 as has_full_end,
        -- more was taken off than 股份: a legal form with a wrong character
        length(d.name_key) - length(d.bare_key) - coalesce(length(d.bracketed), 0) >= 4
        and length(d.name_key) > rule.short_name_max_length as has_mistyped_form
    from beyond_district as d
    cross join rules.matching as rule
    left join form as f on d.name_key = f.name_key
    left join foreign_name as g on d.name_key = g.name_key
    left join full_end as e on d.name_key = e.name_key
)

select
    r.id,
    r.name_key,
    r.body,
    r.place,
    r.is_joint_stock,
    r.is_branch,
    r.is_short,
    r.foreign_form,
    not r.is_short or r.has_full_end or r.has_mistyped_form as is_full
from read_name as r
