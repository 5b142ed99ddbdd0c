-- title: Ids that lead on to another enterprise | 企业编号转接
-- one row is: one enterprise_id that a night could have published while less was known, and the one that holds now
--   | 一个在信息较少时可能发布过的企业编号，及现在对应的编号
-- answers: where has an id of an earlier night gone? | 以前某晚的企业编号现在是哪家企业？
-- key: former_enterprise_id
-- rules: A record on its own has an id made from its own code or name (resolved.record_anchor). Where all
--   records of such an id now belong to one enterprise with another id, the former leads on to it; so does the id of
--   every later code of an enterprise that changed its code, and the id under which a record waited for a person, once
--   it is judged or tied by score. An id that is still in use never leads on. One with records that went to
--   several enterprises leads nowhere; it is in resolved.enterprise_split.
--   | 单独成户的记录按自身代码或名称生成编号。这样一个编号的全部记录如今都属于另一编号的企业时，原编号指向它；换发代码
--   的企业其后各代码的编号、等待人工核对期间所用而后已判定或已匹配的编号，也同样指向现编号。仍在使用的编号从不指向别
--   处。记录分到几家企业的编号无所指向，见“企业编号拆分”。
-- known gaps: A record that waited for a person and was then tied by a code or name leaves no forwarding row.
--   | 等待人工核对、之后因代码或名称而关联的记录，不留对照。
-- checked by: tests/models/resolved.enterprise_forward, tests/transforms/test_resolution.py
with moved_record as (
    select
        a.enterprise_id as former_enterprise_id,
        a.anchor_kind,
        a.anchor_text,
        l.enterprise_id,
        cast(null as date) as since_date
    from resolved.record_anchor as a
    inner join resolved.link as l on a.feed = l.feed and a.source_key = l.source_key
    where a.anchor_kind <> 'record' and a.enterprise_id <> l.enterprise_id and l.method <> 'own_record'
    union all
    select
        enterprise_key(concat('record:', l.feed, '/', l.source_key)) as former_enterprise_id,
        'record' as anchor_kind,
        concat(l.feed, '/', l.source_key) as anchor_text,
        l.enterprise_id,
        cast(null as date) as since_date
    from resolved.link as l
    where l.method in ('judgement', 'scored')
    union all
    select
        enterprise_key(concat('code:', g.code)) as former_enterprise_id,
        'code' as anchor_kind,
        g.code as anchor_text,
        enterprise_key(concat('code:', g.anchor_code)) as enterprise_id,
        g.since_date
    from resolved.code_group as g
    where g.code <> g.anchor_code
),

current_enterprise as (
    select enterprise_id
    from resolved.link
    group by enterprise_id
)

select
    m.former_enterprise_id,
    min(m.enterprise_id) as enterprise_id,
    m.anchor_kind,
    m.anchor_text,
    min(m.since_date) as since_date
from moved_record as m
left join current_enterprise as s on m.former_enterprise_id = s.enterprise_id
where s.enterprise_id is null
group by m.former_enterprise_id, m.anchor_kind, m.anchor_text
having count(distinct m.enterprise_id) = 1
