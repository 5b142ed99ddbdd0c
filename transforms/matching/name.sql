-- title: Names cut into what tells enterprises apart | 名称拆分
-- one row is: one name key of one enterprise (or record) on one side
-- answers: what of a name is its own, beside the place it begins with, its brackets and its legal form?
-- key: id, name_key, body
-- rules: body is the name without bracketed parts, legal form, and the place it begins with, where the place is a
--   province or stands in one of the enterprise's own addresses before 市, 县 or 区 or at the start. At least two
--   characters are left.
-- known gaps: A place that no address of the enterprise mentions stays in the body.
-- checked by: tests/transforms/test_matching.py
with stated as (
    select
        n.id,
        n.name_key,
        n.bare_key
    from stated_name as n
    union
    -- 皖天然气: a short name that begins with the abbreviation of its own province
    select
        n.id,
        n.name_key,
        substr(n.bare_key, 2) as bare_key
    from stated_name as n
    inner join address as a on n.id = a.id
    where
        length(n.bare_key) between 3 and 6
        and contains(
            '北京京天津津上海沪重庆渝河北冀山西晋辽宁辽吉林吉黑龙江黑江苏苏浙江浙安徽皖福建闽江西赣山东鲁河南豫湖北鄂湖南湘广东粤'
            '海南琼四川川四川蜀贵州黔贵州贵云南滇云南云陕西陕甘肃甘青海青内蒙古蒙广西桂西藏藏宁夏宁新疆新',
            concat(a.province, substr(n.bare_key, 1, 1))
        )
        and a.province <> ''
),

a as (
    select
        id,
        min(place) as place
    from address
    where place <> ''
    group by id
),

placed as (
    select
        n.id,
        n.name_key,
        n.bare_key,
        regexp_replace(
            n.bare_key,
            '^(北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南'
            '|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门)(省|市|自治区)?(.{2,})$',
            '\3'
        ) as local_key,
        a.place
    from stated as n
    left join a on n.id = a.id
),

measured as (
    select
        *,
        case
            when place is null then 0
            when contains(place, concat(substr(local_key, 1, 4), '市')) then 4
            when
                contains(place, concat(substr(local_key, 1, 3), '市'))
                or contains(place, concat(substr(local_key, 1, 3), '县'))
                then 3
            when
                starts_with(place, substr(local_key, 1, 2))
                or contains(place, concat(substr(local_key, 1, 2), '市'))
                or contains(place, concat(substr(local_key, 1, 2), '县'))
                or contains(place, concat(substr(local_key, 1, 2), '区'))
                then 2
            else 0
        end as place_length
    from placed
)

select
    id,
    name_key,
    coalesce(
        case
            when place_length > 0 and length(local_key) - place_length >= 2
                then regexp_replace(substr(local_key, place_length + 1), '^[市县区](.{2,})$', '\1')
            else local_key
        end,
        name_key
    ) as body,
    contains(name_key, '股份有限公司') or contains(name_key, '股份公司') or name_key like '%股份' as is_joint_stock,
    -- what goes on after a legal form is a part of that firm: its branch, shop, works, union committee
    (contains(name_key, '公司') and not name_key like '%公司') or regexp_matches(
        name_key,
        '(分公司|分店|支行|分行|分厂|分部|营业部|营业厅|办事处|支公司|代表处|项目部|分校|分院|分所|分理处|服务部|门市部|经营部)$'
    ) as is_branch
from measured
