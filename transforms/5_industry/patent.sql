-- title: Applicants for patents | 专利申请人
-- one row is: one firm or institute that is an applicant of one published patent application
--   | 一件已公开专利申请的一个申请人（企业或院校、科研机构）
-- answers: which enterprise applied for which patents, and together with which firm or institute?
--   | 哪家企业申请了哪些专利，与谁共同申请？
-- key: application_no, applicant_key
-- rules:
--   * enterprise: the full name, present or former, is that of exactly one enterprise (resolved.enterprise_name).
--   * institute: of no enterprise of ours, and a university or institute by its name (rules/institute_word.yml).
--   * company: everybody else.
--   * No enterprise is made here, and none is in the park because of a patent. Natural persons never land.
--   * An application that two feeds state counts once, as published last.
--   | * 园区企业：全称（现用或曾用）恰为一家企业的名称。
--   * 院校机构：不属于本系统企业，名称表明是大学、研究院所等（见规则）。
--   * 其他单位：其余申请人。
--   * 不因专利新增企业，也不因专利认定在园；自然人不入库。
--   * 两个数据源都有的申请只计一次，取公开日较晚的。
-- example: 临澜示例（高新）有限公司 and 临澜示例(高新)有限公司 in one cell are one applicant; 云岫材料研究院有限公司 is a company.
--   | 全角、半角括号写法算同一申请人；某某研究院有限公司是企业，不是院校机构。
-- known gaps: An invention is published up to 18 months after it is filed, so that recent filings are missing. A name
--   with a slip is another party. What a patent is worth, and whether it is in use, does not follow from it.
--   | 发明专利最迟申请后十八个月公开，近期申请不全；名称写错的算另一方；专利价值和是否实施无从得知。
-- codes applicant_kind_code:
--   * enterprise: one of our enterprises | 园区企业
--   * institute: a university or institute elsewhere | 院校机构
--   * company: another firm or body | 其他单位
-- checked by: tests/models/industry.patent, tests/system/test_patents.py
with institute_name as (
    select p.name_key
    from resolved.party_name as p
    cross join rules.institute_word as w
    group by p.name_key
    having
        max(case when w.is_institute and contains(p.name_key, w.institute_word) then 1 else 0 end) = 1
        and max(case when not w.is_institute and ends_with(p.name_key, w.institute_word) then 1 else 0 end) = 0
),

stated_applicant as (
    select
        p.*,
        n.name_key,
        u.enterprise_id,
        first_value(p.feed) over (
            partition by p.application_no order by p.published_date desc nulls last, p.feed asc
        ) as used_feed
    from known.patent as p
    inner join resolved.party_name as n on p.applicant_name = n.name
    left join monthly.unique_name as u on n.name_key = u.name_key
),

applicant as (
    select
        s.application_no,
        coalesce(s.enterprise_id, concat('name:', s.name_key)) as applicant_key,
        s.enterprise_id,
        min(s.applicant_name) as applicant_name,
        max(case when i.name_key is not null then 1 else 0 end) as is_institute,
        min(s.application_date) as application_date,
        min(s.published_date) as published_date,
        min(s.patent_kind_code) as patent_kind_code,
        min(s.patent_class_code) as patent_class_code,
        min(s.patent_status_code) as patent_status_code
    from stated_applicant as s
    left join institute_name as i on s.name_key = i.name_key
    where s.feed = s.used_feed
    group by s.application_no, s.enterprise_id, coalesce(s.enterprise_id, concat('name:', s.name_key))
)

select
    a.application_no,
    a.applicant_key,
    a.enterprise_id,
    a.applicant_name,
    case
        when a.enterprise_id is not null then 'enterprise'
        when a.is_institute = 1 then 'institute'
        else 'company'
    end as applicant_kind_code,
    cast(count(*) over (partition by a.application_no) as integer) as applicant_count,
    a.application_date,
    a.published_date,
    a.patent_kind_code,
    a.patent_class_code,
    a.patent_status_code
from applicant as a
