"""Files that survive a kill, a full disk and a power cut: whole or not at all, and in the order in which they were written.

A rename is one step for whoever reads, but a power cut may keep the new name and lose the bytes behind it. So the bytes are
on disk before the rename, and the rename is before the next step begins.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from warehouse.errors import ParkBridgeError


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(part: Path, target: Path) -> None:
    """Rename a finished file or folder over its place: after a power cut the old one is there or the new one, whole."""
    if part.is_dir():
        for path in part.iterdir():
            sync(path)
    sync(part)
    part.replace(target)
    sync(target.parent)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON whole or not at all: to a neighbour first, then renamed over."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
        put(part, path)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk: half a file helps nobody
        raise


def read_json(path: Path, *, next_step: str) -> dict[str, Any]:
    """Read a JSON file of ours.

    Args:
        path: The file.
        next_step: What to do where it cannot be read.

    Raises:
        ParkBridgeError: It is gone, empty, cut or damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParkBridgeError(str(path), f"it cannot be read: {error.strerror or error}", next_step=next_step) from None
    except ValueError:
        fact = "it is damaged: not valid JSON" if path.stat().st_size else "it is empty"
        raise ParkBridgeError(str(path), fact, next_step=next_step) from None
    if not isinstance(content, dict):
        raise ParkBridgeError(str(path), "it is damaged: not a mapping", next_step=next_step)
    return content


def remove(path: Path) -> None:
    """Remove a state file for good: a power cut does not bring it back."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync(path.parent)
