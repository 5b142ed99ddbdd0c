-- Recipes that several models, checks and rules share, each written once. Macros for stage.sql are in macros.sql.
-- tests/transforms/test_shared_recipes.py finds a model that spells one of them out again; test_portable_sql.py reads
-- their bodies as part of the models.

-- Months counted from year 0: the difference of two is a number of months. Integer, NULL for NULL.
create or replace macro month_number(d) as (
    cast(year(d) * 12 + month(d) as integer)
);

-- The enterprise_id of an anchor, given as kind:text: `code:` and the code, or `record:` and feed/source_key.
create or replace macro enterprise_key(kind_and_text) as (
    'E' || substr(sha256(kind_and_text), 1, 15)
);

-- The division of GB/T 4754 in an industry's code: 39 of C3911, 39 or C39; NULL where there is none.
create or replace macro industry_division(code) as (
    case when regexp_extract(code, '[0-9][0-9]') between '01' and '97' then regexp_extract(code, '[0-9][0-9]') end
);

-- Growth in per cent, (now - before) / before: 同比 against the same month of the year before, 环比 against the period before.
-- NULL where the base is missing, zero or negative, because such a rate has no meaning; also NULL where it does not fit
-- decimal(30, 2). Doubles, because 100 times a large amount overflows a decimal, and one such figure would stop the night.
create or replace macro growth_pct(now, before) as (
    case
        when before > 0
            then try_cast((cast(now as double) - cast(before as double)) * 100 / nullif(before, 0) as decimal(30, 2))
    end
);

-- Davis-Haltiwanger-Schuh growth, the change over the mean of both absolute values: from -2 (gone) to +2 (new), zero to
-- zero is 0. It exists where growth_pct does not, and the rates of parts add up to the rate of the whole.
create or replace macro dhs_growth(now, before) as (
    cast(case
        when now = 0 and before = 0 then 0
        else (now - before) / nullif((abs(now) + abs(before)) / 2, 0)
    end as decimal(30, 4))
);

-- The natural logarithm of a positive figure, NULL of any other: a wage per head of less than a fen is 0.00, and a
-- logarithm of zero would stop the night.
create or replace macro positive_log(v) as (
    ln(cast(case when v > 0 then v end as double))
);

-- A whole number as people read it in a sentence: 1,234,567. NULL for NULL. By slices of a padded text, because formats
-- differ between engines.
create or replace macro number_text(v) as (
    case
        when v is not null
            then concat(
                case when cast(v as decimal(24, 0)) < 0 then '-' else '' end,
                ltrim(
                    concat(
                        substr(lpad(cast(abs(cast(v as decimal(24, 0))) as varchar), 24, ' '), 1, 3), ',',
                        substr(lpad(cast(abs(cast(v as decimal(24, 0))) as varchar), 24, ' '), 4, 3), ',',
                        substr(lpad(cast(abs(cast(v as decimal(24, 0))) as varchar), 24, ' '), 7, 3), ',',
                        substr(lpad(cast(abs(cast(v as decimal(24, 0))) as varchar), 24, ' '), 10, 3), ',',
                        substr(lpad(cast(abs(cast(v as decimal(24, 0))) as varchar), 24, ' '), 13, 3), ',',
                        substr(lpad(cast(abs(cast(v as decimal(24, 0))) as varchar), 24, ' '), 16, 3), ',',
                        substr(lpad(cast(abs(cast(v as decimal(24, 0))) as varchar), 24, ' '), 19, 3), ',',
                        substr(lpad(cast(abs(cast(v as decimal(24, 0))) as varchar), 24, ' '), 22, 3)
                    ),
                    ' ,'
                )
            )
    end
);

-- The group of GB/T 4754 in an industry's code: 391 of C3911, 3911 or 391; NULL of a division or section alone.
create or replace macro industry_group(code) as (
    case when industry_division(code) is not null then nullif(regexp_extract(code, '[0-9][0-9][0-9]'), '') end
);

-- Bounds of Wilson's interval (1927) of a share p seen in n cases, 95 % (z = 1.96): 0.5 of 4 is 0.150 to 0.850. NULL where n is not
-- positive or p is no share.
create or replace macro wilson_low(p, n) as (
    case
        when n > 0 and p between 0 and 1
            then (
                p + 1.9208 / nullif(n, 0)
                - 1.96 * sqrt(greatest(0.0, p * (1 - p) / nullif(n, 0) + 0.9604 / nullif(cast(n as double) * n, 0)))
            ) / nullif(1 + 3.8416 / nullif(n, 0), 0)
    end
);

create or replace macro wilson_high(p, n) as (
    case
        when n > 0 and p between 0 and 1
            then (
                p + 1.9208 / nullif(n, 0)
                + 1.96 * sqrt(greatest(0.0, p * (1 - p) / nullif(n, 0) + 0.9604 / nullif(cast(n as double) * n, 0)))
            ) / nullif(1 + 3.8416 / nullif(n, 0), 0)
    end
);

-- Whether both check digits of a unified social credit code hold (GB 32100-2015 and GB 11714-1997); false for any other text. Models use
-- it for codes that no record of ours is matched by; transforms/resolution/codes.py does the same for records.
create or replace macro uscc_holds(code) as (
    coalesce(
        regexp_full_match(code, '[0-9A-HJ-NPQRTUWXY]{18}')
        and (
            31 - (
                (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 1, 1)) - 1) * 1
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 2, 1)) - 1) * 3
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 3, 1)) - 1) * 9
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 4, 1)) - 1) * 27
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 5, 1)) - 1) * 19
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 6, 1)) - 1) * 26
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 7, 1)) - 1) * 16
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 8, 1)) - 1) * 17
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 9, 1)) - 1) * 20
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 10, 1)) - 1) * 29
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 11, 1)) - 1) * 25
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 12, 1)) - 1) * 13
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 13, 1)) - 1) * 8
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 14, 1)) - 1) * 24
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 15, 1)) - 1) * 10
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 16, 1)) - 1) * 30
                + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 17, 1)) - 1) * 28
            ) % 31
        ) % 31 = strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(code, 18, 1)) - 1
        and substr('0123456789X', 1 + (
            11 - (
                (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(code, 9, 1)) - 1) * 3
                + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(code, 10, 1)) - 1) * 7
                + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(code, 11, 1)) - 1) * 9
                + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(code, 12, 1)) - 1) * 10
                + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(code, 13, 1)) - 1) * 5
                + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(code, 14, 1)) - 1) * 8
                + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(code, 15, 1)) - 1) * 4
                + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(code, 16, 1)) - 1) * 2
            ) % 11
        ) % 11, 1) = substr(code, 17, 1),
        false
    )
);

-- A quantity of up to two decimals as people read it in a sentence: 1,200 or 1.5. NULL for NULL.
create or replace macro quantity_text(v) as (
    case when v = floor(v) then number_text(v) else rtrim(cast(cast(v as decimal(18, 2)) as varchar), '0') end
);

-- A quantity with its unit, as the next words of a sentence: ' 300 m2', ' 12' without a unit. NULL for NULL.
create or replace macro quantity_words(v, unit) as (
    ' ' || quantity_text(v) || coalesce(' ' || unit, '')
);

-- The limit of new rows a week that an action counts for (rules/work_list.yml).
create or replace macro work_limit_group(action_code) as (
    case action_code
        when 'answer' then 'answer'
        when 'introduce' then 'introduction'
        when 'attract' then 'attraction'
        else 'call'
    end
);

-- The id of a row of the work list, from the kind of thing to do and what it is about.
create or replace macro work_row_id(action_and_about) as (
    'W' || substr(sha256(action_and_about), 1, 10)
);

-- A record's number but for case, width, blanks and brackets: K 001 and k001 are K001. Dashes stay, as 1-12 and 11-2 are two numbers.
-- Zeros before digits alone are what programs lose that take 0012 for a number.
create or replace macro plain_record_number(record_number) as (
    regexp_replace(
        regexp_replace(
            translate(upper(record_number), '‐‑‒–—―−－（）．·•・／＃＿：，〔〕［］【】', '--------()..../#_:,[][][]'),
            '[\s\pZ\p{Cf}]', '', 'g'
        ),
        '^0+([0-9]+)$', '\1'
    )
);

-- A sentence of a rule file with its figures: filled('{name} is {value}', 'name', 'Sales', 'value', '12') is 'Sales is 12'. Up to eight
-- pairs. NULL where one of the texts is NULL: what may be missing is given as coalesce(…, ''). Names that others write come last,
-- because a placeholder within a text that was put in would be filled by the pairs after it.
create or replace macro filled(
    words, a, a_text, b := '', b_text := '', c := '', c_text := '', d := '', d_text := '',
    e := '', e_text := '', f := '', f_text := '', g := '', g_text := '', h := '', h_text := ''
) as (
    replace(replace(replace(replace(replace(replace(replace(replace(
        words, '{' || a || '}', a_text), '{' || b || '}', b_text), '{' || c || '}', c_text), '{' || d || '}', d_text),
        '{' || e || '}', e_text), '{' || f || '}', f_text), '{' || g || '}', g_text), '{' || h || '}', h_text)
);
