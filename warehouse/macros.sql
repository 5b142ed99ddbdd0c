-- What stage.sql may call to read what offices write. Each answers NULL where the text cannot be read: the loader then
-- quarantines the row, because the source had a value there. Arguments are text; other types are cast to it.

-- Full-width digits and signs, thin spaces and thousands marks, as spreadsheets and ledgers have them.
create or replace macro plain_number(t) as
    regexp_replace(translate(trim(t::varchar), '０１２３４５６７８９．－，（）￥¥元', '0123456789.-,()'), '[\s, ]', '', 'g');

-- Yuan: 1,234.50 · １２３ · (12.00) for a negative · 3.5万 and 3.5万元 for 35000.
create or replace macro to_amount(t) as (
    case
        when regexp_full_match(plain_number(t), '-?\d+(\.\d+)?([eE][+-]?\d+)?') then try_cast(plain_number(t) as decimal(18, 2))
        when regexp_full_match(plain_number(t), '\(\d+(\.\d+)?\)')
            then -try_cast(trim(plain_number(t), '()') as decimal(18, 2))
        when regexp_full_match(plain_number(t), '-?\d+(\.\d+)?万')
            then cast(try_cast(replace(plain_number(t), '万', '') as decimal(18, 6)) * 10000 as decimal(18, 2))
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
        when regexp_full_match(trim(t::varchar), '\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?([ T].*)?')
            then try_cast(array_to_string(regexp_extract_all(split_part(split_part(trim(t::varchar), ' ', 1), 'T', 1), '\d+'), '-') as date)
        when regexp_full_match(trim(t::varchar), '(19|20)\d{6}')
            then try_cast(try_strptime(trim(t::varchar), '%Y%m%d') as date)
        when regexp_full_match(trim(t::varchar), '[234]\d{4}(\.0)?')
            then date '1899-12-30' + try_cast(split_part(trim(t::varchar), '.', 1) as integer)
    end
);

-- 202601 · 2026-01 · 2026/1 · 2026年1月 · any date: the first day of that month.
create or replace macro to_month(t) as (
    case
        when regexp_full_match(trim(t::varchar), '(19|20)\d{2}(0[1-9]|1[0-2])')
            then try_cast(try_strptime(trim(t::varchar) || '01', '%Y%m%d') as date)
        when regexp_full_match(trim(t::varchar), '\d{4}[-/.年]\d{1,2}月?')
            then try_cast(array_to_string(regexp_extract_all(trim(t::varchar), '\d+'), '-') || '-1' as date)
        else cast(date_trunc('month', to_date(t)) as date)
    end
);
