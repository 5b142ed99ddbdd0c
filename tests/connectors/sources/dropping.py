"""Dropping files as an office does, and taking them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.credentials import Credentials
from connectors.sources import NO_USES, Delivery, Window, protocol

NOW = datetime(2026, 2, 1, tzinfo=UTC)
WINDOW = Window(since=None, until=NOW)


def drop(folder: Path, name: str, content: bytes | str, at: datetime = NOW - timedelta(days=1)) -> Path:
    """Write a file with its time."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def take(
    source: Path | Credentials,
    window: Window = WINDOW,
    /,
    *,
    exclude: tuple[str, ...] = (),
    expected: tuple[str, ...] = (),
    uses: Mapping[str, str] = NO_USES,
    **options: Any,
) -> list[Delivery]:
    """Take what was dropped, without waiting for files to settle."""
    credentials = source if isinstance(source, Credentials) else Credentials("fs", extra={"path": str(source)})
    options = {"settle_seconds": 0, **options}
    found = protocol("file_drop").deliveries(
        options, credentials, window, "lease", exclude=frozenset(exclude), expected=frozenset(expected), uses=uses
    )
    return list(found)
