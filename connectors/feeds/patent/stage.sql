-- One row per applicant. The check character of a number (ZC 0006-2003) is the sum of its digits times 2 to 9 and again
-- 2 to 5, modulo 11, where X is 10. Numbers of before October 2003 have eight digits. A class is kept up to the main
-- group, of designs as it is (Locarno).
with numbered_application as (
    select
        *,
        regexp_extract(
            upper(plain_text(申请号)), '^(CN|ZL)? *([0-9]{8}|[0-9]{12})[.]?([0-9X])$', ['issuer', 'digits', 'check']
        ) as number,
        regexp_extract(
            upper(plain_text(主分类号)), '^([A-H][0-9]{2}[A-Z]) ?0*([0-9]{1,4})/[0-9]+', ['subclass', 'main_group']
        ) as ipc,
        list_sort(list_distinct(list_filter(string_split(申请人, ';'), lambda x: x <> '未列名'))) as applicants
    from delivery
),

checked_application as (
    select
        *,
        list_sum(
            list_transform(
                range(1, length(number['digits']) + 1),
                lambda place: cast(substr(number['digits'], place, 1) as integer)
                * [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5][place]
            )
        ) % 11 = case number['check'] when 'X' then 10 else try_cast(number['check'] as integer) end as holds
    from numbered_application
)

select
    row_number,
    case when holds then concat(number['digits'], '.', number['check']) end as application_no,
    to_date(申请日) as application_date,
    to_date(公开日) as published_date,
    专利类型 as patent_kind_code,
    case
        when ipc['subclass'] <> '' then concat(ipc['subclass'], ipc['main_group'], '/00')
        when 专利类型 = 'design' and regexp_full_match(plain_text(主分类号), '[0-9]{2}-[0-9]{2}') then plain_text(主分类号)
    end as patent_class_code,
    unnest(case when len(applicants) > 0 then applicants else [null] end) as applicant_name,
    法律状态 as patent_status_code,
    case when len(applicants) = 0 then 'no applicant is a firm or an institute' end as skip_because
from checked_application
