"""How deliveries are fetched: one folder per protocol, and the types they share.

A protocol hands over `Delivery` objects: a header and record batches, exactly as the source gave them. It knows nothing
of feeds, subjects or the warehouse. Whatever is wrong with a source as a whole is a `SourceError` or `DeliveryRefused`;
a single piece that is no row is an `Unreadable`. Nothing is dropped without one or the other.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Final, Protocol, cast

import pyarrow as pa

from connectors.credentials import Credentials
from warehouse.errors import DeclarationError

ROW_NUMBER: Final = "row_number"
"""First column of every batch: the row's place in its delivery, so that a person can find it."""

MOST_OF_SINGLE: Final = 2**17
"""From here on a floating-point number of four bytes keeps no cents: the next one is 0.016 away."""

MOST_OF_HALF: Final = 2**4
"""The same of two bytes."""

BATCH_ROWS: Final = 10_000
"""Rows in one record batch: what bounds the memory of a pull."""

_OF_OTHERS: Final = "parkbridge.protocols"
"""The group of entry points by which an installed package of a park offers a protocol of its own."""


def _modules() -> dict[str, str]:
    """The module of each protocol by its name: a folder here, or what an installed package offers; ours come first."""
    ours = {found.name: f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__) if found.ispkg}
    return {point.name: point.value for point in entry_points(group=_OF_OTHERS)} | ours


_MODULES: Final = MappingProxyType(_modules())
PROTOCOLS: Final = tuple(sorted(_MODULES))


@dataclass
class Unreadable:
    """A piece of a delivery that is no row.

    Attributes:
        row_number: Line of the file, row of the sheet, or ordinal in the pull.
        reason: What is wrong with it, without any of its values.
        text: The piece as it came, for whoever repairs it; None where it could hold an excluded column's values. It
            holds whatever was not excluded: a caller that fetched personal columns must not keep it.
    """

    row_number: int
    reason: str
    text: str | None


@dataclass
class Delivery:
    """One thing that a source hands over: a file, one pull of a table, one pull of an API.

    Attributes:
        label: What the office calls it (file name, table, path of the API); safe to show.
        header: Column names as delivered, excluded ones too.
        batches: At least one record batch, perhaps of no rows: `row_number` int64, then the delivered columns without
            the excluded ones. Files and APIs: all string, NULL for nothing. Databases: native types, decimals exact.
        delivered_at: The source's own clock (a file's time), aware UTC.
        content_id: SHA-256 of a file's bytes in hex, known before it is parsed.
        unreadable: Filled while `batches` is consumed.
        totals: The figures of each line of totals by column; filled while `batches` is consumed.
        notes: What a person should know of it although no row is wrong: hidden rows; filled while `batches` is consumed.
        is_ended: Whether a file of text ends with the end of a line; None of any other.
        cursor: The highest value of the cursor column so far; filled while `batches` is consumed. None where no row
            came or the source has no cursor.
        rows_below: How many rows the source has that no pull from this cursor on asks for, by cursor.
        figures_below: What their figures add up to, likewise.
    """

    label: str
    header: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]
    delivered_at: datetime | None = None
    content_id: str | None = None
    unreadable: list[Unreadable] = field(default_factory=list)
    cursor: str | None = None
    rows_below: dict[str, int] = field(default_factory=dict)
    figures_below: dict[str, str] = field(default_factory=dict)
    totals: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_ended: bool | None = None


@dataclass(frozen=True)
class Window:
    """Which part of a source's life one run asks for.

    Attributes:
        since: End of the last accepted pull, aware UTC; None on the first.
        until: End of this run's interval, aware UTC; nothing recorded or delivered after it is taken.
        cursor: The highest cursor value landed so far, as `Delivery.cursor` gave it.
        rows_below: How many rows the source had below it, as `Delivery.rows_below` gave it.
        figures_below: What their figures added up to, as `Delivery.figures_below` gave it.
        known: Content ids landed already; these are skipped without parsing.
        latest: What was landed last under a label: its content id, and the source's own time of it.
    """

    since: datetime | None
    until: datetime
    cursor: str | None = None
    rows_below: Mapping[str, int] = field(default_factory=dict)
    figures_below: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    latest: Mapping[str, tuple[str, datetime | None]] = field(default_factory=dict)

    def is_landed(self, label: str, content_id: str, modified: datetime) -> bool:
        """Whether a file is landed already, and still counts: changed back, or under another name after others, it is news again."""
        if content_id not in self.known:
            return False
        if label in self.latest:
            last, at = self.latest[label]
            return not (last != content_id and at and modified > at)
        names = [name for name, (last, _) in self.latest.items() if last == content_id]
        return self.since is None or modified <= self.since or names[-1:] == [*self.latest][-1:]


NO_USES: Final[Mapping[str, str]] = MappingProxyType({})


class Source(Protocol):
    """What a protocol module offers."""

    OPTIONS: frozenset[str]
    # those that say which rows are asked for: where one changes, the pulls of before say nothing of what is known
    ASKED: frozenset[str]

    def deliveries(
        self,
        options: Mapping[str, Any],
        credentials: Credentials,
        window: Window,
        where: str,
        *,
        exclude: frozenset[str] = frozenset(),
        expected: frozenset[str] = frozenset(),
        uses: Mapping[str, str] = NO_USES,
    ) -> Iterator[Delivery]:
        """Hand over what the source has for this window, oldest first.

        Args:
            options: The feed's `source:` entry; `protocol` and `connection` in it are passed over.
            credentials: The connection that the feed names.
            window: Which part of the source's life to take.
            where: The feed, for messages.
            exclude: Column names as delivered that must not be fetched, or not be kept for a moment longer than reading
                takes: personal ones.
            expected: Every column name a delivery may have, aliases included; finds the header row of files and
                replaces the header where an API has no record.
            uses: What columns are for, by name as delivered, where that decides which values are wrong: an `ignored` column
                may hold anything; in a `text` column a date or time is a spreadsheet's mistake.

        Raises:
            DeclarationError: An option is wrong; raised before anything is fetched.
            SourceError: The source cannot be reached or read; raised while iterating, here or in `batches`.
            DeliveryRefused: One delivery cannot be used as it is; raised while iterating, here or in `batches`.
        """


def plain(name: str) -> str:
    """Give a column's name with its white space evened out, as names are compared: headers break lines midway."""
    return " ".join(name.split())


def protocol(name: str) -> Source:
    """Give the module of a protocol.

    Raises:
        DeclarationError: There is no protocol of this name.
    """
    if name not in PROTOCOLS:
        raise DeclarationError(
            "source",
            f"there is no protocol {name!r}",
            allowed=", ".join(PROTOCOLS),
            next_step="name one of these under `source: protocol:` in feed.yml",
        )
    return cast(Source, importlib.import_module(_MODULES[name]))
