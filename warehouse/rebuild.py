"""Make the warehouse again from the accepted batches: identical rows, in a new file put in place by one rename."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse import holds
from warehouse.acceptance import accept, show_raw
from warehouse.batches import batches, fault, settle
from warehouse.confirmation import Confirmation, Finding, keep
from warehouse.connection import (
    alone,
    committed_batches,
    forget,
    insert_rows,
    literal,
    not_opened,
    open_file,
    prepare,
    spare_threads,
)
from warehouse.durable import put
from warehouse.errors import CheckFailed, ParkBridgeError, WarehouseBusy
from warehouse.loader import stage
from warehouse.published_nights import nights
from warehouse.reconcile import RAW, gone_from_raw, undeclared_feeds
from warehouse.settings import Settings
from warehouse.staged_feed import StagedFeed
from warehouse.work_shown import recover_shown

# What the batches do not say, and a rebuild takes over: which nights were begun and published, what people confirmed, which rows
# of the work list readers have seen, and what was answered to them.
KEPT = ("night", "night_begun", "night_published", "confirmation", "work_shown", "work_answer")


def rebuild(
    settings: Settings, feeds: Sequence[StagedFeed], confirmation: Confirmation | None = None
) -> dict[str, int]:
    """Stage and accept every accepted batch anew, in the order of acceptance; discarded ones stay out.

    What the batches may be short of is not asked again. The night and its results come with the next snapshot run.

    Args:
        settings: The park's.
        feeds: All declared feeds.
        confirmation: Who says that batches missing from raw/ are lost for good.

    Returns:
        Batches taken, by feed.

    Raises:
        WarehouseBusy: Someone is writing, or a feed's run or a night is under way.
        CheckFailed: raw/ lacks batches that the warehouse, or what readers see, was made of, or no folder declares their feed;
            nothing is changed.
        DeliveryRefused, DeclarationError: A declaration no longer fits a batch; the warehouse stays as it was.
    """
    part, old = settings.warehouse_file.with_suffix(".rebuilt"), settings.warehouse_file
    counts: dict[str, int] = {}
    # between the steps of a run, or of a night, its rows would change
    with holds.all_of(settings, [*(holds.of_feed(feed.name) for feed in feeds), holds.NIGHT]), alone(settings):
        forget(part)
        # the old one keeps its place until the new one is whole, whatever is wrong with it or with the disk
        is_sound = old.exists() and _close_books(settings)
        connection = open_file(part, settings.memory_limit)
        try:
            spare_threads(connection, settings)
            prepare(connection)
            if is_sound:
                _keep_night(connection, old)
            else:
                _recover_nights(connection, settings)
            accepted = {
                feed.name: [b for b in batches(settings.raw, feed.name) if b.accepted_at and not b.is_discarded]
                for feed in feeds
            }
            damaged = {
                f"{name}/{b.manifest.batch_id}": why
                for name, of_feed in accepted.items()
                for b in of_feed
                if (why := fault(b))
            }
            _hold_to_lost(connection, settings, feeds, old if is_sound else None, damaged, confirmation)
            for feed in feeds:
                taken = [b for b in accepted[feed.name] if f"{feed.name}/{b.manifest.batch_id}" not in damaged]
                stage(connection, feed, taken, time_zone=settings.time_zone, is_rebuild=True)
                accept(connection, feed, taken, now=datetime.now(UTC))
                show_raw(connection, feed.name, [b.folder for b in taken])
                counts[feed.name] = len(taken)
            # closing would do it, too, but keep silent where the disk is full: all rows stay in a log that the rename leaves behind
            connection.execute("checkpoint")
        except BaseException as error:
            connection.close()
            forget(part)
            if isinstance(error, duckdb.Error):
                _hold_to_disk(settings, error)
            raise
        connection.close()
        if old.exists() and not is_sound:
            _set_aside(old)
        # DuckDB would play a log of the old file back into the new one; the old one's books are closed, it has none
        old.with_name(old.name + ".wal").unlink(missing_ok=True)
        put(part, old)
    return counts


def _close_books(settings: Settings) -> bool:
    """Settle what a killed process left undecided, and write the log into the file. False: the file is damaged.

    Raises:
        WarehouseBusy: Somebody has it open.
        ParkBridgeError: The disk is full: nothing is known of the file then, least of all that it is damaged.
    """
    try:
        connection = open_file(settings.warehouse_file, settings.memory_limit)
    except duckdb.Error as error:
        if isinstance(busy := not_opened(settings, error), WarehouseBusy):
            raise busy from None
        _hold_to_disk(settings, error)
        return False
    try:
        prepare(connection)
        settle(settings.raw, lambda feed: committed_batches(connection, feed))
        connection.execute("checkpoint")
        for table in KEPT:
            connection.execute(f"from ops.{table}").fetchall()
    except duckdb.Error as error:
        _hold_to_disk(settings, error)
        return False
    finally:
        with contextlib.suppress(duckdb.Error):
            connection.close()
    return True


def _hold_to_disk(settings: Settings, error: duckdb.Error) -> None:
    if os.strerror(errno.ENOSPC) in str(error):
        raise ParkBridgeError(
            str(settings.warehouse_file),
            "the disk is full",
            next_step="free some space, then run this again. The warehouse and what is published are unchanged",
        ) from None


def _set_aside(old: Path) -> None:
    """Keep a damaged warehouse beside the new one, for whoever wants to know why."""
    name = f"warehouse.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    log = old.with_name(old.name + ".wal")
    if log.exists():  # first: it must not meet the next file of this name
        log.replace(old.with_name(name + ".wal"))
    old.replace(old.with_name(name))


def _hold_to_lost(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    feeds: Sequence[StagedFeed],
    old: Path | None,
    damaged: Mapping[str, str],
    confirmation: Confirmation | None,
) -> None:
    """A batch that is gone from raw/ would be gone from the warehouse, too, without a word."""
    if old:
        connection.execute(f"attach {literal(os.fspath(old))} as old (read_only)")
    lost = gone_from_raw(connection, settings, feeds, "old." if old else "")
    left_out = undeclared_feeds(connection, settings, feeds, "old." if old else "")
    if old:
        connection.execute("detach old")
    confirmed = {name for (name,) in connection.execute("select object_name from ops.confirmation").fetchall()}
    findings = [
        Finding(name, f"raw/{name}: {damaged.get(name, 'gone or not whole')}")
        for name in sorted({f"{feed}/{batch_id}" for feed, batch_id in lost} | set(damaged))
        if name not in confirmed
    ]
    given_up = [
        Finding(feed, f"feed {feed}: no folder declares it; {count:,} batches", figure_before=count, figure_now=0)
        for feed, count in left_out.items()
        if feed not in confirmed
    ]
    if given_up and not confirmation:
        raise CheckFailed(
            "rebuild",
            f"no folder declares {len(given_up)} of the feeds that the warehouse, or what readers see, was made of: "
            f"{', '.join(finding.object_name for finding in given_up[:5])}; their rows would be left out",
            allowed="none",
            next_step="put the feed's folder back, or name its folder in PARKBRIDGE_FEEDS. If the feed is given up, or has another name "
            'now: `parkbridge rebuild --accept-change "why"`. The warehouse is unchanged',
        )
    if findings and not confirmation:
        raise CheckFailed(
            "rebuild",
            f"raw/ lacks {len(findings):,} batches that were accepted: {', '.join(f.fact for f in findings[:5])}"
            + (f" and {len(findings) - 5} more" if findings[5:] else "")
            + "; their rows would be lost",
            allowed="none",
            next_step=f"restore them from {settings.backup}/raw (docs/runbook.md, Backup and restore). If they are lost for "
            'good: `parkbridge rebuild --accept-change "why"`. The warehouse is unchanged',
        )
    if findings or given_up:  # a second rebuild within the second has none, and forgets none of the first
        keep(connection, f"rebuild {datetime.now(UTC):%Y%m%dT%H%M%SZ}", RAW, [*findings, *given_up], confirmation)


def _keep_night(connection: duckdb.DuckDBPyConnection, old: Path) -> None:
    """The nights begun stay known: what is accepted next was not known to them."""
    connection.execute(f"attach {literal(os.fspath(old))} as old (read_only)")
    for table in KEPT:
        connection.execute(f"insert into ops.{table} by name from old.ops.{table}")
    connection.execute("detach old")


def _recover_nights(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """The nights begun, as far as markers and kept nights know them: the warehouse that knew all of them is gone."""
    begun = {
        b.night_before for path in settings.raw.glob("*") for b in batches(settings.raw, path.name) if b.night_before
    }
    published = {datetime.fromisoformat(str(m["as_of"]).removesuffix("Z")) for m in nights(settings)}
    insert_rows(connection, "ops.night_begun", [[as_of] for as_of in sorted(begun | published)])
    for as_of in sorted(published):
        connection.execute(
            "insert into ops.night_published select ?, (select max(as_of) from ops.night_published)", [as_of]
        )
    recover_shown(connection, settings)
