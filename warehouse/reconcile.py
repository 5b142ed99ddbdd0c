"""Hold what is there against what there should be: the warehouse against raw/, and tonight against the night that readers see.

A warehouse that is lost, or was put back from an old copy, builds a night that is whole in itself: every check of a table
holds. Only what lies outside it shows that most of it is missing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from warehouse.batches import ROWS, batches, without_manifest
from warehouse.confirmation import Confirmation, Finding, keep
from warehouse.connection import columns_by_table, literal, quote
from warehouse.errors import CheckFailed
from warehouse.models import Model
from warehouse.publish import is_for_readers
from warehouse.settings import Settings
from warehouse.staged_feed import StagedFeed

RAW, CHANGE = "raw", "change"
_LISTED = 6
# the schemas of models, which readers get
MODEL_SCHEMAS = ("resolved", "monthly", "signals", "industry", "snapshots")

Batches = set[tuple[str, str]]


# --- the warehouse against raw/ -------------------------------------------------------------------------------------


def hold_to_raw(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    feeds: Sequence[StagedFeed],
    night_id: str = "",
    confirmation: Confirmation | None = None,
) -> None:
    """Stop where the warehouse and raw/ do not have the same batches.

    Args:
        connection: The writer's, with every announcement settled.
        settings: The park's.
        feeds: Those that are asked: a night asks all declared ones, a feed's run its own.
        night_id: The night; empty for a feed's run.
        confirmation: Who says that batches missing from raw/ are lost for good. A warehouse that lacks batches is never
            confirmed: it is rebuilt.

    Raises:
        CheckFailed: An accepted batch is not in the warehouse, or raw/ lacks one that the warehouse or the last
            published night has; of a night also, the warehouse has batches of a feed that is not declared.
    """
    asked = {feed.name for feed in feeds}
    accepted, discarded, named = _on_disk(settings.raw, asked)
    held = _held(connection)
    if night_id and (undeclared := {batch for batch in held if batch[0] not in asked}):
        raise CheckFailed(
            _where(night_id, asked, "warehouse"),
            f"the warehouse has {len(undeclared):,} batches of feeds that no folder declares: {_listed(undeclared)}. Their rows would "
            "stay as they are for good, and a rebuild would not have them",
            allowed="none",
            next_step="put the feed's folder back, or name its folder in PARKBRIDGE_FEEDS. If the feed is given up, or has another name "
            'now: `parkbridge rebuild --accept-change "why"` takes its rows out, then `parkbridge sync`. Published data is unchanged',
        )
    if lacking := {batch for batch in accepted - discarded - held if batch[0] in asked}:
        raise CheckFailed(
            _where(night_id, asked, "warehouse"),
            f"the warehouse lacks {len(lacking):,} of {len(accepted - discarded):,} accepted batches: {_listed(lacking)}",
            allowed="none",
            next_step="`parkbridge rebuild` makes it again from raw/, then run this again. Published data is unchanged",
        )
    confirmed = set(
        connection.execute(
            "select split_part(object_name, '/', 1), split_part(object_name, '/', 2) from ops.confirmation "
            "where stop_code = ? and night_id <> ?",
            [RAW, night_id],
        ).fetchall()
    )
    known = held | named | (_published(connection, settings) if night_id else set())
    gone = {batch for batch in known - accepted - discarded - confirmed if batch[0] in asked}
    findings = [
        Finding(f"{feed}/{batch_id}", f"raw/{feed}/{batch_id} is gone or not whole") for feed, batch_id in sorted(gone)
    ]
    if night_id:
        keep(connection, night_id, RAW, findings, confirmation)
    if gone and not confirmation:
        raise CheckFailed(
            _where(night_id, asked, "raw"),
            f"raw/ lacks {len(gone):,} of {len(known):,} batches that were accepted: {_listed(gone)}",
            allowed="none",
            next_step=f"restore them from {settings.backup}/raw (docs/runbook.md, Backup and restore). If they are lost for "
            'good: `parkbridge sync --accept-change "why"` publishes without asking for them again. Published data is unchanged',
        )


def gone_from_raw(
    connection: duckdb.DuckDBPyConnection, settings: Settings, feeds: Sequence[StagedFeed], database: str
) -> Batches:
    """Batches of declared feeds that raw/ lacks, known by `database`, by what readers see, or by markers: a rebuild loses them."""
    asked = {feed.name for feed in feeds}
    accepted, discarded, named = _on_disk(settings.raw, asked)
    known = _held(connection, database) | _published(connection, settings) | named
    return {batch for batch in known - accepted - discarded if batch[0] in asked}


def undeclared_feeds(
    connection: duckdb.DuckDBPyConnection, settings: Settings, feeds: Sequence[StagedFeed], database: str
) -> dict[str, int]:
    """Feeds that no folder declares, known by `database` or by what readers see → their batches: a rebuild leaves them out."""
    asked = {feed.name for feed in feeds}
    known = _held(connection, database) | _published(connection, settings)
    return dict(sorted(Counter(feed for feed, _ in known if feed not in asked).items()))


def _on_disk(raw: Path, feeds: Iterable[str]) -> tuple[Batches, Batches, Batches]:
    """Accepted batches that are whole, discarded ones, and all that raw/ itself names: by a marker, or as the one before."""
    accepted, discarded, named = set(), set(), set()
    for feed in feeds:
        for batch in batches(raw, feed):
            own = (feed, batch.manifest.batch_id)
            if batch.is_discarded:
                discarded.add(own)
            elif batch.accepted_at:
                named.add(own)
                if (batch.folder / ROWS).exists():
                    accepted.add(own)
            if batch.previous:
                named.add((feed, batch.previous))
        named |= {(feed, batch_id) for batch_id in without_manifest(raw, feed)}
    return accepted, discarded, named


def _held(connection: duckdb.DuckDBPyConnection, database: str = "") -> Batches:
    return set(connection.execute(f"select feed, batch_id from {database}ops.batch").fetchall())


def _published(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Batches:
    """The batches that the night that readers see was made of: they are known where warehouse and raw/ are both gone."""
    with _earlier(connection, settings) as as_of:
        return _held(connection, "earlier.") if as_of is not None else set()


def _where(night_id: str, asked: set[str], other: str) -> str:
    return f"night {night_id}" if night_id else ", ".join(sorted(asked)) or other


def _listed(batches: Batches) -> str:
    counts: dict[str, list[str]] = {}
    for feed, batch_id in sorted(batches):
        counts.setdefault(feed, []).append(batch_id)
    said = [f"{feed} {ids[0]}" + (f" and {len(ids) - 1} more" if ids[1:] else "") for feed, ids in counts.items()]
    return ", ".join(said[:_LISTED]) + (f" and {len(said) - _LISTED} more feeds" if said[_LISTED:] else "")


# --- tonight against the night that readers see ---------------------------------------------------------------------


def hold_to_last_night(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    models: Sequence[Model],
    confirmation: Confirmation | None = None,
) -> list[Finding]:
    """Stop a publish that would show readers much less than they see now, or figures of another size.

    Nothing is compared on the first night, for a past night (readers do not see it), and of a table with changed columns.

    Args:
        connection: The writer's, with tonight built and rules.night_change loaded.
        settings: The park's.
        models: Every model that is published.
        confirmation: Who says that the change is true. It is kept with each figure.

    Returns:
        What was beyond the limits and confirmed.

    Raises:
        CheckFailed: A figure is beyond its limit, without a confirmation.
    """
    night_id, as_of = connection.execute("select night_id, as_of from ops.night").fetchall()[0]
    findings: list[Finding] = []
    with _earlier(connection, settings) as before:
        if before is not None and is_for_readers(before, as_of):
            shapes = columns_by_table(connection, "earlier"), columns_by_table(connection)
            findings = [
                *_things(connection, shapes),
                *_signals(connection, shapes),
                *_rows(connection, shapes, [m for m in models if m.schema in MODEL_SCHEMAS]),
            ]
    keep(connection, night_id, CHANGE, findings, confirmation)
    if findings and not confirmation:
        shown = findings[:_LISTED]
        more = f"; and {len(findings) - _LISTED} more" if findings[_LISTED:] else ""
        raise CheckFailed(
            f"night {night_id} against {before:%Y%m%dT%H%M%SZ}, which readers see",
            "; ".join(finding.fact for finding in shown) + more,
            allowed=", ".join(dict.fromkeys(finding.allowed for finding in shown)),
            next_step="look what went missing: `parkbridge status`, `parkbridge doctor`, and what was accepted since "
            "(ops.batch, ops.quarantine). If it is true, or comes from a changed rule or model: "
            '`parkbridge sync --accept-change "why"`. Published data is unchanged',
        )
    return findings


# columns with their types, by table, of the night before and of tonight
Shapes = tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]


@contextmanager
def _earlier(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Any]:
    """Attach what readers see as `earlier`: as of when it is; None where there is nothing, or nothing that can be read.

    Where that file is damaged, the newest night that is kept is taken in its place.
    """
    nights = sorted((settings.published / "nights").glob("*.duckdb"), reverse=True)
    as_of = None
    for path in (settings.published_file, *nights):
        if not path.exists():
            continue
        try:
            connection.execute(f"attach {literal(os.fspath(path))} as earlier (read_only)")
            ((as_of,),) = connection.execute("select as_of from earlier.ops.night").fetchall()
            break
        except (duckdb.Error, ValueError):
            connection.execute("detach database if exists earlier")
    try:
        yield as_of
    finally:
        connection.execute("detach database if exists earlier")


def _fall(name: str, unit: str, before: float, now: float, limit_pct: float, limit_min: float) -> Finding | None:
    """A fall beyond its limit, if it is one."""
    if before <= 0 or before - now <= limit_min or before - now <= before * limit_pct / 100:
        return None
    unit = f" {unit}" if unit else ""
    return Finding(
        name,
        f"{name} fell from {before:,.0f} to {now:,.0f}{unit} ({100 * (before - now) / before:.1f} %)",
        f"{limit_pct:g} % of {name}",
        before,
        now,
    )


def _things(connection: duckdb.DuckDBPyConnection, shapes: Shapes) -> Iterator[Finding]:
    """Enterprises and months."""
    for code, counted in (
        ("enterprises", "count(distinct enterprise_id) from {}snapshots.enterprise_current"),
        ("months", "count(distinct month) from {}snapshots.enterprise_month"),
    ):
        table = counted.rpartition(".")[2]
        if not _has(shapes, "snapshots", table):
            continue
        limits = connection.execute(
            "select fall_max_pct, fall_min from rules.night_change where measure_code = ?", [code]
        ).fetchall()
        for limit_pct, limit_min in limits:
            before, now = (
                connection.execute(f"select {counted.format(database)}").fetchall()[0][0]
                for database in ("earlier.", "")
            )
            if finding := _fall(code, "", before, now, limit_pct, limit_min):
                yield finding


def _signals(connection: duckdb.DuckDBPyConnection, shapes: Shapes) -> Iterator[Finding]:
    """The park's totals of what is followed: all months together, single months, and the size of one enterprise's figure."""
    if not _has(shapes, "snapshots", "park_month"):
        return
    total = (
        "select signal_code, month, sum(total_value) as value, sum(enterprise_count - suspect_count) as n "
        "from {}snapshots.park_month group by all"
    )
    compared = connection.execute(
        f"with earlier_month as ({total.format('earlier.')}), tonight_month as ({total.format('')}), "
        "feed as (select subject, string_agg(feed, ', ' order by feed) as feeds from ops.feed group by all) "
        "select r.measure_code, s.unit_en, f.feeds, r.fall_max_pct, r.fall_min, r.month_fall_max_pct, r.month_fall_min, "
        "r.rise_max_factor, sum(e.value)::double, coalesce(sum(t.value), 0)::double, "
        # months that both have, per enterprise
        "(sum(e.value) filter (t.n > 0) / nullif(sum(e.n) filter (t.n > 0), 0))::double, "
        "(sum(t.value) filter (e.n > 0) / nullif(sum(t.n) filter (e.n > 0), 0))::double, sum(e.n), "
        "count(*) filter (is_less), max_by(e.month, e.value - coalesce(t.value, 0)) filter (is_less), "
        "max_by(e.value, e.value - coalesce(t.value, 0)) filter (is_less)::double, "
        "max_by(coalesce(t.value, 0), e.value - coalesce(t.value, 0)) filter (is_less)::double "
        "from rules.night_change as r inner join rules.signal as s on r.measure_code = s.signal_code "
        "inner join earlier_month as e on r.measure_code = e.signal_code "
        "left join tonight_month as t on e.signal_code = t.signal_code and e.month = t.month "
        "left join feed as f on s.subject = f.subject "
        "cross join lateral (select e.value > 0 and e.value - coalesce(t.value, 0) > r.month_fall_min "
        "and e.value - coalesce(t.value, 0) > e.value * r.month_fall_max_pct / 100 as is_less) "
        "group by r.measure_code, s.unit_en, f.feeds, r.fall_max_pct, r.fall_min, r.month_fall_max_pct, r.month_fall_min, "
        "r.rise_max_factor order by r.measure_code"
    ).fetchall()
    for (
        code, unit, feeds, limit_pct, limit_min, month_pct, _, factor,
        before, now, mean_before, mean_now, count, months, worst, worst_before, worst_now,
    ) in compared:  # fmt: skip
        name = f"{code} ({feeds})" if feeds else str(code)
        if finding := _fall(name, unit, before, now, limit_pct, limit_min):
            yield finding
        elif months:
            yield Finding(
                name,
                f"{name} of {worst:%Y-%m} fell from {worst_before:,.0f} to {worst_now:,.0f} {unit} "
                f"({100 * (worst_before - worst_now) / worst_before:.1f} %)"
                + (f", and of {months - 1} more months" if months > 1 else ""),
                f"{month_pct:g} % of a month's {code}",
                worst_before,
                worst_now,
            )
        if factor and mean_before and mean_now and count >= 20 and mean_now > factor * mean_before > 0:
            yield Finding(
                name,
                f"{name} per enterprise and month rose from {mean_before:,.0f} to {mean_now:,.0f} {unit} "
                f"({mean_now / mean_before:,.1f} times)",
                f"{factor:g} times of {code} per enterprise",
                mean_before,
                mean_now,
            )


def _rows(connection: duckdb.DuckDBPyConnection, shapes: Shapes, models: Sequence[Model]) -> Iterator[Finding]:
    """Rows of each published table that has the columns that it had."""
    limits = {
        table: (pct, least)
        for table, pct, least in connection.execute(
            "select table_name, fall_max_pct, fall_min from rules.night_change where measure_code = 'rows'"
        ).fetchall()
    }
    for model in models:
        limit_pct, limit_min = limits.get(model.table, limits.get("*", (100.0, 0.0)))
        if limit_pct >= 100 or not _has(shapes, model.schema, model.name):
            continue
        table = f"{model.schema}.{quote(model.name)}"
        before, now = (
            connection.execute(f"select count(*) from {database}{table}").fetchall()[0][0]
            for database in ("earlier.", "")
        )
        if finding := _fall(model.table, "rows", before, now, limit_pct, limit_min):
            yield finding


def _has(shapes: Shapes, schema: str, table: str) -> bool:
    """Whether both nights have the table, with the same columns: another shape is another model."""
    earlier, now = (of_night.get(f"{schema}.{table}", {}) for of_night in shapes)
    if table in ("enterprise_current", "enterprise_month", "park_month"):
        return bool(earlier and now)  # only named columns are read
    return bool(earlier) and list(earlier.items()) == list(now.items())
