-- title: Ids that lead on to another enterprise | 企业编号转接
-- one row is: one enterprise_id that could have been published for a code, and the enterprise_id that holds now
-- answers: where has an id gone that stood in an earlier night?
-- key: former_enterprise_id
-- rules: Every later code of an enterprise had, or would have had, an id of its own while the change of code was not
--   yet known; so had a registration number before its record carried a USCC.
-- known gaps: Ids made from names are not forwarded yet.
-- checked by: tests/models/resolved.enterprise_forward
with coded as (
    select
        g.code,
        concat('E', substr(sha256(concat('code:', g.code)), 1, 15)) as former_enterprise_id,
        concat('E', substr(sha256(concat('code:', g.anchor_code)), 1, 15)) as enterprise_id,
        'code_change' as forward_kind,
        g.since_date
    from resolved.code_group as g
    union all
    select
        c.code,
        concat('E', substr(sha256(concat('code:', c.code)), 1, 15)) as former_enterprise_id,
        c.enterprise_id,
        'registration_no' as forward_kind,
        cast(null as date) as since_date
    from resolved.enterprise_code as c
    left join resolved.code_group as g on c.code = g.code
    where c.code_kind = 'registration_no' and c.is_registered and c.enterprise_id is not null and g.code is null
)

select
    former_enterprise_id,
    enterprise_id,
    forward_kind,
    code,
    since_date
from coded
where former_enterprise_id <> enterprise_id
