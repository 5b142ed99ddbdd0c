"""The rows of a sheet of an Excel workbook of before 2007 (.xls) or of WPS (.et): BIFF in an OLE container.

xlrd reads them. python-calamine was tried first: it gives error cells (#N/A) and formulas without a result as empty
text, and one changed byte of a file of 46 KB made it ask for 1.9 GB. xlrd raises in all such cases, and 0.3 seconds and
66 MB were the most that 2,764 damaged files took. What xlrd does not say, which cells are formulas and whether the sheet
is whole, is read from the records here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import IO, Any, Final

import xlrd
from openpyxl.styles.numbers import BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils import get_column_letter
from xlrd.compdoc import CompDocError
from xlrd.xldate import XLDateError

from connectors.sources.file_drop.lines import DAMAGED, Line, looks_damaged
from connectors.sources.file_drop.sheet_cells import (
    CELL_STRUCK,
    FORMULA,
    MOST_MERGES,
    PART_STRUCK,
    RED,
    STRUCK,
    UNSEEN,
    Hidden,
    Merge,
    Merges,
    Reading,
    Sheet,
    as_shown,
    damaged,
    divisor,
    moment_text,
    number_text,
    page_text,
    sheet_line,
    shows_more,
)
from warehouse.errors import DeliveryRefused

_LARGEST: Final = 200_000_000
_MOST_CELLS: Final = 6_000_000
"""Of a sheet, with the empty ones before each row's last: 65,536 rows of 91 columns."""
_UNREADABLE: Final = (
    xlrd.XLRDError,
    CompDocError,
    XLDateError,
    struct.error,
    AssertionError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    EOFError,
    NotImplementedError,
    RecursionError,
)
# record types of BIFF, see Microsoft's [MS-XLS]
_BEGIN: Final = frozenset({0x809, 0x409, 0x209, 0x009})
_END: Final = 0x0A
_FORMULAS: Final = frozenset({0x06, 0x206, 0x406})
_ONE_CELL: Final = frozenset({0x01, 0x201, 0x03, 0x203, 0x04, 0x204, 0x05, 0x205, 0xD6, 0xFD, 0x27E})
_SEVERAL_CELLS: Final = {0xBD: 6, 0xBE: 2}
_MERGED_CELLS: Final = 0xE5
_HEAD_AND_FOOT: Final = frozenset({0x14, 0x15})
# the text of a remark or a text box is in the record behind its own
_TEXT_BOX, _CONTINUED, _REMARK = 0x1B6, 0x3C, 0x1C
_OF_TEXTS: Final = _HEAD_AND_FOOT | {_TEXT_BOX, _CONTINUED, _REMARK}
_MOST_TEXTS: Final = 10_000


class _Nowhere:
    """Where xlrd writes its remarks to: a damaged file makes any number of them."""

    def write(self, _: str) -> None:
        return

    def flush(self) -> None:
        return


def xls_sheets(file: IO[bytes], where: str, reading: Reading) -> list[Sheet]:
    """Give the sheets of a workbook; arguments as of `xlsx_lines.xlsx_sheets`.

    Raises:
        DeliveryRefused: The file is no workbook, is damaged, or has a password.
    """
    file.seek(0)
    content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise damaged(where, f"more than {_LARGEST / 1e6:,.0f} MB, which no sheet of this format needs")
    failure = ""
    try:
        book = xlrd.open_workbook(
            file_contents=content, logfile=_Nowhere(), formatting_info=True, ragged_rows=True, on_demand=True
        )
        found = list(zip(book.sheet_names(), book._sheet_visibility, strict=True))
    except _UNREADABLE as error:
        failure = str(error) if "encrypted" in str(error) else type(error).__name__
    if "encrypted" in failure:
        raise with_password(where)
    if failure:
        raise damaged(where, failure)
    sheets = []
    for index, (name, state) in enumerate(found):
        hidden = Hidden()
        records = cache(partial(_sheet_records, book, index))
        lines = partial(_lines, book, index, where, reading, hidden, records)
        sheets.append(Sheet(name, not state, lines, hidden, partial(_beside, where, hidden, records)))
    return sheets


def with_password(where: str) -> DeliveryRefused:
    """Say that a workbook is encrypted."""
    return DeliveryRefused(
        where,
        "the workbook has a password",
        next_step="ask the office to save it without one (另存为 → 工具 → 常规选项: empty both fields)",
    )


@dataclass
class _Records:
    """What a sheet's records say that xlrd does not: its formulas, and the texts that are in no cell."""

    formulas: set[tuple[int, int]] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    remarked: set[str] = field(default_factory=set)


def _sheet_records(book: Any, index: int) -> _Records:
    return _read_records(book.mem, book._sh_abs_posn[index], book.encoding or "gb18030")


def _beside(where: str, hidden: Hidden, records: Callable[[], _Records]) -> list[str]:
    """Give the texts of a sheet that are in no cell, and note which cells have a remark."""
    failure = ""
    try:
        found = records()
    except _UNREADABLE as error:
        failure = str(error) if isinstance(error, _Broken) else type(error).__name__
    if failure:
        raise damaged(where, failure)
    hidden.remarked.update(found.remarked)
    return found.texts


def _lines(
    book: Any, index: int, where: str, reading: Reading, hidden: Hidden, records: Callable[[], _Records]
) -> Generator[Line]:
    failure = None
    try:
        formulas = records().formulas
        sheet = book.sheet_by_index(index)
        merges = Merges(
            (Merge(r + 1, rows, c + 1, columns) for r, rows, c, columns in sheet.merged_cells), reading, where
        )
        hidden.columns.update(
            get_column_letter(c + 1) for c, i in sheet.colinfo_map.items() if i.hidden and c < sheet.ncols
        )
        struck = {place for place, font in enumerate(book.font_list) if font.struck_out}
        flawed = _unseen(book) | {
            place: CELL_STRUCK for place, style in enumerate(book.xf_list) if style.font_index in struck
        }
        red = {place for place, font in enumerate(book.font_list) if font.colour_index in RED}
        for row in range(sheet.nrows):
            line = _line(book, sheet, row, formulas, flawed, reading)
            if struck and line.cells and _is_struck(book, sheet, row, struck):
                line = line._replace(broken=STRUCK)
            if red:
                hidden.red.update(
                    f"{get_column_letter(place + 1)}{row + 1}"
                    for place, cell in enumerate(sheet.row(row))
                    if cell.ctype == xlrd.XL_CELL_NUMBER
                    and cell.value > 0
                    and book.xf_list[cell.xf_index].font_index in red
                )
            if line.cells and row in sheet.rowinfo_map and sheet.rowinfo_map[row].hidden:
                hidden.rows.add(row + 1)
            yield merges.applied(line)
    except _UNREADABLE as error:
        failure = str(error) if isinstance(error, _Broken) else type(error).__name__
    finally:
        book.unload_sheet(index)
    if failure:
        raise damaged(where, failure)


class _Broken(ValueError):
    """What is wrong with a sheet's records, for people."""


def _read_records(records: bytes, position: int, encoding: str) -> _Records:
    """Go through a sheet's records: find its formulas and texts, and whether it is whole and of a size that can be read."""
    found = _Records()
    box = 0  # characters of the text box that the next record holds
    widths: dict[int, int] = {}
    depth = cells = merges = 0
    head = struct.Struct("<HH").unpack_from
    end = len(records)
    while position + 4 <= end:
        code, length = head(records, position)
        if position + 4 + length > end:
            break
        if code in _FORMULAS:
            if depth == 1:
                found.formulas.add(head(records, position + 4))
            cells += 1
        elif code in _ONE_CELL:
            cells += 1
            row, column = head(records, position + 4)
            if widths.get(row, 0) < column:
                widths[row] = column
        elif code in _SEVERAL_CELLS:
            cells += length // _SEVERAL_CELLS[code]
        elif code == _MERGED_CELLS:
            merges += length // 8
        elif code in _BEGIN:
            depth += 1
        elif code == _END:
            depth -= 1
            if depth == 0:
                cells = max(cells, sum(widths.values()))
        elif code in _OF_TEXTS:
            box = _note_text(found, code, records[position + 4 : position + 4 + length], box, encoding)
        if cells > _MOST_CELLS:
            raise _Broken(f"more than {_MOST_CELLS:,} cells in a sheet")
        if merges > MOST_MERGES:
            raise _Broken(f"more than {MOST_MERGES:,} merged cells")
        if code == _END and depth == 0:
            return found
        position += 4 + length
    raise _Broken("a sheet breaks off")


def _note_text(found: _Records, code: int, data: bytes, box: int, encoding: str) -> int:
    """Take the text of a page's head or foot, a remark or a text box; returns how many of its characters are still to come."""
    if code == _TEXT_BOX and len(data) >= 12:
        return int.from_bytes(data[10:12], "little")
    text = ""
    if code == _REMARK and len(data) >= 4:
        row, column = struct.unpack_from("<HH", data)
        found.remarked.add(f"{get_column_letter(column + 1)}{row + 1}")
    elif code == _CONTINUED and data:
        text = data[1:].decode("utf-16-le" if data[0] & 1 else "latin-1", "replace")[:box]
    elif code in _HEAD_AND_FOOT and len(data) > 3:
        is_old = len(data) == data[0] + 1  # of Excel 5 and 95: bytes
        wide = "utf-16-le" if data[2] & 1 else "latin-1"
        text = page_text(data[1:].decode(encoding, "replace") if is_old else data[3:].decode(wide, "replace"))
    if text.strip() and len(found.texts) < _MOST_TEXTS:
        found.texts.append(text)
    return box - len(text) if code == _CONTINUED else 0  # one record holds 8 KB at most


def _unseen(book: Any) -> dict[int, str]:
    """What is wrong with the styles of white letters on no fill or a white one."""
    white = {place for place, colour in book.colour_map.items() if colour == (255, 255, 255)}
    fonts = {place for place, font in enumerate(book.font_list) if font.colour_index in white}
    return {
        place: UNSEEN
        for place, style in enumerate(book.xf_list)
        if style.font_index in fonts
        and (style.background.fill_pattern == 0 or style.background.pattern_colour_index in white)
    }


def _line(
    book: Any, sheet: Any, row: int, formulas: set[tuple[int, int]], flawed: dict[int, str], reading: Reading
) -> Line:
    texts: list[str] = []
    flaws: dict[int, str] = {}
    divisors: dict[int, int] = {}
    moments: list[int] = []
    for column, (kind, value) in enumerate(zip(sheet.row_types(row), sheet.row_values(row), strict=True)):
        text, flaw = _cell(kind, value, book.datemode)
        if kind == xlrd.XL_CELL_DATE:
            moments.append(column)
        elif kind == xlrd.XL_CELL_NUMBER and shows_more(form := _form(book, sheet, row, column)):
            if (by := divisor(text, form)) > 1:
                divisors[column] = by
            text, unshown = as_shown(text, form)
            flaw = flaw or unshown
        elif kind == xlrd.XL_CELL_TEXT and (row, column) in sheet.rich_text_runlist_map:
            flaw = flaw or _part_struck(book, sheet, row, column)
        if flawed and text:
            flaw = flaw or flawed.get(sheet.cell_xf_index(row, column))
        if (row, column) in formulas and not (reading.believes_results and text):
            text, flaw = text or "=", FORMULA
        texts.append(text)
        if flaw:
            flaws[column] = flaw
    return sheet_line(row + 1, texts, flaws, moments, is_1904=bool(book.datemode), divisors=divisors)


def _form(book: Any, sheet: Any, row: int, column: int) -> str:
    style = book.xf_list[sheet.cell_xf_index(row, column)]
    form = str(book.format_map[style.format_key].format_str)
    # the built-in formats have the currency of whoever looks at them
    return form if style.format_key >= BUILTIN_FORMATS_MAX_SIZE else form.replace("$", "")


def _is_struck(book: Any, sheet: Any, row: int, fonts: set[int]) -> bool:
    filled = [
        place for place, kind in enumerate(sheet.row_types(row)) if kind not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)
    ]
    return bool(filled) and all(book.xf_list[sheet.cell_xf_index(row, place)].font_index in fonts for place in filled)


def _part_struck(book: Any, sheet: Any, row: int, column: int) -> str | None:
    runs = sheet.rich_text_runlist_map[(row, column)]
    fonts = [font for _, font in runs]
    if not runs or runs[0][0] > 0:
        fonts.append(book.xf_list[sheet.cell_xf_index(row, column)].font_index)
    is_struck = {bool(book.font_list[font].struck_out) for font in fonts}
    return None if True not in is_struck else PART_STRUCK if len(is_struck) > 1 else CELL_STRUCK


def _cell(kind: int, value: Any, epoch: int) -> tuple[str, str | None]:
    """Give a cell's text, and what is wrong with it."""
    if kind == xlrd.XL_CELL_TEXT:
        return value, DAMAGED if looks_damaged(value.strip()) else None
    if kind == xlrd.XL_CELL_NUMBER:
        return number_text(value)
    if kind == xlrd.XL_CELL_DATE:
        try:
            moment = xlrd.xldate.xldate_as_datetime(value, epoch)
        except (OverflowError, ValueError):
            return number_text(value)[0], "a number that is shown as a date and is none"
        is_time = 0 <= value < 1
        return moment_text(moment.time() if is_time else moment), None
    if kind == xlrd.XL_CELL_BOOLEAN:
        return ("true" if value else "false"), None
    if kind == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(value, "#ERROR"), None
    return "", None
