"""Files that survive a kill, a full disk and a power cut: whole or not at all, and in the order in which they were written.

A rename is one step for whoever reads, but a power cut may keep the new name and lose the bytes behind it. So the bytes are
on disk before the rename, and the rename is before the next step begins.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from warehouse.errors import MOVE_AWAY, ParkBridgeError

# every JSON file of ours says by it whether a byte of it was changed; one of before this key has none
CHECKSUM = "checksum"


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


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def own_file(path: Path) -> Path:
    """The path of a file that DuckDB writes, given back: it says in words of its own, and late, that something else is there.

    Raises:
        ParkBridgeError: A link or a folder is in its place.
    """
    if path.is_symlink() or path.is_dir():
        raise ParkBridgeError(str(path), "a link or a folder is in the place of a file", next_step=MOVE_AWAY)
    return path


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it, each with its name on disk: a power cut does not take it away with what is put there.

    Args:
        path: The folder.
        mode: Of those that are made; the umask still applies. 0o700 for what is private.

    Raises:
        ParkBridgeError: Something else is in its place: a file, or a link that leads nowhere.
    """
    if not path.is_dir():
        if path.exists() or path.is_symlink():
            raise ParkBridgeError(str(path), "it is not a folder; a folder belongs here", next_step=MOVE_AWAY)
        make_folder(path.parent, mode)
        path.mkdir(mode, exist_ok=True)
        sync(path.parent)


@contextmanager
def writable_by_us_alone() -> Iterator[None]:
    """Nothing that is written meanwhile can be changed by another account, whatever the umask: readers only read."""
    before = os.umask(0o022)
    os.umask(before | 0o022)
    try:
        yield
    finally:
        os.umask(before)


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def as_json(content: dict[str, Any]) -> str:
    """A mapping as JSON; its last key is the checksum of the others."""
    content = json.loads(json.dumps(content, default=str))  # as it will be read
    return json.dumps(content | {CHECKSUM: _checksum(content)}, ensure_ascii=False, indent=2) + "\n"


def from_json(text: str) -> dict[str, Any]:
    """The mapping without its checksum; ValueError says what is wrong with the text."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is damaged: not valid JSON" if text else "it is empty") from None
    if not isinstance(content, dict):
        raise ValueError("it is damaged: not a mapping")
    written = content.pop(CHECKSUM, None)
    if written not in (None, _checksum(content)):
        raise ValueError("it is damaged: not what was written (checksum)")
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON whole or not at all: to a neighbour first, then renamed over."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(as_json(content), encoding="utf-8")
        put(part, path)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk: half a file is useless
        raise


def read_json(path: Path, *, next_step: str) -> dict[str, Any]:
    """Read a JSON file of ours, without its checksum.

    Args:
        path: The file.
        next_step: What to do where it cannot be read.

    Raises:
        ParkBridgeError: It is gone, empty, cut or damaged.
    """
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParkBridgeError(str(path), f"it cannot be read: {error.strerror or error}", next_step=next_step) from None
    except UnicodeDecodeError:
        raise ParkBridgeError(str(path), "it is damaged: not valid JSON", next_step=next_step) from None
    except ValueError as error:
        raise ParkBridgeError(str(path), str(error), next_step=next_step) from None


def remove(path: Path) -> None:
    """Remove a state file for good: a power cut does not bring it back."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync(path.parent)
