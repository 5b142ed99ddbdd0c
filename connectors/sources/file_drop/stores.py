"""Where files are dropped: a local folder, an SFTP server, an S3 bucket, all read the same way.

Connections: fs; sftp (host, port, login, password or extra.private_key or extra.key_file, with
extra.private_key_passphrase; the server's key as extra.host_key, or a file as extra.known_hosts, ~/.ssh/known_hosts if
neither); aws (login and password are the keys; extra.endpoint_url, extra.region_name). extra.path is the base folder
for all of them; for aws it begins with the bucket.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final
from unicodedata import normalize

from connectors.credentials import Credentials
from connectors.sources.file_drop.zips import as_written
from warehouse.errors import SourceError

_CHUNK: Final = 1 << 20
_REQUESTS_AHEAD: Final = 64
_LOCAL: Final = ("fs", "file", "local")
_SFTP: Final = ("sftp", "ssh")
_S3: Final = ("aws", "s3")
_STORES: Final = ("paramiko", "botocore", "aiobotocore", "aiohttp", "s3fs", "fsspec")
# At level DEBUG these libraries name each file that they open: a file's name may be a person's, and it would be in a task's log.
for _library in _STORES:
    logging.getLogger(_library).setLevel(logging.INFO)
_REFUSAL: Final = re.compile("Auth|Credential|Denied|HostKey|PasswordRequired|ParamValidation")


@dataclass(frozen=True)
class Found:
    """A file that a store has.

    Attributes:
        path: Where the store has it.
        name: Its path below the folder that was asked for.
        size: In bytes.
        modified: Its time by the store's clock, aware UTC.
        arrived: When a local disk has it since; a copy keeps the time of the file that it is of.
    """

    path: str
    name: str
    size: int
    modified: datetime
    arrived: datetime | None = None


class Store:
    """One connection to a store, opened with `open_store`."""

    def __init__(self, filesystem: Any, base: str, credentials: Credentials, where: str) -> None:
        self._files = filesystem
        self._base = base
        self._credentials = credentials
        self._where = where
        self._is_s3 = credentials.conn_type in _S3
        self._is_local = credentials.conn_type in _LOCAL

    def find(self, folder: str, patterns: Sequence[str]) -> dict[str, Found]:
        """List the files with a path below the folder that matches a pattern, and their done-markers.

        Args:
            folder: Below the connection's base folder; a whole path where the connection has none.
            patterns: Globs; `*` does not cross a `/`.

        Raises:
            SourceError: The folder is not there or cannot be read, or a name leads out of it.
        """
        root = f"{self._base.rstrip('/')}/{folder.strip('/')}".rstrip("/") if self._base else folder
        if self._is_local and not root.startswith("/"):
            raise SourceError(
                self._where,
                f"the folder {root!r} is no whole path, and the connection has none",
                next_step='set the connection\'s extra to {"path": "/where/the/office/drops"}',
            )
        files: dict[str, Found] = {}
        with answering(self._credentials, self._where, root):
            if self._is_s3:
                self._files.ls(root.split("/")[0])  # a prefix without objects is an empty folder, no bucket is none
            elif not self._files.isdir(root):
                raise FileNotFoundError(root)
            for pattern in patterns:
                for entry in self._matching(root, PurePosixPath(pattern).parts):
                    name = entry["name"][len(root) :].lstrip("/")
                    file = self._found(entry, _in_words(name), root)
                    if file:
                        files[name] = file
        found: dict[str, Found] = {}
        for raw, file in sorted(files.items(), key=lambda one: (one[0] != one[1].name, one[0])):
            # two files of which the names look alike, é in one sign and in two, are two
            name = raw if file.name in found else file.name
            found[name] = replace(file, name=name)
        return found

    def _matching(self, folder: str, pattern: Sequence[str]) -> Iterator[dict[str, Any]]:
        try:
            entries = self._files.ls(folder, detail=True)
        except FileNotFoundError:
            if not self._is_s3:
                raise
            entries = []
        wanted = normalize("NFC", pattern[0])
        for entry in entries:
            if entry["name"].rstrip("/") == folder.rstrip("/"):
                continue  # an object that represents the folder itself
            name = _in_words(PurePosixPath(entry["name"]).name)
            is_folder = entry["type"] == "directory"
            if len(pattern) > 1 and is_folder and fnmatchcase(name, wanted):
                yield from self._matching(entry["name"], pattern[1:])
            elif len(pattern) == 1 and not is_folder and fnmatchcase(name.removesuffix(DONE), wanted):
                yield entry

    def _found(self, entry: dict[str, Any], name: str, root: str) -> Found | None:
        path = entry["name"]
        if entry["type"] != "file" or entry.get("islink"):
            # What a link leads to counts, and it must lie in the folder: a link to /etc is no delivery.
            real = self._real(path)
            if not PurePosixPath(real).is_relative_to(self._real(root)):
                raise SourceError(
                    self._where,
                    f"{name!r} is a link that leads out of the folder",
                    next_step="replace the link by the file itself",
                )
            try:
                entry = self._files.info(real)
            except FileNotFoundError:
                return None
            if entry["type"] != "file":
                return None  # a folder, a pipe, a device
            path = real  # a link that is turned elsewhere meanwhile is not followed there
        return self._as_found(entry, path, name)

    def _as_found(self, entry: dict[str, Any], path: str, name: str) -> Found:
        modified = entry.get("LastModified") or entry["mtime"]
        if not isinstance(modified, datetime):
            modified = datetime.fromtimestamp(modified, UTC)
        arrived = datetime.fromtimestamp(entry["created"], UTC) if self._is_local else None
        return Found(path, name, int(entry["size"] or 0), modified.astimezone(UTC), arrived)

    def _real(self, path: str) -> str:
        remote = getattr(self._files, "ftp", None)
        return str(remote.normalize(path)) if remote else os.path.realpath(path)

    def is_still(self, found: Found) -> bool:
        """Whether a file that was copied has not been written over meanwhile: in place, by as many bytes, the copy is of both.

        One that is gone by now is as it was found; an object of S3 is read in one version or not at all.
        """
        if self._is_s3:
            return True
        with answering(self._credentials, self._where, found.path):
            try:
                entry = self._files.info(found.path)
            except FileNotFoundError:
                return True
        now = self._as_found(entry, found.path, found.name)
        return (now.size, now.modified) == (found.size, found.modified)

    def copy(self, found: Found, target: IO[bytes], most_bytes: int) -> Generator[bytes, None, None]:
        """Copy a file into an open one, handing on each piece.

        Raises:
            FileGone: It is not there any more.
            SourceError: The file cannot be read, or is larger than allowed.
        """
        done = 0
        with answering(self._credentials, self._where, found.path), self._files.open(found.path, "rb") as source:
            if hasattr(source, "prefetch"):
                # SFTP asks for one piece after the other otherwise; without a limit it asks for all of them at once.
                from connectors.sources.file_drop.sftp import prefetch

                prefetch(source, found.size, _REQUESTS_AHEAD)
            while piece := source.read(_CHUNK):
                done += len(piece)
                if done > most_bytes:
                    raise SourceError(
                        self._where,
                        f"{found.name!r} has more than {most_bytes / 1e6:,.0f} MB",
                        next_step="raise source.max_file_mb if the file is meant to be that large",
                    )
                target.write(piece)
                yield piece

    def close(self) -> None:
        """End the connection, where there is one."""
        client = getattr(self._files, "client", None)
        if client is not None:
            client.close()


class FileGone(SourceError):
    """A folder or a file is not there, or not any more."""


def _in_words(name: str) -> str:
    """A name as people see it: a server on Chinese Windows writes GB18030; bytes that are neither that nor UTF-8 stay."""
    written = name.encode("utf-8", "surrogateescape")
    return normalize("NFC", as_written(written) or name)


DONE: Final = ".done"
"""What a done-marker's name ends in, behind the name of the file that it speaks of."""


@contextmanager
def open_store(credentials: Credentials, where: str) -> Iterator[Store]:
    """Connect to the store of a connection.

    Raises:
        SourceError: It cannot be reached or trusted, or the connection is no store.
    """
    with answering(credentials, where, credentials.host or credentials.conn_type):
        filesystem = _filesystem(credentials, where)
    base = str(credentials.extra.get("path") or "")
    if credentials.conn_type in _LOCAL and base:
        base = str(Path(base).absolute())
    store = Store(filesystem, base.removeprefix("s3://"), credentials, where)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def answering(credentials: Credentials, where: str, what: str) -> Iterator[None]:
    """Turn what a store raises into a SourceError without secrets.

    Args:
        credentials: Their secrets are kept out of the message.
        where: The feed, for messages.
        what: The folder, file or server that is asked.
    """
    failure: SourceError | None = None
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        failure = FileGone(
            where,
            f"there is no {what}",
            next_step="check source.folder and the connection's path; a share may not be mounted",
        )
    except Exception as error:
        # Each store has its own errors: paramiko's are no OSErrors, botocore's neither.
        if not isinstance(error, OSError | EOFError) and type(error).__module__.split(".")[0] not in _STORES:
            raise
        is_refusal = isinstance(error, PermissionError) or bool(_REFUSAL.search(type(error).__name__))
        is_refusal = is_refusal and "timeout" not in str(error)  # a server that falls silent after the greeting
        text = credentials.redact(" ".join(str(error).split()))[:300]
        failure = SourceError(
            where,
            f"{what}: {text or type(error).__name__}",
            next_step="check the connection's login and what it may read"
            if is_refusal
            else "check that the store is up and reachable from here; the run tries again by itself",
            is_passing=not is_refusal,
        )
    if failure:
        raise failure from None


def _filesystem(credentials: Credentials, where: str) -> Any:
    kind, extra = credentials.conn_type, credentials.extra
    if kind in _LOCAL:
        from fsspec.implementations.local import LocalFileSystem

        return LocalFileSystem()
    if kind in _SFTP:
        # Loaded only by those who need it: feeds are declared in every process, files are fetched in few.
        from connectors.sources.file_drop.sftp import CheckedSftp

        return CheckedSftp.connect(credentials)
    if kind in _S3:
        from s3fs import S3FileSystem

        client = {"region_name": extra["region_name"]} if extra.get("region_name") else {}
        return S3FileSystem(
            key=credentials.login,
            secret=credentials.password,
            endpoint_url=extra.get("endpoint_url"),
            client_kwargs=client,
            config_kwargs={"connect_timeout": 15, "read_timeout": 60, "retries": {"max_attempts": 3}},
            use_listings_cache=False,
            skip_instance_cache=True,
        )
    raise SourceError(
        where,
        f"a connection of type {kind!r} is no place for files that is known here",
        allowed=", ".join((*_LOCAL, *_SFTP, *_S3)),
        next_step="set the connection's type",
    )
