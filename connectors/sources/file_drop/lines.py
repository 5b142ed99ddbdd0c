"""A line of a table as a file gives it, and what reading it needs to know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple

from connectors.sources import plain
from warehouse.persons import blotted
from warehouse.units import MULTIPLE, even

HEADER_WITHIN: Final = 20
"""How far down `header: auto` looks."""
MOST_HEADER_LINES: Final = 3
_DAMAGED_TEXT = re.compile(r"[+-]?\d(?:\.(\d+))?([eE])\+(\d{2,})")
_LARGEST_TRUSTED: Final = 10**15


class Line(NamedTuple):
    """One line of a file or row of a sheet.

    Attributes:
        number: Its line or row number.
        cells: Its texts, empty for nothing.
        flaws: Why a cell's text is not what the office wrote, by position.
        broken: Why the line as a whole is no row.
        text: The line as it came.
        doubts: Why a cell's text is not what the office wrote if its column holds text, by position.
        days: What a number is if its column holds dates, by position, where the workbook counts days from 1904.
        merged: The merged cells that a cell was filled from, with their first and last row, by position.
        divisors: By what a number is divided before it is shown, by position.
    """

    number: int
    cells: Sequence[str]
    flaws: dict[int, str]
    broken: str | None
    text: str
    doubts: Mapping[int, str] = MappingProxyType({})
    days: Mapping[int, str] = MappingProxyType({})
    merged: Mapping[int, tuple[str, int, int]] = MappingProxyType({})
    divisors: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True)
class Layout:
    """How the table lies in its file.

    Attributes:
        where: The feed and the file, for messages.
        header: Number of the header's line; None looks for the line that holds the expected names.
        expected: Every name that a column may have.
        header_lines: How many lines the header has; their names are joined.
        exclude: Names of columns that are dropped while reading.
        uses: What columns are for, see `connectors.sources.Source.deliveries`.
        unit: The unit that the lines above the header must state; None lets no unit with a multiplier pass.
        fill_down: Names of columns in which nothing means "as above", the outer ones first.
        totals: (column's names, values): lines with such a value there are totals.
        label: The names of file and sheet, which may state a unit.
        beside: Texts beside the cells of the sheet, which may state one too.
        decimal: The decimal mark of numbers, where it is not a point; the thousands mark is the other one, a blank or '.
        is_named: Returns whether a further name is a column's: those of a crosstab's months.
        above: Filled while the header is read: the text above it.
        title: Named groups are columns, with what is found in the lines above the header.
        added: Columns that are not in the file, with the one value they have in it.
        is_ragged_strict: A line with fewer fields than the header is broken (CSV), not cut short (sheets).
        is_cut: The file ends within a line: a last line with fewer fields is broken, whatever is_ragged_strict says.
        width: How many fields the header's line has, with the empty ones at its end.
        nameless: Columns without a heading, which are none as long as they hold nothing.
    """

    where: str
    header: int | None = None
    expected: frozenset[str] = frozenset()
    header_lines: int = 1
    exclude: frozenset[str] = frozenset()
    uses: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    fill_down: tuple[str, ...] = ()
    totals: tuple[tuple[str, ...], frozenset[str]] | None = None
    label: str = ""
    beside: tuple[str, ...] = ()
    decimal: str | None = None
    is_named: Callable[[str], bool] | None = None
    above: list[str] = field(default_factory=list)
    title: re.Pattern[str] | None = None
    added: Mapping[str, str] = field(default_factory=dict)
    is_ragged_strict: bool = True
    is_cut: bool = False
    width: int = 0
    nameless: frozenset[str] = frozenset()

    def name_of(self, cell: str) -> str:
        """The name of a header's cell: as it is declared, where that differs by white space, case or the kind of brackets alone."""
        name = plain(cell)
        return name if name in self.expected else self._spellings.get(squeezed(name).casefold(), name)

    def names_of(self, cells: Iterable[str]) -> list[str]:
        """The names of a header's cells, without the empty ones at its end; one that names a person, 制表人：张三, is none."""
        names = [self.name_of(cell) for cell in cells]
        names = [
            "" if ":" in even(name) and name not in self.expected and blotted(name) != name else name for name in names
        ]
        while names and not names[-1]:
            names.pop()
        return names

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        return {squeezed(name).casefold(): name for name in sorted(self.expected)}


def looks_damaged(text: str) -> bool:
    """Return whether a spreadsheet wrote a number with fewer digits than it has: 9.13206E+17, 1.23E+08 (R's 1e+05 is exact)."""
    found = _DAMAGED_TEXT.fullmatch(text)
    return found is not None and int(found[3]) >= (15 if found[2] == "e" else min(15, len(found[1] or "") + 1))


def is_beyond_trust(number: float) -> bool:
    """Return whether a spreadsheet's number has more digits than a spreadsheet keeps (15)."""
    return abs(number) >= _LARGEST_TRUSTED


FIGURE: Final = re.compile(r"[¥￥]?\s*(-?[0-9][0-9,]*(?:\.[0-9]+)?)\s*[元人]?")
DAMAGED: Final = "identifier damaged by spreadsheet"


def joined(lines: Sequence[Line]) -> Line:
    """Make one line of a header's lines: 用水/用量. A name reaches over the columns to its right that have one below only."""
    if len(lines) == 1:
        return lines[0]
    width = max(len(line.cells) for line in lines)
    rows = [[*map(plain, line.cells), *[""] * (width - len(line.cells))] for line in lines]
    for place, row in enumerate(rows[:-1]):
        for position in range(1, width):
            if not row[position] and any(later[position] for later in rows[place + 1 :]):
                row[position] = row[position - 1]
    cells = ["/".join(dict.fromkeys(filter(None, parts))) for parts in zip(*rows, strict=True)]
    return lines[0]._replace(cells=cells, broken=next((line.broken for line in lines if line.broken), None))


def evened(lines: Iterable[Line]) -> str:
    """The texts of lines; a cell that is a unit and nothing else is one in brackets."""
    cells = (
        [f"({cell.strip()})" if MULTIPLE.fullmatch(cell.strip()) else cell for cell in line.cells] for line in lines
    )
    return even("\n".join(map(" ".join, cells)))


def squeezed(name: str) -> str:
    """A name without white space, in the signs of a keyboard: 户 号 above the second page is 户号, 金额（元） is 金额(元)."""
    return "".join(even(name).split())
