"""Begin a night: fix its `as of`, and check that every feed is fit to be published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb

from warehouse.acceptance import declare
from warehouse.batches import stopped, stopped_within
from warehouse.clock import utc
from warehouse.connection import transaction
from warehouse.errors import CheckFailed, FeedsStopped, SourceError
from warehouse.settings import Settings
from warehouse.staged_feed import StagedFeed
from warehouse.work_shown import settle_shown


def id_of_night(as_of: datetime) -> str:
    """A night's id: its moment in UTC."""
    return f"{utc(as_of):%Y%m%dT%H%M%SZ}"


def begin_night(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    feeds: Sequence[StagedFeed],
    as_of: datetime,
    without: Sequence[str] = (),
) -> str:
    """Write ops.night and ops.feed; from here on nothing accepted later belongs to this night.

    Args:
        connection: The writer's.
        settings: The park's.
        feeds: All declared feeds.
        as_of: Aware; the night shows nothing that is received later.
        without: Feeds that may have stopped or be stale; their last known rows are used.

    Returns:
        The night's id, its as_of in UTC.

    Raises:
        FeedsStopped: A feed has stopped.
        CheckFailed: A feed is older than its stale_days.
    """
    known = utc(as_of)
    asked = {feed.name for feed in feeds} - set(without)
    if halted := {name: message for name, message in stopped(settings.raw).items() if name in asked}:
        name, message = next(iter(halted.items()))
        raise FeedsStopped(
            f"night {known:%Y-%m-%d}",
            f"{len(halted)} feed{'s have' if len(halted) > 1 else ' has'} stopped ({', '.join(halted)}): {message}",
            next_step=f"fix it, or publish without it: `parkbridge sync --without {name}`. Yesterday's night stays published",
            is_reported=stopped_within(settings.raw, halted, timedelta(days=1)),
        )
    settle_shown(connection, settings)
    with transaction(connection):
        connection.execute("delete from ops.feed")
        connection.execute("delete from ops.figure_kind")
        declare(connection, feeds)
        for feed in feeds:
            if feed.name not in without:
                _hold_to_freshness(connection, feed, known)
        connection.execute("delete from ops.night")
        connection.execute("insert into ops.night values (?, ?, ?)", [id_of_night(as_of), known, settings.park_name])
        connection.execute("insert into ops.night_begun values (?)", [known])
    return id_of_night(as_of)


def hold_to_first_feeds(connection: duckdb.DuckDBPyConnection, settings: Settings, feeds: Sequence[str]) -> None:
    """Make the first night of a park wait until every feed has run once; later nights ask for freshness instead.

    Args:
        connection: The writer's.
        settings: The park's.
        feeds: Names of the feeds that the night reads.

    Raises:
        SourceError: Feeds have not run yet; trying again helps.
    """
    if connection.execute("select 1 from ops.night_begun limit 1").fetchone():
        return
    known = {name for (name,) in connection.execute("select feed from ops.feed").fetchall()}
    # a feed that has stopped is no matter of waiting: begin_night says why
    if missing := sorted(set(feeds) - known - set(stopped(settings.raw))):
        raise SourceError(
            "first night",
            f"{len(missing)} of {len(feeds)} feeds have not run yet: {', '.join(missing)}",
            next_step="it is tried again by itself; a feed that never comes: read its log in Airflow, or `parkbridge status`",
            is_passing=True,
        )


def _hold_to_freshness(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, known: datetime) -> None:
    row = connection.execute("select last_received_at from ops.feed where feed = ?", [feed.name]).fetchone()
    last = row[0] if row else None
    if last is None or last < known - timedelta(days=feed.allow.stale_days):
        raise CheckFailed(
            feed.name,
            "nothing was ever accepted"
            if last is None
            else f"last accepted {last:%Y-%m-%d}, {(known - last).days} days ago",
            allowed=f"{feed.allow.stale_days} days",
            next_step=f"run `parkbridge sync {feed.name}`, ask {feed.office}, or publish without it: "
            f"`parkbridge sync --without {feed.name}`. Yesterday's night stays published",
        )


def hold_to_night(connection: duckdb.DuckDBPyConnection, night_id: str) -> None:
    """Stop where another night has begun since: two nights at once would publish one made of both.

    Raises:
        CheckFailed: ops.night is not `night_id`.
    """
    row = connection.execute("select night_id from ops.night").fetchone()
    if row is None or row[0] != night_id:
        raise CheckFailed(
            f"night {night_id}",
            f"night {row[0] if row else '(none)'} has begun since",
            next_step="run one night at a time (backfills with --max-active-runs 1), then this one again. "
            "The published night stays",
        )
