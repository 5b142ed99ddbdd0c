"""The rows of a sheet in SpreadsheetML of Excel 2003: one XML file, which many systems write under the name .xls."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from functools import partial
from typing import IO, Any, Final
from xml.etree.ElementTree import ParseError

import defusedxml.common
import defusedxml.ElementTree

from connectors.sources.file_drop.lines import DAMAGED, Line, looks_damaged
from connectors.sources.file_drop.sheet_cells import (
    CELL_STRUCK,
    FORMULA,
    MOST_MERGES,
    PART_STRUCK,
    STRUCK,
    WIDEST,
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

_SPACE: Final = "{urn:schemas-microsoft-com:office:spreadsheet}"
_EXCEL: Final = "{urn:schemas-microsoft-com:office:excel}"
_MOST_TEXTS: Final = 10_000
_STRUCK: Final = "{http://www.w3.org/TR/REC-html40}S"
_NAMED_FORMS: Final = {"Fixed": "0.00", "Standard": "#,##0.00", "Percent": "0.00%"}
_LAST_ROW: Final = 1_048_576
_LONGEST_TEXT: Final = 100_000
_DEEPEST: Final = 60
_UNREADABLE: Final = (
    ParseError,
    defusedxml.common.DefusedXmlException,
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
)


def xml_sheets(file: IO[bytes], where: str, reading: Reading) -> list[Sheet]:
    """Give the sheets of a workbook; arguments as of `xlsx_lines.xlsx_sheets`.

    Raises:
        DeliveryRefused: It is not such a workbook, or is damaged.
    """
    found: list[tuple[str, bool]] = []
    forms: dict[str, str] = {}
    struck: set[str] = set()
    texts: dict[int, list[str]] = {}
    style = failure = ""
    try:
        for event, element in _elements(file):
            if event == "start" and element.tag == f"{_SPACE}Style":
                style = element.get(f"{_SPACE}ID", "")
            elif event == "start" and element.tag == f"{_SPACE}NumberFormat":
                form = _NAMED_FORMS.get(form := element.get(f"{_SPACE}Format", ""), form)
                if shows_more(form):
                    forms[style] = form
            elif event == "start" and element.tag == f"{_SPACE}Font" and element.get(f"{_SPACE}StrikeThrough") == "1":
                struck.add(style)
            elif (
                event == "end"
                and (text := _text_beside(element))
                and len(beside := texts.setdefault(len(found), [])) < _MOST_TEXTS
            ):
                beside.append(text)
            elif event == "start" and element.tag == f"{_SPACE}Worksheet":
                found.append((element.get(f"{_SPACE}Name", f"sheet {len(found) + 1}"), True))
            elif event == "end" and element.tag.endswith("}Visible") and element.text != "SheetVisible" and found:
                found[-1] = (found[-1][0], False)
    except _UNREADABLE as error:
        failure = _named(error)
    if failure or not found:
        raise damaged(where, failure or "no sheet in it: it is another kind of XML")
    return [
        Sheet(
            name,
            is_visible,
            partial(_lines, file, index, where, reading, forms, struck),
            beside=texts.get(index + 1, []).copy,
        )
        for index, (name, is_visible) in enumerate(found)
    ]


def _text_beside(element: Any) -> str:
    """Give a remark, or what is printed above or below each page."""
    if element.tag == f"{_SPACE}Comment":
        return "".join(element.itertext())
    is_page = element.tag in (f"{_EXCEL}Header", f"{_EXCEL}Footer")
    return page_text(element.get(f"{_EXCEL}Data", "")) if is_page else ""


def _named(error: BaseException) -> str:
    return str(error) if isinstance(error, _Broken) else type(error).__name__


class _Broken(ValueError):
    """What is wrong with the file, for people."""


def _elements(file: IO[bytes]) -> Generator[tuple[str, Any]]:
    """Read the file's elements; rows are forgotten once they are read."""
    file.seek(0)
    depth = 0
    path: list[Any] = []
    for event, element in defusedxml.ElementTree.iterparse(file, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            depth += 1
            path.append(element)
            if depth > _DEEPEST:
                raise _Broken(f"elements more than {_DEEPEST} deep")
        yield event, element
        if event == "end":
            depth -= 1
            path.pop()
            if path and element.tag not in (f"{_SPACE}Cell", f"{_SPACE}Data"):
                if element.tag == f"{_SPACE}Row" or len(path[-1]) > WIDEST:
                    path[-1].clear()
            elif path and len(path[-1]) > WIDEST:
                raise _Broken("more cells in a row than a sheet can have")


def _lines(
    file: IO[bytes], wanted: int, where: str, reading: Reading, forms: Mapping[str, str], struck: set[str]
) -> Generator[Line]:
    failure = ""
    sheet, number, merged = -1, 0, 0
    merges = Merges((), reading, where)
    try:
        for event, element in _elements(file):
            if event == "start" and element.tag == f"{_SPACE}Worksheet":
                sheet += 1
            if sheet != wanted or event == "start" or element.tag != f"{_SPACE}Row":
                continue
            place = int(element.get(f"{_SPACE}Index", number + 1))
            if not number < place <= _LAST_ROW:
                raise _Broken(f"row {place} comes after row {number}")
            number = place
            for merge in _merges(element, number):
                merges.add(merge)
                merged += 1
            if merged > MOST_MERGES:
                raise _Broken(f"more than {MOST_MERGES:,} merged cells")
            yield merges.applied(_line(element, number, reading, forms, struck))
    except _UNREADABLE as error:
        failure = _named(error)
    if failure:
        raise damaged(where, failure)


def _places(row: Any) -> Generator[tuple[int, Any]]:
    """Give the cells of a row with their columns, from 1."""
    column = 0
    for cell in row.findall(f"{_SPACE}Cell"):
        place = int(cell.get(f"{_SPACE}Index", column + 1))
        if not column < place <= WIDEST:
            raise _Broken(f"column {place} comes after column {column}")
        yield place, cell
        column = place + int(cell.get(f"{_SPACE}MergeAcross", 0))


def _merges(row: Any, number: int) -> Generator[Merge]:
    for column, cell in _places(row):
        across, down = (int(cell.get(f"{_SPACE}{name}", 0)) for name in ("MergeAcross", "MergeDown"))
        if across > 0 or down > 0:
            yield Merge(number, number + down, column, min(column + across, WIDEST))


def _line(row: Any, number: int, reading: Reading, forms: Mapping[str, str], struck: set[str]) -> Line:
    texts: list[str] = []
    flaws: dict[int, str] = {}
    divisors: dict[int, int] = {}
    moments: list[int] = []
    for column, cell in _places(row):
        data = cell.find(f"{_SPACE}Data")
        kind = "" if data is None else data.get(f"{_SPACE}Type", "String")
        raw = "" if data is None else "".join(data.itertext())
        if len(raw) > _LONGEST_TEXT:
            raise _Broken(f"a cell of more than {_LONGEST_TEXT:,} characters")
        text, flaw = _cell(kind, raw)
        if kind == "Number" and text and (form := forms.get(cell.get(f"{_SPACE}StyleID", ""))):
            if (by := divisor(text, form)) > 1:
                divisors[column - 1] = by
            text, unshown = as_shown(text, form)
            flaw = flaw or unshown
        if data is not None and len(data) and (gone := "".join("".join(e.itertext()) for e in data.iter(_STRUCK))):
            flaw = flaw or (PART_STRUCK if gone.strip() != text.strip() else CELL_STRUCK)
        if text and cell.get(f"{_SPACE}StyleID", "") in struck:
            flaw = flaw or CELL_STRUCK
        if kind == "DateTime":
            moments.append(column - 1)
        if cell.get(f"{_SPACE}Formula") and not (reading.believes_results and text):
            text, flaw = text or "=", FORMULA
        texts.extend([""] * (column - len(texts)))
        texts[column - 1] = text
        if flaw:
            flaws[column - 1] = flaw
    filled = {place for place, text in enumerate(texts) if text}
    is_gone = bool(filled) and all(flaws.get(place) == CELL_STRUCK for place in filled)
    return sheet_line(number, texts, flaws, moments, STRUCK if is_gone else None, divisors=divisors)


def _cell(kind: str, raw: str) -> tuple[str, str | None]:
    """Give a cell's text, and what is wrong with it."""
    if kind == "Number" and raw.strip():
        value = float(raw)
        return number_text(value)
    if kind == "DateTime" and raw.strip():
        moment = datetime.fromisoformat(raw.strip())
        # a time alone is stored on the day before Excel's first
        return moment_text(moment.time() if moment.year == 1899 else moment), None
    if kind == "Boolean":
        return {"1": "true", "0": "false"}.get(raw.strip(), raw), None
    return raw, DAMAGED if looks_damaged(raw.strip()) else None
