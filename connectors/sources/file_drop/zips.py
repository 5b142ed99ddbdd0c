"""What is inside a zip, unpacked with bounds: an office's zip is opened by the thousand, and one may be hostile."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Final

from warehouse.errors import DeliveryRefused

_CHUNK: Final = 1 << 20
_HIGHEST_RATIO: Final = 200
"""Unpacked to packed; text of offices packs 5 to 30 times, a bomb a thousand times."""
_RATIO_FROM_BYTES: Final = 10_000_000
"""Below this size no ratio matters: a small file of zeros is only a small file."""
_ENCRYPTED: Final = 0x1
_BEGINS: Final = b"PK\x03\x04"
_UTF8_NAME: Final = 0x800


@dataclass(frozen=True)
class Bounds:
    """How much a zip may unpack to.

    Attributes:
        unpacked_bytes: All its members together.
        members: Their number.
    """

    unpacked_bytes: int
    members: int = 10_000


@dataclass(frozen=True)
class Member:
    """One file in a zip, by its name as people see it."""

    name: str
    info: zipfile.ZipInfo


def open_zip(file: IO[bytes], bounds: Bounds, where: str) -> tuple[zipfile.ZipFile, list[Member]]:
    """Look into a zip before anything is unpacked.

    Args:
        file: The zip; stays open.
        bounds: How much it may unpack to.
        where: The feed and the file, for messages.

    Returns:
        The archive, and its members in the order of their names, folders left out.

    Raises:
        DeliveryRefused: It is damaged, encrypted, larger than the bounds, or has a name that leads out of it.
    """
    archive = None
    with suppress(zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        archive = zipfile.ZipFile(file)
    if archive is None:
        raise _refused(where, "it cannot be read as a zip", "one that unpacks", "it may be cut off: ask for it again")
    infos = [info for info in archive.infolist() if not info.is_dir()]
    file.seek(0)
    if file.read(4) == _BEGINS and min((info.header_offset for info in archive.infolist()), default=0) > 0:
        # of two zips in one file, only the second has its members listed at the end
        fact = "it begins with members that its list does not have"
        raise _refused(where, fact, "one zip", "two zips may have become one file, or it is damaged: ask for it again")
    if len(archive.infolist()) > bounds.members:
        raise _refused(where, f"it has {len(archive.infolist()):,} members", f"{bounds.members:,}")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > bounds.unpacked_bytes:
        raise _refused(where, f"it unpacks to {unpacked / 1e6:,.0f} MB", f"{bounds.unpacked_bytes / 1e6:,.0f} MB")
    members = []
    for info in infos:
        name = _name(info)
        if info.flag_bits & _ENCRYPTED:
            step = "ask the office for a zip without a password"
            raise _refused(where, f"{name!r} in it is encrypted", "none that is", step)
        if info.file_size > max(_RATIO_FROM_BYTES, _HIGHEST_RATIO * info.compress_size):
            ratio = info.file_size // max(1, info.compress_size)
            raise _refused(where, f"{name!r} in it unpacks to {ratio:,} times its size", f"{_HIGHEST_RATIO} times")
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0] or "\0" in name:
            raise _refused(where, f"the name {name!r} in it leads out of the zip", "names below it")
        members.append(Member(name, info))
    return archive, sorted(members, key=lambda member: member.name)


def unpack(archive: zipfile.ZipFile, member: Member, where: str) -> Iterator[bytes]:
    """Give the bytes of a member, never more than the zip declares for it.

    Raises:
        DeliveryRefused: The bytes are damaged.
    """
    failure = None
    try:
        with archive.open(member.info) as packed:
            while chunk := packed.read(_CHUNK):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        failure = type(error).__name__
    if failure:
        fact = f"{member.name!r} in it cannot be unpacked ({failure})"
        raise _refused(where, fact, "members that are whole", "the file is damaged or cut off: ask for it again")


def _name(info: zipfile.ZipInfo) -> str:
    """Read the name as it was written: Chinese Windows writes GB18030 where the format says cp437."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    return as_written(info.orig_filename.encode("cp437", "replace")) or info.filename


def as_written(name: bytes) -> str:
    """Decode a name that does not say its encoding, as Chinese Windows and all others write it; empty where neither fits."""
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return name.decode(encoding)
    return ""


def _refused(where: str, fact: str, allowed: str, next_step: str | None = None) -> DeliveryRefused:
    step = next_step or "do not unpack it by hand; ask the office what it is, and for its files one by one"
    return DeliveryRefused(where, fact, allowed=allowed, next_step=step)
