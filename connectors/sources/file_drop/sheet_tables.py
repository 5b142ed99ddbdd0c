"""Several sheets as one table: one for each month or building, all with the same header."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from connectors.sources import ROW_NUMBER, Unreadable
from connectors.sources.file_drop.lines import HEADER_WITHIN, squeezed
from connectors.sources.file_drop.sheet_cells import Sheet
from warehouse.errors import DeliveryRefused

NEXT_SHEET: Final = 1_000_000_000
"""What the row numbers of each further sheet begin with: 2000000012 is row 12 of the third sheet."""

Table = tuple[tuple[str, ...], Iterator[pa.RecordBatch]]
ReadSheet = Callable[[Sheet, list[Unreadable]], Table]

_log = logging.getLogger(__name__)


def as_one(sheets: Sequence[Sheet], read: ReadSheet, unreadable: list[Unreadable], where: str) -> Table:
    """Read sheets one after the other.

    Args:
        sheets: In their order.
        read: Reads one sheet.
        unreadable: Filled while the batches are consumed.
        where: The feed and the file, for messages.

    Raises:
        DeliveryRefused: Their headers are not equal.
    """
    header: tuple[str, ...] = ()
    for sheet in sheets:
        found, _ = read(sheet, [])
        header = header or found
        if found != header:
            other = sorted(set(found) ^ set(header)) or ["the order of its columns"]
            raise DeliveryRefused(
                where,
                f"the sheet {sheet.name!r} has another header than {sheets[0].name!r}: {', '.join(other[:5])}",
                allowed="the same columns in all sheets that source.sheets names",
                next_step="ask the office for one form of sheet, or make source.sheets narrower in feed.yml",
            )
    return header, _batches(sheets, read, unreadable)


def _batches(sheets: Sequence[Sheet], read: ReadSheet, unreadable: list[Unreadable]) -> Iterator[pa.RecordBatch]:
    for place, sheet in enumerate(sheets):
        wrong: list[Unreadable] = []
        for batch in read(sheet, wrong)[1]:
            numbers = pc.add(batch.column(ROW_NUMBER), pa.scalar(place * NEXT_SHEET, pa.int64()))
            yield pa.RecordBatch.from_arrays([numbers, *batch.columns[1:]], schema=batch.schema)
        for piece in wrong:
            piece.row_number += place * NEXT_SHEET
            piece.reason = f"sheet {sheet.name}: {piece.reason}"
            unreadable.append(piece)


def report_left_out(
    sheets: Sequence[Sheet], taken: Sequence[Sheet], expected: frozenset[str], where: str, *, stops: bool
) -> list[str]:
    """Give notes of sheets with a table like the one that is read; stop over visible ones where several are declared.

    Raises:
        DeliveryRefused: A visible sheet with such a table is not among those that are read.
    """
    notes = []
    for sheet in sheets:
        if sheet in taken or not _has_such_a_header(sheet, expected):
            continue
        kind = "sheet" if sheet.is_visible else "hidden sheet"
        if sheet.is_visible and stops:
            raise DeliveryRefused(
                where,
                f"the sheet {sheet.name!r} holds such a table too and is not named by source.sheets",
                next_step="name it in source.sheets in feed.yml, or ask the office what it is",
            )
        notes.append(f"the {kind} {sheet.name!r} holds such a table too and is left out: see source.sheets")
        _log.warning("%s: %s", where, notes[-1])
    return notes


def _has_such_a_header(sheet: Sheet, expected: frozenset[str]) -> bool:
    names = set(map(squeezed, expected))
    with closing(sheet.lines()) as lines:
        for line in islice(lines, HEADER_WITHIN):
            cells = [squeezed(cell) for cell in line.cells if cell.strip()]
            known = sum(cell in names for cell in cells)
            if known >= 2 and known * 2 >= len(cells):
                return True
    return False
