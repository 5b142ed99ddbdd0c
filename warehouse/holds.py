"""Which run works at what: a run holds its feed from land to accept, and the night from begin to publish.

A process at work has the lock of holds/<name>.lock; its content says who that is. The steps of a run of the scheduler are
processes of their own: between them nothing has the lock, and the content keeps the place for that run, `KEEP` long after
its last step. So a process that is killed holds nothing, and a run that is killed does not hold for ever.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any

from warehouse.durable import as_json, from_json, make_folder
from warehouse.errors import WarehouseBusy
from warehouse.settings import Settings

# longer than the longest wait between two tries of a step (dags.runs.RETRIES)
KEEP = timedelta(hours=1)
NIGHT = "operating_snapshots"
# how long the command line waits for another run
WAIT_SECONDS = 120.0
# whoever reads a place for `parkbridge status` has its lock for a moment
A_MOMENT = 1.0
_TEXT = 200
# what this process holds: a second step of it goes on
_mine: dict[Path, IO[str]] = {}


def of_feed(feed: str) -> str:
    """The name under which a feed is held: its DAG's."""
    return f"feed_{feed}"


@cache
def account() -> str:
    """Who runs this process; the number of an account without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return str(os.getuid())


def this_process() -> str:
    """This process in words, for whoever waits for it."""
    words = [Path(sys.argv[0]).name, *(word for word in sys.argv[1:2] if not word.startswith("-"))]
    return f"{' '.join(words)} of {account()}, process {os.getpid()} on {socket.gethostname()}"


@dataclass(frozen=True)
class Run:
    """One run that asks for a place: all in this process, or a run of the scheduler, of which each step is a process."""

    run_id: str
    in_words: str
    is_one_process: bool

    @classmethod
    def here(cls) -> Run:
        """A run that is this process, and ends with it."""
        return cls(f"process {os.getpid()}", this_process(), is_one_process=True)


@dataclass(frozen=True)
class Held:
    """What the file of a place says."""

    run_id: str
    in_words: str
    is_one_process: bool
    since: datetime
    seen: datetime

    def __str__(self) -> str:
        return f"{self.in_words}, since {self.since:%Y-%m-%d %H:%M} UTC"

    def is_over(self, now: datetime) -> bool:
        """Whether the place is free although the file names a run, seen that nothing has the lock."""
        return self.is_one_process or abs(now - self.seen) > KEEP


def _path(settings: Settings, name: str) -> Path:
    return settings.home / "holds" / f"{name}.lock"


def _read(file: IO[str]) -> Held | None:
    """What a place's file says; None where it is empty or cannot be read: that keeps no run out."""
    file.seek(0)
    try:
        said = from_json(file.read())
        since, seen = (datetime.fromisoformat(said[key]) for key in ("since", "seen"))
        in_words = "".join(sign for sign in said["in_words"] if sign.isprintable())
        return Held(said["run_id"], in_words, bool(said["is_one_process"]), since, seen)
    except (ValueError, KeyError, TypeError):
        return None


def _write(file: IO[str], content: dict[str, Any] | None) -> None:
    file.seek(0)
    file.truncate()
    if content is not None:
        file.write(as_json(content))
    file.flush()


def _try_lock(path: Path) -> tuple[IO[str] | None, Held | None]:
    """The locked file of a place, and what it says; no file where another process has the lock."""
    file = path.open("a+", encoding="utf-8", errors="replace")
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with file:
            return None, _read(file)
    return file, _read(file)


def take(
    settings: Settings,
    name: str,
    run: Run,
    wait_seconds: float = A_MOMENT,
    on_wait: Callable[[str], None] | None = None,
) -> None:
    """Have a place for a run, which may have it already from an earlier step.

    Args:
        settings: The park's.
        name: A DAG's id: of_feed(…) or NIGHT.
        run: Who asks.
        wait_seconds: How long to wait for another run.
        on_wait: Called once with the name of the other one, before waiting.

    Raises:
        WarehouseBusy: Another run has it for longer; the message says which.
    """
    path = _path(settings, name)
    if path in _mine:
        return
    make_folder(path.parent, 0o700)
    deadline, is_announced = time.monotonic() + wait_seconds, False
    while True:
        now = datetime.now(UTC)
        file, held = _try_lock(path)
        if file and (held is None or held.run_id == run.run_id or held.is_over(now)):
            since = held.since if held and held.run_id == run.run_id else now
            _write(file, _said(run, since, now))
            _mine[path] = file
            return
        if file:
            file.close()
        who = str(held) if held else "another process"
        if on_wait and not is_announced and wait_seconds > A_MOMENT:
            on_wait(who)
        is_announced = True
        if time.monotonic() >= deadline:
            between = (
                f"; between two steps it keeps its place until {held.seen + KEEP:%H:%M} UTC" if file and held else ""
            )
            raise WarehouseBusy(
                name.removeprefix("feed_"),
                f"it is held by {who}{between}",
                next_step="wait for its end (`parkbridge status` shows it), or stop it, then run this again. Nothing has changed",
            )
        time.sleep(0.1)


def _said(run: Run, since: datetime, seen: datetime) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "in_words": run.in_words[:_TEXT],
        "is_one_process": run.is_one_process,
        "since": since.isoformat(),
        "seen": seen.isoformat(),
    }


def rest(settings: Settings, name: str) -> None:
    """A step has ended and its run goes on: the place is kept for it without a process."""
    if file := _mine.pop(_path(settings, name), None):
        with file:
            if held := _read(file):
                run = Run(held.run_id, held.in_words, held.is_one_process)
                _write(file, _said(run, held.since, datetime.now(UTC)))


def let_go(settings: Settings, name: str, run_id: str | None = None) -> None:
    """A run has ended: its place is free.

    Args:
        settings: The park's.
        name: As of `take`.
        run_id: The run, where another process than its own says so; what is held by others stays.
    """
    path = _path(settings, name)
    file = _mine.pop(path, None)
    if file is None and run_id is not None and path.exists():
        file, held = _try_lock(path)
        if file and (held is None or held.run_id != run_id):
            file.close()
            return
    if file:
        with file:
            _write(file, None)


@contextlib.contextmanager
def all_of(settings: Settings, names: Sequence[str]) -> Iterator[None]:
    """Have several places while the block runs, of this process."""
    taken: list[str] = []
    try:
        for name in sorted(names):
            if _path(settings, name) not in _mine:
                take(settings, name, Run.here(), WAIT_SECONDS)
                taken.append(name)
        yield
    finally:
        for name in taken:
            let_go(settings, name)


def held(settings: Settings) -> dict[str, str]:
    """The places that are held now → by which run."""
    found = {}
    for path in sorted((settings.home / "holds").glob("*.lock")):
        with contextlib.suppress(OSError):
            file, said = _try_lock(path) if path not in _mine else (None, _read(_mine[path]))
            if file:
                file.close()
            if said and not (file and said.is_over(datetime.now(UTC))):
                found[path.stem.removeprefix("feed_")] = str(said)
            elif file is None:
                found[path.stem.removeprefix("feed_")] = "a process that does not say which"
    return found
