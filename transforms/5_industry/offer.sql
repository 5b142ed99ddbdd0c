-- title: Offers and who makes them | 供给
-- one row is: one entry of the park's public catalogue of offers | 公开供给目录的一项
-- answers: who offers what, how much, where and until when, and is it one of ours? | 谁公开提供什么、多少、在哪里、到何时，是不是在册企业？
-- key: offer_key
-- rules: An enterprise of ours is known by its exact code, or by a full name that only one enterprise has; all others
--   are outside services. Offers of every day are in it: who reads them asks for the days.
--   | 按代码或唯一的全称认定为在册企业，其余为园外服务机构；含已过期和未生效的供给，由使用者按日期取用。
-- known gaps: An offer that was never withdrawn may be gone. | 未及时撤下的供给可能已不可用。
-- checked by: tests/models/industry.offer
with known_code as (
    select
        code,
        enterprise_id
    from resolved.enterprise_code
    where code_kind = 'uscc'
),

known_name as (
    select
        enterprise_name,
        min(enterprise_id) as enterprise_id
    from resolved.enterprise
    group by enterprise_name
    having count(*) = 1
)

select
    concat(o.feed, '/', o.offer_no) as offer_key,
    o.offer_no,
    o.offered_by_name,
    coalesce(c.enterprise_id, e.enterprise_id) as offered_by_id,
    o.need_kind_code,
    o.offered_quantity,
    o.quantity_unit_code,
    o.building_code,
    o.serves_code,
    o.valid_from_date,
    o.valid_until_date
from known.offer as o
left join known_code as c on upper(o.offered_by_uscc) = c.code
left join known_name as e on o.offered_by_name = e.enterprise_name
