-- title: Names, industries and buildings as people read them | 企业简称与归类
-- one row is: one enterprise that any silo knows | 一家企业（任一部门有记录即列入）
-- answers: what is it called in a chart, how are two of one name distinguished, in which industry and building is it?
--   | 图表里怎么称呼它、同名企业怎么区分、属于哪个行业、在哪栋楼？
-- key: enterprise_id
-- rules:
--   * short_name: the name without bracketed parts, province, city, district and legal form (rules/short_name.yml,
--     rules/name_word.yml). Where several enterprises come to one short name, the last characters of the code follow;
--     where these are equal too, those of enterprise_id. So no two short names are equal.
--   * name_suffix: only where several enterprises have the very same name.
--   * industry: section and division of GB/T 4754-2017 by the register's code.
--   * building: the last one of monthly.main_building.
--   | * 企业简称：企业名称去掉括号、省市区和组织形式；简称相同的，后面加代码末几位，仍相同的加企业编号末几位，因此简称不重复。
--   * 名称区分：只有企业名称完全相同的才有。
--   * 行业：按登记的行业代码归入 GB/T 4754—2017 的门类和大类。
--   * 楼栋：最近所在的主要楼栋。
-- example: 临澜市恒兴品牌策划有限公司, twice: 恒兴品牌策划（尾号2541） and 恒兴品牌策划（尾号323N）
--   | 两家临澜市恒兴品牌策划有限公司，简称分别为恒兴品牌策划（尾号2541）、恒兴品牌策划（尾号323N）
-- known gaps: A name that begins with a place of no known form keeps it. Short names of brands are in no silo.
--   | 以不常见地名开头的名称，简称仍带地名；企业的品牌名没有数据来源。
-- column enterprise_name: full name by the register, else by another silo
--   | 企业名称 企业全称，以工商登记为准；登记没有的取其他部门所填
-- column building_code: its last main building | 楼栋 最近所在的主要楼栋
-- column building_name: name of its last main building; its code where no register of buildings has a name
--   | 楼栋名称 最近所在的主要楼栋；楼栋台账没有名称的为楼栋编号
-- checked by: tests/models/snapshots.enterprise_label
with form_in_branch_word as (
    select distinct b.word
    from rules.name_word as b
    inner join rules.name_word as f on contains(b.word, f.word)
    where b.kind = 'branch_word' and f.kind = 'legal_form'
),

form as (
    -- a branch word that holds a legal form (分公司) stays as a whole: it is put back by \1
    select
        concat(
            '(', string_agg(case when w.kind = 'branch_word' then w.word end, '|'), ')|',
            string_agg(case when w.kind = 'legal_form' then w.word end, '|' order by length(w.word) desc, w.word)
        ) as words
    from rules.name_word as w
    left join form_in_branch_word as b on w.word = b.word
    where w.kind = 'legal_form' or (w.kind = 'branch_word' and b.word is not null)
),

stated_enterprise as (
    select
        enterprise_id,
        enterprise_name,
        coalesce(uscc, registration_no, org_code) as code,
        regexp_replace(enterprise_name, '[（(][^（()）]*[)）]', '', 'g') as plain,
        industry_division(industry_code) as industry_division_code
    from resolved.enterprise
),

city as (
    select
        regexp_extract(plain, '^(?:[^省市]{2,3}省)?([^省市]{2,4})市', 1) as city,
        count(*) as name_count
    from stated_enterprise
    where regexp_matches(plain, '^(?:[^省市]{2,3}省)?[^省市]{2,4}市')
    group by regexp_extract(plain, '^(?:[^省市]{2,3}省)?([^省市]{2,4})市', 1)
),

-- the name without the places that it begins with
beyond_place as (
    select
        s.enterprise_id,
        case
            when regexp_matches(s.plain, '^(?:[^省市]{2,3}省)?[^省市]{2,4}市')
                then regexp_replace(
                    s.plain, '^(?:[^省市]{2,3}省)?[^省市]{2,4}市(?:[^省市区县]{1,5}(?:开发区|新区|[^园社小厂]区|县))?', ''
                )
            else substr(s.plain, 1 + coalesce(length(max(c.city)), 0))
        end as own_words
    from stated_enterprise as s
    left join city as c
        on
            starts_with(s.plain, c.city)
            and c.name_count >= (select city_names_min from rules.short_name)
    group by s.enterprise_id, s.plain
),

bare_name as (
    select
        s.enterprise_id,
        s.enterprise_name,
        s.industry_division_code,
        case
            when length(regexp_replace(b.own_words, f.words, '\1', 'g')) >= r.left_min
                then regexp_replace(b.own_words, f.words, '\1', 'g')
            else s.enterprise_name
        end as base,
        case
            when s.code is null then concat('编号', right(s.enterprise_id, r.suffix_length))
            else concat('尾号', right(s.code, r.suffix_length))
        end as suffix,
        r.version as rule_version
    from stated_enterprise as s
    inner join beyond_place as b on s.enterprise_id = b.enterprise_id
    cross join form as f
    cross join rules.short_name as r
),

counted_name as (
    select
        n.*,
        count(*) over (partition by n.enterprise_name) as same_name_count,
        count(*) over (partition by n.base) as same_base_count,
        count(*) over (partition by n.base, n.suffix) as same_suffix_count
    from bare_name as n
),

suffixed_name as (
    select
        c.*,
        case when c.same_suffix_count = 1 then c.suffix else concat('编号', right(c.enterprise_id, 8)) end as own_suffix
    from counted_name as c
),

last_building as (
    select
        enterprise_id,
        building_code,
        row_number() over (partition by enterprise_id order by from_month desc) as row_rank
    from monthly.main_building
)

select
    a.enterprise_id,
    a.enterprise_name,
    case when a.same_name_count > 1 then a.own_suffix end as name_suffix,
    case
        when a.same_base_count > 1 then concat(a.base, '（', a.own_suffix, '）')
        else a.base
    end as short_name,
    i.section_code as industry_section_code,
    i.section_title_zh as industry_section_title_zh,
    a.industry_division_code,
    d.division_title_zh as industry_division_title_zh,
    b.building_code,
    coalesce(g.building_name, b.building_code) as building_name,
    a.rule_version
from suffixed_name as a
left join rules.industry as i
    on cast(a.industry_division_code as integer) between i.division_from and i.division_to
left join rules.industry_division as d on a.industry_division_code = d.division_code
left join last_building as b on a.enterprise_id = b.enterprise_id and b.row_rank = 1
left join monthly.building as g on b.building_code = g.building_code
