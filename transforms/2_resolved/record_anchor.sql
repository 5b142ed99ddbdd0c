-- title: What each source record would be by itself | 记录自身身份
-- one row is: one source record (feed, source_key), also where nothing identifies it
--   | 一条来源记录，无从识别的也列入
-- answers: from what is an enterprise_id made, and why does it stay the same over reruns?
--   | 企业编号由什么生成，为什么每次运行都不变？
-- key: feed, source_key
-- rules: The anchor is the first of: the record's code (USCC with both check digits right, else registration number
--   with its check digit, else the register's own code of an unknown form that only one name bears), replaced by the
--   earliest code of the same enterprise where the register records a change of code (resolved.code_group); the
--   organisation code; the name's key; the record itself, where the name is too short to identify anybody
--   (rules/resolution.yml). enterprise_id is E and the first 15 hexadecimal digits of the anchor's SHA-256: it
--   depends on nothing else.
--   | 依次取：记录的代码（两位校验码正确的统一社会信用代码，否则校验正确的注册号，否则只有一个名称使用的登记自有代码），
--   登记载有换码的取该企业最早的代码；组织机构代码；名称比对键；名称太短无法识别的取记录本身。企业编号为E加锚定内容SHA-256的
--   前15位十六进制字符，不依赖其他任何内容。
-- known gaps: An enterprise first seen by name only and later by code gets the code's id; the link of its records
--   moves with it, and no forwarding from the id by name is kept yet. A change of code learned late, and older than
--   the first one known, moves the anchor (resolved.enterprise_forward says from where to where).
--   | 先只知名称、后知代码的企业改用代码的编号，其记录随之转移，尚无由名称编号转来的对照。事后才知且早于已知首个代码的
--   换码会改变锚定（见“企业编号变更对照”）。
-- checked by: tests/models/resolved.record_anchor, tests/transforms/test_resolution.py
with anonymous_name as (
    select s.name_key
    from resolved.source_record as s
    cross join rules.matching as form
    left join rules.name_mark as m on m.kind = 'full_end' and ends_with(s.name_key, m.word)
    where s.own_code is null and s.org_code is null and s.building_code is not null
    group by s.name_key, form.full_name_min_length
    having length(s.name_key) < form.full_name_min_length or count(m.word) = 0
),

-- a name without a legal form, however long (盛林隆新材料研究), or one that is nearly all legal form (明达公司)
short_name as (
    select a.name_key
    from anonymous_name as a
    cross join rules.matching as form
    left join rules.name_word as w on w.kind = 'legal_form' and contains(a.name_key, w.word)
    group by a.name_key, form.short_name_max_length
    having
        count(w.word) = 0
        or (
            max(case when ends_with(a.name_key, w.word) then 1 else 0 end) = 1
            and length(a.name_key) <= form.short_name_max_length
        )
),

anchor_choice as (
    select
        s.feed,
        s.source_key,
        s.subject,
        case
            when s.own_code is not null then 'code'
            when s.org_code is not null then 'org_code'
            when length(s.name_key) >= rule.name_key_min_length then 'name'
            when s.name_key is not null then 'record'
        end as anchor_kind,
        case
            when s.own_code is not null then coalesce(g.anchor_code, s.own_code)
            when s.org_code is not null then s.org_code
            -- a short name may be several firms'; in one building it is taken for one
            when
                length(s.name_key) >= rule.name_key_min_length and s.building_code is not null
                and n.name_key is not null
                then concat(s.name_key, '@', s.building_code)
            when length(s.name_key) >= rule.name_key_min_length then s.name_key
            when s.name_key is not null then concat(s.feed, '/', s.source_key)
        end as anchor_text
    from resolved.source_record as s
    cross join rules.resolution as rule
    left join short_name as n on s.name_key = n.name_key
    left join resolved.code_group as g on s.own_code = g.code
)

select
    feed,
    source_key,
    subject,
    anchor_kind,
    anchor_text,
    case
        when anchor_text is not null
            then enterprise_key(concat(anchor_kind, ':', anchor_text))
    end as enterprise_id
from anchor_choice
