"""Retention, backup and the proof that a backup can be restored."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse.batches import ACCEPTED, DISCARDED
from warehouse.connection import literal, quote
from warehouse.errors import CheckFailed
from warehouse.loader import StagedFeed
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

    A batch is copied under another name and renamed, so that a backup holds whole batches only.
    """
    copied = 0
    for manifest in sorted(settings.raw.glob("*/*/manifest.json")):
        folder = manifest.parent
        marked = [name for name in (ACCEPTED, DISCARDED) if (folder / name).exists()]
        target = settings.backup / "raw" / folder.parent.name / folder.name
        if not marked or all((target / name).exists() for name in marked):
            continue
        part = target.with_name(target.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(folder, part)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
        copied += 1
    return copied


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
