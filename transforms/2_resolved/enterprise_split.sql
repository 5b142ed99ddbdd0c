-- title: Ids with records in several enterprises | 企业编号拆分
-- one row is: one enterprise_id that a night could have published while less was known, and one of several
--   enterprises to which its records belong now
--   | 一个在信息较少时可能发布过的企业编号，及其记录如今所属的几家企业之一
-- answers: these records had one id; which of the enterprises that they are today kept it, and which left?
--   | 一个编号原来包含这些记录；如今它们分属的企业中，谁沿用了编号，谁离开了？
-- key: former_enterprise_id, enterprise_id
-- rules: A record on its own has an id made from its own code or name (resolved.record_anchor). Where the
--   records of one such id belong to several enterprises, each of these is a row. keeps_id is true for the one that
--   has the id still: the id goes on meaning whoever bears its code or name. Where none has it, the id is given up
--   and is never used again; it leads nowhere (resolved.enterprise_forward), since no source says which of the parts
--   is meant.
--   | 单独成户的记录按自身代码或名称生成编号。这样一个编号的记录如今分属几家企业的，每家一行。仍用该编号的一家为沿用：
--   编号继续指向拥有该代码或名称的企业。无人沿用的编号停用，永不再用，也无所指向，因为无法确定指哪一家。
-- known gaps: Parts that were never published as one enterprise are here too: no list of published ids is kept.
--   | 从未作为一家企业发布过的也会在此：没有保存已发布编号的清单。
-- checked by: tests/models/resolved.enterprise_split, tests/transforms/test_incremental.py
with anchor_enterprise as (
    select
        a.enterprise_id as former_enterprise_id,
        l.enterprise_id,
        a.anchor_kind,
        a.anchor_text,
        count(*) as record_count
    from resolved.record_anchor as a
    inner join resolved.link as l on a.feed = l.feed and a.source_key = l.source_key
    where a.anchor_kind <> 'record'
    group by a.enterprise_id, l.enterprise_id, a.anchor_kind, a.anchor_text
),

split_enterprise as (
    select former_enterprise_id
    from anchor_enterprise
    group by former_enterprise_id
    having count(*) > 1
)

select
    p.former_enterprise_id,
    p.enterprise_id,
    p.former_enterprise_id = p.enterprise_id as keeps_id,
    p.record_count,
    p.anchor_kind,
    p.anchor_text
from anchor_enterprise as p
inner join split_enterprise as s on p.former_enterprise_id = s.former_enterprise_id
