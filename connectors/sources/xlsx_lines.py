"""The rows of a sheet of an Excel workbook, read without opening Excel's door to anything else.

Formulas are not evaluated and their cached results not believed, unless the feed says so: a row that holds one is
unreadable. So is a row with a cell that is merged with another, for only the first of these holds their value. Numbers
are given with the digits that the file holds, dates as ISO text. Hidden rows are rows like others. 2026.1 that is shown
as 2026.10 is given so, for it is October.
"""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import defusedxml.common
import openpyxl
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import WorkSheetParser

from connectors.sources.tables import DAMAGED, Line, is_beyond_trust, looks_damaged
from warehouse.errors import DeliveryRefused

# It grumbles about styles and extensions, which are of no account here; errors of dates become cells with #VALUE!.
warnings.filterwarnings("ignore", module="openpyxl")

_WIDEST = 16_384  # columns of a sheet, by Excel's own limit
_WIDEST_MERGE = 1_000
_MOST_MERGES = 50_000
_TWO_PLACES = re.compile(r"[#,0]*0\.00(?!0)")
_YEAR_AND_ONE = re.compile(r"(19|20)\d\d\.1")
# how a workbook writes what XML cannot: _x000D_ for a carriage return, _x005F_ for the _ of a text that looks like one
_ESCAPED = re.compile(r"_x(?![Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")
_MOMENTS = (datetime.date, datetime.time, datetime.timedelta)
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
# What a damaged or hostile workbook makes openpyxl and the XML parser raise.
_UNREADABLE = (
    BadZipFile,
    InvalidFileException,
    ParseError,
    defusedxml.common.DefusedXmlException,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    EOFError,
    NotImplementedError,
)


@dataclass(frozen=True)
class Reading:
    """What a feed declares of its workbooks.

    Attributes:
        fills_merged: Every one of merged cells has the value of the first.
        believes_results: A formula's value is the result that Excel kept.
    """

    fills_merged: bool = False
    believes_results: bool = False


def xlsx_lines(file: IO[bytes], sheet: str | None, where: str, reading: Reading = Reading()) -> Iterator[Line]:
    """Give the rows of a sheet.

    Args:
        file: The workbook; its size unpacked has been checked. Stays open.
        sheet: The sheet's name; None takes the only visible one that holds anything.
        where: The feed and the file, for messages.
        reading: How merged cells and formulas are taken.

    Raises:
        DeliveryRefused: The file is no workbook, is damaged, or leaves open which sheet is meant.
    """
    failure: str | None = None
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
        chosen = _sheet(book, sheet, where)
    except _UNREADABLE as error:
        failure = _first_cause(error)
    if failure:
        raise _damaged(where, failure)
    return _lines(chosen, where, reading)


def _first_cause(error: BaseException) -> str:
    """Name what openpyxl's own errors stand for."""
    cause = error.__cause__ or error.__context__
    return _first_cause(cause) if cause else type(error).__name__


def _damaged(where: str, problem: str) -> DeliveryRefused:
    return DeliveryRefused(
        where,
        f"it cannot be read as an Excel workbook ({problem})",
        next_step="open it in Excel, save it as .xlsx, or ask the office for it again",
    )


def _sheet(book: Any, name: str | None, where: str) -> Any:
    if name is not None:
        if name in book.sheetnames and book[name] in book.worksheets:
            return book[name]
        raise DeliveryRefused(
            where,
            f"there is no sheet {name!r}; there are {', '.join(map(repr, book.sheetnames))}",
            next_step="if the office renamed it, correct source.sheet in feed.yml",
        )
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    filled = [sheet for sheet in visible if _holds_something(sheet, where)]
    if len(filled) > 1:
        raise DeliveryRefused(
            where,
            f"{len(filled)} sheets hold something: {', '.join(repr(sheet.title) for sheet in filled)}",
            allowed="one, or one that is named",
            next_step="name the sheet as source.sheet in feed.yml",
        )
    if not visible:
        raise DeliveryRefused(where, "it has no visible sheet", next_step="ask the office for the file again")
    return (filled or visible)[0]


def _holds_something(sheet: Any, where: str) -> bool:
    with closing(_lines(sheet, where)) as lines:
        return any(line.cells for line in lines)


def _lines(sheet: Any, where: str, reading: Reading = Reading()) -> Generator[Line]:
    """Read one sheet.

    openpyxl's own iteration passes over rows that are out of order without a word, so its parser is asked directly.
    """
    merges = _merges(sheet, where)
    covering: list[_Merge] = []
    last = 0
    failure = None
    with ExitStack() as stack:
        two_places = _styles_of_two_places(sheet.parent)
        rows = _parsed(sheet, stack, has_results=False)
        results = _parsed(sheet, stack, has_results=True) if reading.believes_results else None
        while True:
            try:
                number, cells = next(rows)
                if results is not None:
                    cells = _with_results(cells, next(results)[1])
                line = _line(number, cells, two_places)
            except StopIteration:
                break
            except _UNREADABLE as error:
                failure = f"{_first_cause(error)} below row {last}"
                break
            if number <= last:
                failure = f"row {number} comes after row {last}"
                break
            last = number
            while merges and merges[-1].first_row <= number:
                covering.append(merges.pop())
            covering = [merge for merge in covering if merge.last_row >= number]
            for merge in covering:
                if reading.fills_merged:
                    line = merge.fill(line)
                else:
                    merge.mark(number, line.flaws)
            yield line
    if failure:
        raise _damaged(where, failure)


def _parsed(sheet: Any, stack: ExitStack, *, has_results: bool) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    parser = WorkSheetParser(
        stack.enter_context(sheet._get_source()),
        sheet._shared_strings,
        data_only=has_results,
        epoch=sheet.parent.epoch,
        date_formats=sheet.parent._date_formats,
        timedelta_formats=sheet.parent._timedelta_formats,
    )
    rows: Iterator[tuple[int, list[dict[str, Any]]]] = parser.parse()
    return rows


def _with_results(cells: list[dict[str, Any]], results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the result that Excel kept in the place of each formula that has one."""
    kept = {cell["column"]: cell for cell in results if cell["value"] is not None}
    return [kept.get(cell["column"], cell) if cell["data_type"] == "f" else cell for cell in cells]


def _styles_of_two_places(book: Any) -> frozenset[int]:
    """The styles that show numbers with two places."""
    custom = dict(enumerate(book._number_formats, start=BUILTIN_FORMATS_MAX_SIZE))
    formats = {number: custom.get(number, BUILTIN_FORMATS.get(number, "")) for number in {*custom, *BUILTIN_FORMATS}}
    found = {number for number, text in formats.items() if _TWO_PLACES.match(text)}
    return frozenset(place for place, style in enumerate(book._cell_styles) if style.numFmtId in found)


def _line(number: int, cells: list[dict[str, Any]], two_places: frozenset[int]) -> Line:
    texts: list[str] = []
    flaws: dict[int, str] = {}
    doubts: dict[int, str] = {}
    for cell in cells:
        column = cell["column"]
        if column > _WIDEST:
            raise ValueError("more columns than a sheet can have")
        text, flaw = _cell(cell["value"], cell["data_type"])
        if cell["style_id"] in two_places and _YEAR_AND_ONE.fullmatch(text):
            text += "0"
        texts.extend([""] * (column - len(texts)))
        texts[column - 1] = text
        if flaw:
            flaws[column - 1] = f"cell {get_column_letter(column)}{number}: {flaw}"
        if isinstance(cell["value"], _MOMENTS):
            doubts[column - 1] = (
                f"cell {get_column_letter(column)}{number}: a date or time where text belongs (3-12 becomes 12 March); "
                "ask for the column formatted as text"
            )
    while texts and not texts[-1]:
        texts.pop()
    return Line(number, texts, flaws, None, "\t".join(texts), doubts)


def _cell(value: Any, data_type: str) -> tuple[str, str | None]:
    """Give a cell's text, and what is wrong with it."""
    if data_type == "f":
        return str(getattr(value, "text", value)), "a formula, not a value"
    if value is None:
        return "", None
    if isinstance(value, bool):
        return str(value).lower(), None
    if isinstance(value, int | float):
        # repr gives the shortest digits that are this number; Decimal writes them without an exponent.
        text = format(Decimal(repr(value)), "f")
        whole = text.removesuffix(".0")
        return whole, DAMAGED if is_beyond_trust(value) else None
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat(" "), None
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat(), None
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value))
    return text, DAMAGED if looks_damaged(text.strip()) else None


@dataclass
class _Merge:
    """Cells that are shown as one; only the first holds a value."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int
    name: str
    value: tuple[str, str | None, str | None] = ("", None, None)

    def mark(self, row: int, flaws: dict[int, str]) -> None:
        for column in range(self.first_column, self.last_column + 1):
            if (row, column) != (self.first_row, self.first_column):
                flaws[column - 1] = f"cell {get_column_letter(column)}{row} is merged into {self.name}"

    def fill(self, line: Line) -> Line:
        """Give all its cells in this line the value, and what is wrong with it."""
        first = self.first_column - 1
        if line.number == self.first_row and first < len(line.cells):
            self.value = (line.cells[first], line.flaws.get(first), line.doubts.get(first))
        text, flaw, doubt = self.value
        if not text:
            return line
        places = range(first, self.last_column)
        cells = [*line.cells, *[""] * (self.last_column - len(line.cells))]
        cells[first : self.last_column] = [text] * len(places)
        flaws = line.flaws | (dict.fromkeys(places, flaw) if flaw else {})
        doubts = {**line.doubts, **(dict.fromkeys(places, doubt) if doubt else {})}
        return line._replace(cells=cells, flaws=flaws, doubts=doubts, text="\t".join(cells))


def _merges(sheet: Any, where: str) -> list[_Merge]:
    """Find the merged cells, which the file names behind its rows; the last one first."""
    found: set[tuple[bytes, bytes, bytes, bytes]] = set()
    with sheet._get_source() as source:
        rest = b""
        while chunk := source.read(1 << 20):
            rest += chunk
            found.update(_MERGED.findall(rest))
            rest = rest[-200:]
            if len(found) > _MOST_MERGES:
                raise _damaged(where, f"more than {_MOST_MERGES:,} merged cells")
    merges = []
    for match in found:
        first_column, first_row, last_column, last_row = (part.decode() for part in match)
        last = min(column_index_from_string(last_column), _WIDEST_MERGE)
        name = f"{first_column}{first_row}:{last_column}{last_row}"
        merges.append(_Merge(int(first_row), int(last_row), column_index_from_string(first_column), last, name))
    return sorted(merges, key=lambda merge: merge.first_row, reverse=True)
