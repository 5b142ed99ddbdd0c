"""The rows of a table of a web page, which many systems hand out as "export to Excel", under the name .xls.

Each table is a sheet: `table 1`, `table 2`, in the order in which they begin; one inside another is one of its own. A cell
that goes over several columns or rows (colspan, rowspan) is a merged cell. What a page says outside the chosen table
and above it is read as lines above the header, for the unit may be stated there.
"""

from __future__ import annotations

import codecs
import email
import io
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from html.parser import HTMLParser
from typing import IO, Final

from connectors.sources.file_drop.csv_lines import ENCODINGS, EURO, check_encoding, is_utf16
from connectors.sources.file_drop.lines import DAMAGED, Line, looks_damaged
from connectors.sources.file_drop.sheet_cells import (
    CELL_STRUCK,
    FORMULA,
    MOST_MERGES,
    PART_STRUCK,
    RAISED,
    WIDEST,
    Hidden,
    Merge,
    Merges,
    Reading,
    Sheet,
    damaged,
    is_note_mark,
    number_text,
    sheet_line,
)
from warehouse.errors import DeliveryRefused

_CHUNK: Final = 8_192
_LONGEST_PIECE: Final = 65_536
"""Characters of a tag or comment that does not end: the parser begins anew at each piece of a file."""
_DEEPEST: Final = 20
_LARGEST_ARCHIVE: Final = 200_000_000
_MOST_TABLES: Final = 1_000
_LONGEST_TEXT: Final = 100_000
_LINES_ABOVE: Final = 8
_MOST_TEXTS: Final = 10_000
_LONGEST_NOTE: Final = 1_000
_CHARSET: Final = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_UNSEEN: Final = frozenset({"style", "script", "head", "title"})
_BREAKS: Final = frozenset({"br", "p", "div", "li"})
_STRUCK_TAGS: Final = frozenset({"s", "del", "strike"})
_NO_CONTENT: Final = frozenset({"br", "col", "hr", "img", "input", "wbr"})
_OF_TABLES: Final = frozenset({"table", "tr", "td", "th"})
# a new one ends the one before
_UNNESTED: Final = frozenset({"p", "li", "option"})
_NOT_DISPLAYED: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[-(￥¥ ]*\d[\d,]*(\.\d+)?[ )]*")
"""As shown: rounded, and with marks. Behind a date or a share is a number of another meaning."""
_MARKS: Final = re.compile(r"[^\d.]")
_SHOWN_INPUTS: Final = frozenset({"text", "number", "tel", "email", "search", "date", "month", "datetime-local", "url"})
_LINE_BREAKS: Final = re.compile(r"[\r\n]+")
_KEPT_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d{1,3})?")


def html_sheets(file: IO[bytes], where: str, reading: Reading, encoding: str) -> list[Sheet]:
    """Give the tables of a page that hold anything.

    Args:
        file: The page. Stays open while the tables are read.
        where: The feed and the file, for messages.
        reading: How merged cells and formulas are taken.
        encoding: As feed.yml declares it; what the page itself states goes before it.

    Raises:
        DeliveryRefused: It has no table, is cut off, or is not in the encoding that it states.
    """
    codec = _codec(file, encoding, where)
    check_encoding(file, codec, where)
    # a title or a frame around the data is no table of its own
    heights: dict[int, int] = {}
    widths: dict[int, int] = {}
    beside: list[str] = []
    outside: dict[int, list[str]] = {}
    for table, row in _rows(file, codec, where, beside):
        outside.setdefault(table, []).extend(
            cell.text for cell in row.cells if len(outside.get(table, ())) < _MOST_TEXTS
        )
        filled = sum(1 for cell in row.cells if cell.text)
        widths[table] = max(widths.get(table, 0), filled)
        heights[table] = heights.get(table, 0) + (filled >= 2)
    wide = [table for table in sorted(heights) if heights[table] >= 2]
    found = wide or [table for table in sorted(widths) if widths[table]]
    if not found:
        raise damaged(where, "no table in this web page holds anything: it may be a login page or an error message")
    # below the table, too, a page may state the unit
    beside += [text for table in outside.keys() - set(found) for text in outside[table]]
    sheets = []
    for table in found:
        hidden = Hidden()
        lines = partial(_lines, file, codec, table, where, reading, hidden)
        sheets.append(Sheet(f"table {table}", True, lines, hidden, beside.copy))
    return sheets


def mhtml_sheets(file: IO[bytes], where: str, reading: Reading, encoding: str) -> list[Sheet]:
    """Give the tables of a web archive (MHTML), which Excel's "web page in one file" and many systems write; arguments as above.

    Raises:
        DeliveryRefused: None of its pages has a table, or one is not in the encoding that it states.
    """
    file.seek(0)
    content = file.read(_LARGEST_ARCHIVE + 1)
    if len(content) > _LARGEST_ARCHIVE:
        raise damaged(where, f"a web archive of more than {_LARGEST_ARCHIVE / 1e6:,.0f} MB")
    found: list[Sheet] = []
    for part in email.message_from_bytes(content).walk():
        page = part.get_payload(decode=True) if part.get_content_type() == "text/html" else None
        if not isinstance(page, bytes) or b"<td" not in page.lower():
            continue  # a frame around the sheets
        stated = (part.get_content_charset() or encoding).lower()
        sheets = html_sheets(io.BytesIO(page), where, reading, stated if stated in ENCODINGS else encoding)
        place = f"{len(found) + 1}: " if found else ""
        found += [replace(sheet, name=f"{place}{sheet.name}") for sheet in sheets]
    if not found:
        raise damaged(where, "no page in this web archive has a table")
    return found


def _codec(file: IO[bytes], encoding: str, where: str) -> str:
    file.seek(0)
    start = file.read(4096)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    stated = _CHARSET.search(start)
    name = stated[1].decode().lower() if stated else encoding
    if name not in ENCODINGS:
        raise DeliveryRefused(
            where,
            f"the web page states the encoding {name!r}",
            allowed=", ".join(ENCODINGS),
            next_step="ask the office to save it as .xlsx",
        )
    # a page that can be read so far is not UTF-16, whatever it states: browsers, too, read such a page as UTF-8
    return "utf-8-sig" if ENCODINGS[name] == "utf-16" and not is_utf16(file) else ENCODINGS[name]


@dataclass
class _Cell:
    text: str = ""
    columns: int = 1
    rows: int = 1
    has_formula: bool = False
    number: str = ""
    size: int = 0
    struck: int = 0
    is_raised: bool = False
    pieces: list[str] = field(default_factory=list)


@dataclass
class _Row:
    number: int
    is_hidden: bool = False
    is_struck: bool = False
    cells: list[_Cell] = field(default_factory=list)


@dataclass
class _Table:
    number: int
    rows: int = 0
    row: _Row | None = None
    cell: _Cell | None = None


class _Broken(ValueError):
    """What is wrong with the page, for people."""


class _Parser(HTMLParser):
    """Collects the rows that end; text outside tables is given as rows of table 0."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.done: list[tuple[int, _Row]] = []
        self.open: list[_Table] = []
        self._outside = _Table(0)
        self._tables = 0
        self._unseen = ""
        self._unseen_depth = 0
        self._struck: list[str] = []
        self._is_raised = False
        # of a list of choices that is open: whether each is chosen, and its text
        self._options: list[tuple[bool, list[str]]] | None = None
        # a table's caption, what a cell says to who points at it, and text that is in no cell
        self.beside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_unseen(tag)
        if self._unseen and tag not in ("table", "body"):
            self._unseen_depth += tag == self._unseen
            return
        given = dict(attrs)
        self._note(given.get("title") or "")
        is_hidden = "hidden" in given or _NOT_DISPLAYED.search(given.get("style") or "") is not None
        table = self.open[-1] if self.open else None
        is_in_cell = table is not None and table.cell is not None and tag not in _OF_TABLES
        self._unseen = tag if tag in _UNSEEN or (is_hidden and is_in_cell and tag not in _NO_CONTENT) else ""
        self._unseen_depth = 1
        self._is_raised = is_in_cell and (tag == "sup" or (self._is_raised and tag not in _OF_TABLES))
        is_struck = tag in _STRUCK_TAGS or "line-through" in (given.get("style") or "").lower()
        if is_in_cell and is_struck:
            self._struck.append(tag)
        if tag == "table":
            self._end_outside()
            self._tables += 1
            if len(self.open) == _DEEPEST or self._tables > _MOST_TABLES:
                raise _Broken(f"more than {_MOST_TABLES:,} tables, or tables more than {_DEEPEST} deep in each other")
            self.open.append(_Table(self._tables))
        elif tag == "tr" and table:
            self._end_row(table)
            table.rows += 1
            table.row = _Row(table.rows, is_hidden, is_struck)
        elif tag in ("td", "th") and table:
            self._end_cell(table)
            if table.row is None:
                table.rows += 1
                table.row = _Row(table.rows)
            columns, rows = _span(given.get("colspan")), _span(given.get("rowspan"))
            table.cell = _Cell("", columns, rows, bool(given.get("x:fmla")), given.get("x:num") or "")
            if len(table.row.cells) >= WIDEST:
                raise _Broken("more cells in a row than a sheet can have")
            self._struck += [tag] if is_struck or table.row.is_struck else []
        elif tag in _BREAKS:
            self._take("\n")
        elif is_in_cell and not is_hidden:
            self._open_field(tag, given)

    def _open_field(self, tag: str, given: Mapping[str, str | None]) -> None:
        """Take what a form's field shows: its value, or of a list the option that is chosen (the first one where none is)."""
        if tag == "input" and (given.get("type") or "text").lower() in _SHOWN_INPUTS:
            self._take(given.get("value") or "")
        elif tag == "select":
            self._options = []
        elif tag == "option" and self._options is not None:
            self._options.append(("selected" in given, []))

    def _close_list(self) -> None:
        if self._options is not None:
            options, self._options = self._options, None
            self._take(
                "".join(next((text for is_chosen, text in options if is_chosen), options[0][1] if options else []))
            )

    def _end_unseen(self, tag: str) -> None:
        """Let what is not displayed end with its cell, or with the next of its kind, where its end tag is missing."""
        if self._unseen not in _UNSEEN and (tag in _OF_TABLES or tag == self._unseen in _UNNESTED):
            self._unseen = ""

    def handle_endtag(self, tag: str) -> None:
        if tag in _OF_TABLES:
            self._end_unseen(tag)
        if tag == self._unseen:
            self._unseen_depth -= 1
            self._unseen = self._unseen if self._unseen_depth else ""
            return
        if tag == "select":
            self._close_list()
        self._is_raised = self._is_raised and tag != "sup" and tag not in _OF_TABLES
        if self._struck and tag == self._struck[-1]:
            self._struck.pop()
        table = self.open[-1] if self.open else None
        if table and tag == "table":
            self._end_row(table)
            self.open.pop()
        elif table and tag == "tr":
            self._end_row(table)
        elif table and tag in ("td", "th"):
            self._end_cell(table)
        elif not table and tag in _BREAKS:
            self._end_outside()

    def handle_data(self, data: str) -> None:
        # where a page breaks its own lines, as Excel does within long texts, a reader sees a blank
        self._take(_LINE_BREAKS.sub(" ", data))

    def _take(self, data: str) -> None:
        if self._unseen:
            return
        if self._options is not None:
            if self._options:
                self._options[-1][1].append(data)
            return
        if self.open and self.open[-1].cell is None:
            self._note(data)
            return
        table = self.open[-1] if self.open else self._outside
        if table.cell is None:
            table.cell = _Cell()
        if self._is_raised and is_note_mark("".join(table.cell.pieces), data):
            table.cell.is_raised = True
        table.cell.pieces.append(data)
        table.cell.size += len(data)
        table.cell.struck += len("".join(data.split())) if self._struck else 0
        if table.cell.size > _LONGEST_TEXT:
            raise _Broken(f"a cell of more than {_LONGEST_TEXT:,} characters")

    def _note(self, text: str) -> None:
        if text.strip() and len(self.beside) < _MOST_TEXTS:
            self.beside.append(text[:_LONGEST_NOTE])

    def _end_cell(self, table: _Table) -> None:
        self._close_list()
        if table.cell is not None and table.row is not None:
            lines = (" ".join(line.split()) for line in "".join(table.cell.pieces).split("\n"))
            table.cell.text = "\n".join(filter(None, lines))
            table.cell.text = _as_kept(table.cell.text, table.cell.number)
            table.cell.pieces = []
            table.row.cells.append(table.cell)
        table.cell = None
        self._struck.clear()

    def _end_row(self, table: _Table) -> None:
        self._end_cell(table)
        if table.row is not None:
            self.done.append((table.number, table.row))
        table.row = None

    def _end_outside(self) -> None:
        if not self.open and self._outside.cell is not None:
            self._outside.row = _Row(1)
            self._end_row(self._outside)


def _as_kept(shown: str, kept: str) -> str:
    """The number that a page keeps beside the one that it shows: 12.345 shown as 12.3.

    Equal ones count as shown: a code 00123, October 2026.10.
    """
    if not (_KEPT_NUMBER.fullmatch(kept) and _NUMBER.fullmatch(shown)):
        return shown
    return shown if float(_MARKS.sub("", shown)) == float(kept) else number_text(float(kept))[0]


def _span(text: str | None) -> int:
    number = int(text) if text and text.isascii() and text.strip().isdigit() and len(text) < 8 else 1
    return max(1, min(number, 65_534))


def _rows(file: IO[bytes], codec: str, where: str, beside: list[str] | None = None) -> Generator[tuple[int, _Row]]:
    """Give the rows of all tables with their table's number, in the order in which they end; fill the texts beside the cells."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(codec)(EURO)
    parser = _Parser()
    failure = ""
    try:
        while chunk := file.read(_CHUNK):
            parser.feed(decoder.decode(chunk))
            if len(parser.rawdata) > _LONGEST_PIECE:
                raise _Broken("a tag or comment that does not end")
            yield from parser.done
            parser.done.clear()
        if beside is not None:
            beside += parser.beside
        if parser.open:
            raise _Broken("the web page breaks off within a table")
    except (ValueError, AssertionError, LookupError) as error:
        failure = str(error) if isinstance(error, _Broken) else type(error).__name__
    if failure:
        raise damaged(where, failure)


def _lines(file: IO[bytes], codec: str, wanted: int, where: str, reading: Reading, hidden: Hidden) -> Generator[Line]:
    above: list[Line] = []
    is_below = False
    number = 0
    carried: dict[int, int] = {}  # column, from 0: how many rows below a cell still reaches over
    merges = Merges((), reading, where)
    merged = 0
    for table, row in _rows(file, codec, where):
        if table != wanted:
            if not is_below:
                text = " ".join(cell.text for cell in row.cells if cell.text)
                above = [*above[1 - _LINES_ABOVE :], sheet_line(0, [text], {})] if text else above
            continue
        if not is_below:
            is_below = True
            yield from above
        number += 1
        if row.is_hidden and any(cell.text for cell in row.cells):
            hidden.rows.add(number)
        texts: list[str] = []
        flaws: dict[int, str] = {}
        column = 0
        reached = {place: rows - 1 for place, rows in carried.items() if rows > 1}
        for cell in row.cells:
            while column in carried:
                column += 1
            if column + cell.columns > WIDEST:
                raise damaged(where, "more columns than a sheet can have")
            texts.extend([""] * (column + cell.columns - len(texts)))
            texts[column] = cell.text
            if cell.has_formula and not (reading.believes_results and cell.text):
                flaws[column] = FORMULA
            elif looks_damaged(cell.text):
                flaws[column] = DAMAGED
            elif cell.is_raised:
                flaws[column] = RAISED
            elif cell.struck:
                flaws[column] = PART_STRUCK if cell.struck < len("".join(cell.text.split())) else CELL_STRUCK
            if cell.columns > 1 or cell.rows > 1:
                merges.add(Merge(number, number + cell.rows - 1, column + 1, column + cell.columns))
                merged += 1
                if merged > MOST_MERGES:
                    raise damaged(where, f"more than {MOST_MERGES:,} merged cells")
                if cell.rows > 1:
                    reached |= dict.fromkeys(range(column, column + cell.columns), cell.rows - 1)
            column += cell.columns
        carried = reached
        yield merges.applied(sheet_line(number, texts, flaws))
