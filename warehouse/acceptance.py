"""ACCEPT: the rows of incoming.<feed> become what is known, in one transaction.

Clocks of a staged row: `recorded_at` is the office's own time, where it gives one. `received_at` is when we can first have
known the row: the time the source states if that lies within the stretch this pull covers, else the end of the pull. A row
that turns up with an older time was not known then, and does not pretend to have been. `superseded_at` is when a later
version (or its withdrawal) became known; it is NULL for what is current. Both versions of a corrected row stay. A version
that was outdated when it arrived has `superseded_at` at or before its `received_at`: it is kept and was never current.

A version that the office states again is no new version. `last_recorded_at` keeps the latest office time at which it was
stated (NULL where that is `recorded_at`), because a row recorded before that time comes too late to be current.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.batches import REJECTED, ROWS, Batch, Manifest, announce, settle
from warehouse.clock import LONG_AGO, utc
from warehouse.connection import committed_batches, literal, quote, the_row, transaction
from warehouse.incoming import fact, hold_to_staged, is_by_period, listed, taken_back, unread
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import month_of_fact


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
        connection.execute(f"drop table {unread(feed)}")
        connection.execute(f"drop table {taken_back(feed)}")
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
    keys, same_key = listed(key), " and ".join(f"c.{quote(k)} is not distinct from i.{quote(k)}" for k in key)
    values = [c for c in feed.subject.columns if c not in key]
    is_stated = "i.recorded_at is null"
    if feed.replaces != "nothing":
        last = f"partition by {listed(key, 'i')} order by i.recorded_at desc nulls last, i.row_number desc"
        is_stated = f"row_number() over ({last}) = 1"
    connection.execute(
        "create or replace temp table given as with clock as ("
        f"select {listed(key, 'c')}, max(greatest(c.recorded_at, c.last_recorded_at)) as latest_recorded_at "
        f"from {staged} as c semi join (from {table} where batch_number = {number}) as i on {same_key} where {mine} group by all) "
        f"select i.*, i.rowid as id, {_as_value(values, 'i')} as says, "
        f"{is_stated} as is_stated, c.feed is not null as is_known, "
        f"o.latest_recorded_at, {_as_value(values, 'c')} as known_says from {table} as i "
        f"left join {staged} as c on {mine} and c.superseded_at is null and {same_key} "
        f"left join clock as o on {same_key.replace('c.', 'o.')} where i.batch_number = {number}"
    )
    said_before = "select 0::bigint as id where false"
    if connection.execute("from given where not is_stated limit 1").fetchone():
        said_before = (
            "with statement as ("
            f"select {keys}, recorded_at, received_at, says, id, latest_recorded_at from given where not is_stated union all "
            f"select {listed(key, 'c')}, unnest([c.recorded_at, c.last_recorded_at]), c.received_at, {_as_value(values, 'c')}, "
            f"null, null from {staged} as c semi join (from given where not is_stated) as i on {same_key} where {mine}) "
            "select id from (from statement where recorded_at is not null) qualify recorded_at <= latest_recorded_at "
            "and says is not distinct from "
            f"lag(says) over (partition by {keys} order by recorded_at, id is not null, received_at, id)"
        )
    connection.execute(f"create or replace temp table said_before as {said_before}")
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
        f"create or replace temp table newcomer as select {listed(feed.subject.columns)}, feed, batch_id, row_number, "
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
        f"and {fact(feed, 'c')} not in (select unnest(facts) from {pieces})"
    )
    count = _count(connection, f"from {staged} as c where {gone}")
    unknown = _count(connection, f"from {pieces} where len(coalesce(facts, [])) = 0")
    if count <= unknown - (batch.manifest.rows_noted or 0):
        return 0
    connection.execute(f"update {staged} as c set superseded_at = (select max(received_at) from given) where {gone}")
    return count


def _take_back(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int, known_at: datetime
) -> int:
    """Close what is current of these facts, unless it was recorded later or is in the same batch without a time."""
    if not connection.execute(f"from {taken_back(feed)} where batch_number = {number} limit 1").fetchone():
        return 0
    same_key = " and ".join(f"c.{quote(k)} is not distinct from w.{quote(k)}" for k in feed.subject.key)
    same_batch = same_key.replace("c.", "i.")
    gone = (
        f"c.feed = $feed and c.superseded_at is null and exists (from {taken_back(feed)} as w where w.batch_number = $number "
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
    if not is_by_period(feed):
        return
    fresh = f"(select * from {unread(feed)} where batch_number = {number})"
    current = (
        f"(select {fact(feed, 'c')} as fact from staged.{feed.subject.name} as c where c.feed = $feed "
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


def _as_value(columns: Iterable[str], alias: str) -> str:
    """What a row says, as one value that can be compared."""
    return "{" + ", ".join(f"{literal(c)}: {alias}.{quote(c)}" for c in columns) + "}"


def _count(connection: duckdb.DuckDBPyConnection, rest: str, parameters: Sequence[object] = ()) -> int:
    return int(the_row(connection, f"select count(*) {rest}", list(parameters))[0])


def show_raw(connection: duckdb.DuckDBPyConnection, feed: str, folders: Sequence[Path]) -> None:
    """Make raw.<feed>: a view of every accepted batch as it was landed, with its batch_id."""
    if not folders:
        return
    files: Any = ", ".join(literal(os.fspath(folder / ROWS)) for folder in folders)
    connection.execute(
        f"create or replace view raw.{quote(feed)} as select parse_path(filename)[-2] as batch_id, * exclude (filename) "
        f"from read_parquet([{files}], union_by_name = true, filename = true)"
    )
