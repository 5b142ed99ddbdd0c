"""Retention, leftovers, backup and the proof that a backup can be restored."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from warehouse.batches import ACCEPTED, DISCARDED, MANIFEST, faults
from warehouse.connection import alone, literal, quote
from warehouse.durable import make_folder, put, read_json, write_json
from warehouse.errors import CheckFailed, ParkBridgeError, WarehouseBusy
from warehouse.people import of_backup_alone
from warehouse.published_nights import audiences_kept, current_manifest, nights, unsound
from warehouse.rebuild import rebuild
from warehouse.settings import Settings
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import subjects

KEEP_REFUSED_DAYS = 30
# upkeep is reported as late after 6 hours, a night after 4
KEEP_LEFT_DAYS = 1
DRILL = "drill.json"


def forget_refused(settings: Settings) -> int:
    """Delete attempts that were refused more than `KEEP_REFUSED_DAYS` ago. Returns how many."""
    oldest = time.time() - KEEP_REFUSED_DAYS * 86_400
    old = [p for p in (settings.home / "refused").glob("*/*") if p.is_dir() and p.stat().st_mtime < oldest]
    for folder in old:
        shutil.rmtree(folder)
    return len(old)


def sweep(settings: Settings, keep_days: float = KEEP_LEFT_DAYS) -> int:
    """Delete what killed runs left half-written, once it is older than any run takes. Returns how many files and folders.

    The next run of the same kind removes its own leftovers; these are of feeds that are gone, of audiences that are named no longer,
    and of commands that are not run again. Nothing with a finished name is touched but a kept night without a manifest that
    can be read: `rollback` does not know it.
    """
    home, oldest = settings.home, time.time() - keep_days * 86_400
    patterns = (
        "warehouse.rebuilt*",
        "warehouse.duckdb.tmp/*",
        "*.part",
        "asof/.*.part",
        "cache/*.part",
        "raw/*/*.part",
        "raw/*/*/*.part",
    )
    left = [path for pattern in patterns for path in home.glob(pattern)]
    left += [path for word in ("drill", "asof", "review") for path in home.glob(f"{word}-????????") if path.is_dir()]
    left += [path for pattern in ("*.part", "raw/*/*.part") for path in settings.backup.glob(pattern)]
    # people's files are replaced by a neighbour with a name of its own
    for file in (settings.outcomes, settings.judgements):
        left += file.parent.glob(f".{file.name}.????????")
    with alone(settings):
        for place in (settings, *audiences_kept(settings)):
            left += [path for pattern in ("*.part*", "*/*.part*") for path in place.published.glob(pattern)]
            known = {str(manifest["night_id"]) for manifest in nights(place)}
            left += [
                path
                for path in (place.published / "nights").glob("*.*")
                if path.suffix != ".part" and path.stem not in known
            ]
        old = [path for path in dict.fromkeys(left) if _newest(path) < oldest]
        for path in old:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return len(old)


def _newest(path: Path) -> float:
    """When something was last written to a file, or to anything in a folder."""
    within = () if path.is_symlink() else path.rglob("*")
    return max(float(one.lstat().st_mtime) for one in (path, *within))


def back_up(settings: Settings) -> int:
    """Copy accepted and discarded batches that the backup does not have yet, and released.parquet. Returns how many batches.

    A batch is copied under another name and renamed, so that a backup holds whole batches only. One that is damaged takes
    the place of no copy: `verify` names it.
    """
    copied, damaged = 0, faults(settings.raw)
    for manifest in sorted(settings.raw.glob("*/*/manifest.json")):
        folder = manifest.parent
        marked = [name for name in (ACCEPTED, DISCARDED) if (folder / name).exists()]
        target = settings.backup / "raw" / folder.parent.name / folder.name
        is_copied = all((target / name).exists() for name in marked)
        if not marked or is_copied or f"{folder.parent.name}/{folder.name}" in damaged:
            continue
        part = target.with_name(target.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        make_folder(target.parent, 0o700)
        shutil.copytree(folder, part)
        if target.exists():  # a marker is new; what was landed is the same
            shutil.rmtree(target)
        put(part, target)
        copied += 1
    if settings.released.exists():  # without it no public edition can be published again
        part = settings.backup / settings.released.with_suffix(".part").name
        make_folder(part.parent, 0o700)
        shutil.copy2(settings.released, part)
        put(part, settings.backup / settings.released.name)
    return copied


def verify(settings: Settings) -> int:
    """Hold every batch of raw/ and of the backup, and every kept night of every audience, to the hashes written with them.

    Returns:
        How many batches were read, those of the backup counted apart.

    Raises:
        CheckFailed: Something is damaged or gone; all of it is named.
    """
    backup = settings.backup / "raw"
    found = [f"raw/{name}: {why}" for name, why in faults(settings.raw).items()]
    found += [f"{backup}/{name}: {why}" for name, why in faults(backup).items()]
    for place in (settings, *audiences_kept(settings)):
        found += [f"{file.relative_to(settings.home)} {why}" for file, why in unsound(place)]
    if settings.released.exists():
        with duckdb.connect() as connection:
            try:
                connection.execute(
                    "select bit_xor(hash(t)) from read_parquet(?) as t", [str(settings.released)]
                ).fetchall()
            except duckdb.Error as error:
                found.append(f"{settings.released.name} cannot be read: {' '.join(str(error).split())[:200]}")
    if found:
        raise CheckFailed(
            "hashes",
            f"{len(found):,} damaged or gone: {'; '.join(found[:5])}"
            + (f"; and {len(found) - 5} more" if found[5:] else ""),
            allowed="none",
            next_step="copy a batch from where it is whole, raw/ or backup (docs/runbook.md, Backup and restore), then "
            "`parkbridge rebuild`; a night is made again by `parkbridge snapshot --as-of NIGHT`, or deleted; what readers open, by "
            "the next night. `parkbridge doctor --deep` lists the commands",
        )
    return sum(1 for _ in settings.raw.glob(f"*/*/{MANIFEST}")) + sum(1 for _ in backup.glob(f"*/*/{MANIFEST}"))


@dataclass(frozen=True)
class Drill:
    """What came of restoring the backup. `remarks` name what a difference of the night may come from."""

    at: str
    night_id: str | None
    rows: int
    seconds: float
    fault: str
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        night = f" and night {self.night_id}" if self.night_id else ""
        if self.fault:
            return f"{self.at[:10]}: {self.fault}"
        why = f"; {'; '.join(self.remarks)}" if self.remarks else ""
        return f"{self.at[:10]}: {self.rows:,} staged rows{night} made again from the backup, the same ({self.seconds:.0f} s){why}"


# makes a night again from the warehouse of these settings: what differs from the one that is kept, and what may explain it
NightAgain = Callable[[Settings, str], tuple[dict[str, tuple[int, int]], tuple[str, ...]]]


def last_drill(settings: Settings) -> Drill | None:
    """The last drill; None where there was none, or its file is damaged: then it is time for one."""
    try:
        found = read_json(settings.home / DRILL, next_step="")
        return Drill(**found | {"remarks": tuple(found["remarks"])})
    except (ParkBridgeError, TypeError, KeyError):
        return None


def is_drill_due(settings: Settings, now: datetime) -> bool:
    """Whether the last drill that came to its end is older than the park wants. A clock that went back asks for one."""
    if settings.drill_days == 0:
        return False
    last = last_drill(settings)
    if last is None or last.fault:
        return True
    # half a day less: upkeep begins at its hour, and ends some time after it
    return not timedelta(0) <= now - datetime.fromisoformat(last.at) < timedelta(days=settings.drill_days - 0.5)


def drill(settings: Settings, feeds: Sequence[StagedFeed], again: NightAgain | None = None) -> Drill:
    """Restore the backup into a scratch home, rebuild its warehouse, make the published night again, and compare both.

    The result is kept in drill.json, for `parkbridge status`. It takes about as long as a rebuild and a whole night, and for
    that time three times the room of the warehouse.

    Raises:
        CheckFailed: Rows or night differ, or the backup cannot be rebuilt.
        WarehouseBusy: A batch was accepted meanwhile: it is tried again.
        ParkBridgeError: There is not enough room.
    """
    started, now = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    back_up(settings)
    _hold_to_room(settings)
    night, rows, fault = None, 0, ""
    remarks: tuple[str, ...] = ()
    try:
        with tempfile.TemporaryDirectory(dir=settings.home, prefix="drill-") as scratch:
            rehearsal = of_backup_alone(settings, Path(scratch))
            rehearsal.raw.symlink_to(settings.backup / "raw", target_is_directory=True)
            rehearsal.published.symlink_to(settings.published, target_is_directory=True)
            rebuild(rehearsal, feeds)
            rows = _compare(settings, rehearsal)
            manifest = current_manifest(settings)
            if manifest and again:
                night = str(manifest["night_id"])
                differing, remarks = again(rehearsal, night)
                if differing and not remarks:
                    raise _differs(f"night {night}", "; ".join(_tables(differing)), settings)
                if differing:
                    remarks = (f"{len(differing)} tables of the night differ", *remarks)
    except WarehouseBusy:
        raise
    except ParkBridgeError as error:
        fault = str(error)
        raise
    finally:
        if rows or fault:
            write_json(
                settings.home / DRILL,
                dataclasses.asdict(Drill(now, night, rows, round(time.monotonic() - started, 1), fault, remarks)),
            )
            (settings.home / DRILL).chmod(0o600)
    return Drill(now, night, rows, time.monotonic() - started, "", remarks)


def _tables(differing: dict[str, tuple[int, int]]) -> list[str]:
    said = [f"{table}: {there:,} rows only there, {here:,} only here" for table, (there, here) in differing.items()]
    return said[:5] + ([f"{len(said) - 5} more tables"] if said[5:] else [])


def _hold_to_room(settings: Settings) -> None:
    wanted = 3 * settings.warehouse_file.stat().st_size if settings.warehouse_file.exists() else 0
    free = shutil.disk_usage(settings.home).free
    if free < wanted:
        raise ParkBridgeError(
            "restore drill",
            f"{free / 1e9:.1f} GB are free in {settings.home}",
            allowed=f"{wanted / 1e9:.1f} GB or more",
            next_step="make room, or set PARKBRIDGE_DRILL_DAYS=0 and restore the backup elsewhere now and then",
        )


def _differs(what: str, fact: str, settings: Settings) -> CheckFailed:
    return CheckFailed(
        f"restore drill, {what}",
        f"{fact}, between this park and one restored from {settings.backup}",
        next_step="`parkbridge doctor --deep` names what is damaged. Keep the warehouse file safe before `parkbridge rebuild`",
    )


def _compare(settings: Settings, rehearsal: Settings) -> int:
    """Hold the staged rows of both warehouses against each other. Returns how many there are."""
    total = 0
    with alone(settings), contextlib.closing(duckdb.connect(":memory:")) as connection:
        connection.execute("set memory_limit = ?", [settings.memory_limit])
        connection.execute(f"set temp_directory = {literal(str(rehearsal.home / 'spill'))}")
        connection.execute(f"attach {literal(str(settings.warehouse_file))} as kept (read_only)")
        connection.execute(f"attach {literal(str(rehearsal.warehouse_file))} as restored (read_only)")
        later = connection.execute(
            "select feed, batch_id from kept.ops.batch anti join restored.ops.batch using (feed, batch_id) order by all"
        ).fetchall()
        discarded = [f"{f}/{b}" for f, b in later if (settings.raw / f / b / DISCARDED).exists()]
        if discarded:
            raise CheckFailed(
                "restore drill",
                f"the warehouse still has {len(discarded)} batches that were discarded: {discarded[0]}",
                next_step="run `parkbridge rebuild`, then `parkbridge sync`",
            )
        if any(not (settings.backup / "raw" / f / b).exists() for f, b in later):
            raise WarehouseBusy(
                "restore drill",
                f"{len(later)} batches were accepted meanwhile",
                next_step="it is tried again by itself",
            )
        for subject in subjects():
            table = f"staged.{quote(subject)}"
            count, apart = connection.execute(
                f"select (select count(*) from kept.{table}), (select count(*) from ("
                f"(from kept.{table} except all from restored.{table}) union all "
                f"(from restored.{table} except all from kept.{table})))"
            ).fetchall()[0]
            if apart:
                raise _differs(subject, f"{apart:,} of {count:,} rows differ", settings)
            total += int(count)
    return total
