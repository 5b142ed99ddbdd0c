"""Make the warehouse again from the accepted batches: identical rows, in a new file put in place by one rename."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.batches import ACCEPTING, batches
from warehouse.connection import alone, forget, literal, open_file, prepare, writer
from warehouse.loader import StagedFeed, accept, show_raw, stage
from warehouse.settings import Settings


def rebuild(settings: Settings, feeds: Sequence[StagedFeed]) -> dict[str, int]:
    """Stage and accept every accepted batch anew, in the order of acceptance; discarded ones stay out.

    What the batches may be short of is not asked again. The night and its results come with the next snapshot run.

    Args:
        settings: Whose warehouse.
        feeds: All declared feeds.

    Returns:
        Batches taken, by feed.

    Raises:
        WarehouseBusy: Someone is writing.
        DeliveryRefused, DeclarationError: A declaration no longer fits a batch; the warehouse stays as it was.
    """
    part, wal = settings.warehouse_file.with_suffix(".rebuilt"), settings.warehouse_file.with_suffix(".duckdb.wal")
    counts: dict[str, int] = {}
    if any(settings.raw.glob(f"*/{ACCEPTING}")):
        with writer(settings):
            pass  # it settles what a killed process left undecided
    with alone(settings):
        forget(part)
        connection = open_file(part, settings.memory_limit)
        try:
            prepare(connection)
            for feed in feeds:
                taken = [b for b in batches(settings.raw, feed.name) if b.accepted_at and not b.is_discarded]
                stage(connection, feed, taken, time_zone=settings.time_zone, is_rebuild=True)
                accept(connection, feed, taken, now=datetime.now(UTC))
                show_raw(connection, feed.name, [b.folder for b in taken])
                counts[feed.name] = len(taken)
            _keep_night(connection, settings.warehouse_file)
        except BaseException:
            connection.close()
            forget(part)
            raise
        connection.close()
        # first the old file's log: DuckDB would play it back into the new file
        wal.unlink(missing_ok=True)
        part.replace(settings.warehouse_file)
    return counts


def _keep_night(connection: duckdb.DuckDBPyConnection, old: Path) -> None:
    """The nights begun stay known: what is accepted next was not known to them."""
    if old.exists():
        connection.execute(f"attach {literal(os.fspath(old))} as old (read_only)")
        kept = connection.execute("select table_name from duckdb_tables() where database_name = 'old'").fetchall()
        for table in ("night", "night_begun", "night_published"):
            if (table,) in kept:  # a warehouse of before the table has none
                connection.execute(f"insert into ops.{table} select * from old.ops.{table}")
        connection.execute("detach old")
