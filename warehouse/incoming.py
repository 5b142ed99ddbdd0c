"""The tables between the two steps of a sync: what `stage` made of pending batches, for `accept` to merge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from warehouse.connection import quote
from warehouse.errors import Overtaken
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import LINEAGE

# columns of incoming."unread by <feed>"
_UNREAD = "fact varchar, source_key varchar, month date, period_months bigint, is_skipped boolean"


def open_incoming(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> str:
    """Make the empty tables of a feed's staged rows and unread facts, and return the first one's name."""
    table = f"incoming.{quote(feed.name)}"
    columns = {name: column.type for name, column in feed.subject.columns.items()} | LINEAGE
    declared = ", ".join(f"{quote(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"create or replace table {table} ({declared}, batch_number integer)")
    connection.execute(f"create or replace table {unread(feed)} ({_UNREAD}, batch_number integer)")
    keys = ", ".join(f"{quote(name)} {columns[name]}" for name in feed.subject.key)
    connection.execute(
        f"create or replace table {taken_back(feed)} ({keys}, recorded_at timestamp, batch_number integer)"
    )
    connection.execute("delete from ops.incoming where feed = ?", [feed.name])
    return table


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


def unread(feed: StagedFeed) -> str:
    """Its table of facts that a batch speaks of without a usable figure."""
    return f"incoming.{quote('unread by ' + feed.name)}"


def taken_back(feed: StagedFeed) -> str:
    """Its table of facts that a row takes back (stage.sql: withdrawn_because)."""
    return f"incoming.{quote('withdrawn by ' + feed.name)}"


def fact(feed: StagedFeed, alias: str) -> str:
    """A row's key as one text."""
    return f"to_json([{', '.join(f'{alias}.{quote(k)}::varchar' for k in feed.subject.key)}])::varchar"


def listed(columns: Iterable[str], alias: str = "") -> str:
    """Names of columns as SQL, of one relation or bare."""
    return ", ".join(f"{alias}.{quote(c)}" if alias else quote(c) for c in columns)


def is_by_period(feed: StagedFeed) -> bool:
    """Whether a missing row of somebody would read as silence."""
    return "source_key" in feed.subject.columns and (feed.subject.has_months or feed.subject.has_periods)
