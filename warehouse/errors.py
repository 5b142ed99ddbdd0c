"""What a stop says: who is stopped, the fact, what was allowed, and what to do next (rule 6 of the house)."""

from __future__ import annotations

from warehouse.text import shown


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
