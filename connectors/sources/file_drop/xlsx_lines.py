"""The rows of a sheet of an Excel workbook, read without opening Excel's door to anything else.

Formulas are not evaluated and their cached results not believed, unless the feed says so: a row that holds one is
unreadable. So is a row with a cell that is merged with another, for only the first of these holds their value. Numbers
are given with the digits that the file holds, dates as ISO text. Hidden rows are rows like others, and noted. 2026.1 that is shown
as 2026.10 is given so, for it is October.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache, partial
from html import unescape
from pathlib import PurePosixPath
from typing import IO, Any, Final
from xml.etree.ElementTree import ParseError

import defusedxml.common
import defusedxml.ElementTree
import openpyxl
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import SHEET_MAIN_NS

from connectors.sources.file_drop.lines import DAMAGED, Line, looks_damaged
from connectors.sources.file_drop.sheet_cells import (
    CELL_STRUCK,
    FORMULA,
    MOMENTS,
    MOST_MERGES,
    PART_STRUCK,
    RAISED,
    RED,
    STRUCK,
    TWICE,
    UNCALCULATED,
    UNSEEN,
    WIDEST,
    Hidden,
    Merge,
    Merges,
    Reading,
    Sheet,
    as_shown,
    damaged,
    divisor,
    is_note_mark,
    moment_text,
    number_text,
    page_text,
    sheet_line,
    shows_more,
)

# It grumbles about styles and extensions, which are of no account here; errors of dates become cells with #VALUE!.
warnings.filterwarnings("ignore", module="openpyxl")

# how a workbook writes what XML cannot: _x000D_ for a carriage return, _x005F_ for the _ of a text that looks like one
_ESCAPED = re.compile(r"_x(?![Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")
# as programs write it; the first colour of a theme is that of the paper
_WHITE: Final = (("rgb", "FFFFFFFF"), ("rgb", "00FFFFFF"), ("theme", 0), ("indexed", 1), ("indexed", 9))
# of the built-in formats, those of days and times in Chinese, Japanese and Korean (yyyy"年"m"月"): a workbook has them by number alone
_DATES_OF_ASIA: Final = frozenset({*range(27, 37), *range(50, 59)})
_TO_CALCULATE: Final = re.compile(rb'<(?:\w+:)?calcPr\s[^<>]*?\bfullCalcOnLoad="(?:1|true)"')
# behind the rows of a sheet: what is printed above and below each page, and what a cell says to who fills it in
_PAGE_TEXT = re.compile(rb"<(?:\w+:)?(?:odd|even|first)(?:Header|Footer)\b[^>]{0,40}>([^<]{1,900})<")
_PROMPT = re.compile(rb'<(?:\w+:)?dataValidation\s[^<>]{0,900}?\bprompt="([^"]{1,600})"')
_MOST_TEXTS: Final = 10_000
# Each is looked into; a workbook of months or units has tens
MOST_SHEETS: Final = 1_000
_LONGEST_TAG: Final = 2_000
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
# Strict Open XML ("Strict Open XML Spreadsheet" of Excel) differs by its names only, which openpyxl does not know.
_STRICT: Final = (
    (
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
)
_OTHER_PARTS: Final = {
    "xl/workbook.bin": "it is a binary workbook, .xlsb",
    "content.xml": "it is an OpenDocument sheet, .ods",
    "word/document.xml": "it is a Word document",
}
# What a damaged or hostile workbook makes openpyxl and the XML parser raise.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
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
    OSError,  # openpyxl's, of a package without a workbook
    NotImplementedError,
)


def xlsx_sheets(file: IO[bytes], where: str, reading: Reading) -> list[Sheet]:
    """Give the sheets of a workbook.

    Args:
        file: The workbook; its size unpacked has been checked. Stays open while the sheets are read.
        where: The feed and the file, for messages.
        reading: How merged cells and formulas are taken.

    Raises:
        DeliveryRefused: The file is no workbook, or is damaged.
    """
    failure = _other_content(file)
    if failure:
        raise damaged(where, failure)
    try:
        book = openpyxl.load_workbook(_transitional(file), read_only=True, data_only=False, keep_links=False)
    except _UNREADABLE as error:
        failure = _first_cause(error)
    if not failure and len(book.worksheets) > MOST_SHEETS:
        failure = f"more than {MOST_SHEETS:,} sheets"
    if failure:
        raise damaged(where, failure)
    _mark_struck(book)
    is_calculated = not _is_to_calculate(book)
    found = []
    for sheet in book.worksheets:
        hidden = Hidden()
        # rows are read more than once, what is behind them once
        tail = cache(partial(_tail, sheet, where))
        lines = partial(_lines, sheet, where, reading, hidden, tail, is_calculated)
        beside = partial(_beside, sheet, where, hidden, tail)
        found.append(Sheet(sheet.title, sheet.sheet_state == "visible", lines, hidden, beside))
    return found


def _is_to_calculate(book: Any) -> bool:
    """Return whether Excel is to calculate all when it opens the workbook: its program kept 0, or last month's results."""
    part = next((name for name in book._archive.namelist() if PurePosixPath(name).name == "workbook.xml"), None)
    return part is not None and _TO_CALCULATE.search(book._archive.read(part)) is not None


def _other_content(file: IO[bytes]) -> str | None:
    """Say what a zip is that is no workbook of Excel 2007; None where it is one, or damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except _UNREADABLE:
        return None
    found = next((what for part, what in _OTHER_PARTS.items() if part in names), None)
    return found or (None if "[Content_Types].xml" in names else "it is a zip without a workbook in it")


class _Marked(str):
    """A text with what its own format, not that of its cell, says against it: struck through, or with a raised number."""

    flaw: str

    def __new__(cls, text: str, flaw: str) -> _Marked:
        marked = super().__new__(cls, text)
        marked.flaw = flaw
        return marked


def _marked(text: str, item: Any) -> str:
    """Mark a text of which runs are struck through or raised: openpyxl joins the runs, and 12 beside 15 becomes 1215."""
    runs = item.findall(f"{{{SHEET_MAIN_NS}}}r")
    is_struck = {_is_struck_run(run) for run in runs if "".join(run.itertext()).strip()}
    if True not in is_struck:
        texts = ["".join(t.text or "" for t in run.iter(f"{{{SHEET_MAIN_NS}}}t")) for run in runs]
        notes = (is_note_mark("".join(texts[:n]), texts[n]) for n, run in enumerate(runs) if n and _is_raised(run))
        return _Marked(text, RAISED) if any(notes) else text
    return _Marked(text, PART_STRUCK if len(is_struck) > 1 else CELL_STRUCK)


class _Parser(WorkSheetParser):
    """openpyxl's, which forgets what is struck through in a text that is written in its cell."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if element.get("t") == "inlineStr" and cell["value"]:
            item = element.find(f"{{{SHEET_MAIN_NS}}}is")
            cell["value"] = cell["value"] if item is None else _marked(cell["value"], item)
        return cell


def _mark_struck(book: Any) -> None:
    """Mark the shared texts that are struck through, or of which a part is, and figures with a raised number behind them."""
    part = next((name for name in book._archive.namelist() if name.endswith("/sharedStrings.xml")), None)
    texts = book.worksheets[0]._shared_strings if book.worksheets else []
    if part is None or not texts or not _mentions(book._archive, part, b"strike", b"superscript"):
        return
    with book._archive.open(part) as source:
        items = (e for _, e in defusedxml.ElementTree.iterparse(source) if e.tag == f"{{{SHEET_MAIN_NS}}}si")
        for place, item in enumerate(items):
            if place < len(texts):
                texts[place] = _marked(texts[place], item)
            item.clear()


def _mentions(archive: zipfile.ZipFile, part: str, *words: bytes) -> bool:
    rest = b""
    with archive.open(part) as source:
        while chunk := source.read(1 << 20):
            if any(word in rest + chunk for word in words):
                return True
            rest = chunk[-max(map(len, words)) :]
    return False


def _is_raised(run: Any) -> bool:
    place = run.find(f"{{{SHEET_MAIN_NS}}}rPr/{{{SHEET_MAIN_NS}}}vertAlign")
    return place is not None and place.get("val") == "superscript"


def _is_struck_run(run: Any) -> bool:
    strike = run.find(f"{{{SHEET_MAIN_NS}}}rPr/{{{SHEET_MAIN_NS}}}strike")
    return strike is not None and strike.get("val", "1") not in ("0", "false")


def _transitional(file: IO[bytes]) -> IO[bytes]:
    """Give a workbook in Strict Open XML with the names of the usual, transitional one; another as it is."""
    with zipfile.ZipFile(file) as strict:
        parts = [info for info in strict.infolist() if info.filename.endswith((".xml", ".rels"))]
        heads = (strict.open(part) for part in parts if PurePosixPath(part.filename).name == "workbook.xml")
        if not any(_STRICT[0][0] in head.read(4096) for head in heads):
            return file
        plain: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - openpyxl reads it; it goes with the workbook
        with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as usual:
            for part in parts:
                with strict.open(part) as source, usual.open(part.filename, "w", force_zip64=True) as target:
                    for piece in _renamed(source):
                        target.write(piece)
    return plain


def _renamed(source: IO[bytes]) -> Iterator[bytes]:
    """Replace the names of Strict Open XML; none of them is longer than what is held back between two pieces."""
    rest = b""
    while piece := source.read(1 << 20):
        rest += piece
        for strict, usual in _STRICT:
            rest = rest.replace(strict, usual)
        yield rest[:-100]
        rest = rest[-100:]
    yield rest


def _first_cause(error: BaseException) -> str:
    """Name what openpyxl's own errors mean."""
    cause = error.__cause__ or error.__context__
    return _first_cause(cause) if cause else type(error).__name__


def _lines(
    sheet: Any, where: str, reading: Reading, hidden: Hidden, tail: Callable[[], _Tail], is_calculated: bool
) -> Generator[Line]:
    """Read one sheet.

    openpyxl's own iteration passes over rows that are out of order without a word, so its parser is asked directly.
    """
    merges = Merges((replace(merge) for merge in tail().merges), reading, where)
    last = 0
    failure = None
    with ExitStack() as stack:
        forms = _forms(sheet.parent)
        is_1904 = sheet.parent.epoch == CALENDAR_MAC_1904
        struck, red = _struck_styles(sheet.parent), _red_styles(sheet.parent)
        flawed = _unseen_styles(sheet.parent) | dict.fromkeys(struck, CELL_STRUCK)
        parser = _parser(sheet, stack, has_results=False)
        rows: Iterator[tuple[int, list[dict[str, Any]]]] = parser.parse()
        results = _parser(sheet, stack, has_results=True).parse() if reading.believes_results else None
        while True:
            try:
                number, cells = next(rows)
                if results is not None:
                    cells = _with_results(cells, next(results)[1], is_calculated)
                line = _line(number, cells, forms, flawed, is_1904)
                if struck and line.cells and all(c["style_id"] in struck for c in cells if c["value"] is not None):
                    line = line._replace(broken=line.broken or STRUCK)
            except StopIteration:
                break
            except _UNREADABLE as error:
                failure = f"{_first_cause(error)} below row {last}"
                break
            if number <= last:
                failure = f"row {number} comes after row {last}"
                break
            last = number
            if red:
                hidden.red.update(f"{get_column_letter(c['column'])}{number}" for c in cells if _is_red(c, red))
            if _is_hidden(parser.row_dimensions.pop(str(number), None)) and line.cells:
                hidden.rows.add(number)
            yield merges.applied(line)
        hidden.columns.update(_hidden_columns(parser.column_dimensions.values()))
    if failure:
        raise damaged(where, failure)


def _is_hidden(attributes: Mapping[str, str] | None) -> bool:
    return attributes is not None and attributes.get("hidden") in ("1", "true")


def _hidden_columns(dimensions: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """The letters of hidden columns; those behind the table are hidden in one stretch to the sheet's end, and are none."""
    for column in filter(_is_hidden, dimensions):
        first, last = column["min"], column.get("max", "")
        if last.isdecimal() and int(last) < WIDEST:
            yield from map(get_column_letter, range(int(first), int(last) + 1))


def _parser(sheet: Any, stack: ExitStack, *, has_results: bool) -> Any:
    return _Parser(
        stack.enter_context(sheet._get_source()),
        sheet._shared_strings,
        data_only=has_results,
        epoch=sheet.parent.epoch,
        date_formats={*sheet.parent._date_formats, *_dates_of_asia(sheet.parent)},
        timedelta_formats=sheet.parent._timedelta_formats,
    )


def _dates_of_asia(book: Any) -> set[int]:
    """The styles of days that openpyxl does not know for such; what a workbook states itself under these numbers has another by now."""
    return {place for place, style in enumerate(book._cell_styles) if style.numFmtId in _DATES_OF_ASIA}


def _with_results(
    cells: list[dict[str, Any]], results: list[dict[str, Any]], is_calculated: bool
) -> list[dict[str, Any]]:
    """Put the result that Excel kept in the place of each formula that has one."""
    if not is_calculated:
        return [cell | {"data_type": "uncalculated"} if cell["data_type"] == "f" else cell for cell in cells]
    kept = {cell["column"]: cell for cell in results if cell["value"] is not None}
    return [kept.get(cell["column"], cell) if cell["data_type"] == "f" else cell for cell in cells]


def _forms(book: Any) -> dict[int, str]:
    """The number formats that show more than the number, by style."""
    custom = dict(enumerate(book._number_formats, start=BUILTIN_FORMATS_MAX_SIZE))
    # the built-in formats have the currency of whoever looks at them
    forms = {number: form.replace("$", "") for number, form in BUILTIN_FORMATS.items()} | custom
    found = {number: form for number, form in forms.items() if shows_more(form)}
    return {place: found[style.numFmtId] for place, style in enumerate(book._cell_styles) if style.numFmtId in found}


def _struck_styles(book: Any) -> frozenset[int]:
    """The styles of cells that are struck through."""
    fonts = {place for place, font in enumerate(book._fonts) if font.strike}
    return (
        frozenset(place for place, style in enumerate(book._cell_styles) if style.fontId in fonts)
        if fonts
        else frozenset()
    )


def _unseen_styles(book: Any) -> dict[int, str]:
    """What is wrong with the styles of white letters on no fill or a white one."""
    white = {place for place, font in enumerate(book._fonts) if font.color and _is_white(font.color)}
    if not white:
        return {}
    bare = {place for place, fill in enumerate(book._fills) if fill.fill_type is None or _is_white(fill.fgColor)}
    styles = enumerate(book._cell_styles)
    return {place: UNSEEN for place, style in styles if style.fontId in white and style.fillId in bare}


def _is_white(colour: Any) -> bool:
    return (colour.type, colour.value) in _WHITE and not colour.tint


def _red_styles(book: Any) -> frozenset[int]:
    """The styles of cells with red letters, whatever they hold."""
    fonts = {place for place, font in enumerate(book._fonts) if font.color and font.color.value in RED}
    return frozenset(place for place, style in enumerate(book._cell_styles) if style.fontId in fonts)


def _is_red(cell: Mapping[str, Any], red: frozenset[int]) -> bool:
    value = cell["value"]
    return cell["style_id"] in red and cell["data_type"] == "n" and isinstance(value, int | float) and value > 0


def _line(
    number: int, cells: list[dict[str, Any]], forms: Mapping[int, str], flawed: Mapping[int, str], is_1904: bool
) -> Line:
    texts: list[str] = []
    flaws: dict[int, str] = {}
    divisors: dict[int, int] = {}
    moments: list[int] = []
    for cell in cells:
        column = cell["column"]
        if column > WIDEST:
            raise ValueError("more columns than a sheet can have")
        text, flaw = _cell(cell["value"], cell["data_type"])
        if cell["style_id"] in forms and cell["data_type"] == "n" and text:
            if (by := divisor(text, forms[cell["style_id"]])) > 1:
                divisors[column - 1] = by
            text, unshown = as_shown(text, forms[cell["style_id"]])
            flaw = flaw or unshown
        texts.extend([""] * (column - len(texts)))
        if texts[column - 1] and text and texts[column - 1] != text:
            flaw = TWICE
        texts[column - 1] = text or texts[column - 1]
        if flawed and text:
            flaw = flaw or flawed.get(cell["style_id"])
        if flaw:
            flaws[column - 1] = flaw
        if isinstance(cell["value"], MOMENTS):
            moments.append(column - 1)
    return sheet_line(number, texts, flaws, moments, is_1904=is_1904, divisors=divisors)


def _cell(value: Any, data_type: str) -> tuple[str, str | None]:
    """Give a cell's text, and what is wrong with it."""
    if data_type in ("f", "uncalculated"):
        return str(getattr(value, "text", value)), FORMULA if data_type == "f" else UNCALCULATED
    if value is None:
        return "", None
    if isinstance(value, bool):
        return str(value).lower(), None
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, MOMENTS):
        return moment_text(value), None
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value))
    if isinstance(value, _Marked):
        return text, value.flaw
    return text, DAMAGED if looks_damaged(text.strip()) else None


@dataclass
class _Tail:
    """What a sheet's file has behind its rows."""

    merges: list[Merge]
    texts: list[str] = field(default_factory=list)


def _tail(sheet: Any, where: str) -> _Tail:
    """Find the merged cells and the texts of pages, which the file names behind its rows."""
    found: set[tuple[bytes, bytes, bytes, bytes]] = set()
    texts: dict[bytes, None] = {}
    with sheet._get_source() as source:
        rest = b""
        while chunk := source.read(1 << 20):
            rest += chunk
            found.update(_MERGED.findall(rest))
            for pattern in (_PAGE_TEXT, _PROMPT):
                texts.update(dict.fromkeys(pattern.findall(rest)))
            rest = rest[-_LONGEST_TAG:]
            if len(found) > MOST_MERGES:
                raise damaged(where, f"more than {MOST_MERGES:,} merged cells")
    merges = [
        Merge(
            int(first_row),
            int(last_row),
            column_index_from_string(first.decode()),
            column_index_from_string(last.decode()),
        )
        for first, first_row, last, last_row in found
    ]
    return _Tail(merges, [page_text(unescape(text.decode(errors="replace"))) for text in list(texts)[:_MOST_TEXTS]])


def _beside(sheet: Any, where: str, hidden: Hidden, tail: Callable[[], _Tail]) -> list[str]:
    """Give the texts of a sheet that are in no cell, and note which cells have a remark."""
    texts = list(tail().texts)
    try:
        for part in _parts_of(sheet):
            with sheet.parent._archive.open(part) as source:
                for text, cell in _texts_of(source):
                    texts.append(text)
                    hidden.remarked.update({cell} - {""})
                    if len(texts) > _MOST_TEXTS:
                        return texts
    except _UNREADABLE as error:
        failure = _first_cause(error)
    else:
        return texts
    raise damaged(where, f"{failure} in its remarks or drawings")


def _parts_of(sheet: Any) -> Iterator[str]:
    """The parts of the workbook with the remarks and drawings of a sheet."""
    path = PurePosixPath(sheet._worksheet_path)
    names = set(sheet.parent._archive.namelist())
    relations = str(path.parent / "_rels" / f"{path.name}.rels")
    if relations not in names:
        return
    with sheet.parent._archive.open(relations) as source:
        for _, element in defusedxml.ElementTree.iterparse(source):
            kind, target = element.get("Type", ""), element.get("Target", "")
            if kind.endswith(("/comments", "/threadedComment", "/drawing")) and element.get("TargetMode") != "External":
                part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(str(path.parent / target))
                if part in names:
                    yield part


def _texts_of(source: IO[bytes]) -> Iterator[tuple[str, str]]:
    """The texts of a part, and the cell that each is a remark on: of a remark its runs, of a drawing its paragraphs."""
    for _, element in defusedxml.ElementTree.iterparse(source):
        name = element.tag.rpartition("}")[2]
        if name in ("comment", "threadedComment", "p"):
            text = "".join(e.text or "" for e in element.iter() if e.tag.rpartition("}")[2] in ("t", "text"))
            if text.strip():
                yield text, element.get("ref", "")
            element.clear()
