-- What stage.sql may call to read what offices write. Each answers NULL where the text cannot be read: the loader then
-- quarantines the row, because the source had a value there. Arguments are text; other types are cast to it.

-- Full-width digits, letters of dates and signs as half-width ones, without blanks around.
create or replace macro plain_text(t) as
    trim(translate(
        t::varchar,
        '０１２３４５６７８９．－，／：（）' || chr(12288) || chr(160) || chr(8201) || chr(8239), '0123456789.-,/:()    '
    ));

-- A number without its spaces, its 元 and its thousands marks. Commas that mark no thousands stay: it cannot be read then.
create or replace macro plain_number(t) as (
    case
        when regexp_full_match(translate(plain_text(t), '￥¥元 ', ''), '[^\d,]*\d{1,3}(,\d{3})+([^\d,].*)?')
            then translate(plain_text(t), '￥¥元 ,', '')
        else translate(plain_text(t), '￥¥元 ', '')
    end
);

-- Yuan: 1,234.50 · １２３ · (12.00) for a negative · 3.5万 and 3.5万元 for 35000.
create or replace macro to_amount(t) as (
    case
        when regexp_full_match(plain_number(t), '-?\d+(\.\d+)?([eE][+-]?\d+)?')
            then try_cast(plain_number(t) as decimal(18, 2))
        when regexp_full_match(plain_number(t), '\(\d+(\.\d+)?\)')
            then -try_cast(trim(plain_number(t), '()') as decimal(18, 2))
        when regexp_full_match(plain_number(t), '-?\d+(\.\d+)?万')
            then try_cast(try_cast(replace(plain_number(t), '万', '') as decimal(28, 6)) * 10000 as decimal(18, 2))
    end
);

-- Any measured quantity with up to three decimals (kWh, m3).
create or replace macro to_quantity(t) as (
    case when regexp_full_match(plain_number(t), '-?\d+(\.\d+)?') then try_cast(plain_number(t) as decimal(18, 3)) end
);

-- Whole numbers: 1,234 and 12.0 are whole; 12.5 is not.
create or replace macro to_count(t) as (
    case when regexp_full_match(plain_number(t), '-?\d+(\.0+)?')
        then try_cast(regexp_replace(plain_number(t), '\.0+$', '') as bigint) end
);

-- 2026-01-31 · 2026/1/31 · 2026.1.31 · 20260131 · 2026年1月31日 · with a time behind · a spreadsheet's day number.
create or replace macro to_date(t) as (
    case
        when regexp_full_match(plain_text(t), '\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?([ T].*)?')
            then try_cast(
                array_to_string(regexp_extract_all(regexp_extract(plain_text(t), '^[^ T]+'), '\d+'), '-') as date
            )
        when regexp_full_match(plain_text(t), '(19|20)\d{6}')
            then try_cast(try_strptime(plain_text(t), '%Y%m%d') as date)
        when regexp_full_match(plain_text(t), '[234]\d{4}(\.0+)?')
            then date '1899-12-30' + try_cast(split_part(plain_text(t), '.', 1) as integer)
    end
);

-- 202601 · 2026-01 · 2026/1 · 2026年1月 · any date: the first day of that month. Day numbers only from 1982 on (30000):
-- 20261 is no date but a month with a digit lost.
create or replace macro to_month(t) as (
    case
        when regexp_full_match(plain_text(t), '(19|20)\d{2}(0[1-9]|1[0-2])')
            then try_cast(try_strptime(plain_text(t) || '01', '%Y%m%d') as date)
        when regexp_full_match(plain_text(t), '\d{4}[-/.年]\d{1,2}月?')
            then try_cast(array_to_string(regexp_extract_all(plain_text(t), '\d+'), '-') || '-1' as date)
        when not regexp_full_match(plain_text(t), '2\d{4}(\.0+)?') then cast(date_trunc('month', to_date(t)) as date)
    end
);

-- A moment in naive UTC. A text or timestamp without an offset is the time of `zone`; one with an offset says it itself.
-- 2026-03-03 09:04:50 · 2026/3/3 9:04 · 2026年3月3日 09:04 · 2026-03-03 · 2026-03-03T01:04:50Z · 2026-03-03 09:04:50+08:00
create or replace macro to_utc(t, zone) as (
    case
        when regexp_matches(t::varchar, '\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)$')
            then timezone('UTC', try_cast(t::varchar as timestamptz))
        when regexp_full_match(plain_text(t), '[^ T]+([ T]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?')
            then timezone('UTC', timezone(zone, try_cast(
                trim(to_date(t)::varchar || ' ' || regexp_extract(plain_text(t), '\d+:.*')) as timestamp
            )))
    end
);
