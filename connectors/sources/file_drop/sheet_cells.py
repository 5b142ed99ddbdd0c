"""What the readers of spreadsheets share: a cell's text, merged cells, and which sheet is meant.

The readers are `xlsx_lines`, `xls_lines`, `html_lines` and `xml_lines`; `workbooks` picks one by the file's content.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Final

from openpyxl.utils import get_column_letter

from connectors.sources.file_drop.lines import DAMAGED, Line, is_beyond_trust
from warehouse.errors import DeliveryRefused
from warehouse.units import MEASURES

WIDEST: Final = 16_384
"""Columns of a sheet, by Excel's own limit."""
FORMULA: Final = "a formula, not a value"
TWICE: Final = "there twice, with two values: ask the office which one counts"
UNCALCULATED: Final = "a formula that was never calculated since: open the file in Excel and save it, or ask for values"
"""Of a workbook that says so (fullCalcOnLoad): the result in it is the program's 0, or that of the template."""
MOMENTS: Final = (datetime.date, datetime.time, datetime.timedelta)
# number formats that show two places
_TWO_PLACES: Final = re.compile(r"[#,0]*0\.00(?!0)")
# of a format: a currency and its country, [$HK$-C04]; colours and conditions, the width or repetition of a sign
_CURRENCY: Final = re.compile(r"\[\$([^\]-]*)[^\]]*\]")
_NO_SIGNS: Final = re.compile(r"\[[^\]]*\]|[_*].")
_CONDITION: Final = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)\]")
_COMPARED: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne
}  # fmt: skip
# a format has one section for positive and one for negative numbers, and a third for zero
_SIGNED = 2
_LITERAL: Final = re.compile(r'"([^"]*)"|[\\!](.)')
# a sign that is shown as it is, the places of digits, or a sign without quotation marks
_TOKEN: Final = re.compile(
    r'"([^"]*)"|[\\!](.)|(General|G/通用格式|@|[0#?](?:[0#?., /]*[0#?])?(?:E[+-]?0+)?[,.]*)|(.)', re.IGNORECASE
)
# 0!.0,"万": a comma behind the last digit divides, and a point that is a sign moves the digits. The number is whole then
_DIVIDED: Final = re.compile(r'[0#?],+(?![0#?,])|[0#?](?:[\\!]\.|"\.")[0#?]')
_THOUSANDS: Final = re.compile(r"[0#?](,+)(?![0#?,])")
_MOVED: Final = re.compile(r'(?:[\\!]\.|"\.")([0#?]+)')
_DIVISORS: Final = re.compile(r"[百千万亿kKmM]+|[bm]n")
_MINUS: Final = re.compile(r'\s*(?:"[-(]\s*"|[\\!]?[-(])[\s¥￥"]*[#0?]')
# what may be around any figure: ￥, a sign, the usual unit
_USUAL_BEFORE: Final = re.compile(r"(?:[¥￥+(-]|RMB|CNY|人民币)*", re.IGNORECASE)
_USUAL_BEHIND: Final = re.compile(
    rf"(?:{MEASURES}|RMB|CNY|元整|平米?|m[23²³]|kW·h|[名位个家张份次])?\)?", re.IGNORECASE
)
_NEGATIVE: Final = re.compile(r"(?:[△▲▽▼¥￥(-]|负|红字?|亏损?)*")
_LETTER: Final = re.compile(r"[A-Za-z]")
# of a code; more of them pad nothing
_MOST_ZEROS: Final = 30
PART_STRUCK: Final = "a part of the text is struck through, so that what counts is unknown"
"""Of a cell with deleted and valid text: 12 and 15 would be read as 1215."""
CELL_STRUCK: Final = "struck through: ask the office whether it counts"
"""Of one cell that is struck through as a whole, in a row that is not."""
RAISED: Final = "a number behind the figure is raised, as that of a note is: 12 with note 1 would be 121"
"""Of a cell with a figure and the number of a note."""
UNSHOWN: Final = "its number format hides the figure: ask the office whether it counts"
UNSEEN: Final = "white letters on white, which no reader sees: ask the office whether it counts"
STRUCK: Final = "the row is struck through: ask the office whether it counts"
"""Of a row in which every filled cell is struck through."""
DAYS_TO_1904: Final = 1462
MOST_MERGES: Final = 50_000
RED: Final = frozenset({"FFFF0000", "00FF0000", "FFC00000", 2, 10})
"""What programs write for red and dark red letters: colours, and places in the first palette."""
_NAMED: Final = 5
"""Of hidden rows or columns so many are named."""
_WIDEST_MERGE: Final = 1_000
_MOST_MERGED_CELLS: Final = 2_000_000
_PAGE_CODE: Final = re.compile(r'&(?:"[^"]*"|\d+|K[0-9A-Fa-f]{6}|[A-Za-z&])')
_DAY_NUMBER: Final = re.compile(r"[2-5]\d{4}(\.\d+)?")
_YEAR_AND_ONE: Final = re.compile(r"(19|20)\d\d\.1")


@dataclass(frozen=True)
class Reading:
    """What a feed declares of its workbooks.

    Attributes:
        fills_merged: Every one of merged cells has the value of the first.
        believes_results: A formula's value is the result that the workbook kept.
    """

    fills_merged: bool = False
    believes_results: bool = False


@dataclass
class Hidden:
    """What the texts of a sheet do not show, as far as it was read.

    Hidden rows with content (their numbers) and columns (letters), cells with a remark, and positive figures in red: an
    accountant means negative ones, others mark a figure so.
    """

    rows: set[int] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    remarked: set[str] = field(default_factory=set)
    red: set[str] = field(default_factory=set)

    def notes(self, sheet: str) -> list[str]:
        """Say it for people; nothing where nothing is hidden."""
        found = []
        for places, fact in (
            (set(map(str, self.rows)), "hidden rows are read as all others (row {})"),
            (self.remarked, "cells have a remark ({}): read them"),  # which begins with the name of who wrote it
            (self.red, "figures in red have no sign and are read as positive ({}): ask the office whether they are"),
            (self.columns, "hidden columns are read as all others (column {})"),
        ):
            if places:
                named = sorted(places, key=lambda place: (len(place), place))[:_NAMED]
                shown = ", ".join([*named, "…"] if len(places) > _NAMED else named)
                found.append(f"sheet {sheet}: {len(places)} {fact.format(shown)}")
        return found


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook, or one table of a page.

    Attributes:
        name: As people see it.
        is_visible: It is not hidden.
        lines: Reads its rows, first to last.
        hidden: Filled while they are read.
        beside: Gives the texts that are in no cell, for a unit may be stated there: remarks, text boxes, the page's head and foot.
    """

    name: str
    is_visible: bool
    lines: Callable[[], Generator[Line]]
    hidden: Hidden = field(default_factory=Hidden)
    beside: Callable[[], Iterable[str]] = tuple


def damaged(where: str, problem: str) -> DeliveryRefused:
    """Say that a workbook cannot be read."""
    return DeliveryRefused(
        where,
        f"it cannot be read as an Excel workbook ({problem})",
        next_step="open it in Excel, save it as .xlsx, or ask the office for it again",
    )


def is_note_mark(before: str, raised: str) -> bool:
    """Return whether a raised text is the number of a note behind a figure: 12 and 1; not the 2 of m2."""
    return before.rstrip()[-1:].isdigit() and raised.strip(" ()[]（）").isdigit()


def page_text(text: str) -> str:
    """Give the text of a page's head or foot without its codes: &R&"宋体,常规"&10单位：万元."""
    return _PAGE_CODE.sub(" ", text)


def sheet_line(
    number: int,
    texts: list[str],
    flaws: Mapping[int, str],
    moments: Sequence[int] = (),
    broken: str | None = None,
    *,
    is_1904: bool = False,
    divisors: Mapping[int, int] = MappingProxyType({}),
) -> Line:
    """Make a line of a row's texts.

    Args:
        number: The row, from 1.
        texts: Its cells.
        flaws: What is wrong with them, by position.
        moments: Positions of cells that hold a date or a time.
        broken: Why the row as a whole cannot be read.
        is_1904: The workbook counts days from 1904.
        divisors: By what numbers are divided before they are shown, by position.
    """
    if divisors:
        return sheet_line(number, texts, flaws, moments, broken, is_1904=is_1904)._replace(divisors=divisors)
    while texts and not texts[-1]:
        texts.pop()
    text = "\t".join(texts)
    if is_1904:
        days = {
            place: f"{Decimal(cell) + DAYS_TO_1904:f}"
            for place, cell in enumerate(texts)
            if _DAY_NUMBER.fullmatch(cell)
        }
        return sheet_line(number, texts, flaws, moments, broken)._replace(days=days)
    if not flaws and not moments:
        return Line(number, texts, {}, broken, text)
    named = {position: f"{_at(position, number)}: {flaw}" for position, flaw in flaws.items()}
    doubts = {
        position: f"{_at(position, number)}: a date or time where text belongs (3-12 becomes 12 March); "
        "ask for the column formatted as text"
        for position in moments
    }
    return Line(number, texts, named, broken, text, doubts)


def _at(position: int, number: int) -> str:
    return f"cell {get_column_letter(position + 1)}{number}"


def number_text(value: float) -> tuple[str, str | None]:
    """Give a number's digits as the file holds them, and what is wrong with it."""
    # repr gives the shortest digits that are this number; Decimal writes them without an exponent.
    return format(Decimal(repr(value)), "f").removesuffix(".0"), DAMAGED if is_beyond_trust(value) else None


@lru_cache(4096)
def _sections(form: str) -> tuple[tuple[str, str | None], ...]:
    """The sections of a number format, without colours and widths, each with its condition ([>=10000]), if it has one."""
    parts, quoted, start = [], False, 0
    for place, sign in enumerate(form):
        quoted ^= sign == '"' and form[place - 1 : place] != "\\"
        if sign == ";" and not quoted:
            parts.append(form[start:place])
            start = place + 1
    parts.append(form[start:])
    if len(parts) > 1 and "@" in _LITERAL.sub("", parts[-1]):
        parts.pop()  # of text, not of numbers
    conditions = [_CONDITION.search(part) for part in parts]
    return tuple(
        (_NO_SIGNS.sub("", _CURRENCY.sub(r'"\1"', part)), found[0] if found else None)
        for part, found in zip(parts, conditions, strict=True)
    )


def _section(text: str, form: str) -> str:
    """The section of a number format that shows this number: the first that fits, by its condition or its place, or the last."""
    sections, number = _sections(form), Decimal(text)
    if len(sections) == 1 and sections[0][1] is None:
        return sections[0][0]
    is_signed = not any(condition for _, condition in sections)
    for place, (section, condition) in enumerate(sections):
        if found := _CONDITION.fullmatch(condition or ""):
            fits = _COMPARED[found[1]](number, Decimal(found[2]))
        elif place == 0:
            fits = number > 0 or (is_signed and number == 0 and len(sections) <= _SIGNED)
        else:
            fits = number < 0 if place == 1 and len(sections) > _SIGNED else True
        if fits:
            return section
    return "General"


@lru_cache(4096)
def _beside(section: str) -> tuple[str, str, str] | None:
    """Give what a section of a number format shows before and behind a number, but for what any figure may have.

    And how its digits are laid out, where they are a code's (0000-00). None where it shows no digit.
    """
    parts = [(token[3] or "", token[1] or token[2] or token[4] or "") for token in _TOKEN.finditer(section)]
    places = [place for place, (digits, _) in enumerate(parts) if digits]
    if not places:  # letters are of a day, or a format's name
        return ("", "", "") if _LETTER.search(_LITERAL.sub("", section)) else None
    first, last = places[0], places[-1]
    before, behind = ("".join("".join(s for _, s in some).split()) for some in (parts[:first], parts[last + 1 :]))
    layout = "".join(digits or sign for digits, sign in parts[first : last + 1])
    if _DIVIDED.search(section):
        layout, behind = "", _DIVISORS.sub("", behind)
    digits = "".join(digits for digits, _ in parts)
    if set(digits) != {"0"} or not 1 < len(digits) <= _MOST_ZEROS:
        layout = ""
    before = "" if _USUAL_BEFORE.fullmatch(before) else before
    return before, "" if _USUAL_BEHIND.fullmatch(behind) else behind, layout


@lru_cache(4096)
def shows_more(form: str) -> bool:
    """Return whether a number format shows something that counts and is not in the number, or shows less than the number."""
    sections = [section for section, _ in _sections(form)]
    return bool(form.strip()) and bool(
        _MINUS.match(sections[0])
        or _TWO_PLACES.match(form)
        or _DIVIDED.search(form)
        or any(found is None or any(found) for found in map(_beside, sections[:_SIGNED]))
        or any(any(found) for found in map(_beside, sections) if found)
    )


def as_shown(text: str, form: str) -> tuple[str, str | None]:
    """Give a number with what its format alone says, and what is wrong with it.

    3.5 comes as 3.5万元, 5 as $5, 0.35 as 35%, 123 as 000123 or U-123, 2026.1 as 2026.10 (October). A figure that its format does
    not show (;;;) is none that a person has seen.
    """
    section = _section(text, form)
    found = _beside(section)
    if found is None:
        return text, UNSHOWN if text.strip("0.-") else None
    before, behind, layout = found
    if _MINUS.match(section) and text.strip("0.") and not text.startswith("-"):
        text = f"-{text}"
    if "%" in _LITERAL.sub("", section):
        return f"{(Decimal(text) * 100).normalize():f}%", None
    if text.startswith("-"):  # ▲5 is how it is shown
        before, behind = ("" if _NEGATIVE.fullmatch(signs) else signs for signs in (before, behind))
    if layout and text.isdigit():
        digits = iter(text.zfill(layout.count("0")))
        spare = len(text) - layout.count("0")
        text = "".join(islice(digits, max(spare, 0))) + "".join(next(digits) if s == "0" else s for s in layout)
    elif _YEAR_AND_ONE.fullmatch(text) and _TWO_PLACES.match(section):
        text += "0"
    return f"{before}{text}{behind}", None


def divisor(text: str, form: str) -> int:
    """By what a number format divides a number before it is shown: 35000 in the format 0!.0, is shown as 3.5, and divided by 10,000."""
    section = _section(text, form)
    if not _DIVIDED.search(section):
        return 1
    thousands, moved = _THOUSANDS.search(_LITERAL.sub("", section)), _MOVED.search(section)
    zeros = (3 * len(thousands[1]) if thousands else 0) + (len(moved[1]) if moved else 0)
    return int(10**zeros)


def moment_text(value: datetime.date | datetime.time | datetime.timedelta) -> str:
    """Give a date or time as ISO text, a date alone where the time is midnight."""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


# --- merged cells ---------------------------------------------------------------------------------------------------


@dataclass
class Merge:
    """Cells that are shown as one; only the first holds a value. Rows and columns count from 1."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int
    name: str = field(init=False)
    value: tuple[str, str | None, str | None] = ("", None, None)

    def __post_init__(self) -> None:
        self.name = (
            f"{get_column_letter(self.first_column)}{self.first_row}:"
            f"{get_column_letter(self.last_column)}{self.last_row}"
        )
        self.last_column = min(self.last_column, self.first_column + _WIDEST_MERGE)

    def mark(self, row: int, flaws: dict[int, str]) -> None:
        """Note its other cells as unreadable."""
        for column in range(self.first_column, self.last_column + 1):
            if (row, column) != (self.first_row, self.first_column):
                cell = f"{get_column_letter(column)}{row}"
                flaws[column - 1] = f"cell {cell} is merged into {self.name} (source.merged: fill gives it the value)"

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
        merged = {**line.merged, **dict.fromkeys(places, (self.name, self.first_row, self.last_row))}
        return line._replace(cells=cells, flaws=flaws, doubts=doubts, merged=merged, text="\t".join(cells))


class Merges:
    """The merged cells of a sheet, held against its rows from top to bottom."""

    def __init__(self, merges: Iterable[Merge], reading: Reading, where: str) -> None:
        self._where = where
        self._marked = 0
        self._waiting = sorted(merges, key=lambda merge: merge.first_row, reverse=True)
        self._covering: list[Merge] = []
        self._fills = reading.fills_merged

    def add(self, merge: Merge) -> None:
        """Take one that begins in the row that comes next."""
        self._waiting.append(merge)

    def applied(self, line: Line) -> Line:
        """Fill or mark the cells that are merged in this line."""
        number = line.number
        while self._waiting and self._waiting[-1].first_row <= number:
            self._covering.append(self._waiting.pop())
        if self._covering:
            self._covering = [merge for merge in self._covering if merge.last_row >= number]
            self._marked += sum(1 + merge.last_column - merge.first_column for merge in self._covering)
            if self._marked > _MOST_MERGED_CELLS:
                raise damaged(self._where, f"more than {_MOST_MERGED_CELLS:,} cells that are merged with others")
            for merge in self._covering:
                if self._fills:
                    line = merge.fill(line)
                else:
                    merge.mark(number, line.flaws)
        return line


# --- which sheet ----------------------------------------------------------------------------------------------------


def chosen_sheet(sheets: Sequence[Sheet], name: str | None, where: str) -> Sheet:
    """Give the named sheet; without a name the only visible one that holds anything.

    Raises:
        DeliveryRefused: There is none, or it is open which one is meant.
    """
    if name is not None:
        for sheet in sheets:
            if sheet.name == name:
                return sheet
        raise DeliveryRefused(
            where,
            f"there is no sheet {name!r}; there are {_listed(sheets)}",
            next_step="if the office renamed it, correct source.sheet in feed.yml",
        )
    visible = [sheet for sheet in sheets if sheet.is_visible]
    filled = [sheet for sheet in visible if _holds_something(sheet)] if len(visible) > 1 else visible
    if len(filled) > 1:
        raise DeliveryRefused(
            where,
            f"{len(filled)} sheets hold something: {_listed(filled)}",
            allowed="one, or one that is named",
            next_step="name the sheet as source.sheet in feed.yml; if several are one table, declare their names as source.sheets",
        )
    if not visible:
        raise DeliveryRefused(where, "it has no visible sheet", next_step="ask the office for the file again")
    return (filled or visible)[0]


def _listed(sheets: Sequence[Sheet]) -> str:
    """Their names for a message: twenty of them."""
    more = f" and {len(sheets) - 20:,} more" if len(sheets) > 20 else ""
    return ", ".join(repr(sheet.name) for sheet in sheets[:20]) + more


def matching_sheets(sheets: Sequence[Sheet], patterns: Sequence[str], where: str) -> list[Sheet]:
    """Give the visible sheets with such names that hold anything; a hidden one counts where its whole name is given.

    Raises:
        DeliveryRefused: There is none.
    """
    wanted = [
        sheet
        for sheet in sheets
        if sheet.name in patterns
        or (sheet.is_visible and any(fnmatchcase(sheet.name, pattern) for pattern in patterns))
    ]
    found = [sheet for sheet in wanted if _holds_something(sheet)]
    if not found:
        raise DeliveryRefused(
            where,
            f"no sheet is called {' or '.join(map(repr, patterns))} and holds something; there are {_listed(sheets)}",
            next_step="if the office renamed them, correct source.sheets in feed.yml",
        )
    return found


def _holds_something(sheet: Sheet) -> bool:
    with closing(sheet.lines()) as lines:
        return any(line.cells for line in lines)
