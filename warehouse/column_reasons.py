"""Why a row cannot be used by what other columns, or the other values of a column, say of a figure or code.

A unit or currency in a column of its own that stage.sql does not look at; 13,501 in a column of 0,5; class 112 among classes of four
digits. What a value shows by itself is in row_reasons.py and damages.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import duckdb

from warehouse.connection import literal, quote
from warehouse.staged_feed import StagedFeed
from warehouse.state_reasons import unused_columns, words_of
from warehouse.units import BARE_FIGURE, OTHER_CURRENCY, OTHER_RENT, RENT, even, is_unit_of, multiple_of

STATED_UNIT = " is another unit or currency than stage.sql reckons with: let it read that column: "
DECIMAL_COMMA = " may have a decimal comma, as other values of its column have: declare source.decimal: "
LOST_ZERO = " has lost the zero before it: ask for the column formatted as text, or let stage.sql pad it: "
# 金额单位, 计量单位(元/万元), 数量级, 币种, Currency
_OF_UNITS = re.compile(r"单\s*位|量[级纲]|[币货][种别币制]|货\s*币|计价|currency|\bunits?\b|\buom\b", re.IGNORECASE)
_OF_CURRENCIES = re.compile(r"[币货]|currency", re.IGNORECASE)
# a column of what the amount is in yuan: the currency is that of another one, 原币金额
_IN_YUAN = re.compile(r"本位币|折合|折算|人民币|RMB|CNY", re.IGNORECASE)
# what is around the unit of an amount: 人民币万元, 元/月
_AROUND_YUAN = re.compile(r"^(?:人民币|RMB|CNY|[￥¥])|(?:人民币|/月|每月)$", re.IGNORECASE)
# of each ending of a figure's column, units that are not the usual one with a multiple before it
_OTHERS = {
    "_m2": r"亩|公顷|平方公里|平方千米|平方英尺|sq\.?ft|坪",
    "_quantity": "升|l|加仑|[吉兆]焦|[gm]j|[千大]卡|k?cal|kvarh?|千乏时?|吨?标准?煤|tce",
}
# of 12.345 and 12345 yuan, one is the other in thousands
_USUAL_FACTORS = (1.0, 0.01, 1000.0, 10_000.0)
_EQUAL, _CENT = 1e-6, 0.006
# 0,5 and 1,2345 have a decimal comma, 13,501 may have; so many of a column, and so many beside those that may
_COMMAS_MIN, _COMMAS_OF = 3, 10
_A_DECIMAL, _EITHER = r"^[-+(]?\d+,(?:\d{1,2}|\d{4,})\)?$", r"^[-+(]?\d{1,3},\d{3}\)?$"
# classes and groups of GB/T 4754-2017 that begin with 0: farming to mining of metals
ZERO_CLASSES = (
    "011[1239]|012[123]|013[1-4]|014[1239]|015[1-49]|016[1-49]|017[19]|018[12]|0190|021[12]|0220|023[12]|024[12]|025[12]"
    "|031[1-59]|032[1-39]|0330|039[129]|041[12]|042[12]|051[1-59]|052[1-39]|053[129]|054[19]"
    "|06[129]0|071[12]|072[12]|08[129]0|091[1-79]|092[129]|093[1-39]"
)
ZERO_GROUPS = "01[1-9]|02[1-5]|03[1239]|04[12]|05[1-4]|06[129]|07[12]|08[129]|09[123]"
_CODES_MIN, _CODES_SHARE = 5, 2 / 3


def reject_stated_units(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, types: Mapping[str, str]) -> None:
    """Reject rows of which a column that is not used says another unit than stage.sql makes of the figure: 12.5 beside 万元, 美元 or 亩."""
    for column in (s for s in unused_columns(feed) if types[s] == "VARCHAR" and _OF_UNITS.search(s)):
        words = [*words_of(connection, column)]
        for target in (c.name for c in feed.subject.columns.values() if c.type.startswith(("bigint", "decimal"))):
            sources = [s for s in feed.landed_columns if target in feed.columns.get(s, ())]
            if len(sources) == 1:
                _reject_stated_units_of(connection, feed, column, sources[0], target, words)


def _reject_stated_units_of(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, column: str, source: str, target: str, words: list[str]
) -> None:
    factors = {word: _factor(word, target, is_currency=bool(_OF_CURRENCIES.search(column))) for word in words}
    known = {word: factor for word, factor in factors.items() if factor is not None}
    if 2 * len(known) < len(words) or all(factor in (0.0, 1.0) for factor in known.values()):
        return
    in_yuan = "currency_code" in feed.stage_sql or any(_IN_YUAN.search(s) for s in feed.landed_columns if s != column)
    if target.endswith("_amount") and in_yuan:
        known = {word: factor for word, factor in known.items() if factor >= 0}
    if feed.multiples.get(source):  # its header states the unit; the column then names the currency
        known = {word: factor for word, factor in known.items() if factor != 1.0}
    others = sorted({*_USUAL_FACTORS, *(f for f in known.values() if f > 0)})
    connection.execute(
        f"""
        insert into rejected
        with stated as (select unnest(?::varchar[]) as word, unnest(?::double[]) as factor),
        figure as (
            select
                d.row_number, s.word, s.factor, c.{quote(target)}::double as made,
                try_cast(signed_number(d.{quote(source)}::varchar) as double) as value
            from delivery as d
            inner join candidate as c using (row_number)
            inner join stated as s on d.{quote(column)} = s.word
            where regexp_full_match(d.{quote(source)}::varchar, {literal(BARE_FIGURE)}) and c.skip_because is null
        )
        select row_number, {literal(column + STATED_UNIT)} || word
        from figure
        where row_number not in (select row_number from rejected where starts_with(reason, {literal(column + STATED_UNIT)}))
            and made <> 0 and value <> 0
            and not (factor > 0 and abs(made - value * factor) <= {_CENT} + abs(made) * {_EQUAL})
            and list_has_any([true], list_transform(?::double[], lambda f: abs(made - value * f) <= {_CENT} + abs(made) * {_EQUAL}))
        """,
        [
            [word for word, factor in known.items() if factor],
            [factor for factor in known.values() if factor],
            others,
        ],
    )


def _factor(word: str, target: str, *, is_currency: bool) -> float | None:
    """How many of the usual unit a word is: 1e4 of 万元; -1 of another one, 0 where it says nothing of it; None of any other text."""
    unit = re.sub(r"[\s()\[\]【】]", "", even(word)).replace("圆", "元")
    if target.endswith("_amount"):
        if OTHER_CURRENCY.search(unit):
            return -1.0
        if OTHER_RENT.search(unit):
            return -1.0 if target == RENT else None
        inner = _AROUND_YUAN.sub("", unit)
        if unit and not inner:
            return 0.0
        unit = inner
    other = next((units for ending, units in _OTHERS.items() if target.endswith(ending)), None)
    if other and re.fullmatch(other, unit, re.IGNORECASE):
        return float(multiple_of(unit)) if multiple_of(unit) != 1 else -1.0
    if not unit or not is_unit_of(target, unit):
        return None
    times = float(multiple_of(unit))
    return 0.0 if times == 1.0 and is_currency and target.endswith("_amount") else times


def reject_decimal_commas(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, types: Mapping[str, str]) -> None:
    """Reject 13,501 that was read as thousands where other values of its column, 0,5 and 1,2345, have a decimal comma."""
    figures = {c.name for c in feed.subject.columns.values() if c.type.startswith("decimal")}
    sources = [s for s in feed.landed_columns if types[s] == "VARCHAR" and figures & {*feed.columns.get(s, ())}]
    odd = " or ".join(f"contains({quote(source)}, ',')" for source in sources)
    if not sources or not connection.execute(f"from delivery where {odd} limit 1").fetchone():
        return
    for source in sources:
        either = f"regexp_matches(trim(d.{quote(source)}), {literal(_EITHER)})"
        targets = [f"c.{quote(t)} is not null" for t in sorted(figures & {*feed.columns[source]})]
        connection.execute(
            f"""
            insert into rejected
            with counted as (
                select
                    count_if(regexp_matches(trim({quote(source)}), {literal(_A_DECIMAL)})) as decimals,
                    count_if(contains({quote(source)}, ',')) as commas
                from delivery
            )
            select distinct d.row_number, {literal(source + DECIMAL_COMMA)} || d.{quote(source)}
            from delivery as d
            inner join candidate as c using (row_number)
            cross join counted
            where {either} and ({" or ".join(targets)}) and c.skip_because is null
                and decimals >= {_COMMAS_MIN} and {_COMMAS_OF} * decimals >= commas
            """
        )


def reject_lost_zeros(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Reject codes of digits that a spreadsheet took for numbers, where the other codes of their column show it.

    A sector 1 beside 42 is 01: a table's sectors have one length. Industries have two to four digits, by level.
    """
    if "from_sector_code" in feed.subject.columns:
        _reject_short_sectors(connection)
    if "source_key" in feed.subject.columns:
        _reject_short_keys(connection)
    if "industry_code" not in feed.subject.columns:
        return
    lengths = dict(
        connection.execute(
            "select length(industry_code), count(*) from candidate where industry_code is not null and skip_because is null group by 1"
        ).fetchall()
    )
    is_digit = "length(industry_code) = 1 and industry_code between '1' and '9'"
    if lengths.get(1) and connection.execute(f"from candidate where {is_digit} limit 1").fetchone():
        # 1 is 01 without doubt (a section is a letter): no code of this delivery has kept its zero
        connection.execute(
            f"insert into rejected select row_number, {literal('industry_code' + LOST_ZERO)} || industry_code from candidate "
            f"where skip_because is null and regexp_full_match('0' || industry_code, {literal(f'{ZERO_GROUPS}|{ZERO_CLASSES}')})"
        )
    elif len(lengths) == 2 and max(lengths) - min(lengths) == 1 and max(lengths) in (3, 4):
        usual = max(lengths)
        if lengths[usual] >= max(_CODES_MIN, _CODES_SHARE * sum(lengths.values())):
            _reject_short_industries(connection, usual)


def _reject_short_keys(connection: duckdb.DuckDBPyConnection) -> None:
    """Reject key 12 among 00011, 00013, …: where all keys of digits with a zero before them have one length, and none is longer.

    Cells that were typed again are numbers, and those beside them are still text.
    """
    if not connection.execute("from candidate where source_key between '0' and '0:' limit 1").fetchone():
        return
    connection.execute(
        f"""
        insert into rejected
        with key as (
            select row_number, source_key as code, length(source_key) as digits, starts_with(source_key, '0') as has_zero
            from candidate
            where regexp_full_match(source_key, '[0-9]+') and skip_because is null
        ),
        usual as (
            select max(digits) as digits
            from key
            having count(distinct code) filter (has_zero) >= {_CODES_MIN}
                and min(digits) filter (has_zero) = max(digits) and max(digits) > 1
        )
        select distinct row_number, {literal("source_key" + LOST_ZERO)} || code
        from key
        inner join usual on key.digits < usual.digits
        """
    )


def _reject_short_industries(connection: duckdb.DuckDBPyConnection, usual: int) -> None:
    """Reject industry 112 (0112, wheat) where all others have four digits, and 11 (011) where they have three.

    Not where zeros are kept, where a code is the group of another (391 of 3911), or where one of the short codes can be no
    code that lost a zero: then the office states groups beside classes.
    """
    connection.execute(
        f"""
        insert into rejected
        with code as (
            select row_number, industry_code as code, length(industry_code) < {usual} as is_short
            from candidate
            where industry_code is not null and skip_because is null
        ),
        short as (
            select row_number, code, not regexp_full_match('0' || code, {literal(ZERO_CLASSES if usual == 4 else ZERO_GROUPS)}) as is_other
            from code
            where is_short
        )
        select row_number, {literal("industry_code" + LOST_ZERO)} || code
        from short
        where not (select bool_or(is_other) from short)
            and not (select bool_or(starts_with(code, '0') or not regexp_full_match(code, '[0-9]+')) from code where not is_short)
            and code not in (select left(code, {usual - 1}) from code where not is_short)
        """
    )


def _reject_short_sectors(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""
        insert into rejected
        with code as (
            select row_number, sector_system_code as of_system, unnest([from_sector_code, to_sector_code]) as code
            from candidate
            where skip_because is null
        ),
        long as (
            select of_system, max(length(code)) as digits, count(distinct code) as codes
            from code
            where regexp_full_match(code, '[0-9]+')
            group by of_system
        )
        select distinct row_number, {literal("sector_code" + LOST_ZERO)} || code
        from code
        inner join long using (of_system)
        where length(code) < digits and codes >= {_CODES_MIN} and regexp_full_match(code, '[0-9]+')
        """
    )
