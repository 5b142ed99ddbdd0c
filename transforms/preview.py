"""What the next night will make of the current judgements.csv: worked out on a copy of the warehouse, which is then deleted.

Neither what is published nor the writer's warehouse is touched; the writer's place is held for as long as copying takes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from transforms import night
from transforms.resolution.judgement_file import Judgement
from transforms.resolution.resolve import resolve
from warehouse.connection import alone
from warehouse.errors import ParkBridgeError
from warehouse.settings import Settings
from warehouse.text import aligned, joined

FIGURES = ("insured_headcount", "sales_amount", "tax_paid_amount", "leased_area_m2", "electricity_kwh")


@dataclass(frozen=True)
class Moved:
    """A record that changes its enterprise; None: it has none."""

    record: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Changed:
    """A figure of an enterprise's row in snapshots.enterprise_current, before and after, as text."""

    enterprise_id: str
    figure: str
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    """What changes from the last night to one with the current judgements.

    Attributes:
        enterprises: How many before, how many after.
        waiting: Rows of the review queue before and after.
        moved: The records that change their enterprise.
        changed: The figures that change, of the enterprises that records leave or come to.
        names: Names by enterprise_id.
        conflicts: Contradictions between judgements that are there afterwards, in words.
    """

    enterprises: tuple[int, int]
    waiting: tuple[int, int]
    moved: list[Moved]
    changed: list[Changed]
    names: dict[str, str]
    conflicts: list[str]


@contextmanager
def _copy(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with tempfile.TemporaryDirectory(dir=settings.home, prefix="review-") as folder:
            copy = Path(folder) / "warehouse.duckdb"
            with alone(settings, wait_seconds=5):
                for ending in ("", ".wal"):
                    source = settings.warehouse_file.with_name(settings.warehouse_file.name + ending)
                    if source.exists() or not ending:
                        shutil.copyfile(source, copy.with_name(copy.name + ending))
            connection = duckdb.connect(copy)
            try:
                connection.execute("set memory_limit = ?", [settings.memory_limit])
                connection.execute("set preserve_insertion_order = false")
                connection.execute("set enable_progress_bar = false")
                yield connection
            finally:
                connection.close()
    except OSError as error:
        raise ParkBridgeError(
            "preview",
            f"the warehouse cannot be copied ({error.strerror or error})",
            next_step="wait for the next night, or leave it out with --no-preview",
        ) from None


def preview(settings: Settings) -> Preview:
    """Run the resolution, and where records move the layers behind the current snapshot, on a copy.

    Raises:
        WarehouseBusy: Somebody is writing.
        ParkBridgeError: The warehouse cannot be copied, or holds no whole night.
    """
    with _copy(settings) as connection:
        try:
            for schema, table in (
                ("resolved", "link"),
                ("resolved", "review_queue"),
                ("snapshots", "enterprise_current"),
            ):
                connection.execute(f"create temp table {table}_before as select * from {schema}.{table}")
        except duckdb.CatalogException:
            raise ParkBridgeError(
                "preview", "the warehouse holds no whole night", next_step="run `parkbridge sync`"
            ) from None
        resolve(connection, settings.judgements)
        moved = [
            Moved(*row)
            for row in connection.execute(
                """
                select coalesce(b.feed, a.feed) || '/' || coalesce(b.source_key, a.source_key), b.enterprise_id, a.enterprise_id
                from link_before as b full join resolved.link as a on b.feed = a.feed and b.source_key = a.source_key
                where b.enterprise_id is distinct from a.enterprise_id
                order by 1
                """
            ).fetchall()
        ]
        touched = sorted({home for move in moved for home in (move.before, move.after) if home})
        changed = _changed(connection, touched) if touched else []
        return Preview(
            _counts(connection, "count(distinct enterprise_id)", "link"),
            _counts(connection, "count(*)", "review_queue"),
            moved,
            changed,
            _names(connection),
            [
                " · ".join(row)
                for row in connection.execute(
                    "select conflict_code, stated, 'next: ' || next_step from resolved.judgement_conflict order by all"
                ).fetchall()
            ],
        )


def _counts(connection: duckdb.DuckDBPyConnection, what: str, table: str) -> tuple[int, int]:
    row = connection.execute(
        f"select (select {what} from {table}_before), (select {what} from resolved.{table})"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _names(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(
        connection.execute(
            "select enterprise_id, enterprise_name from enterprise_current_before where enterprise_name is not null "
            "union all select enterprise_id, enterprise_name from resolved.enterprise where enterprise_name is not null"
        ).fetchall()
    )


def _changed(connection: duckdb.DuckDBPyConnection, touched: list[str]) -> list[Changed]:
    night.begin(connection)
    night.build(connection, only=night.needed_for(["snapshots.enterprise_current"]))
    found = []
    for figure in FIGURES:
        rows = connection.execute(
            f"""
            select enterprise_id, b.{figure}::varchar, a.{figure}::varchar
            from (select * from enterprise_current_before where enterprise_id in (select unnest($ids))) as b
            full join (select * from snapshots.enterprise_current where enterprise_id in (select unnest($ids))) as a
                using (enterprise_id)
            where b.{figure} is distinct from a.{figure}
            """,
            {"ids": touched},
        ).fetchall()
        found += [Changed(home, figure, before or "–", after or "–") for home, before, after in rows]
    return sorted(found, key=lambda change: (change.enterprise_id, FIGURES.index(change.figure)))


def report(seen: Preview, written: list[Judgement]) -> Iterator[str]:
    """A preview in words: each decision's own move first, then the sum."""

    def home(enterprise_id: str | None) -> str:
        if enterprise_id is None:
            return "none"
        return f"{enterprise_id} {seen.names.get(enterprise_id, '(no name)')}"

    move_of = {move.record: move for move in seen.moved}
    yield "What the next night will make of them (worked out on a copy; what is published has not changed):"
    for line in written:
        own = [move_of[name] for name in (line.left, line.right) if name in move_of]
        yield f"  {line.decision} {line.left} {line.right}: " + (
            "; ".join(f"{m.record} goes from {home(m.before)} to {home(m.after)}" for m in own) or "nothing moves"
        )
    named = {name for line in written for name in (line.left, line.right)}
    # other records of a chain, and what earlier lines have not yet moved
    for move in [move for move in seen.moved if move.record not in named][:20]:
        yield f"  besides: {move.record} goes from {home(move.before)} to {home(move.after)}"
    verb = "record moves" if len(seen.moved) == 1 else "records move"
    yield (
        f"In sum {len(seen.moved):,} {verb}; enterprises {seen.enterprises[0]:,} → {seen.enterprises[1]:,}; "
        f"waiting for a person {seen.waiting[0]:,} → {seen.waiting[1]:,}"
    )
    if seen.changed:
        rows = [("enterprise", "企业名称", "figure", "before", "after")]
        rows += [
            (c.enterprise_id, seen.names.get(c.enterprise_id, ""), c.figure, c.before, c.after) for c in seen.changed
        ]
        for text in aligned(rows[:41]):
            yield f"  {text}"
        if len(rows) > 41:
            yield f"  … and of {joined(sorted({c.enterprise_id for c in seen.changed[40:]}), 5)}"
    for conflict in seen.conflicts:
        yield f"! {conflict}"
