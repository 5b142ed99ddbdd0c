-- rule: A record number is spelt one way | 同一编号只有一种写法
-- severity: warning
-- stage: resolved
-- why: K001 and k001, 0012 and 12, or 租字〔2023〕第12号 and 租字[2023]第12号, may be one record under two numbers: its
--   leased area or staff count twice, or one of the two ends where the office changed nothing
-- next step: ask the office whether it is one record; if so, have it spell the number as before, or join the two in
--   stage.sql
with record_number as (
    select
        feed,
        'source_key' as number_column,
        source_key as record_number
    from resolved.source_record
    union
    select
        feed,
        'lease_no' as number_column,
        lease_no as record_number
    from known.lease
),

-- a key without a digit is a name
number_spelling as (
    select
        feed,
        number_column,
        record_number,
        plain_record_number(record_number) as plain_text
    from record_number
    where regexp_matches(record_number, '[0-9０-９]')
)

select
    feed,
    number_column,
    min(record_number) as record_number,
    max(record_number) as other_number,
    count(*) as spelling_count
from number_spelling
group by feed, number_column, plain_text
having count(*) > 1
