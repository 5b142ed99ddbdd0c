"""LOAD and STAGE: landed batches become staged rows with two clocks, or stop before anything is replaced.

The first of two steps. `stage` reads a feed's pending batches (`landed_rows`) through its stage.sql into `incoming.<feed>`,
quarantines what cannot be used (`row_reasons`, `row_comparisons`) and stops where more is wrong than the feed allows
(`delivery_limits`). Then the feed's contract is checked (expectations/), and `acceptance` merges the rows into `staged.<subject>`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from warehouse.acceptance import accept
from warehouse.batches import REJECTED, ROWS, UNREADABLE, Batch, Manifest
from warehouse.clock import utc
from warehouse.confirmation import Confirmation
from warehouse.connection import literal, quote, the_row
from warehouse.delivery_limits import hold_to_allowance, hold_to_habit, hold_to_midnights, hold_to_twins, hold_to_units
from warehouse.durable import own_file
from warehouse.errors import DeclarationError
from warehouse.incoming import fact, is_by_period, listed, open_incoming, taken_back, unread
from warehouse.landed_rows import open_batch, open_delivery, read_clocks, stop_on_unknown_codes
from warehouse.persons import blotted, is_code, texts_with_persons
from warehouse.row_comparisons import (
    is_day_alone,
    local_day,
    quarantine_days_beside_times,
    quarantine_other_facts,
)
from warehouse.row_reasons import judge, quarantine_persons
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import Column, month_of_fact

# accept beside stage: scripts outside this tree find both here
__all__ = ["Staged", "accept", "rehearse", "stage", "staged_rows"]

# so many rows are worth all threads, however small the warehouse still is (warehouse.connection.spare_threads)
_MANY_ROWS = 200_000
# of keys and codes: １２３ of one delivery is 123 of the next; brackets of a name stay as they are
_WIDE_SIGNS = "".join(
    chr(code) for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), 0xFF0D)
)
# columns of credit codes, and keys that may be such codes; what people write between the groups of one
_CREDIT_CODES, _MAY_BE_CREDIT_CODES = ("uscc", "taxpayer_no"), ("source_key", "partner_key")
_WITHIN_CODES = " -‐‑‒–—"
# of a sample or a trial, which no park delivered
USUAL_ZONE = ZoneInfo("Asia/Shanghai")


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
    open_batch(connection, feed, batch.folder / ROWS, where)
    read_clocks(connection, feed, time_zone.key)
    _run_stage_sql(connection, feed, where)
    _skip_months_to_come(connection, feed, manifest.pulled_until, time_zone)
    # under a clock that went back, what is known already is no future: hold_feed_to_clocks says what is wrong
    (last,) = the_row(connection, "select max(pulled_until) from ops.batch where feed = ?", [feed.name])
    judge(connection, feed, max(utc(manifest.pulled_until), last or datetime.min))
    quarantine_persons(connection, feed)
    connection.execute(
        # a row that the office recorded before it sent the file was not known before the file was there
        f"insert into {table} by name select *, greatest(recorded_at, $delivered_at::timestamp) as received_at from "
        "(select r.recorded_at, s.* exclude (skip_because, is_withdrawn), "
        "$feed as feed, $batch_id as batch_id, $number as batch_number "
        "from candidate as s join recorded as r using (row_number) "
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
    _note_taken_back(connection, feed, number)
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
        sizes = hold_to_allowance(connection, feed, batch, staged.rejected, table, number, confirmation)
        hold_to_habit(connection, feed, batch, table, number, confirmation, sizes)
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
    stop_on_unknown_codes(connection, feed, feed.name)
    read_clocks(connection, feed, USUAL_ZONE.key)
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
    is_matched = feed.subject.about == "enterprise"
    columns = [
        (
            _cast(c, given[c.name], is_key_or_code=c.name in codes, is_matched=is_matched)
            if c.name in given
            else f"null::{c.type}"
        )
        + f" as {quote(c.name)}"
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
    to_come = f"c.month + interval 1 month > {literal(str(until.astimezone(time_zone).date()))}::date"
    if not connection.execute(f"from candidate as c where {to_come} limit 1").fetchone():  # as in most deliveries
        return
    given = [f"d.{quote(s)}" for s in feed.landed_columns if figures.intersection(feed.columns.get(s, ()))]
    # a figure that cannot be read is one
    empty = [f"coalesce(c.{quote(c)}, 0) = 0" for c in sorted(figures)] + [
        f"coalesce(to_amount({c}) = 0, {c} is null)" for c in given
    ]
    connection.execute(
        f"update candidate set skip_because = coalesce(skip_because, {literal(_TO_COME)}) where month in "
        f"(select c.month from candidate as c join delivery as d using (row_number) where {to_come} group by c.month "
        f"having bool_and({' and '.join(empty)})) "
        f"and month > (select min(month) from candidate where {' or '.join(f'{quote(c)} <> 0' for c in sorted(figures))})"
    )


def _cast(column: Column, given: str, *, is_key_or_code: bool, is_matched: bool) -> str:
    """A column of stage.sql in its type, a key or code with the letters and digits of a keyboard.

    Where records are matched (`is_matched`), that compares codes in one spelling; elsewhere the code itself is the key.
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
    usual = (
        f"case when regexp_matches({value}, '[０-９Ａ-Ｚａ-ｚ－]') "
        f"then translate({value}, {literal(_WIDE_SIGNS)}, {plain}) else {value} end"
    )
    # 91 329902 ma00000b1-8: a credit code in small letters or in groups is that code, and would be another partner otherwise
    if not is_matched and (column.name in _MAY_BE_CREDIT_CODES or column.name.endswith(_CREDIT_CODES)):
        code = f"upper(translate({usual}, {literal(_WITHIN_CODES)}, ''))"
        is_firm = "" if column.name.endswith(_CREDIT_CODES) else f" and left({code}, 2) in ('91', '92', '93')"
        return f"case when length({code}) = 18{is_firm} then {code} else {usual} end"
    return usual


def _one_select(feed: StagedFeed) -> str:
    return feed.stage_sql.strip().rstrip(";") + "\n"


# a delivered row as JSON; under any short name to_json would take an office's column of that name
_ROW = '"the row delivered"'
_AS_JSON = f"to_json({_ROW})::varchar"


def _without_persons(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Take persons out of why rows are rejected, and make `blotted`: those rows, as JSON, that hold persons, without them."""
    for text in texts_with_persons(connection, "rejected", {"reason": False}).get("reason", ()):
        connection.execute("update rejected set reason = ? where reason = ?", [blotted(text), text])
    codes = feed.code_columns
    numbers, rows = [], []
    for number, text in connection.execute(
        f"select row_number, {_AS_JSON} from delivery as {_ROW} where row_number in (select row_number from rejected)"
    ).fetchall():
        row: dict[str, Any] = json.loads(text)
        clean = {
            name: blotted(value, in_codes=name in codes) if isinstance(value, str) else value
            for name, value in row.items()
        }
        if clean != row:
            numbers.append(number)
            rows.append(json.dumps(clean, ensure_ascii=False, separators=(",", ":")))
    connection.execute(
        "create or replace temp table blotted as select unnest(?::bigint[]) as row_number, unnest(?::varchar[]) as row_json",
        [numbers, rows],
    )


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
    (only_repeated,) = the_row(
        connection,
        f"select count(*) from (select distinct row_number from repeated) where row_number not in "
        f"(select row_number from {table} where batch_number = {number})",
    )
    return int(only_repeated)


def _day_within_month(feed: StagedFeed) -> str:
    """As SQL, the day that a row states where its subject has months: equal figures of two weeks are no row that came twice."""
    days = [f"to_date(d.{quote(source)}::varchar)" for source, targets in feed.columns.items() if "month" in targets]
    return f"coalesce({', '.join(days)}, s.month)" if days and "month" in feed.subject.columns else "null"


def _write_rejected(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch) -> None:
    """rejected.parquet: what cannot be used, as delivered, with the reason, in the order of the delivery.

    `facts` are the keys that a row speaks of, as far as they could be read: no fact is withdrawn because its row is damaged.
    """
    unreadable, target = batch.folder / UNREADABLE, literal(os.fspath(own_file(batch.folder / REJECTED)))
    if not unreadable.exists() and not connection.execute("from rejected limit 1").fetchone():  # as of most deliveries
        connection.execute(
            "copy (select 0::bigint as row_number, '' as reason, '' as row_json, ['']::varchar[] as facts where false) "
            f"to {target} (format parquet)"
        )
        return
    _without_persons(connection, feed)
    pieces = (
        "union all select row_number, reason, json_object('text', text)::varchar, [] "
        f"from read_parquet({literal(os.fspath(unreadable))})"
        if unreadable.exists()
        else ""
    )
    connection.execute(
        f"copy (with spoken as (select row_number, list({fact(feed, 's')}) as facts from candidate as s "
        f"where {' and '.join(f's.{quote(k)} is not null' for k in feed.subject.key)} group by row_number), "
        "why as (select row_number, string_agg(reason, '; ' order by rowid) as reason from rejected group by row_number) "
        f"select * from (select row_number, why.reason, coalesce(blotted.row_json, {_AS_JSON}) as row_json, spoken.facts "
        f"from why join delivery as {_ROW} using (row_number) left join blotted using (row_number) "
        f"left join spoken using (row_number) {pieces}) order by row_number, reason) "
        f"to {target} (format parquet)"
    )


def _note_unread(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int) -> None:
    """The facts of which the batch has a row that was skipped or cannot be used, and none that can: reported, but unknown."""
    if not is_by_period(feed):
        return
    month, months = month_of_fact(feed.subject)
    connection.execute(
        f"insert into {unread(feed)} select {fact(feed, 's')} as fact, s.source_key, {month} as month, {months} as period_months, "
        "bool_and(s.skip_because is not null) as is_skipped, $number from candidate as s "
        f"where not s.is_withdrawn and s.skip_because is distinct from {literal(_TO_COME)} "
        "and (s.skip_because is not null or s.row_number in (select row_number from rejected)) "
        f"and s.source_key is not null and {months} is not null and {month} is not null "
        f"group by all having fact not in (select {fact(feed, 'i')} from {table} as i where i.batch_number = $number)",
        {"number": number},
    )


def _note_taken_back(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, number: int) -> None:
    """The facts that a row of the batch takes back (stage.sql: withdrawn_because), each with the last time of recording."""
    if not connection.execute("from candidate where is_withdrawn limit 1").fetchone():
        return
    connection.execute(
        f"insert into {taken_back(feed)} select {listed(feed.subject.key, 's')}, max(r.recorded_at), {number} "
        "from candidate as s join recorded as r using (row_number) where s.is_withdrawn "
        "and s.row_number not in (select row_number from rejected) group by all"
    )
