"""LOAD and STAGE: landed batches become staged rows with two clocks, or stop before anything is replaced.

Two steps. `stage` reads a feed's pending batches through its stage.sql into `incoming.<feed>`, quarantines what cannot be
used and stops where more is wrong than the feed allows. `accept` merges the rows of `incoming.<feed>` into
`staged.<subject>` in one transaction. Between the two the feed's contract is checked (expectations/).

Clocks of a staged row: `recorded_at` is the office's own time, where it gives one. `received_at` is when we can first have
known the row: the time the source states if that lies within the stretch this pull covers, else the end of the pull. A row
that turns up with an older time was not known then, and does not pretend to have been. `superseded_at` is when a later
version (or its withdrawal) became known; it is NULL for what is current. Both versions of a corrected row stay. A version
that was outdated when it arrived has `superseded_at` at or before its `received_at`: it is kept and was never current.

A version that the office states again is no new version. `last_recorded_at` keeps the latest office time at which it was
stated (NULL where that is `recorded_at`), because a row recorded before that time comes too late to be current.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize
from zoneinfo import ZoneInfo

import duckdb

from warehouse.batches import REJECTED, ROWS, UNREADABLE, Batch, Manifest, announce, settle
from warehouse.clock import LONG_AGO, utc
from warehouse.confirmation import Confirmation
from warehouse.connection import committed_batches, literal, quote, the_row, transaction
from warehouse.delivery_limits import hold_to_allowance, hold_to_habit, hold_to_midnights, hold_to_twins, hold_to_units
from warehouse.errors import DeclarationError, DeliveryRefused, Overtaken
from warehouse.persons import blotted, detectors, is_code, removed, texts_with_persons
from warehouse.row_reasons import (
    is_day_alone,
    judge,
    local_day,
    quarantine_days_beside_times,
    quarantine_other_facts,
    quarantine_persons,
)
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import LINEAGE, Column, month_of_fact

# so many rows are worth all threads, however small the warehouse still is (warehouse.connection.spare_threads)
_MANY_ROWS = 200_000
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
_TO_TAKE_OFF = (
    f"^[{''.join(_BLANKS)}]|[{''.join(_BLANKS)}]$|[{_LINE_ENDS}{_MARKS}]|" + r"[\x{2E80}-\x{2FDF}\x{F900}-\x{FAFF}]"
)
# in place of these signs come those, and nothing in place of the marks behind them
_REPLACED = _LINE_ENDS + "".join(_ODD_FORMS) + _MARKS, " " * len(_LINE_ENDS) + "".join(_ODD_FORMS.values())
# of texts that mean "no value": -1 may come as －１
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
# of keys and codes: １２３ of one delivery is 123 of the next; brackets of a name stay as they are
_WIDE_SIGNS = "".join(
    chr(code) for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), 0xFF0D)
)
# '0012 of spreadsheets, also as an input method writes it; '0012' of a program; `0012 of bills of payment services; ="0012", =""0012"";
# "0012" of JSON, “0012” of a word processor
_KEPT_AS_TEXT = r"""^(?:['‘’＇`´]([0-9A-Za-z][0-9A-Za-z./-]*)['‘’＇`´]?|="{1,2}([^"]*)"{1,2}|"([^"\\]*)"|“([^“”]*)”)$"""


# of a sample or a trial, which no park delivered
USUAL_ZONE = ZoneInfo("Asia/Shanghai")
# columns of incoming."unread by <feed>"
_UNREAD = "fact varchar, source_key varchar, month date, period_months bigint, is_skipped boolean"


@dataclass(frozen=True)
class Staged:
    """What became of one batch at staging: `rows` are staged rows, the others rows of the delivery.

    rejected + skipped + repeated + used is what was landed.
    """

    manifest: Manifest
    rows: int
    rejected: int
    skipped: int
    repeated: int
    used: int


def stage(
    connection: duckdb.DuckDBPyConnection,
    feed: StagedFeed,
    batches: Sequence[Batch],
    *,
    time_zone: ZoneInfo,
    is_rebuild: bool = False,
    confirmation: Confirmation | None = None,
) -> list[Staged]:
    """Read pending batches into incoming.<feed>, which is made anew; rows that cannot be used go to rejected.parquet.

    Args:
        connection: The writer's.
        feed: The declared feed.
        batches: In the order in which they are to be accepted.
        time_zone: In which the office's times are, unless the feed names its own clock.
        is_rebuild: The batches were accepted before; what they may be short of is not asked again.
        confirmation: Who says that what differs from the deliveries before is right.

    Raises:
        DeliveryRefused: Unknown codes, more rejected rows than allowed, too few or too many rows, a feed that goes
            backwards, or a delivery that differs from those before it in most rows. `incoming.<feed>` is empty then.
        DeclarationError: stage.sql does not run or gives no row_number.
    """
    table = open_incoming(connection, feed)
    if sum(batch.manifest.rows for batch in batches) > _MANY_ROWS:
        connection.execute("reset threads")
    results = []
    try:
        # a moment's day and hour are the park's, however stage.sql asks for them (t::date, date_trunc, strftime)
        connection.execute(f"set TimeZone = {literal(time_zone.key)}")
        for number in range(len(batches)):
            staged = _stage_one(connection, feed, table, batches[: number + 1], time_zone, is_rebuild, confirmation)
            results.append(staged)
            connection.execute(
                "insert into ops.incoming by name select ? as feed, ? as batch_number, ? as batch_id, ? as rejected, "
                "? as skipped, ? as repeated, ? as used",
                [
                    feed.name,
                    number,
                    staged.manifest.batch_id,
                    staged.rejected,
                    staged.skipped,
                    staged.repeated,
                    staged.used,
                ],
            )
    except BaseException:
        connection.execute(f"delete from {table}")
        connection.execute("delete from ops.incoming where feed = ?", [feed.name])
        raise
    finally:
        connection.execute("reset TimeZone")
    return results


def open_incoming(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> str:
    """Make the empty tables of a feed's staged rows and unread facts, and return the first one's name."""
    table = f"incoming.{quote(feed.name)}"
    columns = {name: column.type for name, column in feed.subject.columns.items()} | LINEAGE
    listed = ", ".join(f"{quote(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"create or replace table {table} ({listed}, batch_number integer)")
    connection.execute(f"create or replace table {_unread(feed)} ({_UNREAD}, batch_number integer)")
    keys = ", ".join(f"{quote(name)} {columns[name]}" for name in feed.subject.key)
    connection.execute(
        f"create or replace table {_taken_back(feed)} ({keys}, recorded_at timestamp, batch_number integer)"
    )
    connection.execute("delete from ops.incoming where feed = ?", [feed.name])
    return table


def _stage_one(
    connection: duckdb.DuckDBPyConnection,
    feed: StagedFeed,
    table: str,
    batches: Sequence[Batch],
    time_zone: ZoneInfo,
    is_rebuild: bool,
    confirmation: Confirmation | None,
) -> Staged:
    """Stage the last of `batches`; those before it are staged."""
    batch, number = batches[-1], len(batches) - 1
    manifest, where = batch.manifest, f"{feed.name} {batch.manifest.delivery}"
    _open_delivery(connection, feed, batch.folder / ROWS, where)
    _run_stage_sql(connection, feed, where)
    _skip_months_to_come(connection, feed, manifest.pulled_until, time_zone)
    # under a clock that went back, what is known already is no future: hold_feed_to_clocks says what is wrong
    (last,) = the_row(connection, "select max(pulled_until) from ops.batch where feed = ?", [feed.name])
    judge(connection, feed, max(utc(manifest.pulled_until), last or datetime.min))
    quarantine_persons(connection, feed)
    connection.execute(
        # a row that the office recorded before it sent the file was not known before the file was there
        f"insert into {table} by name select *, greatest(recorded_at, $delivered_at::timestamp) as received_at from "
        f"(select {_recorded(feed, time_zone)} as recorded_at, s.* exclude (skip_because, is_withdrawn), "
        "$feed as feed, $batch_id as batch_id, $number as batch_number "
        "from candidate as s join delivery as d using (row_number) "
        "where s.skip_because is null and s.row_number not in (select row_number from rejected))",
        {
            "feed": feed.name,
            "batch_id": manifest.batch_id,
            "number": number,
            "delivered_at": utc(manifest.delivered_at) if manifest.delivered_at else None,
        },
    )
    repeated = _collapse_repeats(connection, feed, table, number, time_zone)
    quarantine_other_facts(connection, feed, table, number)
    quarantine_days_beside_times(connection, feed, table, number, feed.clock or time_zone.key)
    _write_rejected(connection, feed, batch)
    _note_unread(connection, feed, table, number)
    _note_taken_back(connection, feed, number, time_zone)
    rows, used, skipped, rejected = the_row(
        connection,
        "select count(*), count(distinct row_number), (select count(*) from "
        "(select row_number from candidate group by row_number having bool_and(skip_because is not null))), "
        f"(select count(*) from read_parquet({literal(os.fspath(batch.folder / REJECTED))})) "
        f"from {table} where batch_number = {number}",
    )
    staged = Staged(manifest, rows=rows, rejected=rejected, skipped=skipped, repeated=repeated, used=used)
    if not is_rebuild:
        hold_to_midnights(connection, feed, where, manifest.pulled_until, time_zone)
        hold_to_twins(connection, feed, batches, table)
        hold_to_allowance(connection, feed, batch, staged.rejected, table, number)
        hold_to_habit(connection, feed, batch, table, number, confirmation)
    return staged


def rehearse(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, rows: str, types: Mapping[str, str]
) -> list[dict[str, str]]:
    """What staging makes of the rows of a relation, as text, with `rejected_because`; nothing is kept.

    Raises:
        DeliveryRefused: Unknown codes.
        DeclarationError: stage.sql does not run.
    """
    connection.execute(f"set TimeZone = {literal(USUAL_ZONE.key)}")
    open_delivery(connection, feed, rows, types)
    _stop_on_unknown_codes(connection, feed, feed.name)
    _run_stage_sql(connection, feed, feed.name)
    judge(connection, feed)
    return staged_rows(connection, feed)


def staged_rows(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> list[dict[str, str]]:
    """What became of the delivery that was staged last, or rehearsed: its rows as text, with `rejected_because`."""
    columns = ", ".join(f"coalesce(s.{quote(c)}::varchar, '') as {quote(c)}" for c in feed.subject.columns)
    found = connection.execute(
        f"select {columns}, coalesce(s.skip_because, '') as skip_because, coalesce(r.reason, '') as rejected_because "
        "from delivery as d left join candidate as s using (row_number) left join "
        "(select row_number, string_agg(reason, '; ') as reason from rejected group by all) as r using (row_number) "
        f"order by row_number, {', '.join(f's.{quote(k)}' for k in feed.subject.key)}"
    )
    names = [name for name, *_ in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _count(connection: duckdb.DuckDBPyConnection, rest: str, parameters: Sequence[object] = ()) -> int:
    return int(the_row(connection, f"select count(*) {rest}", list(parameters))[0])


def open_delivery(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, rows: str, types: Mapping[str, str]) -> None:
    """Make the table `delivery` of landed rows: trimmed, blanks and stated missing values NULL, codes translated.

    Args:
        connection: Where the table is made.
        feed: The declared feed.
        rows: A relation to select from.
        types: Its columns and their types.
    """
    wide = [text.translate(_FULL_WIDTH) for text in feed.missing]
    missing = ", ".join(literal(text) for text in dict.fromkeys((*feed.missing, *wide, *BLOTTED, "")))
    # step by step, because an expression that is written twice is computed twice
    trimmed, bare, translated = (["row_number::bigint as row_number"] for _ in range(3))
    for name in feed.landed_columns:
        column = quote(name)
        is_text = types.get(name) == "VARCHAR"
        value = column if name in types else "null::varchar"
        if is_text:
            value = (
                f"case when regexp_matches({column}, {literal(_TO_TAKE_OFF)}) "
                f"then trim(translate({column}, {literal(_REPLACED[0])}, {literal(_REPLACED[1])}), "
                f"{literal(''.join(_BLANKS))}) else {column} end"
            )
        trimmed.append(f"{value} as {column}")
        value = column
        if is_text:
            value = f"regexp_replace({column}, {literal(_KEPT_AS_TEXT)}, '\\1\\2\\3\\4')"
            value = f"case when regexp_matches({column}, {literal(_KEPT_AS_TEXT)}) then {value} else {column} end"
        bare.append(f"{value} as {column}")
        value = column
        if codes := feed.codes.get(name):
            choices = " ".join(f"when {literal(code)} then {literal(meaning)}" for code, meaning in codes.items())
            value = f"case {column}::varchar {choices} else chr(1) || {column}::varchar end"
        if is_text or feed.missing:
            value = f"case when {column}::varchar not in ({missing}) then {value} end"
        translated.append(f"{value} as {column}")
    connection.execute(
        f"create or replace temp table delivery as select {', '.join(translated)} from (select {', '.join(bare)} from "
        f"(select {', '.join(trimmed)} from {rows}))"
    )


def _open_delivery(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, path: Path, where: str) -> None:
    rows = f"read_parquet({literal(os.fspath(path))})"
    types = {name: kind for name, kind, *_ in connection.execute(f"describe select * from {rows}").fetchall()}
    open_delivery(connection, feed, rows, types)
    _stop_on_unknown_codes(connection, feed, where)


def _stop_on_unknown_codes(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, where: str) -> None:
    for column in feed.codes:
        unknown = connection.execute(
            f"select substr({quote(column)}, 2) as code, count(*) as n from delivery "
            f"where starts_with({quote(column)}, chr(1)) group by 1 order by n desc, code limit 5"
        ).fetchall()
        if unknown:
            raise DeliveryRefused(
                where,
                f"unknown code in {column}: " + ", ".join(f"{code!r} ({n:,} rows)" for code, n in unknown),
                allowed=", ".join(feed.codes[column]),
                next_step=f"ask the office what it means and add it to codes in {feed.name}/feed.yml, then run "
                f"`parkbridge sync {feed.name}`. Published data is unchanged",
            )


# what is wrong with the text of stage.sql, whatever the rows are
_DECLARED_WRONGLY = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


def _run_stage_sql(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, where: str) -> None:
    """Make `candidate`: the subject's columns, cast, with row_number, skip_because and is_withdrawn, which skips its row, too."""
    try:
        connection.execute(f"create or replace temp table made as select * from ({_one_select(feed)})")
    except _DECLARED_WRONGLY as error:
        raise DeclarationError(
            f"{feed.name}/stage.sql",
            f"it does not run: {' '.join(str(error).split())[:300]}",
            next_step=f"fix it, then `parkbridge feed check {feed.name}`",
        ) from error
    except duckdb.Error as error:
        raise DeclarationError(
            f"{feed.name}/stage.sql",
            f"it fails on {where}: {' '.join(str(error).split())[:300]}",
            next_step="use try_cast or the macros of warehouse/macros.sql, so that one odd value costs one row",
        ) from error
    given = {str(name): str(kind) for name, kind, *_ in connection.execute("describe made").fetchall()}
    unknown = sorted(set(given) - set(feed.subject.columns) - {"row_number", "skip_because", "withdrawn_because"})
    if "row_number" not in given or unknown:
        raise DeclarationError(
            f"{feed.name}/stage.sql",
            f"it gives {', '.join(unknown)}, which {feed.subject.name} does not have"
            if unknown
            else "it gives no row_number",
            next_step=f"return row_number and columns of {feed.subject.name}: {', '.join(feed.subject.columns)}",
        )
    codes = {*feed.subject.key, *(c for c in feed.subject.columns if is_code(c))}
    columns = [
        f"{_cast(c, given[c.name], is_key_or_code=c.name in codes) if c.name in given else f'null::{c.type}'} as {quote(c.name)}"
        for c in feed.subject.columns.values()
    ]
    skip, withdrawn = (
        f"{name}::varchar" if name in given else "null::varchar" for name in ("skip_because", "withdrawn_because")
    )
    # without its key it is unknown what is withdrawn: the row is judged as any other
    has_key = " and ".join(f"{quote(name)} is not null" for name in feed.subject.key if name in given) or "false"
    connection.execute(
        f"create or replace temp table candidate as select * exclude (skipped, withdrawn), "
        f"coalesce(skipped, case when {has_key} then withdrawn end) as skip_because, "
        f"withdrawn is not null and {has_key} as is_withdrawn from "
        f"(select row_number, {', '.join(columns)}, {skip} as skipped, {withdrawn} as withdrawn from made)"
    )
    connection.execute("drop table made")
    hold_to_units(connection, feed)


_TO_COME = "its month has not ended, and no row of it has a figure but 0"


def _skip_months_to_come(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, until: datetime, time_zone: ZoneInfo
) -> None:
    """Skip a month that has not ended, behind others, of which no row has a figure but 0: a year's sheet, prepared for what comes."""
    figures = {*feed.subject.figures.values()} & feed.subject.columns.keys()
    if not figures or "month" not in feed.subject.columns:
        return
    given = [f"d.{quote(s)}" for s in feed.landed_columns if figures.intersection(feed.columns.get(s, ()))]
    # a figure that cannot be read is one
    empty = [f"coalesce({quote(c)}, 0) = 0" for c in sorted(figures)] + [
        f"coalesce(to_amount({c}) = 0, {c} is null)" for c in given
    ]
    connection.execute(
        f"update candidate set skip_because = coalesce(skip_because, {literal(_TO_COME)}) where month in "
        f"(select month from candidate join delivery as d using (row_number) group by month having bool_and({' and '.join(empty)}) "
        f"and month + interval 1 month > {literal(str(until.astimezone(time_zone).date()))}::date) "
        f"and month > (select min(month) from candidate where {' or '.join(f'{quote(c)} <> 0' for c in sorted(figures))})"
    )


def _cast(column: Column, given: str, *, is_key_or_code: bool) -> str:
    """A column of stage.sql in its type, a key or code with the letters and digits of a keyboard.

    NULL where a cast would say something else: 5.125 as an amount and 3.7 as a count are rounded.
    """
    raw = quote(column.name)
    value = f"try_cast({raw} as {column.type})"
    if column.name == "month":  # as to_month has it
        return f"date_trunc('month', {value})::date"
    if column.type == "bigint" or (column.type == "decimal(18,2)" and column.name.endswith("_amount")):
        if given == "FLOAT":
            given, raw = "VARCHAR", f"{raw}::varchar"
        if given == "DOUBLE":  # 0.1 + 0.2 is 0.3
            return f"case when abs({raw} - {value}) <= 1e-6 + 5e-16 * abs({raw}) then {value} end"
        if given == "VARCHAR" or given.startswith("DECIMAL"):
            exact = f"try_cast({raw} as decimal(38, 9))" if given == "VARCHAR" else raw
            return f"case when {exact} = {value} then {value} end"
    if column.type != "varchar" or not is_key_or_code:
        return value
    plain = literal("".join(chr(ord(sign) - 0xFEE0) for sign in _WIDE_SIGNS))
    return (
        f"case when regexp_matches({value}, '[０-９Ａ-Ｚａ-ｚ－]') "
        f"then translate({value}, {literal(_WIDE_SIGNS)}, {plain}) else {value} end"
    )


def _one_select(feed: StagedFeed) -> str:
    return feed.stage_sql.strip().rstrip(";") + "\n"


# a delivered row as JSON; under any short name to_json would take an office's column of that name
_ROW = '"the row delivered"'
_AS_JSON = f"to_json({_ROW})::varchar"


def _without_persons(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Take persons out of why rows are rejected, and make `blotted`: those rows, as JSON, that hold persons, without them."""
    for text in texts_with_persons(connection, "rejected", {"reason": False}).get("reason", ()):
        connection.execute("update rejected set reason = ? where reason = ?", [blotted(text), text])
    numbers, rows = [], []
    for number, text in connection.execute(
        f"select row_number, {_AS_JSON} from delivery as {_ROW} where row_number in (select row_number from rejected)"
    ).fetchall():
        row: dict[str, Any] = json.loads(text)
        clean = {
            name: blotted(value, in_codes=name in feed.code_columns) if isinstance(value, str) else value
            for name, value in row.items()
        }
        if clean != row:
            numbers.append(number)
            rows.append(json.dumps(clean, ensure_ascii=False, separators=(",", ":")))
    connection.execute(
        "create or replace temp table blotted as select unnest(?::bigint[]) as row_number, unnest(?::varchar[]) as row_json",
        [numbers, rows],
    )


def _recorded(feed: StagedFeed, time_zone: ZoneInfo) -> str:
    """As SQL, the office's clock of a row `d` of the delivery, in naive UTC."""
    zone = literal(feed.clock or time_zone.key)
    return f"to_utc(d.{quote(feed.recorded_at)}, {zone})" if feed.recorded_at else "null::timestamp"


def _settle_received(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    number: int,
    manifest: Manifest,
    night: datetime | None,
    now: datetime,
) -> datetime:
    """received_at: the time the source states where we can have known it then, else the end of the pull.

    Not before: what the pull before this one, or the last night, did not show was not known to it, whatever the office's
    clock says. So every published night can be rebuilt exactly. Returns the time for what the batch says without a clock of
    its own.
    """
    until = utc(manifest.pulled_until)
    floor = max(utc(manifest.pulled_from) if manifest.pulled_from else LONG_AGO, night or LONG_AGO)
    known_at = until if until > floor else utc(now)
    connection.execute(
        f"update {table} set received_at = $known_at where batch_number = $number "
        "and (received_at is null or received_at > $known_at or received_at <= $floor)",
        {"known_at": known_at, "number": number, "floor": floor},
    )
    # An office's clock that is ahead: once it is right, every correction would be earlier than what it corrects.
    connection.execute(
        f"update {table} set recorded_at = $now where batch_number = $number and recorded_at > $now",
        {"now": max(known_at, utc(manifest.started_at)), "number": number},
    )
    delivered = utc(manifest.delivered_at) if manifest.delivered_at else None
    return delivered if delivered and floor < delivered <= known_at else known_at


def _collapse_repeats(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int, time_zone: ZoneInfo
) -> int:
    """Within a batch: the same row twice counts once; two rows that disagree about one fact are both rejected.

    Of what landing counted or added up, a second row is never the same one again: its group was written in two ways.

    Returns how many rows of the delivery said only what an earlier one of it had said.
    """
    key = ", ".join(map(quote, feed.subject.key))
    twice = f"select 1 from {table} where batch_number = {number} group by {key} having count(*) > 1 limit 1"
    if not connection.execute(twice).fetchone():  # as in most deliveries
        return 0
    values = ", ".join(map(quote, feed.subject.columns))
    day, joined = _day_within_month(feed), f"{table} as s inner join delivery as d using (row_number)"
    said = f"(select s.*, null as said_at, {day} as said_day from {joined} where s.batch_number = {number})"
    if feed.recorded_at:
        # beside a version without a time no version of a fact is the later one, nor beside one of a day those of that day
        said = (
            f"(select s.*, case when count(s.recorded_at) over (partition by {key}) < count(*) over (partition by {key}) then null "
            f"when bool_or({is_day_alone(feed, 'd')}) over (partition by {key}, {local_day('s', feed.clock or time_zone.key)}) "
            f"then {local_day('s', feed.clock or time_zone.key)}::timestamp else s.recorded_at end as said_at, {day} as said_day "
            f"from {joined} where s.batch_number = {number})"
        )
    version, reason = f"row({values}, said_day)", f"two rows disagree about the same {' + '.join(feed.subject.key)}"
    if feed.count_column:
        version = "row_number"
        reason = f"landing made two rows of one {' + '.join(feed.subject.key)} (a value of by is written in two ways, or parts it)"
    connection.execute(
        f"insert into rejected with judged as (select row_number, count(distinct {version}) "
        f"over (partition by {key}, said_at) as versions from {said}) "
        f"select distinct row_number, {literal(reason)} from judged where versions > 1"
    )
    connection.execute(
        f"delete from {table} where batch_number = {number} and row_number in (select row_number from rejected)"
    )
    connection.execute(
        f"create or replace temp table repeated as select rowid as id, row_number from {table} where batch_number = {number} "
        f"and rowid not in (select arg_min(rowid, row_number) from {table} where batch_number = {number} "
        f"group by {key}, recorded_at)"
    )
    connection.execute(f"delete from {table} where rowid in (select id from repeated)")
    return _count(
        connection,
        f"from (select distinct row_number from repeated) where row_number not in "
        f"(select row_number from {table} where batch_number = {number})",
    )


def _day_within_month(feed: StagedFeed) -> str:
    """As SQL, the day that a row states where its subject has months: equal figures of two weeks are no row that came twice."""
    days = [f"to_date(d.{quote(source)}::varchar)" for source, targets in feed.columns.items() if "month" in targets]
    return f"coalesce({', '.join(days)}, s.month)" if days and "month" in feed.subject.columns else "null"


def _write_rejected(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch) -> None:
    """rejected.parquet: what cannot be used, as delivered, with the reason, in the order of the delivery.

    `facts` are the keys that a row speaks of, as far as they could be read: no fact is withdrawn because its row is damaged.
    """
    _without_persons(connection, feed)
    unreadable = batch.folder / UNREADABLE
    pieces = (
        "union all select row_number, reason, json_object('text', text)::varchar, [] "
        f"from read_parquet({literal(os.fspath(unreadable))})"
        if unreadable.exists()
        else ""
    )
    connection.execute(
        f"copy (with spoken as (select row_number, list({_fact(feed, 's')}) as facts from candidate as s "
        f"where {' and '.join(f's.{quote(k)} is not null' for k in feed.subject.key)} group by row_number), "
        "why as (select row_number, string_agg(reason, '; ' order by rowid) as reason from rejected group by row_number) "
        f"select * from (select row_number, why.reason, coalesce(blotted.row_json, {_AS_JSON}) as row_json, spoken.facts "
        f"from why join delivery as {_ROW} using (row_number) left join blotted using (row_number) "
        f"left join spoken using (row_number) {pieces}) order by row_number, reason) "
        f"to {literal(os.fspath(batch.folder / REJECTED))} (format parquet)"
    )


def _unread(feed: StagedFeed) -> str:
    return f"incoming.{quote('unread by ' + feed.name)}"


def _is_by_period(feed: StagedFeed) -> bool:
    """Whether a missing row of somebody would read as silence."""
    return "source_key" in feed.subject.columns and (feed.subject.has_months or feed.subject.has_periods)


def _note_unread(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int) -> None:
    """The facts of which the batch has a row that was skipped or cannot be used, and none that can: reported, but unknown."""
    if not _is_by_period(feed):
        return
    month, months = month_of_fact(feed.subject)
    connection.execute(
        f"insert into {_unread(feed)} select {_fact(feed, 's')} as fact, s.source_key, {month} as month, {months} as period_months, "
        "bool_and(s.skip_because is not null) as is_skipped, $number from candidate as s "
        f"where not s.is_withdrawn and s.skip_because is distinct from {literal(_TO_COME)} "
        "and (s.skip_because is not null or s.row_number in (select row_number from rejected)) "
        f"and s.source_key is not null and {months} is not null and {month} is not null "
        f"group by all having fact not in (select {_fact(feed, 'i')} from {table} as i where i.batch_number = $number)",
        {"number": number},
    )


def _taken_back(feed: StagedFeed) -> str:
    return f"incoming.{quote('withdrawn by ' + feed.name)}"


def _note_taken_back(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, number: int, time_zone: ZoneInfo) -> None:
    """The facts that a row of the batch takes back (stage.sql: withdrawn_because), each with the last time of recording."""
    if not connection.execute("from candidate where is_withdrawn limit 1").fetchone():
        return
    connection.execute(
        f"insert into {_taken_back(feed)} select {_listed(feed.subject.key, 's')}, max({_recorded(feed, time_zone)}), {number} "
        "from candidate as s join delivery as d using (row_number) where s.is_withdrawn "
        "and s.row_number not in (select row_number from rejected) group by all"
    )


def _take_back(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int, known_at: datetime
) -> int:
    """Close what is current of these facts, unless it was recorded later or is in the same batch without a time."""
    if not connection.execute(f"from {_taken_back(feed)} where batch_number = {number} limit 1").fetchone():
        return 0
    same_key = " and ".join(f"c.{quote(k)} is not distinct from w.{quote(k)}" for k in feed.subject.key)
    same_batch = same_key.replace("c.", "i.")
    gone = (
        f"c.feed = $feed and c.superseded_at is null and exists (from {_taken_back(feed)} as w where w.batch_number = $number "
        f"and {same_key} and coalesce(greatest(c.recorded_at, c.last_recorded_at) <= w.recorded_at, "
        f"not exists (from {table} as i where i.batch_number = $number and {same_batch})))"
    )
    given = {"feed": feed.name, "number": number}
    update = f"update staged.{feed.subject.name} as c set superseded_at = $known_at where {gone}"
    return int(the_row(connection, update, given | {"known_at": known_at})[0])


def _keep_unread(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int, batch_id: str, known_at: datetime
) -> None:
    """What the batch speaks of without a usable figure, after it is merged; what it makes known, or leaves out, ends.

    A fact of which an earlier figure is known keeps that figure.
    """
    if not _is_by_period(feed):
        return
    fresh = f"(select * from {_unread(feed)} where batch_number = {number})"
    current = (
        f"(select {_fact(feed, 'c')} as fact from staged.{feed.subject.name} as c where c.feed = $feed "
        "and c.superseded_at is null and c.source_key in (select source_key from ops.unread_fact where feed = $feed "
        f"union select source_key from {fresh}))"
    )
    left_out = {
        "nothing": "false",
        "everything": "true",
        "period": f"u.month in (select {month_of_fact(feed.subject)[0]} from {table} where batch_number = {number} "
        f"union select month from {fresh})",
    }[feed.replaces]
    connection.execute(
        "update ops.unread_fact as u set superseded_at = $known_at where u.feed = $feed and u.superseded_at is null "
        f"and (u.fact in {current} or ({left_out} and u.fact not in (select fact from {fresh})))",
        {"feed": feed.name, "known_at": known_at},
    )
    connection.execute(
        "insert into ops.unread_fact by name select $feed as feed, $batch_id as batch_id, f.* exclude (batch_number), "
        f"$known_at as received_at, null::timestamp as superseded_at from {fresh} as f where f.fact not in {current} "
        "and f.fact not in (select u.fact from ops.unread_fact as u where u.feed = $feed and u.superseded_at is null)",
        {"feed": feed.name, "known_at": known_at, "batch_id": batch_id},
    )


def _fact(feed: StagedFeed, alias: str) -> str:
    """A row's key as one text."""
    return f"to_json([{', '.join(f'{alias}.{quote(k)}::varchar' for k in feed.subject.key)}])::varchar"


def hold_to_staged(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch_ids: Sequence[str]) -> dict[str, int]:
    """The numbers of the batches in incoming.<feed>.

    Raises:
        Overtaken: One of `batch_ids` is not there.
    """
    numbers: dict[str, int] = dict(
        connection.execute("select batch_id, batch_number from ops.incoming where feed = ?", [feed.name]).fetchall()
    )
    if unknown := [batch_id for batch_id in batch_ids if batch_id not in numbers]:
        raise Overtaken(
            feed.name,
            f"batch {unknown[0]} is not staged: another run came between",
            next_step=f"run `parkbridge sync {feed.name}` again. Published data is unchanged",
        )
    return numbers


# long: one transaction, step by step; half of it is SQL and its reasons
def accept(
    connection: duckdb.DuckDBPyConnection,
    feed: StagedFeed,
    batches: Sequence[Batch],
    *,
    now: datetime,
) -> list[dict[str, int]]:
    """Merge incoming.<feed> into staged.<subject>, batch by batch in one transaction, then mark the batches accepted.

    The same rows again change nothing; a changed row supersedes the version before it; what a delivery of a whole period or
    register no longer holds is withdrawn. A batch that was accepted before (a rebuild) keeps the moment of its marker.

    Args:
        connection: The writer's.
        feed: The declared feed.
        batches: Those that `stage` read, in the same order.
        now: The moment of acceptance, aware UTC.

    Returns:
        Per batch: rows new, changed, unchanged and withdrawn.

    Raises:
        Overtaken: A batch is not among those that were staged last.
    """
    table = f"incoming.{quote(feed.name)}"
    results = []
    numbers = hold_to_staged(connection, feed, [b.manifest.batch_id for b in batches])
    with transaction(connection):
        (night,) = the_row(
            connection, "select max(as_of) from (from ops.night_begun union all select as_of from ops.night)"
        )
        for batch in batches:
            manifest, accepted_at = batch.manifest, batch.accepted_at or now
            number = numbers[manifest.batch_id]
            known_night = batch.night_before if batch.accepted_at else night
            known_at = _settle_received(connection, table, number, manifest, known_night, accepted_at)
            counts = _merge(connection, feed, table, number, batch)
            counts["withdrawn"] += _take_back(connection, feed, table, number, known_at)
            _keep_unread(connection, feed, table, number, manifest.batch_id, known_at)
            results.append(counts)
            connection.execute(
                "insert into ops.batch by name select $feed as feed, $subject as subject, $batch_id as batch_id, "
                "$delivery as delivery, $delivered_at::timestamp as delivered_at, $pulled_from::timestamp as pulled_from, "
                "$pulled_until::timestamp as pulled_until, $landed as rows_landed, i.rejected as rows_rejected, "
                "i.skipped as rows_skipped, i.repeated as rows_repeated, i.used as rows_used, "
                "$read::bigint as rows_read, $folded::bigint as rows_folded, $noted::bigint as rows_noted, "
                "$new as rows_new, $changed as rows_changed, $unchanged as rows_unchanged, "
                "$withdrawn as rows_withdrawn, $accepted_at::timestamp as accepted_at "
                "from ops.incoming as i where i.feed = $feed and i.batch_id = $batch_id",
                {
                    "feed": feed.name,
                    "subject": feed.subject.name,
                    "batch_id": manifest.batch_id,
                    "delivery": manifest.delivery,
                    "delivered_at": utc(manifest.delivered_at) if manifest.delivered_at else None,
                    "pulled_from": utc(manifest.pulled_from) if manifest.pulled_from else None,
                    "pulled_until": utc(manifest.pulled_until),
                    "landed": manifest.rows + manifest.unreadable_rows,
                    "read": manifest.rows_read,
                    "folded": manifest.rows_folded,
                    "noted": manifest.rows_noted,
                    "accepted_at": utc(accepted_at),
                }
                | counts,
            )
            connection.execute(
                "insert into ops.quarantine select ?, ?, row_number, reason, row_json from read_parquet(?)",
                [feed.name, manifest.batch_id, os.fspath(batch.folder / REJECTED)],
            )
        declare(connection, [feed])
        connection.execute(f"drop table {table}")
        connection.execute(f"drop table {_unread(feed)}")
        connection.execute(f"drop table {_taken_back(feed)}")
        connection.execute("delete from ops.incoming where feed = ?", [feed.name])
        fresh = [batch for batch in batches if batch.accepted_at is None]
        announce(fresh, now, night, committed_batches(connection, feed.name))
    for raw in {batch.folder.parent.parent for batch in fresh}:
        settle(raw, lambda feed: committed_batches(connection, feed))
    return results


def declare(connection: duckdb.DuckDBPyConnection, feeds: Sequence[StagedFeed]) -> None:
    """Write what the declarations say into ops.feed and ops.figure_kind, with the time up to which each feed is known."""
    for feed in feeds:
        connection.execute("delete from ops.figure_kind where feed = ?", [feed.name])
        for column, figure in feed.figures.items():
            connection.execute(
                "insert into ops.figure_kind values (?, ?, ?, ?, ?)",
                [feed.name, feed.subject.name, column, figure.kind, figure.digits],
            )
        connection.execute(
            "insert or replace into ops.feed by name select $feed as feed, $subject as subject, $title_en as title_en, "
            "$title_zh as title_zh, $office as office, $owner as owner, $replaces as replaces, $stale_days as stale_days, "
            "$coverage_pct as coverage_pct, $period_months::bigint as period_months, $complete as is_complete, "
            "(select max(pulled_until) from ops.batch where feed = $feed) as last_received_at",
            {
                "feed": feed.name,
                "subject": feed.subject.name,
                "title_en": feed.title_en,
                "title_zh": feed.title_zh,
                "office": feed.office,
                "owner": feed.owner,
                "replaces": feed.replaces,
                "stale_days": feed.allow.stale_days,
                "coverage_pct": feed.allow.coverage_pct,
                "period_months": feed.period_months,
                "complete": feed.complete,
            },
        )


def _merge(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int, batch: Batch
) -> dict[str, int]:
    """Merge one batch. Returns how many rows were new, changed, unchanged and withdrawn.

    A delivery of a whole period or register states what is current: the last version it has of a fact replaces the one we
    know. So does a row without an office's time. Any other row is placed by the office's clock, against the latest office
    time of any statement of the fact, repeated ones included:

    * earlier: it repeats what the office had said by then (pulls overlap), or it comes too late to be current;
    * the same or later: it corrects what is current, or confirms it, and then its time is the latest from now on.
    """
    staged, mine = f"staged.{feed.subject.name}", f"c.feed = {literal(feed.name)}"
    key = feed.subject.key
    keys, same_key = _listed(key), " and ".join(f"c.{quote(k)} is not distinct from i.{quote(k)}" for k in key)
    values = [c for c in feed.subject.columns if c not in key]
    is_stated = "i.recorded_at is null"
    if feed.replaces != "nothing":
        last = f"partition by {_listed(key, 'i')} order by i.recorded_at desc nulls last, i.row_number desc"
        is_stated = f"row_number() over ({last}) = 1"
    in_batch = f"(from {table} as i where i.batch_number = {number} and {same_key})"
    connection.execute(
        "create or replace temp table given as with clock as ("
        f"select {_listed(key, 'c')}, max(greatest(c.recorded_at, c.last_recorded_at)) as latest_recorded_at "
        f"from {staged} as c where {mine} and exists {in_batch} group by all) "
        f"select i.*, i.rowid as id, {_as_value(values, 'i')} as says, "
        f"{is_stated} as is_stated, c.feed is not null as is_known, "
        f"o.latest_recorded_at, {_as_value(values, 'c')} as known_says from {table} as i "
        f"left join {staged} as c on {mine} and c.superseded_at is null and {same_key} "
        f"left join clock as o on {same_key.replace('c.', 'o.')} where i.batch_number = {number}"
    )
    connection.execute(
        "create or replace temp table said_before as with statement as ("
        f"select {keys}, recorded_at, received_at, says, id, latest_recorded_at from given where not is_stated union all "
        f"select {_listed(key, 'c')}, unnest([c.recorded_at, c.last_recorded_at]), c.received_at, {_as_value(values, 'c')}, "
        f"null, null from {staged} as c "
        f"where {mine} and exists (from given as i where not i.is_stated and {same_key})) "
        "select id from (from statement where recorded_at is not null) qualify recorded_at <= latest_recorded_at "
        "and says is not distinct from "
        f"lag(says) over (partition by {keys} order by recorded_at, id is not null, received_at, id)"
    )
    order = "order by is_stated, recorded_at nulls first, row_number"
    is_once = _make_heard(connection, keys, order)
    # What repeats the current version does not change it, but its office time counts.
    connection.execute(
        f"update {staged} as c set last_recorded_at = i.latest from (select {keys}, max(recorded_at) as latest from heard "
        f"where version_number = 0 group by all) as i where {mine} and c.superseded_at is null and {same_key} "
        "and (greatest(c.recorded_at, c.last_recorded_at) is null or i.latest > greatest(c.recorded_at, c.last_recorded_at))"
    )
    following = f"(partition by is_outdated, {keys} {order} rows between 1 following and unbounded following)"
    behind = "null::timestamp" if is_once else f"min(received_at) over {following}"
    # What follows a version ends it, even where the source states an earlier time for what follows.
    connection.execute(
        f"create or replace temp table newcomer as select {_listed(feed.subject.columns)}, feed, batch_id, row_number, "
        "recorded_at, nullif(last_recorded_at, recorded_at) as last_recorded_at, received_at, "
        f"case when is_outdated then received_at else {behind} end as superseded_at, "
        "is_outdated, is_known or place > 1 as is_change from heard where is_version"
    )
    connection.execute(
        f"update {staged} as c set superseded_at = i.first_received from (select {keys}, min(received_at) as first_received "
        f"from newcomer where not is_outdated group by all) as i where {mine} and {same_key} "
        "and (c.superseded_at is null or c.superseded_at > i.first_received)"
    )
    withdrawn = _withdraw(connection, feed, staged, mine, same_key, batch)
    connection.execute(f"insert into {staged} by name select * exclude (is_outdated, is_change) from newcomer")
    arrived, changes, total = the_row(
        connection,
        "select count(*), count(*) filter (is_change), (select count(*) from given) from newcomer",
    )
    return {"new": arrived - changes, "changed": changes, "unchanged": total - arrived, "withdrawn": withdrawn}


def _make_heard(connection: duckdb.DuckDBPyConnection, keys: str, order: str) -> bool:
    """Make `heard`: what is new in `given`, which rows of it are versions, and when each was last stated.

    Returns whether each fact comes once, as in most deliveries: nothing is before it or behind it then, and windows over all of it
    would cost more than all else here.
    """
    (is_once,) = the_row(
        connection, f"select count(*) = (select count(*) from (select distinct {keys} from given)) from given"
    )
    before, place = ("null", "1") if is_once else ("lag(says) over w", "row_number() over w")
    connection.execute(
        f"create or replace temp table heard as with placed as (select *, {before} as says_before, "
        f"{place} as place from (select *, "
        "coalesce(not is_stated and recorded_at < latest_recorded_at, false) as is_outdated "
        f"from given where id not in (from said_before)) window w as (partition by is_outdated, {keys} {order})), "
        "judged as (select *, is_outdated or (place = 1 and not is_known) "
        "or says is distinct from case when place = 1 then known_says else says_before end as is_version from placed)"
        + (
            " select *, is_version::int as version_number, recorded_at as last_recorded_at from judged"
            if is_once
            else ", counted as (select *, count(*) filter (is_version) over "
            f"(partition by is_outdated, {keys} {order} rows unbounded preceding) as version_number from judged) "
            "select *, max(recorded_at) over (partition by is_outdated, "
            f"{keys}, version_number) as last_recorded_at from counted"
        )
    )
    return bool(is_once)


def _listed(columns: Iterable[str], alias: str = "") -> str:
    return ", ".join(f"{alias}.{quote(c)}" if alias else quote(c) for c in columns)


def _as_value(columns: Iterable[str], alias: str) -> str:
    """What a row says, as one value that can be compared."""
    return "{" + ", ".join(f"{literal(c)}: {alias}.{quote(c)}" for c in columns) + "}"


def _withdraw(
    connection: duckdb.DuckDBPyConnection,
    feed: StagedFeed,
    staged: str,
    mine: str,
    same_key: str,
    batch: Batch,
) -> int:
    """Close the current rows that a delivery of a whole period or register no longer holds, not even as a rejected row.

    As long as no more facts are missing than there are pieces with an unknown fact, these pieces
    may be the missing facts: nothing is withdrawn. An entry on persons that are counted all the same hides none.
    """
    if feed.replaces == "nothing":
        return 0
    pieces = f"read_parquet({literal(os.fspath(batch.folder / REJECTED))})"
    period = quote(feed.subject.period or "")
    scope = f"and c.{period} in (select {period} from given)" if feed.replaces == "period" else ""
    gone = (
        f"{mine} and c.superseded_at is null {scope} and not exists (from given as i where {same_key}) "
        f"and {_fact(feed, 'c')} not in (select unnest(facts) from {pieces})"
    )
    count = _count(connection, f"from {staged} as c where {gone}")
    unknown = _count(connection, f"from {pieces} where len(coalesce(facts, [])) = 0")
    if count <= unknown - (batch.manifest.rows_noted or 0):
        return 0
    connection.execute(f"update {staged} as c set superseded_at = (select max(received_at) from given) where {gone}")
    return count


def show_raw(connection: duckdb.DuckDBPyConnection, feed: str, folders: Sequence[Path]) -> None:
    """Make raw.<feed>: a view of every accepted batch as it was landed, with its batch_id."""
    if not folders:
        return
    files: Any = ", ".join(literal(os.fspath(folder / ROWS)) for folder in folders)
    connection.execute(
        f"create or replace view raw.{quote(feed)} as select parse_path(filename)[-2] as batch_id, * exclude (filename) "
        f"from read_parquet([{files}], union_by_name = true, filename = true)"
    )
