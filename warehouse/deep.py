"""`parkbridge doctor --deep`: read every file that counts, hold raw/, warehouse and published night against each other.

It reads only. What is damaged is named with one command per cure, in the order in which they are run.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.batches import (
    ACCEPTED,
    ACCEPTING,
    DISCARDED,
    MANIFEST,
    REJECTED,
    Batch,
    batches,
    faults,
    read_batch,
    stopped,
)
from warehouse.connection import alone, open_read_only, quote
from warehouse.errors import ParkBridgeError, WarehouseBusy
from warehouse.published_nights import audiences_kept, current_manifest, nights, unsound
from warehouse.settings import Settings
from warehouse.staged_feed import StagedFeed

REBUILD, SYNC = "parkbridge rebuild", "parkbridge sync"
_LISTED = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `cures` are commands, in their order; none where all is well."""

    is_well: bool
    text: str
    cures: tuple[str, ...] = ()


def deep_findings(settings: Settings, feeds: Sequence[StagedFeed]) -> Iterator[Finding]:
    """Everything that is looked at, what others are made from first.

    Args:
        settings: The park's.
        feeds: All declared feeds.
    """
    damaged = faults(settings.raw)
    yield from _raw(settings, damaged)
    yield from _backup(settings, damaged)
    yield from _waiting(settings)
    accepted = _accepted(settings.raw, feeds)
    try:
        with alone(settings, wait_seconds=0):
            yield from _warehouse(settings, accepted, {feed.name for feed in feeds})
    except WarehouseBusy as error:
        yield Finding(True, f"the warehouse was not read: {error.fact}")
    yield from _published(settings, {(b.manifest.feed, b.manifest.batch_id) for b in accepted})
    yield from _editions(settings)
    yield from _released(settings)


def cures(found: Iterable[Finding]) -> list[str]:
    """What to run, each once: what restores files first, then the rebuild, then what publishes."""
    every = list(dict.fromkeys(cure for finding in found for cure in finding.cures))
    last = (REBUILD, "parkbridge rollback", SYNC, "parkbridge report")
    return sorted(every, key=lambda cure: next((n for n, word in enumerate(last, 1) if cure.startswith(word)), 0))


# --- raw/ and its backup --------------------------------------------------------------------------------------------


def _raw(settings: Settings, damaged: dict[str, str]) -> Iterator[Finding]:
    backed_up, kept = faults(settings.backup / "raw"), settings.backup / "raw"
    for name, why in damaged.items():
        is_kept = (kept / name / MANIFEST).exists() and name not in backed_up
        if is_kept:
            yield Finding(False, f"raw/{name}: {why}", (_copy(kept / name, settings.raw / name), REBUILD))
        else:
            text = f"raw/{name}: {why}, and the backup does not have it. Its rows are lost if no other copy is found"
            yield Finding(False, text, (f'{REBUILD} --accept-change "{name} is lost"',))
    count = _count_marked(settings.raw)
    yield Finding(True, f"raw/: {count - len(damaged):,} of {count:,} accepted batches are as they were written")


def _backup(settings: Settings, damaged: dict[str, str]) -> Iterator[Finding]:
    kept = settings.backup / "raw"
    for name, why in faults(kept).items():
        if name not in damaged and (settings.raw / name / MANIFEST).exists():
            cure: tuple[str, ...] = (f"rm -rf {shlex.quote(str(kept / name))}",)
            yield Finding(False, f"{kept / name}: {why}; the next upkeep copies it again", cure)
        else:
            yield Finding(False, f"{kept / name}: {why}")
    count = _count_marked(kept)
    yield Finding(True, f"backup: {count:,} batches" if count else f"backup: none yet in {settings.backup}")


def _copy(source: Path, target: Path) -> str:
    into = shlex.quote(str(target))
    return f"rm -rf {into} && cp -a {shlex.quote(str(source))} {into}"


def _count_marked(raw: Path) -> int:
    return len({path.parent for name in (ACCEPTED, DISCARDED) for path in raw.glob(f"*/*/{name}")})


def _waiting(settings: Settings) -> Iterator[Finding]:
    for name, message in stopped(settings.raw).items():
        yield Finding(False, f"{name} has stopped: {message}", (f"{SYNC} {name}",))
    for path in sorted(settings.raw.glob(f"*/{ACCEPTING}")):
        name = path.parent.name
        yield Finding(False, f"{name}: a run ended while it accepted; the next one settles it", (f"{SYNC} {name}",))


def _accepted(raw: Path, feeds: Sequence[StagedFeed]) -> list[Batch]:
    """The accepted batches of declared feeds that can be read; the others are named as damaged."""
    found = []
    for feed in feeds:
        try:
            found += [b for b in batches(raw, feed.name) if b.accepted_at and not b.is_discarded]
        except ParkBridgeError:
            found += [b for b in _one_by_one(raw, feed.name) if b.accepted_at and not b.is_discarded]
    return found


def _one_by_one(raw: Path, feed: str) -> Iterator[Batch]:
    for path in sorted((raw / feed).glob(f"*/{MANIFEST}")):
        try:
            yield read_batch(path.parent)
        except ParkBridgeError:
            continue


# --- the warehouse --------------------------------------------------------------------------------------------------


def _warehouse(settings: Settings, accepted: Sequence[Batch], declared: set[str]) -> Iterator[Finding]:
    file = settings.warehouse_file
    if not file.exists():
        yield Finding(not accepted, "the warehouse is not there", (REBUILD, SYNC) if accepted else (SYNC,))
        return
    try:
        with duckdb.connect(file, read_only=True) as connection:
            connection.execute("set memory_limit = ?", [settings.memory_limit])
            connection.execute("set enable_progress_bar = false")
            count = _read_all(connection)
            wrong = [*_batches_apart(connection, settings, accepted, declared), *_counts_apart(connection, accepted)]
    except (duckdb.Error, OSError) as error:
        yield Finding(False, f"{file.name} cannot be read: {_line(error)}", (REBUILD, SYNC))
        return
    yield from wrong[:_LISTED]
    if wrong[_LISTED:]:
        every = tuple(dict.fromkeys(cure for finding in wrong for cure in finding.cures))
        yield Finding(False, f"{len(wrong) - _LISTED:,} more of the kind", every)
    if not wrong:
        yield Finding(True, f"the warehouse: {count:,} tables can be read, and its batches and rows are those of raw/")


def _read_all(connection: duckdb.DuckDBPyConnection, database: str = "") -> int:
    """Read every value of every table: a damaged block is found by its checksum. Returns how many tables."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = coalesce(?, current_database())",
        [database or None],
    ).fetchall()
    for schema, table in tables:
        name = ".".join(quote(part) for part in (database, schema, table) if part)
        connection.execute(f"select bit_xor(hash(t)) from {name} as t").fetchall()
    return len(tables)


def _batches_apart(
    connection: duckdb.DuckDBPyConnection, settings: Settings, accepted: Sequence[Batch], declared: set[str]
) -> Iterator[Finding]:
    on_disk = {(b.manifest.feed, b.manifest.batch_id) for b in accepted}
    held = set(connection.execute("select feed, batch_id from ops.batch").fetchall())
    for feed, batch_id in sorted(on_disk - held):
        yield Finding(False, f"the warehouse lacks {feed}/{batch_id}, which is accepted in raw/", (REBUILD, SYNC))
    for feed in sorted({feed for feed, _ in held} - declared):
        text = f"the warehouse has batches of feed {feed}, which no folder declares: put the folder back, or name it in PARKBRIDGE_FEEDS"
        yield Finding(False, text, (f'{REBUILD} --accept-change "feed {feed} is given up"', SYNC))
    yield from _not_accepted(settings, "the warehouse", {batch for batch in held - on_disk if batch[0] in declared})


def _not_accepted(settings: Settings, who: str, held: set[tuple[str, str]]) -> Iterator[Finding]:
    """Batches that warehouse or readers have, and raw/ has not as accepted."""
    for feed, batch_id in sorted(held):
        folder, kept = settings.raw / feed / batch_id, settings.backup / "raw" / feed / batch_id
        text = f"{who} has {feed}/{batch_id}, which "
        if (folder / DISCARDED).exists():
            yield Finding(False, text + "was discarded since", (REBUILD, SYNC))
        elif (folder / ACCEPTED).exists():
            continue  # its files are damaged, and named as such
        elif (folder / MANIFEST).exists():
            yield Finding(
                False, text + "has lost its marker in raw/; the feed's next run writes it", (f"{SYNC} {feed}",)
            )
        else:
            cure = (_copy(kept, folder), REBUILD) if (kept / MANIFEST).exists() else ()
            yield Finding(False, text + "raw/ lacks", cure)


def _counts_apart(connection: duckdb.DuckDBPyConnection, accepted: Sequence[Batch]) -> Iterator[Finding]:
    """Batches of which the warehouse has another number of rows than it took, or quarantined."""
    landed = {
        (b.manifest.feed, b.manifest.batch_id): (b.manifest.rows + b.manifest.unreadable_rows, b) for b in accepted
    }
    tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'staged'").fetchall()
    staged = " union all ".join(f"select feed, batch_id from staged.{quote(table)}" for (table,) in tables)
    found = connection.execute(
        f"with row_count as (select feed, batch_id, count(*) as n from ({staged}) group by all), "
        "quarantined as (select feed, batch_id, count(*) as n from ops.quarantine group by all) "
        "select b.feed, b.batch_id, b.rows_landed, b.rows_new + b.rows_changed, coalesce(r.n, 0), "
        "b.rows_rejected, coalesce(q.n, 0) from ops.batch as b left join row_count as r using (feed, batch_id) "
        "left join quarantined as q using (feed, batch_id) order by 1, 2"
    ).fetchall()
    for feed, batch_id, rows, taken, here, rejected, quarantined in found:
        if (feed, batch_id) not in landed:
            continue
        in_manifest, batch = landed[feed, batch_id]
        for is_same, text in (
            (rows == in_manifest, f"{rows:,} rows landed, its manifest says {in_manifest:,}"),
            (taken == here, f"{here:,} staged rows, {taken:,} were accepted"),
            (rejected == quarantined, f"{quarantined:,} quarantined rows, {rejected:,} were rejected"),
        ):
            if not is_same:
                yield Finding(False, f"the warehouse, {feed}/{batch_id}: {text}", (REBUILD, SYNC))
        if fault := _fault_of_rejected(connection, batch, rejected):
            yield Finding(False, f"raw/{feed}/{batch_id}/{REJECTED}: {fault}; a rebuild writes it anew", (REBUILD,))


def _fault_of_rejected(connection: duckdb.DuckDBPyConnection, batch: Batch, count: int) -> str:
    path = batch.folder / REJECTED
    if not path.exists():
        return "it is gone"
    try:
        ((rows, _),) = connection.execute(
            "select count(*), bit_xor(hash(t)) from read_parquet(?) as t", [str(path)]
        ).fetchall()
    except duckdb.Error as error:
        return _line(error)
    return "" if rows == count else f"{rows:,} rows, {count:,} were rejected"


# --- what is published ----------------------------------------------------------------------------------------------


def _published(settings: Settings, accepted: set[tuple[str, str]]) -> Iterator[Finding]:
    folder = settings.published / "nights"
    wrong = dict(unsound(settings))
    known = [str(manifest["night_id"]) for manifest in nights(settings)]
    whole = [night for night in known if folder / f"{night}.duckdb" not in wrong]
    for file, fact in wrong.items():
        if file.parent == folder:
            text = f"the kept night {file.stem} {fact}; `parkbridge snapshot` makes it again"
            yield Finding(False, text, (_forget_night(file),))
    for file in sorted(folder.glob("*.duckdb")):
        if file.stem not in known:
            yield Finding(
                True, f"the kept night {file.stem} has no manifest that can be read: the next night removes it"
            )
    back = f"parkbridge rollback {whole[0]}" if whole else SYNC
    if not settings.published_file.exists():
        is_new = not accepted
        yield Finding(is_new, "nothing is published" + (" yet" if is_new else ""), () if is_new else (back,))
        return
    if fact := wrong.get(settings.published_file, ""):
        yield Finding(False, f"park.duckdb {fact}" if fact.startswith("is ") else f"park.duckdb: {fact}", (back,))
        return
    try:
        manifest = current_manifest(settings) or {}
        with open_read_only(settings.published_file) as connection:
            count = _read_all(connection, "park")
            yield from _night_apart(connection, manifest)
            held = set(connection.execute("select feed, batch_id from ops.batch").fetchall())
    except (ParkBridgeError, duckdb.Error, OSError) as error:
        fact = error.fact if isinstance(error, ParkBridgeError) else _line(error)
        yield Finding(False, f"park.duckdb: {fact}", (back,))
        return
    yield from list(_not_accepted(settings, "the published night", held - accepted))[:_LISTED]
    later = f"; {len(accepted - held):,} batches were accepted since" if accepted - held else ""
    yield Finding(
        True, f"published: night {manifest['night_id']}, {count:,} tables{later}; {len(whole)} nights are kept"
    )
    if _lacks_pages(settings):
        yield Finding(False, "published/report has no pages", ("parkbridge report",))


def _lacks_pages(place: Settings) -> bool:
    """Whether pages were made, and readers find none."""
    return (place.published / "sites").is_dir() and not (place.published / "report" / "index.html").is_file()


def _forget_night(file: Path) -> str:
    return f"rm -f {shlex.quote(str(file))} {shlex.quote(str(file.with_suffix('.json')))}"


def _editions(settings: Settings) -> Iterator[Finding]:
    """What other audiences have: every kept night of theirs, and whether they see the director's night."""
    try:
        night = str((current_manifest(settings) or {}).get("night_id", ""))
    except ParkBridgeError:  # named already
        night = ""
    for place in audiences_kept(settings):
        name, wrong = f"edition {place.audience}", dict(unsound(place))
        shown = wrong.pop(place.published_file, "")
        for file, fact in wrong.items():
            yield Finding(False, f"{name}: the kept night {file.stem} {fact}", (_forget_night(file),))
        own = place.published / "nights" / f"{night}.duckdb"
        is_kept = own not in wrong and night in {str(manifest["night_id"]) for manifest in nights(place)}
        back = f"parkbridge rollback {night}" if is_kept else SYNC
        if shown:
            text = f"{name}: park.duckdb {shown}" if shown.startswith("is ") else f"{name}: park.duckdb: {shown}"
            yield Finding(False, text, (back,))
            continue
        try:
            seen = str((current_manifest(place) or {}).get("night_id", ""))
            with open_read_only(place.published_file) as connection:
                count = _read_all(connection, "park")
        except (ParkBridgeError, duckdb.Error, OSError) as error:
            yield Finding(False, f"{name}: park.duckdb: {_line(error)}", (back,))
            continue
        if night and seen != night:
            yield Finding(False, f"{name} shows night {seen or '(none)'}, the director's file {night}", (back,))
        yield Finding(True, f"{name}: night {seen}, {count:,} tables")
        if _lacks_pages(place):
            yield Finding(False, f"{name}: its report has no pages", ("parkbridge report",))


def _released(settings: Settings) -> Iterator[Finding]:
    """What is behind the public's numbers: without it none can be published again."""
    file, kept = settings.released, settings.backup / settings.released.name
    if not file.exists() and not kept.exists():
        return
    rows, fact = "select count(*), bit_xor(hash(t)) from read_parquet(?) as t", ""
    with duckdb.connect() as connection:
        for path in (file, kept):
            try:
                ((count, _),) = connection.execute(rows, [str(path)]).fetchall()
            except duckdb.Error as error:
                if path == file:
                    fact = f"cannot be read: {_line(error)}" if path.exists() else "is gone"
            else:
                if path == file:
                    yield Finding(True, f"{file.name}: {count:,} figures behind the public's numbers")
                else:
                    cure = f"cp -p {shlex.quote(str(kept))} {shlex.quote(str(file))}"
                    yield Finding(False, f"{file.name} {fact}; the backup has {count:,} figures", (cure, SYNC))
                return
    yield Finding(False, f"{file.name} {fact}, and the backup does not have it")


def _night_apart(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> Iterator[Finding]:
    """Tables that have another number of rows than the manifest says."""
    for name, table in manifest["tables"].items():
        schema, _, table_name = name.partition(".")
        ((rows,),) = connection.execute(f"select count(*) from {quote(schema)}.{quote(table_name)}").fetchall()
        if rows != table["rows"]:
            yield Finding(False, f"park.duckdb: {name} has {rows:,} rows, its manifest says {table['rows']:,}", (SYNC,))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
