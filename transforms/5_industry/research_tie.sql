-- title: Research ties | 产学研联系
-- one row is: one enterprise and one university, institute or laboratory elsewhere, by what ties them
--   | 一家企业与一家园外院校、科研机构或实验室的一种联系
-- answers: which enterprises work with which universities and institutes, since when, how steadily?
--   | 哪些企业与哪些院校、科研机构有联系，何时开始，是否持续？
-- key: enterprise_id, institute_key, tie_code
-- rules: Limits in rules/research_tie.yml.
--   * co_patent: both are applicants of one published application (industry.patent).
--   * lab_offer: an open need of a laboratory that a laboratory elsewhere offers to meet: kind, quantity, date and
--     place fit (industry.introduction). Whether they have met is unknown.
--   * lasting: two applications or more, the first and the last 12 months apart, the last within five years.
--   * occasional: an application within five years, and not lasting. past: none within five years.
--   * possible: an offer that fits, nothing more.
--   | 阈值见 rules/research_tie.yml。
--   * 共同专利：双方同为一件已公开申请的申请人。
--   * 检测供需：企业未办结的检测实验诉求与园外实验室的供给吻合，双方是否已接触不详。
--   * 持续：两件以上，首末相隔十二个月以上，最近一件在五年内。
--   * 偶有：五年内有共同申请但不够持续。过往：五年内没有。
--   * 可对接：供给吻合，仅此而已。
-- example: filed together on 2023-03-01 and 2024-03-01, tonight 2026-11-20: lasting. On 2023-03-01 and 2024-02-29:
--   occasional. One of 2021-11-20 alone: past, one of 2021-11-21: occasional.
--   | 2023年3月1日和2024年3月1日各一件：持续；第二件在2024年2月29日：偶有。
-- known gaps: Joint work without a patent is unseen: no feed knows research contracts. An institute that is an
--   enterprise of ours is not one elsewhere. One renamed counts twice. Neither that two firms have patents in one
--   class nor that an institute has is a tie.
--   | 未申请专利的合作看不到，没有数据源提供研发合同；本系统企业中的院校机构不算园外；机构更名后算两家。分类号相同不构成联系。
-- codes tie_code:
--   * co_patent: applied for a patent together | 共同专利
--   * lab_offer: a need of a laboratory that its offer fits | 检测供需
-- codes tie_level_code:
--   * lasting: together for a year or longer, and lately | 持续
--   * occasional: together lately | 偶有
--   * past: together long ago | 过往
--   * possible: an offer that fits | 可对接
-- checked by: tests/models/industry.research_tie, tests/system/test_patents.py
with co_patent as (
    select
        e.enterprise_id,
        i.applicant_key as institute_key,
        'co_patent' as tie_code,
        min(i.applicant_name) as institute_name,
        count(*) as tie_count,
        count(case when e.patent_status_code = 'granted' then 1 end) as granted_tie_count,
        min(e.application_date) as first_tie_date,
        max(e.application_date) as last_tie_date
    from industry.patent as e
    inner join industry.patent as i on e.application_no = i.application_no
    where e.applicant_kind_code = 'enterprise' and i.applicant_kind_code = 'institute'
    group by e.enterprise_id, i.applicant_key
),

lab_offer as (
    select
        n.enterprise_id,
        concat('name:', p.name_key) as institute_key,
        'lab_offer' as tie_code,
        min(n.offered_by_name) as institute_name,
        count(distinct n.need_key) as tie_count,
        cast(null as bigint) as granted_tie_count,
        min(n.stated_date) as first_tie_date,
        max(n.stated_date) as last_tie_date
    from industry.introduction as n
    inner join resolved.party_name as p on n.offered_by_name = p.name
    where n.need_kind_code = 'lab' and n.fit_level_code = 'fits' and n.offered_by_id is null
    group by n.enterprise_id, p.name_key
),

tie as (
    select * from co_patent
    union all
    select * from lab_offer
)

select
    t.enterprise_id,
    e.enterprise_name,
    t.institute_key,
    t.institute_name,
    t.tie_code,
    case
        when t.tie_code = 'lab_offer' then 'possible'
        when t.last_tie_date <= n.list_date - interval '1' year * rule.recent_years then 'past'
        when
            t.tie_count >= rule.lasting_applications_min
            and t.last_tie_date >= t.first_tie_date + interval '1' month * rule.lasting_months_min
            then 'lasting'
        else 'occasional'
    end as tie_level_code,
    cast(t.tie_count as integer) as tie_count,
    cast(t.granted_tie_count as integer) as granted_tie_count,
    t.first_tie_date,
    t.last_tie_date,
    rule.version as rule_version
from tie as t
cross join industry.list_day as n
cross join rules.research_tie as rule
inner join resolved.enterprise as e on t.enterprise_id = e.enterprise_id
