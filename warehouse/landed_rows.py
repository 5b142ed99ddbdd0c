"""The table `delivery`: landed rows as a feed's stage.sql reads them; and when the office recorded them.

Values are trimmed, without invisible marks, and in the usual characters; missing values are NULL, codes translated.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.connection import literal, quote
from warehouse.errors import UnknownCodes
from warehouse.persons import detectors, removed
from warehouse.staged_feed import StagedFeed

# of a register of millions
_ROWS_AT_ONCE = 100_000
# what landing leaves in place of a person; alone in a field it is not a value
BLOTTED = tuple(dict.fromkeys(removed(d.kind) for d in detectors()))
# What offices have around a value: spaces of every width, tabs, line ends, a byte order mark.
_BLANKS = (" ", "\t", "\r", "\n", "\u00a0", "\u2002", "\u2003", "\u2009", "\u200b", "\u202f", "\u3000", "\ufeff")
# Line ends and wide or fixed spaces within a value become a space.
_LINE_ENDS = "\n\r\t\v\f\x85\u2028\u2029\u00a0\u2002\u2003\u2009\u202f\u3000"
# Zero-width and direction marks come along from web pages and messengers, and controls would be obeyed by whoever's terminal shows them:
# they are never part of a value.
_MARKS = "".join(
    map(
        chr,
        (
            *(code for code in (*range(1, 0x20), *range(0x7F, 0xA0)) if chr(code) not in _LINE_ENDS),
            *(0xAD, 0x61C, 0x180E),
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            0xFEFF,
        ),
    )
)
# PDFs and old code pages write 广 and 长 as radicals or compatibility forms: they look the same, and no search finds them. Unicode
# gives the ideograph of all but those of the supplement (EquivalentUnifiedIdeograph.txt; the ones that are whole characters)
_ODD_FORMS = {
    chr(code): normalize("NFKC", chr(code))
    for code in (*range(0x2F00, 0x2FD6), *range(0xF900, 0xFB00))
    if len(normalize("NFKC", chr(code))) == 1
}
_ODD_FORMS |= dict(
    zip(
        "⺟⺠⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻯⻰⻳",
        "母民虎西见角贝车長长门青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿竜龙龟",
        strict=True,
    )
)
_TO_TAKE_OFF = f"^[{''.join(_BLANKS)}]|[{''.join(_BLANKS)}]$|[{_LINE_ENDS}{_MARKS}]"
_MAY_BE_ODD = r"[\x{2E80}-\x{2FDF}\x{F900}-\x{FAFF}]"
# of texts that mean "no value": -1 may come as －１
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
# '0012 of spreadsheets, also as an input method writes it; '0012' of a program; `0012 of bills of payment services; ="0012", =""0012"";
# "0012" of JSON, “0012” of a word processor
_KEPT_AS_TEXT = r"""^(?:['‘’＇`´]([0-9A-Za-z][0-9A-Za-z./-]*)['‘’＇`´]?|="{1,2}([^"]*)"{1,2}|"([^"\\]*)"|“([^“”]*)”)$"""

# where that may be, once blanks are taken off
_MAY_BE_KEPT = rf"^[{''.join(_BLANKS)}{_LINE_ENDS}{_MARKS}]*['‘’＇`´=\"“]"


def open_delivery(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, rows: str, types: Mapping[str, str]) -> None:
    """Make the table `delivery` of landed rows: trimmed, blanks and stated missing values NULL, codes translated.

    Args:
        connection: Where the table is made.
        feed: The declared feed.
        rows: A relation to select from.
        types: Its columns and their types.
    """
    wide = [text.translate(_FULL_WIDTH) for text in feed.missing]
    none = tuple(dict.fromkeys((*feed.missing, *wide, *BLOTTED, "")))
    missing = ", ".join(map(literal, none))
    texts = [name for name in feed.landed_columns if types.get(name) == "VARCHAR"]
    odd = _odd_columns(connection, rows, [n for n in feed.landed_columns if n in types], none)
    # step by step, because an expression that is written twice is computed twice
    trimmed, bare, translated = (["row_number::bigint as row_number"] for _ in range(3))
    for name in feed.landed_columns:
        column = quote(name)
        value = column if name in types else "null::varchar"
        if name in texts and name in odd.untidy:
            value = f"regexp_replace({value}, {literal(f'[{_MARKS}]')}, '', 'g')"
            value = (
                f"trim(regexp_replace({value}, {literal(f'[{_LINE_ENDS}]')}, ' ', 'g'), {literal(''.join(_BLANKS))})"
            )
        if name in texts and name in odd.of_odd_forms:
            value = f"translate({value}, {literal(''.join(_ODD_FORMS))}, {literal(''.join(_ODD_FORMS.values()))})"
        trimmed.append(f"{value} as {column}")
        value = column
        if name in texts and name in odd.kept_as_text:
            value = f"regexp_replace({column}, {literal(_KEPT_AS_TEXT)}, '\\1\\2\\3\\4')"
        bare.append(f"{value} as {column}")
        value = column
        if codes := feed.codes.get(name):
            choices = " ".join(f"when {literal(code)} then {literal(meaning)}" for code, meaning in codes.items())
            value = f"case {column}::varchar {choices} else chr(1) || {column}::varchar end"
        if any(name in columns for columns in odd):  # what is left of a value may mean none, too
            value = f"case when {column}::varchar not in ({missing}) then {value} end"
        translated.append(f"{value} as {column}")
    connection.execute(
        f"create or replace temp table delivery as select {', '.join(translated)} from (select {', '.join(bare)} from "
        f"(select {', '.join(trimmed)} from {rows}))"
    )


class _OddColumns(NamedTuple):
    untidy: set[str]
    of_odd_forms: set[str]
    kept_as_text: set[str]
    missing: set[str]


def _odd_columns(
    connection: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[str], missing: Sequence[str]
) -> _OddColumns:
    """The columns with a value of which something is to be taken off, or which means that there is none.

    Patterns for each column cost DuckDB more to make ready than all else of a small delivery. Arrow has the same RE2.
    """
    odd = _OddColumns(set(), set(), set(), set())
    as_text = ", ".join(f"{quote(name)}::varchar as {quote(name)}" for name in columns) or "null"
    for batch in connection.execute(f"select {as_text} from {rows}").to_arrow_reader(_ROWS_AT_ONCE):
        for name, given in zip(columns, batch.columns, strict=False):
            values = pc.unique(given)
            for found, pattern in zip(odd, (_TO_TAKE_OFF, _MAY_BE_ODD, _MAY_BE_KEPT), strict=False):
                if name not in found and pc.any(pc.match_substring_regex(values, pattern)).as_py():
                    found.add(name)
            if pc.any(pc.is_in(values, pa.array(missing, pa.string()))).as_py():
                odd.missing.add(name)
    return odd


# known codes that a message names
_MOST_NAMED = 12


def open_batch(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, path: Path, where: str) -> None:
    """Make the table `delivery` of a landed batch.

    Raises:
        DeliveryRefused: Unknown codes.
    """
    rows = f"read_parquet({literal(os.fspath(path))})"
    types = {name: kind for name, kind, *_ in connection.execute(f"describe select * from {rows}").fetchall()}
    open_delivery(connection, feed, rows, types)
    stop_on_unknown_codes(connection, feed, where)


def read_clocks(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, time_zone: str) -> None:
    """Make the table `recorded`: the office's time of recording of each row of `delivery`, in naive UTC."""
    at = (
        f"to_utc({quote(feed.recorded_at)}, {literal(feed.clock or time_zone)})"
        if feed.recorded_at
        else "null::timestamp"
    )
    connection.execute(f"create or replace temp table recorded as select row_number, {at} as recorded_at from delivery")


def stop_on_unknown_codes(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, where: str) -> None:
    """Hold the table `delivery` to the feed's declared codes.

    Raises:
        UnknownCodes: One is not declared.
    """
    unknown = {
        column: connection.execute(
            f"select substr({quote(column)}, 2) as code, count(*) as n from delivery "
            f"where starts_with({quote(column)}, chr(1)) group by 1 order by n desc, code limit 5"
        ).fetchall()
        for column in feed.codes
    }
    unknown = {column: codes for column, codes in unknown.items() if codes}
    if unknown:
        found = (f"{c}: " + ", ".join(f"{code!r} ({n:,} rows)" for code, n in codes) for c, codes in unknown.items())
        known = list(dict.fromkeys(code for column in unknown for code in feed.codes[column]))
        raise UnknownCodes(
            where,
            f"unknown code in {', in '.join(found)}",
            allowed=", ".join(known[:_MOST_NAMED]) + (", …" if len(known) > _MOST_NAMED else ""),
            next_step=f"ask the office what it means and add it to codes in {feed.name}/feed.yml, then run "
            f"`parkbridge sync {feed.name}`. Published data is unchanged",
            columns=tuple(unknown),
        )
