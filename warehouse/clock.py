"""Hold a run against other clocks than this machine's: a wrong one makes a night of next June, or rows of 1970, without an error.

What a run with a wrong clock accepts is worse than what it publishes: rows are known from then on only, so that every night
until that day goes without them. So both are held: what a feed accepts, and the night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from warehouse.batches import Batch
from warehouse.confirmation import Confirmation, Finding, keep
from warehouse.connection import quote
from warehouse.declared import read_yaml
from warehouse.errors import CheckFailed
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import subjects

CLOCK = "clock"
LONG_AGO = datetime(1900, 1, 1)


@dataclass(frozen=True)
class Limits:
    """The limits of rules/clock.yml, which says what each means."""

    version: str
    ahead_max_days: float
    behind_max_days: float
    silence_factor: float
    silence_window_days: int
    dates_min: int

    @classmethod
    def read(cls, rules: Path) -> Limits:
        """Read the rule file of a folder of rules."""
        return cls(**read_yaml((rules / "clock.yml").read_text(encoding="utf-8")))


def utc(moment: datetime) -> datetime:
    """Naive UTC, as every timestamp in the warehouse is kept."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def hold_night_to_clocks(
    connection: duckdb.DuckDBPyConnection,
    feeds: Sequence[StagedFeed],
    as_of: datetime,
    limits: Limits,
    *,
    is_past: bool = False,
    without: Sequence[str] = (),
    now: datetime | None = None,
    confirmation: Confirmation | None = None,
) -> None:
    """Stop a night that lies ahead of this machine's clock, or of every source's own dates, or behind the last night.

    Args:
        connection: The writer's.
        feeds: All declared feeds.
        as_of: The night's moment, aware.
        limits: How far.
        is_past: A night of the past is meant: a backfill, or a date that somebody gave.
        without: Feeds that have stopped; how often they report says nothing now.
        now: The present, aware; the machine's by default.
        confirmation: Who says that the date is right.

    Raises:
        CheckFailed: It does, without a confirmation.
    """
    known, night_id = utc(as_of), f"{utc(as_of):%Y%m%dT%H%M%SZ}"
    asked = [feed for feed in feeds if feed.name not in without] or list(feeds)
    findings = [*_ahead_of_now(known, limits, now), *_ahead_of_sources(connection, asked, known, limits)]
    # a night that neither this machine's clock nor a source has reached was a mistake: it holds up no other
    newest = connection.execute(f"select max(d) from ({_dated()})").fetchall()[0][0]
    present = max(utc(now or datetime.now(UTC)), _end_of(newest) if newest else LONG_AGO)
    last = connection.execute(
        "select max(as_of) from ops.night_begun where as_of <= ?", [present + timedelta(days=limits.ahead_max_days)]
    ).fetchall()[0][0]
    if last and not is_past and known < last - timedelta(days=limits.behind_max_days):
        findings.append(
            Finding(
                "last night",
                f"it is of {known:%Y-%m-%d %H:%M}, {_days(last - known)} before the last night ({last:%Y-%m-%d %H:%M} UTC)",
                f"{limits.behind_max_days:g} days before the last night",
            )
        )
    keep(connection, night_id, CLOCK, findings, confirmation)
    if findings and not confirmation:
        raise CheckFailed(
            f"night {night_id}",
            "; ".join(finding.fact for finding in findings),
            allowed=", ".join(finding.allowed for finding in findings),
            next_step='compare this machine\'s clock (`date -u`). If the date is right: `parkbridge sync --confirm-date "why"`. '
            "A night of the past: `parkbridge sync --until DATE`, or a backfill (docs/runbook.md). Published data is unchanged",
        )


def hold_feed_to_clocks(
    connection: duckdb.DuckDBPyConnection,
    feed: StagedFeed,
    waiting: Sequence[Batch],
    feeds: Sequence[StagedFeed],
    limits: Limits,
    *,
    now: datetime | None = None,
    confirmation: Confirmation | None = None,
) -> None:
    """Stop before batches are accepted under a wrong clock.

    Args:
        connection: The writer's, with the batches staged.
        feed: The feed of the batches.
        waiting: The batches.
        feeds: All declared feeds.
        limits: How far.
        now: The present, aware; the machine's by default.
        confirmation: Who says that the date is right.

    Raises:
        CheckFailed: The pull lies ahead of this machine's clock or of every source's own dates, or this machine's clock lies
            behind what was accepted last, without a confirmation.
    """
    if not waiting or confirmation:
        return
    until = max(utc(batch.manifest.pulled_until) for batch in waiting)
    stated = [utc(b.manifest.delivered_at) for b in waiting if b.manifest.delivered_at]
    findings = [
        *_ahead_of_now(until, limits, now),
        *_ahead_of_sources(connection, feeds, until, limits, f"incoming.{quote(feed.name)}", stated),
    ]
    moment = utc(now or datetime.now(UTC))
    last = connection.execute("select max(accepted_at) from ops.batch").fetchall()[0][0]
    if last and moment < last - timedelta(days=limits.behind_max_days):
        findings.append(
            Finding(
                "last batch",
                f"this machine's clock says {moment:%Y-%m-%d %H:%M} UTC, {_days(last - moment)} before the last batch was "
                f"accepted ({last:%Y-%m-%d %H:%M} UTC)",
                f"{limits.behind_max_days:g} days before the last batch",
            )
        )
    if findings:
        raise CheckFailed(
            feed.name,
            "; ".join(finding.fact for finding in findings),
            allowed=", ".join(finding.allowed for finding in findings),
            next_step="compare this machine's clock (`date -u`) and correct it; batches that were accepted under a wrong clock "
            "are discarded, then `parkbridge rebuild`. If the date is right: "
            f'`parkbridge sync {feed.name} --confirm-date "why"`. Published data is unchanged',
        )


def _dated(incoming: str = "") -> str:
    """The SELECT of the days that sources have dated, of files and of rows as recorded."""
    tables = [f"staged.{quote(name)}" for name in subjects()] + ([incoming] if incoming else [])
    dated = " union ".join(f"select cast(recorded_at as date) as d from {table}" for table in tables)
    return f"{dated} union select cast(delivered_at as date) from ops.batch"


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.min) + timedelta(days=1)


def _days(span: timedelta) -> str:
    # a scheduler hands over spans of its own type, which a timedelta does not divide
    days = span.total_seconds() / 86400
    return f"{days:,.0f} days" if days >= 10 else f"{days:.1f} days"


def _ahead_of_now(moment: datetime, limits: Limits, now: datetime | None) -> list[Finding]:
    present = utc(now or datetime.now(UTC))
    if moment <= present + timedelta(days=limits.ahead_max_days):
        return []
    return [
        Finding(
            "this machine's clock",
            f"it is of {moment:%Y-%m-%d %H:%M}, {_days(moment - present)} after now ({present:%Y-%m-%d %H:%M} UTC)",
            f"{limits.ahead_max_days:g} days after now",
        )
    ]


def _ahead_of_sources(
    connection: duckdb.DuckDBPyConnection,
    feeds: Sequence[StagedFeed],
    moment: datetime,
    limits: Limits,
    incoming: str = "",
    stated: Sequence[datetime] = (),
) -> list[Finding]:
    """A finding where no source has dated anything for longer than all of them together were ever silent.

    A source's own dates are those of its files and those at which the office recorded a row. A park where everything comes
    once a month is ahead of its sources' dates for a month; so the limit grows with the longest silence that was seen.
    """
    dates = connection.execute(
        f"with dated as ({_dated(incoming)} union select unnest($stated::date[])) "
        "select d from dated where d <= $moment and d > $moment - to_days($days) order by d",
        {"moment": moment, "days": limits.silence_window_days, "stated": [t.date() for t in stated]},
    ).fetchall()
    days = [d for (d,) in dates]
    if not days:
        return []
    newest = _end_of(days[-1])
    if len(days) < limits.dates_min:
        silence = float(min(feed.allow.stale_days for feed in feeds)) if feeds else 0.0
    else:
        silence = limits.silence_factor * max((later - day).days for day, later in pairwise(days))
    allowed = max(limits.ahead_max_days, silence)
    if moment <= newest + timedelta(days=allowed):
        return []
    return [
        Finding(
            "sources' dates",
            f"it is of {moment:%Y-%m-%d %H:%M}, {_days(moment - newest)} after anything that a source has dated ({days[-1]})",
            f"{allowed:g} days after the sources' own dates",
        )
    ]
