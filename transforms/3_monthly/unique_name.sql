-- title: Names of one enterprise alone | 唯一名称
-- one row is: one name key that exactly one enterprise has | 恰为一家企业所有的一个名称比对键
-- answers: which enterprise does a full name mean, where nothing but the name is known? | 只有全称时，它指哪家企业？
-- key: name_key
-- rules: Of the enterprises that have or had the name, those of the lowest standing decide, as in the night's matching
--   (resolved.enterprise_name); where these are several, the name decides nothing.
--   | 现用或曾用该名称的企业中，取名称等级最高的；仍有多家的，不认定。
-- known gaps: A name with a slip is not found. | 名称写错的找不到。
-- checked by: tests/models/monthly.trade_party, tests/models/industry.patent
with best_name as (
    select
        name_key,
        min(name_standing) as name_standing
    from resolved.enterprise_name
    group by name_key
)

select
    n.name_key,
    min(n.enterprise_id) as enterprise_id
from resolved.enterprise_name as n
inner join best_name as b on n.name_key = b.name_key and n.name_standing = b.name_standing
group by n.name_key
having count(distinct n.enterprise_id) = 1
