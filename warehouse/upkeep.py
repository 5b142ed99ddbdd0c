"""Retention, backup and the proof that a backup can be restored."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse.batches import ACCEPTED, DISCARDED, MANIFEST, faults
from warehouse.connection import literal, quote
from warehouse.durable import make_folder, put, sha256_of
from warehouse.errors import CheckFailed
from warehouse.loader import StagedFeed
from warehouse.publish import nights
from warehouse.rebuild import rebuild
from warehouse.settings import Settings
from warehouse.subjects import subjects

KEEP_REFUSED_DAYS = 30


def forget_refused(settings: Settings, keep_days: float = KEEP_REFUSED_DAYS) -> int:
    """Delete attempts that were refused more than `keep_days` ago. Returns how many."""
    oldest = time.time() - keep_days * 86_400
    old = [p for p in (settings.home / "refused").glob("*/*") if p.is_dir() and p.stat().st_mtime < oldest]
    for folder in old:
        shutil.rmtree(folder)
    return len(old)


def back_up(settings: Settings) -> int:
    """Copy accepted and discarded batches that the backup does not have yet. Returns how many.

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
        make_folder(target.parent)
        shutil.copytree(folder, part)
        if target.exists():  # a marker is new; what was landed is the same
            shutil.rmtree(target)
        put(part, target)
        copied += 1
    return copied


def verify(settings: Settings) -> int:
    """Read every batch of raw/ and of the backup, and every kept night, and hold them to the hashes written with them.

    Returns:
        How many batches were read, those of the backup counted apart.

    Raises:
        CheckFailed: Something is damaged or gone; all of it is named.
    """
    backup = settings.backup / "raw"
    found = [f"raw/{name}: {why}" for name, why in faults(settings.raw).items()]
    found += [f"{backup}/{name}: {why}" for name, why in faults(backup).items()]
    for manifest in nights(settings):
        file = settings.published / "nights" / f"{manifest['night_id']}.duckdb"
        if not file.exists() or sha256_of(file) != manifest.get("sha256"):
            found.append(f"published/nights/{file.name} is {'damaged' if file.exists() else 'gone'}")
    if found:
        raise CheckFailed(
            "hashes",
            f"{len(found):,} damaged or gone: {'; '.join(found[:5])}"
            + (f"; and {len(found) - 5} more" if found[5:] else ""),
            allowed="none",
            next_step="copy a batch from where it is whole, raw/ or backup (docs/runbook.md, Backup and restore), then "
            "`parkbridge rebuild`; a night is made again by `parkbridge snapshot --as-of NIGHT`, or deleted",
        )
    return sum(1 for _ in settings.raw.glob(f"*/*/{MANIFEST}")) + sum(1 for _ in backup.glob(f"*/*/{MANIFEST}"))


def drill(settings: Settings, feeds: Sequence[StagedFeed]) -> dict[str, int]:
    """Rebuild a warehouse from the backup in a scratch folder and hold its staged rows against the real ones.

    Returns:
        Staged rows by subject.

    Raises:
        CheckFailed: A subject's rows differ.
    """
    with tempfile.TemporaryDirectory(dir=settings.home, prefix="drill-") as scratch:
        home = Path(scratch)
        (home / "raw").symlink_to(settings.backup / "raw", target_is_directory=True)
        rehearsal = dataclasses.replace(settings, home=home)
        rebuild(rehearsal, feeds)
        counts: dict[str, int] = {}
        connection = duckdb.connect(":memory:")
        try:
            connection.execute(f"attach {literal(str(settings.warehouse_file))} as kept (read_only)")
            connection.execute(f"attach {literal(str(rehearsal.warehouse_file))} as restored (read_only)")
            for subject in subjects():
                table = f"staged.{quote(subject)}"
                row = connection.execute(
                    f"select (select count(*) from kept.{table}), (select count(*) from ("
                    f"(from kept.{table} except all from restored.{table}) union all "
                    f"(from restored.{table} except all from kept.{table})))"
                ).fetchone()
                assert row is not None
                if row[1]:
                    raise CheckFailed(
                        f"restore drill, {subject}",
                        f"{row[1]:,} of {row[0]:,} rows differ between the warehouse and one rebuilt from {settings.backup}",
                        next_step="compare `ops.batch` of both; a batch changed or discarded since the backup explains it, "
                        "otherwise keep the warehouse file safe and rebuild from raw/",
                    )
                counts[subject] = int(row[0])
        finally:
            connection.close()
    return counts
