"""What a stop says: who is stopped, the fact, what was allowed, and what to do next (rule 6 of the house)."""

from __future__ import annotations

import errno
import os

from warehouse.text import shown

_AGAIN = "then run the same again"
MOVE_AWAY = f"move away what is in its place, {_AGAIN}; `parkbridge doctor --deep` says what is missing then"
_NO_RIGHT = f"let the user who runs ParkBridge read and write it, {_AGAIN}"
_NO_ROOM = f"make room on its disk, {_AGAIN}"
_STEPS = {
    **dict.fromkeys((errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ELOOP), MOVE_AWAY),
    errno.ENOENT: f"put it back; where it is a link that leads nowhere, remove the link, {_AGAIN}",
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _NO_RIGHT),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _NO_ROOM),
}


class ParkBridgeError(Exception):
    """A stop that a user can act on; the command line prints it without a traceback.

    Args:
        where: The feed, table or file that stopped, with its period where it has one ("tax_filing 2026-11").
        fact: What was found, in figures.
        allowed: What would have been accepted; left out where nothing of the kind is.
        next_step: What the reader does now.
    """

    def __init__(self, where: str, fact: str, *, next_step: str, allowed: str | None = None) -> None:
        # a file's name may be any bytes
        self.where = where.encode("utf-8", "backslashreplace").decode()
        self.fact = fact.encode("utf-8", "backslashreplace").decode()
        self.allowed = allowed
        self.next_step = next_step
        super().__init__(self.where, self.fact, allowed, next_step)

    def __str__(self) -> str:
        allowed = f"; {self.allowed} allowed" if self.allowed else ""
        # what an office has written into a name or a value must not break the line or write another one
        return shown(f"{self.where}: {self.fact}{allowed}. Next: {self.next_step}")


def of_a_file(error: OSError) -> ParkBridgeError | None:
    """What a system's error about a file says, as a stop with its next step; None where it is about none."""
    if error.errno is None or not isinstance(error.filename, str | os.PathLike):
        return None
    path = os.fspath(error.filename2 if isinstance(error.filename2, str | os.PathLike) else error.filename)
    step = _STEPS.get(error.errno, f"look at its disk, {_AGAIN}")
    return ParkBridgeError(str(path), os.strerror(error.errno), next_step=step)


class DeclarationError(ParkBridgeError):
    """A declaration (feed.yml, subjects.yml, a rule file, a model's header) says something that cannot be."""


class SourceError(ParkBridgeError):
    """A source cannot be reached, refuses us, or hands over something that cannot be read. `is_passing`: a retry may help."""

    def __init__(
        self, where: str, fact: str, *, next_step: str, allowed: str | None = None, is_passing: bool = False
    ) -> None:
        super().__init__(where, fact, next_step=next_step, allowed=allowed)
        self.is_passing = is_passing


class DeliveryRefused(ParkBridgeError):
    """A delivery was landed or read and must not go further; nothing of before has changed."""


class UnknownCodes(DeliveryRefused):
    """A delivery holds codes that are not declared. `columns`: the office's columns that do."""

    def __init__(self, where: str, fact: str, *, next_step: str, allowed: str, columns: tuple[str, ...]) -> None:
        super().__init__(where, fact, next_step=next_step, allowed=allowed)
        self.columns = columns


class Overtaken(DeliveryRefused):
    """Another run came between the steps of this one; what it staged is not there any more."""


class CheckFailed(ParkBridgeError):
    """A critical expectation does not hold; yesterday's data stays published."""


class FeedsStopped(CheckFailed):
    """A night is held up by feeds that have stopped. `is_reported`: each feed reported its stop itself within a day."""

    def __init__(
        self, where: str, fact: str, *, next_step: str, allowed: str | None = None, is_reported: bool = False
    ) -> None:
        super().__init__(where, fact, next_step=next_step, allowed=allowed)
        self.is_reported = is_reported


class WarehouseBusy(ParkBridgeError):
    """Another process holds the warehouse's one writer's place."""
