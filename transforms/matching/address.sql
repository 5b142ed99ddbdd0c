-- title: Addresses cut into parts | 地址拆分
-- one row is: one address key of one enterprise (or record) on one side
-- answers: in which city, on which road, at which number, in which building and room?
-- key: id, address_key
-- rules:
--   * city is the first two characters after the province (enough to distinguish cities, and alike for 苏州市 and
--   苏州工业园区); of the four municipalities their name; none where the address begins with a district or a road.
--   * place is the address without the province.
--   * road is the last three characters of the road's name with its kind.
--   * number is the road's number.
--   * premises are all numbers and letters from there on (12-3-405), however 号, 栋, 幢 and 室 are written.
--   * building is the park's own code of a building, for silos that state nothing else; such a row has no other part.
-- known gaps: Numbers in Chinese numerals are not read.
-- checked by: tests/transforms/test_matching.py
with provinces as (
    select
        s.id,
        s.address_key,
        s.building,
        case when s.address_key is not null then coalesce(p.province, '') end as province,
        case
            when p.province is null then s.address_key
            else
                regexp_replace(
                    substr(s.address_key, length(p.province) + 1),
                    '^(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区)',
                    ''
                )
        end as place
    from stated_address as s
    left join province as p
        on substr(s.address_key, 1, 2) = substr(p.province, 1, 2) and starts_with(s.address_key, p.province)
),

roads as (
    select
        *,
        regexp_extract(
            place,
            '([^省市区县镇乡村0-9]{1,7}?(?:大道|大街|路|街|道|巷|弄))[东南西北中]?段?([0-9].*)$',
            ['road', 'tail']
        ) as found
    from provinces
)

select
    roads.id,
    roads.address_key,
    roads.building,
    roads.province,
    roads.place,
    case
        when roads.province in ('北京', '天津', '上海', '重庆') then roads.province
        -- 高新区望江路 and 望江路 388 号 do not say in which city
        when regexp_matches(roads.place, '^.{1,3}区') or regexp_matches(roads.place, '^[^市区县]{1,7}?(大道|大街|路|街|道|巷|弄)')
            then null
        when length(roads.place) >= 2 then substr(roads.place, 1, 2)
    end as city,
    case
        when
            found.road <> ''
            then substr(found.road, case when length(found.road) > 3 then length(found.road) - 2 else 1 end)
    end as road,
    regexp_extract(found.tail, '^([0-9]+)', 1) as number,
    regexp_replace(regexp_replace(found.tail, '[^0-9A-Z]+', '-', 'g'), '-+$', '') as premises
from roads
