"""Reconstruct a past snapshot: `parkbridge snapshot --as-of`. Neither the warehouse nor what is published is touched.

A scratch warehouse gets every staged row that had been received by then, in its state of then: what arrived or was superseded
later is not in it, so that no model can see it. Over it run the whole resolution and every layer behind it, and a file is
written in the form of a published night. docs/decisions/0016 says what cannot be reconstructed.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from transforms import night
from transforms.outcome_file import load as load_answers
from transforms.resolution.judgement_file import read_judgements
from transforms.resolution.resolve import resolve
from warehouse.clock import utc
from warehouse.connection import alone, literal, open_file, prepare, quote, spare_threads, the_row
from warehouse.differences import differences
from warehouse.errors import ParkBridgeError
from warehouse.last_night import KEPT, as_of_file, take_from, take_tonight
from warehouse.models import Model
from warehouse.people import JUDGEMENTS_FILE, hold_to_copy
from warehouse.published_file import write
from warehouse.settings import Settings
from warehouse.subjects import subjects
from warehouse.views import read_views

NIGHT_ID = re.compile(r"\d{8}T\d{6}Z")
WAYS = "a date (its end), a time such as 2026-11-20T02:00, or a night's id such as 20261119T180000Z"


@dataclass(frozen=True)
class PastSnapshot:
    """A reconstructed snapshot.

    Attributes:
        path: The file.
        night_id: The night that it reconstructs.
        as_of: The moment, naive UTC.
        tables: Rows by table.
        later_judgements: Lines of judgements.csv that are dated later, and were left out.
        kept: The published file of that very night, where it is kept.
        differing: Tables that differ from it: rows only there, rows only here.
        changed_rules: Tables of rules that are others than that night's.
        is_open: Whether what arrives from now on can still belong to the moment: no night has been begun since.
    """

    path: Path
    night_id: str
    as_of: datetime
    tables: dict[str, int]
    later_judgements: int
    kept: Path | None
    differing: dict[str, tuple[int, int]]
    changed_rules: list[str]
    is_open: bool

    @property
    def explanations(self) -> tuple[str, ...]:
        """What a difference from the kept night may come from, where it comes from no lost row."""
        found = []
        if self.later_judgements:
            found.append(f"{self.later_judgements} judgements are dated later")
        if self.changed_rules:
            found.append(f"rules changed since: {', '.join(self.changed_rules)}")
        return tuple(found)


def moment_of(settings: Settings, text: str, now: datetime) -> datetime | None:
    """The moment that a date or a time means, naive UTC; None for a night's id. Without a time zone it is the park's.

    Raises:
        ParkBridgeError: It is neither, or has not come yet.
    """
    if NIGHT_ID.fullmatch(text):
        return None
    try:
        if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text):
            moment = datetime.combine(date.fromisoformat(text) + timedelta(days=1), time.min, settings.time_zone)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=settings.time_zone)
        known = utc(moment)
    except (ValueError, OverflowError):
        raise ParkBridgeError("snapshot", f"--as-of {text!r} is no moment", next_step=f"give {WAYS}") from None
    if known > utc(now):
        raise ParkBridgeError(
            "snapshot",
            f"--as-of {text} is {known:%Y-%m-%d %H:%M} UTC, which has not come yet: more can become known until then",
            next_step="give a moment that has passed",
        )
    return known


def reconstruct(
    settings: Settings, as_of: str, out: Path | None = None, *, now: datetime | None = None
) -> PastSnapshot:
    """Write what was known at a moment into a file in the form of a published night.

    Args:
        settings: The park's.
        as_of: A date (the end of that day in the park), an ISO time, or a night's id.
        out: A file that is not there yet; by default asof/<night_id>.duckdb beside published/, which is replaced.
        now: The present, aware.

    Raises:
        ParkBridgeError: No such moment, nothing had been received by then, or the file cannot be written.
        WarehouseBusy: Somebody is writing.
    """
    known = moment_of(settings, as_of, now or datetime.now(UTC))
    if out is not None:
        _hold_to_new_file(settings, out)
    if not settings.warehouse_file.exists():
        raise ParkBridgeError(
            "snapshot", "there is no warehouse yet", next_step="run `parkbridge sync`, or `parkbridge rebuild`"
        )
    models = night.models()
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix="asof-") as folder:
        scratch = Path(folder) / "warehouse.duckdb"
        with _opened(settings, scratch) as connection:
            with _attached(settings, connection):
                moment, is_open = _settle(connection, as_of, known)
                previous = _previous(connection, moment)
                _copy_known(connection, moment)
            night_id = f"{moment:%Y%m%dT%H%M%SZ}"
            if previous:
                _reconstruct_previous(connection, settings, previous)
            _begin(connection, settings, moment)
            night.build(connection)
            part = Path(folder) / "snapshot.duckdb"
            views = read_views(night.LAYERS / "views", models, settings.time_zone)
            tables = write(connection, part, models, views)
        target = out or settings.home / "asof" / f"{night_id}.duckdb"
        _put(part, target)
    kept = settings.published / "nights" / f"{night_id}.duckdb"
    differing, changed_rules = _held_against(kept, target, moment, models)
    return PastSnapshot(
        target,
        night_id,
        moment,
        {table: int(found["rows"]) for table, found in tables.items()},
        sum(
            judgement.moment > _local(settings, moment)
            for judgement in read_judgements(hold_to_copy(settings, JUDGEMENTS_FILE))
        ),
        kept if differing is not None else None,
        differing or {},
        changed_rules,
        is_open,
    )


def _hold_to_new_file(settings: Settings, out: Path) -> None:
    path = out.expanduser().absolute()
    if path.exists():
        raise ParkBridgeError(
            f"--out {out}", "it is there already", next_step="name a file that is not, or move that one away"
        )
    if path.resolve().is_relative_to(settings.published.resolve()):
        raise ParkBridgeError(f"--out {out}", "what is published is not written to", next_step="name a file elsewhere")
    if not path.parent.is_dir():
        raise ParkBridgeError(f"--out {out}", f"there is no folder {path.parent}", next_step="make it first")
    if not os.access(path.parent, os.W_OK):
        raise ParkBridgeError(f"--out {out}", f"{path.parent} cannot be written to", next_step="name another folder")


@contextmanager
def _opened(settings: Settings, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_file(scratch, settings.memory_limit)
    try:
        spare_threads(connection, settings)
        prepare(connection)
        yield connection
    finally:
        connection.close()


@contextmanager
def _attached(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """The warehouse, read-only, for as long as copying takes."""
    with alone(settings, wait_seconds=30):
        connection.execute(f"attach {literal(os.fspath(settings.warehouse_file))} as park (read_only)")
        try:
            yield
        finally:
            connection.execute("detach park")


def _settle(connection: duckdb.DuckDBPyConnection, text: str, known: datetime | None) -> tuple[datetime, bool]:
    """The moment, for a night's id the exact one; and whether no night has been begun since."""
    begun = [moment for (moment,) in connection.execute("from park.ops.night_begun order by 1").fetchall()]
    if known is None:
        # two nights within one second: the later one counts
        named = [moment for moment in begun if f"{moment:%Y%m%dT%H%M%SZ}" == text]
        if not named:
            last = ", ".join(sorted({f"{moment:%Y%m%dT%H%M%SZ}" for moment in begun}, reverse=True)[:5])
            raise ParkBridgeError(
                "snapshot",
                f"no night {text} was begun; the last are {last or '(none)'}",
                next_step="give one of them, or a date or time: what was known then can be reconstructed all the same",
            )
        known = named[-1]
    every = " union all ".join(f"select min(received_at) as t from park.staged.{quote(name)}" for name in subjects())
    (first,) = the_row(connection, f"select min(t) from ({every})")
    if first is None or first > known:
        raise ParkBridgeError(
            "snapshot",
            f"nothing had been received by {known:%Y-%m-%d %H:%M} UTC"
            + (f"; the first row is of {first:%Y-%m-%d %H:%M} UTC" if first else "; the warehouse is empty"),
            next_step="give a later moment" if first else "run `parkbridge sync`",
        )
    return known, not begun or known > begun[-1]


def _copy_known(connection: duckdb.DuckDBPyConnection, moment: datetime) -> None:
    """Staged rows in their state of then, and what ops.* said of the deliveries they came in."""
    for name in subjects():
        # by name: a warehouse of before the last change of subjects.yml lacks columns
        connection.execute(
            f"insert into staged.{quote(name)} by name select * replace "
            "(case when superseded_at <= $moment then superseded_at end as superseded_at) "
            f"from park.staged.{quote(name)} where received_at <= $moment",
            {"moment": moment},
        )
    brought = " union ".join(f"select feed, batch_id from staged.{quote(name)}" for name in subjects())
    connection.execute(
        f"insert into ops.batch by name select b.* from park.ops.batch as b where b.accepted_at <= ? "
        f"or (b.feed, b.batch_id) in ({brought})",
        [moment],
    )
    connection.execute(
        "insert into ops.quarantine by name from park.ops.quarantine "
        "where (feed, batch_id) in (select (feed, batch_id) from ops.batch)"
    )
    connection.execute(
        "insert into ops.feed by name select f.* replace ((select max(b.pulled_until) from ops.batch as b "
        "where b.feed = f.feed) as last_received_at) from park.ops.feed as f"
    )
    if connection.execute(
        "from duckdb_tables() where database_name = 'park' and table_name = 'figure_kind'"
    ).fetchone():
        connection.execute("insert into ops.figure_kind by name from park.ops.figure_kind")
    connection.execute(
        "insert into ops.unread_fact by name select * replace "
        "(case when superseded_at <= $moment then superseded_at end as superseded_at) "
        "from park.ops.unread_fact where received_at <= $moment",
        {"moment": moment},
    )
    connection.execute("insert into ops.night_begun by name from park.ops.night_begun where as_of <= ?", [moment])
    if connection.execute("from duckdb_tables() where database_name = 'park' and table_name = 'work_shown'").fetchone():
        connection.execute("insert into ops.work_shown by name from park.ops.work_shown where as_of < ?", [moment])


def _previous(connection: duckdb.DuckDBPyConnection, moment: datetime) -> datetime | None:
    """The night that readers saw before: of a published night as it was noted then, else the last one published before."""
    noted = connection.execute(
        "from duckdb_tables() where database_name = 'park' and table_name = 'night_published'"
    ).fetchone()
    if not noted:
        return None
    own = connection.execute("select previous_as_of from park.ops.night_published where as_of = ?", [moment]).fetchone()
    found = own or the_row(connection, "select max(as_of) from park.ops.night_published where as_of < ?", [moment])
    previous: datetime | None = found[0]
    return previous


def _reconstruct_previous(connection: duckdb.DuckDBPyConnection, settings: Settings, moment: datetime) -> None:
    """What snapshots.change compares with: from that night's file where it is kept, else reconstructed as well."""
    kept = settings.published / "nights" / f"{moment:%Y%m%dT%H%M%SZ}.duckdb"
    if as_of_file(connection, kept) == moment:
        take_from(connection, kept)
        return
    _begin(connection, settings, moment)
    night.build(connection, only=night.needed_for([f"{schema}.{table}" for schema, table in KEPT.values()]))
    take_tonight(connection)


def _begin(connection: duckdb.DuckDBPyConnection, settings: Settings, moment: datetime) -> None:
    """What comes before the layers, as of a moment: a scratch warehouse has no night before, so that all of it is made."""
    connection.execute("delete from ops.night")
    connection.execute(
        "insert into ops.night values (?, ?, ?)", [f"{moment:%Y%m%dT%H%M%SZ}", moment, settings.park_name]
    )
    resolve(connection, settings.judgements, whole=True, said_until=_local(settings, moment))
    load_answers(connection, settings, moment, is_past=True)
    night.begin(connection)


def _local(settings: Settings, moment: datetime) -> datetime:
    """In the park's own time, as judgements are dated."""
    return moment.replace(tzinfo=UTC).astimezone(settings.time_zone).replace(tzinfo=None)


def _put(part: Path, target: Path) -> None:
    """Put the file in place by one rename, also across file systems."""
    near = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(part, near)
        near.chmod(0o444)
        near.replace(target)
    except OSError as error:
        raise ParkBridgeError(
            str(target), f"it cannot be written: {error.strerror or error}", next_step="name another file with --out"
        ) from None
    finally:
        with suppress(OSError):  # its folder is a file
            near.unlink(missing_ok=True)


def _held_against(
    kept: Path, made: Path, moment: datetime, models: list[Model]
) -> tuple[dict[str, tuple[int, int]] | None, list[str]]:
    """Where that very night's published file is kept, what differs from it, and which rules do; else None."""
    if not kept.exists():
        return None, []
    with duckdb.connect(kept, read_only=True) as connection:
        if connection.execute("select as_of from ops.night").fetchone() != (moment,):
            return None, []
        rules = [
            f"rules.{name}"
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'rules' order by 1"
            ).fetchall()
        ]
    return differences(kept, made, [model.table for model in models]), sorted(differences(kept, made, rules))


def in_words(snapshot: PastSnapshot, name: str) -> Iterator[str]:
    """What was made, how far it can be trusted, and what it was held against."""
    rows = sum(count for table, count in snapshot.tables.items() if not table.startswith(("rules.", "ops.")))
    yield f"As known at {snapshot.as_of:%Y-%m-%d %H:%M:%S} UTC: {rows:,} rows in {name}"
    if snapshot.later_judgements:
        lines = "line is" if snapshot.later_judgements == 1 else "lines are"
        yield f"Judgements   {snapshot.later_judgements} {lines} dated later and left out"
    if snapshot.changed_rules:
        yield f"Rules        today's, not that night's: {', '.join(snapshot.changed_rules)}"
    if snapshot.kept and not snapshot.differing:
        yield f"Held against night {snapshot.night_id} as published: the same, row for row"
    elif snapshot.kept:
        parts = [f"{table} −{old:,} +{new:,}" for table, (old, new) in snapshot.differing.items()]
        count = "1 table differs" if len(parts) == 1 else f"{len(parts)} tables differ"
        yield f"Held against night {snapshot.night_id} as published: {count}: {'; '.join(parts)}"
    else:
        yield "Held against nothing: no published night of this moment is kept; rules, models and declarations are today's"
    if snapshot.is_open:
        yield "Not final: no night has been begun since, so that what arrives from now on can still be of before it"
