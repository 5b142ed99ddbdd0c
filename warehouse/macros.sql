-- What stage.sql may call to read what offices write. Each answers NULL where the text cannot be read: the loader then
-- quarantines the row, because the source had a value there. Arguments are text; other types are cast to it.
-- `list_transform([x], lambda y: …)[1]` names a step: what a macro writes ten times is planned ten times, in every delivery.

-- Full-width digits, letters of dates and signs as half-width ones, without blanks around.
create or replace macro plain_text(t) as
    trim(translate(
        t::varchar,
        '０１２３４５６７８９．－−＋，／：（）' || chr(12288) || chr(160) || chr(8201) || chr(8239),
        '0123456789.--+,/:()    '
    ));

-- A number without its spaces, its 元 and its thousands marks. Commas that mark no thousands stay: it cannot be read then.
create or replace macro plain_number(t) as (
    case
        when regexp_full_match(translate(plain_text(t), '￥¥元 ', ''), '[^\d,]*\d{1,3}(,\d{3})+([^\d,].*)?')
            then translate(plain_text(t), '￥¥元 ,', '')
        else translate(plain_text(t), '￥¥元 ', '')
    end
);

-- A number without its ￥ and 元, its thousands marks (commas or spaces in groups of three) and its plus; a negative one,
-- -16, (16) or 16-, begins with a minus. A 万, a 亿 or an exponent stays behind it. NULL for all other text: 1,23 and 5元3 are no
-- numbers, and 12 5 may be two.
create or replace macro signed_number(t) as list_transform([plain_text(t)], lambda plain:
    case
        when regexp_full_match(
            plain,
            '[￥¥]? ?[-+]? ?[￥¥]? ?((\d+|[1-9]\d{0,2}((,\d{3})+|( \d{3})+))(\.\d+)?|\.\d+)([eE][+-]?\d{1,2}| ?[万亿])? ?元?'
        )
            then case when regexp_matches(plain, '^\D*-') then '-' else '' end
                || regexp_replace(plain, '^[^\d.]+|[, 元]', '', 'g')
        when regexp_full_match(
            plain,
            '[￥¥]? ?\( ?[￥¥]? ?((\d+|[1-9]\d{0,2}((,\d{3})+|( \d{3})+))(\.\d+)?|\.\d+)( ?[万亿])? ?元?\) ?元?'
        ) or regexp_full_match(
            plain, '[￥¥]? ?((\d+|[1-9]\d{0,2}((,\d{3})+|( \d{3})+))(\.\d+)?|\.\d+)-'
        )
            then '-' || regexp_replace(plain, '[-(), ￥¥元]', '', 'g')
    end
)[1];

-- A number's text as decimal(18, 2), where it has no third decimal that counts.
create or replace macro whole_fen(n) as (
    case when abs(try_cast(n as double) - try_cast(n as decimal(18, 2))::double)
        <= greatest(0.000001, abs(try_cast(n as double)) * 1e-14)
        then try_cast(n as decimal(18, 2)) end
);

-- Yuan: 1,234.50 · １２３ · (12.00) and 12.00- for a negative · 3.5万, 3.5万元 for 35000 · 1.2亿. Parts of a fen are no amount:
-- 12.345 is NULL, for another's money must not be rounded; 0.30000000000000004 is what a spreadsheet makes of 0.30.
create or replace macro to_amount(t) as list_transform([signed_number(t)], lambda signed:
    case right(signed, 1)
        when '万' then whole_fen(try_cast(replace(signed, '万', '') as decimal(28, 10)) * 10000)
        when '亿' then whole_fen(try_cast(replace(signed, '亿', '') as decimal(28, 12)) * 100000000)
        else whole_fen(signed)
    end
)[1];

-- Any measured quantity with up to three decimals (kWh, m3).
create or replace macro to_quantity(t) as list_transform([signed_number(t)], lambda signed:
    case when regexp_full_match(signed, '-?\d+(\.\d+)?') then try_cast(signed as decimal(18, 3)) end
)[1];

-- Whole numbers: 1,234 and 12.0 are whole; 12.5 is not.
create or replace macro to_count(t) as list_transform([signed_number(t)], lambda signed:
    case when regexp_full_match(signed, '-?\d+(\.0+)?') then try_cast(regexp_replace(signed, '\.0+$', '') as bigint) end
)[1];

-- 2026-01-31 · 2026/1/31 · 2026.1.31 · 20260131 · 2026年1月31日 · 26年1月31日 · with a weekday (星期六) or a time behind
-- (15:20, 下午 3:20), and nothing else (a second date makes it a range) · 20260131.0, as programs write it where the column has gaps · a spreadsheet's day number from 1982 on (30000): 20261 is a month with a digit lost.
-- Both separators are the same: 2026.1-3 is January to March. A time of UTC that is not midnight is NULL: 2026-09-30T16:00:00Z is
-- 1 October in China, so that the day depends on the clock: to_date(timezone('Asia/Shanghai', try_cast(t as timestamptz))).
create or replace macro to_date(t) as list_transform([plain_text(t)], lambda plain:
    case
        when regexp_full_match(
            plain,
            '(\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{4}\.\d{1,2}\.\d{1,2}'
            || '|\d{4} ?年 ?\d{1,2} ?月 ?\d{1,2} ?[日号]?|[0-4]\d年\d{1,2}月\d{1,2}[日号])'
            || '( ?(星期|周)[一二三四五六日天])?([ T]*([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?( ?(Z|[+-]\d\d(:?\d\d)?))?'
            || '| ?[上下]午 ?(0?\d|1[0-2]):[0-5]\d(:[0-5]\d)?)?'
        ) and not regexp_matches(plain, '\d{4}[-/.]\d{1,2}[-/.]\d{3,}:|月\d{3,}:')
            and (not regexp_matches(plain, ':\d\d.*(Z|[+-]00(:?00)?)$') or regexp_matches(plain, '[ T]0?0:00(:00(\.0+)?)? ?(Z|[+-]00(:?00)?)$'))
            then try_cast(
                case when regexp_matches(plain, '^\d\d年') then '20' else '' end
                || array_to_string(regexp_extract_all(plain, '\d+')[1:3], '-') as date
            )
        when regexp_full_match(plain, '((19|20)\d{6}|99991231)(\.0)?')
            then try_cast(try_strptime(left(plain, 8), '%Y%m%d') as date)
        when regexp_full_match(plain, '[34]\d{4}(\.0+)?')
            then date '1899-12-30' + try_cast(split_part(plain, '.', 1) as integer)
    end
)[1];

-- 202601 · 2026-01 · 2026/1 · 2026.10 · 10/2026 · 2026年1月 · 2026年10月份 · 26年10月 · 2026年十月 · any date: the first day of that
-- month. A range (2026-01-01 至 2026-03-31, 2026年1-3月) is no month. Neither is 2026.1: a spreadsheet writes 2026.10 so.
create or replace macro to_month(t) as list_transform([plain_text(t)], lambda plain:
    case
        when regexp_full_match(plain, '(19|20)\d{2}(0[1-9]|1[0-2])(\.0)?')
            then try_cast(try_strptime(left(plain, 6) || '01', '%Y%m%d') as date)
        when regexp_full_match(plain, '\d{4}\.1') then null
        when regexp_full_match(plain, '\d{4} ?([-/.]|年度?) ?\d{1,2}|\d{4} ?[-/.年] ?\d{1,2} ?月份?|\d{4}年度 ?\d{1,2}月份?')
            then try_cast(array_to_string(regexp_extract_all(plain, '\d+'), '-') || '-1' as date)
        when regexp_full_match(plain, '[0-4]\d ?年 ?\d{1,2} ?月份?')
            then try_cast('20' || array_to_string(regexp_extract_all(plain, '\d+'), '-') || '-1' as date)
        when regexp_full_match(plain, '(0?[1-9]|1[0-2])[-/](19|20)\d{2}')
            then try_cast(
                array_to_string(list_reverse(regexp_extract_all(plain, '\d+')), '-') || '-1' as date
            )
        when regexp_full_match(plain, '(\d{4}|[0-4]\d)年([一二三四五六七八九十]|十[一二])月份?')
            then try_cast(
                concat(
                    right('20' || regexp_extract(plain, '^\d+'), 4), '-',
                    list_position(
                        ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二'],
                        regexp_extract(plain, '年(.+)月', 1)
                    ), '-1'
                ) as date
            )
        else cast(date_trunc('month', to_date(plain)) as date)
    end
)[1];

-- Year and month of the beginning and the end of what a period column says, as a list of four texts: a quarter (2026年第三季度,
-- 2026Q3, Q3 2026), a half (2026年上半年), a year (2026年, 2026年度), months of one year (2026年1-3月, 2026.7-9), two months
-- (202601-202603), a month.
create or replace macro period_months(t) as list_transform([plain_text(t)], lambda plain:
    case
        when regexp_full_match(plain, '20\d\d ?年?度?[- ]?([qQ][1-4]|第?[一二三四1-4]季度?)|[qQ][1-4][- /]?20\d\d')
            then list_transform(
                [-2, 0],
                lambda n: regexp_extract(plain, '20\d\d') || '-' || (3 * regexp_extract(
                    translate(regexp_replace(plain, '20\d\d', ''), '一二三四', '1234'), '[1-4]'
                )::integer + n)
            )
        when regexp_full_match(plain, '20\d\d ?年?度? ?[上下]半年')
            then [
                left(plain, 4) || if(contains(plain, '上'), '-1', '-7'),
                left(plain, 4) || if(contains(plain, '上'), '-6', '-12')
            ]
        when regexp_full_match(plain, '20\d\d ?(年|年度|年?全年)')
            then [left(plain, 4) || '-1', left(plain, 4) || '-12']
        when regexp_full_match(plain, '20\d\d( ?年 ?\d{1,2} ?月? ?([-~～—–]|至|到) ?\d{1,2} ?月份?'
            || '|\.\d{1,2} ?([-~～—–]|至|到) ?\d{1,2} ?月?)')
            then list_transform(
                [2, 3], lambda n: left(plain, 4) || '-' || regexp_extract_all(plain, '\d+')[n]
            )
        when regexp_full_match(plain, '20\d\d[-/.年]?(0?[1-9]|1[0-2])月? ?([~～—–]|-|至|到) ?20\d\d[-/.年]?(0?[1-9]|1[0-2])月?')
            and not regexp_full_match(plain, '\d{4}-\d+-\d{4}-\d+')
            then list_transform(
                regexp_extract_all(plain, '(20\d\d[-/.年]?(?:0[1-9]|1[0-2]|[1-9]))', 1),
                lambda m: left(m, 4) || '-' || regexp_replace(substr(m, 5), '\D', '', 'g')
            )
        when to_date(plain) is null
            then list_transform([strftime(to_month(plain), '%Y-%m')], lambda m: [m, m])[1]
    end
)[1];

-- The two dates in 2026-01-01 至 2026-03-31 · 2026/1/1-2026/3/31 · 20260101~20260331 · 2026-01-01 00:00:00 至 2026-03-31 23:59:59 ·
-- 自2026年1月1日起至2026年3月31日止, as a list of two texts.
create or replace macro period_days(t) as (
    case when regexp_full_match(
        plain_text(t),
        '[自从由]?(\d{4}([-/.年])\d{1,2}[-/.月]\d{1,2}日?|20\d{6})( 0?0:00(:00(\.0+)?)?)?起? ?([-~～ |]|[—–]{1,2}|至|到) ?'
        || '(\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|20\d{6})( 0?0:00(:00(\.0+)?)?| 23:59(:59(\.9+)?)?)?止?'
    )
        then regexp_extract_all(plain_text(t), '\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}|20\d{6}')
    end
);

-- The first and the last day of what a period column says. NULL for a single date.
create or replace macro to_period_start(t) as (
    coalesce(try_cast(period_months(t)[1] || '-1' as date), to_date(period_days(t)[1]))
);
create or replace macro to_period_end(t) as (
    coalesce(last_day(try_cast(period_months(t)[2] || '-1' as date)), to_date(period_days(t)[2]))
);

-- A moment in naive UTC. A text or timestamp without an offset is the time of `zone`; one with an offset says it itself.
-- 2026-03-03 09:04:50 · 2026/3/3 9:04 · 2026/3/3 下午 3:20:00 · 2026年3月3日 09:04 · 2026-03-03 · 2026-03-03T01:04:50Z · 2026-03-03 09:04:50+08:00
-- 1772499890 and 1772499890000, seconds and milliseconds since 1970, as programs write a moment from 2001 to 2030.
create or replace macro to_utc(t, zone) as (
    case
        when regexp_full_match(t::varchar, '1[0-8]\d{8}(\d{3})?')
            then epoch_ms(rpad(t::varchar, 13, '0')::bigint)
        when regexp_matches(t::varchar, '\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)$')
            then timezone('UTC', try_cast(t::varchar as timestamptz))
        when regexp_full_match(plain_text(t), '[^ T上下]+([ T]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?| ?[上下]午 ?\d{1,2}:\d{2}(:\d{2})?)?')
            then timezone('UTC', timezone(zone, try_cast(
                trim(to_date(t)::varchar || ' ' || regexp_extract(plain_text(t), '\d+:.*')) as timestamp
            ) + case
                when regexp_matches(t::varchar, '下午\D*(0?\d|1[01]):') then to_hours(12)
                when regexp_matches(t::varchar, '上午\D*12:') then to_hours(-12)
                else to_hours(0)
            end))
    end
);

-- The currency of a registered capital: 30(万美元) · 1,200(万元人民币) · 100万人民币 · 500（万元（港币））. What is left without figure, brackets,
-- 万 and 元 names it; nothing left means yuan. NULL where there is no 万 or 元, where there are two units (元/万元), and of another currency.
create or replace macro to_capital_currency(t) as list_transform(
    [regexp_replace(t::varchar, '^[0-9][0-9,]*(\.[0-9]+)?|[()（）\s]', '', 'g')],
    lambda unit: case
        when regexp_matches(unit, '万|元')
            then case replace(replace(unit, '万', ''), '元', '')
                when '' then 'CNY'
                when '人民币' then 'CNY'
                when '美' then 'USD'
                when '欧' then 'EUR'
                when '日' then 'JPY'
                when '港' then 'HKD'
                when '港币' then 'HKD'
                when '香港' then 'HKD'
                when '英镑' then 'GBP'
                when '瑞士法郎' then 'CHF'
                when '新加坡' then 'SGD'
                when '澳大利亚' then 'AUD'
                when '加' then 'CAD'
                when '加拿大' then 'CAD'
                when '丹麦克郎' then 'DKK'
                when '德国马克' then 'DEM'
                when '法国法郎' then 'FRF'
            end
    end
)[1];

-- The amount of a registered capital in that currency; NULL where the currency is.
create or replace macro to_capital_amount(t) as (
    case
        when to_capital_currency(t) is not null
            then try_cast(replace(regexp_extract(t::varchar, '^[0-9][0-9,]*(\.[0-9]+)?'), ',', '') as decimal(28, 6))
            * case when regexp_matches(t::varchar, '^[0-9,.()（）\s]*万') then 10000 else 1 end
    end
);
