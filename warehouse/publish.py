"""PUBLISH: a fresh file of one consistent night, put in place by one atomic rename. No reader waits or sees half of it.

The file is written by `published_file`, and given to readers by `published_nights`: the director's, then every audience's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import forget
from warehouse.durable import make_folder, put, sha256_of, writable_by_us_alone
from warehouse.errors import ParkBridgeError
from warehouse.models import Model
from warehouse.policy import Policy
from warehouse.published_file import OPS_COMMENTS, changes, write
from warehouse.published_nights import (
    current_manifest,
    editions,
    forget_old_nights,
    forget_parts,
    keep,
    moment_of,
    nights,
    put_in_place,
    rollback,
    show_site,
    site_of,
)
from warehouse.settings import DIRECTOR, Settings
from warehouse.views import read_views
from warehouse.work_shown import note_shown

# what a night is published with and taken back by, under one name: scripts outside this tree use it so
__all__ = [
    "Published",
    "changes",
    "current_manifest",
    "editions",
    "is_for_readers",
    "nights",
    "publish",
    "rollback",
    "show_site",
    "site_of",
    "write",
]


@dataclass(frozen=True)
class Published:
    """A published night: its manifest, where it lies, and whether it is what readers see from now on."""

    path: Path
    manifest: dict[str, Any]
    is_in_place: bool


@writable_by_us_alone()
def publish(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    models: list[Model],
    views: Path | None = None,
    make_site: Callable[[Path, Settings], Path] | None = None,
    policy: Policy | None = None,
) -> Published:
    """Write the night in the warehouse into a fresh file; swap it in unless readers see a later night.

    What is published: the tables of `models`, the rules that made them, and ops.*. Raw and staged rows stay private.

    Args:
        connection: The writer's; ops.night says which night it is.
        settings: Where to, and for which audiences.
        models: Every model, in order; their headers and column notes go into the file.
        views: The folder of the operators' views (transforms/views/); without it schema 园区 is empty.
        make_site: Makes the static site of the night's file (report.site.build), before anything of it is in place; where it
            fails, readers keep file and site of the night before.
        policy: Who may see what; without it there is the director's edition alone, and columns are not held against it.

    Raises:
        DeclarationError: A column is in no class of the policy, or an audience is unknown. Nothing was written.
    """
    from warehouse.editions import write_edition

    night_id, as_of = _night(connection)
    audiences = _hold_to_policy(connection, settings, models, policy) if policy else []
    for place in (settings, *map(settings.of_audience, audiences)):
        _make_place(place)
    part = _part(settings, night_id)
    shown = read_views(views, models, settings.time_zone) if views else []
    tables: dict[str, dict[str, Any]] = {}
    sites: list[Path] = []
    try:
        tables[DIRECTOR] = write(connection, part, models, shown, settings)
        if make_site:
            sites.append(make_site(part, settings))
        before = _before(settings)
        is_in_place = before is None or is_for_readers(moment_of(before), as_of)
        if policy and is_in_place:  # other audiences have no use for a night of the past
            for audience in audiences:
                fresh = _part(settings.of_audience(audience), night_id)
                tables[audience] = write_edition(part, fresh, audience, policy, models, shown, settings)
                if make_site:
                    sites.append(make_site(fresh, settings.of_audience(audience)))
    except BaseException:
        _undo(settings, audiences, night_id, sites)
        raise
    _note_published(connection, before)
    manifest: dict[str, Any] = {
        "night_id": night_id,
        "as_of": as_of.isoformat() + "Z",
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "park_name": settings.park_name,
    }
    common = dict(manifest)
    manifest |= {"sha256": sha256_of(part), "tables": tables[DIRECTOR]}
    if before and is_in_place:
        manifest["previous_night_id"] = before["night_id"]
        try:
            manifest["changes"] = changes(settings.published_file, part, models)
        except duckdb.Error as error:  # damaged, likewise
            manifest["changes_unknown"] = " ".join(str(error).split())[:300]
    final = keep(part, manifest)
    if is_in_place:
        put_in_place(settings, final)
        note_shown(connection)
    connection.execute("delete from ops.night_published where as_of = ?", [as_of])
    connection.execute(
        "insert into ops.night_published select ?, (select max(l.as_of) from ops.last_night as l where l.as_of < ?)",
        [as_of, as_of],
    )
    forget_old_nights(settings, night_id)
    _place_editions(settings, {a: common | {"tables": tables[a]} for a in audiences if a in tables}, night_id)
    if policy and is_in_place:
        _withdraw(settings, audiences)
    return Published(settings.published_file if is_in_place else final, manifest, is_in_place)


def _make_place(place: Settings) -> None:
    make_folder(place.home)
    make_folder(place.published, 0o750)  # figures of tax: who else reads them is opened by a person
    make_folder(place.published / "nights")
    forget_parts(place)


def _place_editions(settings: Settings, manifests: Mapping[str, dict[str, Any]], night_id: str) -> None:
    """Put the other audiences' files and sites in place, each in one step."""
    released = settings.released.with_suffix(".part")
    if released.exists():  # before anybody can see a number: what is behind it must be known for good
        put(released, settings.released)
    for audience, manifest in manifests.items():
        place = settings.of_audience(audience)
        part = _part(place, night_id)
        final = keep(part, manifest | {"audience": audience, "sha256": sha256_of(part)})
        put_in_place(place, final)
        forget_old_nights(place, night_id)


def _night(connection: duckdb.DuckDBPyConnection) -> tuple[str, datetime]:
    night = connection.execute("select night_id, as_of from ops.night").fetchone()
    assert night is not None
    return str(night[0]), night[1]


def _undo(settings: Settings, audiences: Sequence[str], night_id: str, sites: Sequence[Path]) -> None:
    """Remove what a publish wrote that has failed, so that a site that nothing shows is not taken for the night's newest."""
    for place in (settings, *map(settings.of_audience, audiences)):
        forget(_part(place, night_id))
    for site in sites:
        shutil.rmtree(site, ignore_errors=True)
    settings.released.with_suffix(".part").unlink(missing_ok=True)


def _part(settings: Settings, night_id: str) -> Path:
    return settings.published / "nights" / f"{night_id}.part"


def _before(settings: Settings) -> dict[str, Any] | None:
    try:
        return current_manifest(settings)
    except ParkBridgeError:  # what readers have is damaged: the more they need this one
        return None


def _hold_to_policy(
    connection: duckdb.DuckDBPyConnection, settings: Settings, models: Sequence[Model], policy: Policy
) -> list[str]:
    """Stop where an audience is unknown or a column that is about to be published has no class; give the other audiences."""
    audiences = [policy.edition(one).audience for one in settings.audiences if one != DIRECTOR]
    wanted = {model.table for model in models} | {f"ops.{name}" for name in OPS_COMMENTS}
    found = connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and not internal order by 1, column_index"
    ).fetchall()
    policy.hold((table, column) for table, column in found if table in wanted)
    return audiences


def _withdraw(settings: Settings, audiences: Sequence[str]) -> None:
    """Remove editions of audiences that the park names no longer: an old one would go on to be read."""
    for folder in (settings.published / "editions").glob("*"):
        if folder.is_dir() and folder.name not in audiences:
            (folder / "park.duckdb").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)


def is_for_readers(before: datetime, as_of: datetime) -> bool:
    """Whether a night takes the place of what readers see, both naive UTC.

    Not that of a backfill: a reader of today never means a night of last month. But a night of next June, published under a
    wrong clock, keeps no other from them.
    """
    return before <= as_of or before > datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)


def _note_published(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any] | None) -> None:
    """Note the night that readers see, where a publish was killed before it did so."""
    if manifest is None:
        return
    as_of = moment_of(manifest)
    connection.execute(
        "insert into ops.night_published select $as_of, (select max(as_of) from ops.night_published where as_of < $as_of) "
        "where $as_of not in (select as_of from ops.night_published)",
        {"as_of": as_of},
    )
