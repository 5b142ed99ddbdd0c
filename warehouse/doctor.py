"""What a machine needs to run the park, and whether it is there."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator

from warehouse.connection import alone
from warehouse.errors import WarehouseBusy
from warehouse.holds import held
from warehouse.settings import Settings

PACKAGES = ("apache-airflow", "duckdb", "duckdb-sqlalchemy", "great-expectations", "pandas", "pyarrow", "sqlalchemy")
FREE_GB = 2


def findings(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Each thing looked at: whether it is well, and what to do where it is not."""
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    yield (3, 11) <= sys.version_info < (3, 14), f"{version} (3.11 to 3.13 is what the lock file is made for)"
    for name in PACKAGES:
        try:
            yield True, f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            yield False, f"{name} is not installed. Next: `make install`"
    home = settings.home
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free / 1e9
    yield free > FREE_GB, f"{free:.0f} GB free in {home} ({FREE_GB} GB wanted)"
    yield os.access(home, os.W_OK), f"{home} can be written"
    try:
        with alone(settings, wait_seconds=0):
            yield True, "no other process is writing the warehouse"
    except WarehouseBusy as error:
        yield True, f"a sync is running now ({error.fact})"
    for name, who in held(settings).items():
        yield True, f"{name} is held by {who}"
    key = (
        "set"
        if settings.pseudonym_key
        else "not set: identity numbers are blotted out, sole traders cannot be followed"
    )
    yield True, f"PARKBRIDGE_PSEUDONYM_KEY is {key}"
    for folder in settings.feed_folders:
        count = len(list(folder.glob("*/feed.yml")))
        yield count > 0, f"{count} feeds in {folder}" + ("" if count else ". Next: correct PARKBRIDGE_FEEDS")
