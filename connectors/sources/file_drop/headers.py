"""Finding a table's header, and holding what is above it (title, month, unit) to the declaration."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from connectors.sources import ROW_NUMBER, plain
from connectors.sources.file_drop.lines import HEADER_WITHIN, Layout, Line, evened, joined
from warehouse.errors import DeliveryRefused
from warehouse.units import BARE_UNIT, TENS_SIGNS, even, is_multiple, units_in, units_in_names

# a note has its text in one cell, or its word and its text in two
_NOTE_CELLS: Final = 2
# a header cell that is a month: 1月, 十二月份, 2026年1月, 2026-01, 202601, 26.1月, 1月/用量
MONTH: Final = re.compile(
    r"(?:(?:20)?\d\d\s*[年./-]?\s*)?(?:0?[1-9]|1[0-2]|十[一二]?|[一二三四五六七八九])\s*月份?(?:/.*)?|20\d\d[年./-]?(?:0[1-9]|1[0-2])(?:-01)?"
)
_MOST_ODD_MONTHS: Final = 3
_SEPARATORS: Final = (
    (";", "semicolons"),
    ("\t", "tabs"),
    (",", "commas"),
    ("，", "full-width commas"),
    ("|", "bars"),
    ("  ", ""),
)


def find_header(lines: Iterator[Line], layout: Layout) -> tuple[Line, Iterator[Line]]:
    """Find the header, as one line, and what comes below it; the lines above must agree with the declaration."""
    above: list[Line] = []
    if layout.header is not None:
        for line in lines:
            if line.number == layout.header:
                check_unit(above, layout)
                named = joined([line, *islice(lines, layout.header_lines - 1)])
                _check_months(named, layout)
                return named, lines
            if line.number > layout.header:
                break
            above = [*above[1 - HEADER_WITHIN :], line]
        raise DeliveryRefused(
            layout.where,
            f"there is no line {layout.header}, where the header should be",
            next_step="look at the file; correct source.header in feed.yml, or ask for the file again",
        )
    top = list(islice(lines, HEADER_WITHIN))
    filled = [line for line in top if any(cell.strip() for cell in line.cells)]
    if not filled:
        raise DeliveryRefused(
            layout.where,
            f"the first {HEADER_WITHIN} lines are empty" if top else "it is empty: not even a header",
            next_step="ask the office for the file again",
        )
    best = 0
    if layout.expected:
        # The header's cells are names; a title has one cell, and rows of data hold values, not names.
        heads = [joined(filled[place : place + layout.header_lines]) for place in range(len(filled))]
        known = [sum(_is_known(layout.name_of(cell), layout) for cell in head.cells) for head in heads]
        best = known.index(max(known))
        cells = [cell for cell in heads[best].cells if cell.strip()]
        if known[best] * 2 < len(cells) or not known[best]:
            for candidate in heads:
                _check_months(candidate, layout)
            raise DeliveryRefused(
                layout.where,
                f"no line of the first {HEADER_WITHIN} is a header: the best, line {filled[best].number}, "
                f"has {known[best]} declared names among {len(cells)} cells{_other_separator(filled, layout)}",
                allowed="at least half of them declared",
                next_step="if the office renamed its columns, declare the names in feed.yml (aliases); a header of two lines is "
                "declared by source.header_lines: 2; if the file is another one or has lost its header, ask for it again",
            )
    check_unit(filled[:best], layout)
    head = filled[best : best + layout.header_lines]
    _check_months(joined(head), layout)
    return joined(head), chain(top[top.index(head[-1]) + 1 :], lines)


def _is_known(name: str, layout: Layout) -> bool:
    return name in layout.expected or (layout.is_named is not None and layout.is_named(name))


def _check_months(head: Line, layout: Layout) -> None:
    """Stop where columns are months and the feed does not say so.

    Raises:
        DeliveryRefused: They are.
    """
    names = [layout.name_of(cell) for cell in head.cells]
    months = [name for name in names if MONTH.fullmatch(name) and not _is_known(name, layout)]
    if layout.expected and len(months) >= _MOST_ODD_MONTHS:
        raise DeliveryRefused(
            layout.where,
            f"{len(months)} of its columns are months that are not declared: {', '.join(months[:3])}, …",
            next_step="declare source.unpivot in feed.yml: {columns: M月, period: 月份, value: …}, which makes a row of each",
        )


# 所属期：2026年10月, 统计月份:202610; not the day of printing
_STATED_MONTH: Final = re.compile(
    r"(?:所属[期月]份?|所属时期|统计月份?|报告[期月]|费款所属期|抄表月份?|结算月份?|账期)\s*:?\s*(20\d\d)\s*[年./-]?\s*(0?[1-9]|1[0-2])(?!\d)"
    r"(?!\s*月?\s*[-—~至到])"
)
# the month of a title without such a word: 江屿园区2026年10月参保人数统计表; what else has one says so, or is a range
_TITLED_MONTH: Final = re.compile(r"(20\d\d)\s*年\s*(0?[1-9]|1[0-2])\s*月(?!\s*(?:\d|日|[-—~至到、和及起前后底末]|以))")
_NO_TITLE: Final = re.compile(
    r"[-—~至到]\s*(?:20\d\d\s*年)?\s*\d{1,2}\s*月|填[报表]|制表|打印|导出|报送|编制|更新|日期|时间|截[至止]|同期|上[月年]|对比"
    r"|[※*#]|备?\s*注|说\s*明"
)
_ADDED_MONTH: Final = re.compile(r"(20\d\d)年?[./_-]?(0?[1-9]|1[0-2])月?份?")


def named_month(layout: Layout) -> str | None:
    """The month that names, or the title, give all rows, as 2026-10: in one column, or behind the year in another."""
    values = (value for name, value in layout.added.items() if layout.uses.get(name, "date") == "date")
    found = _ADDED_MONTH.fullmatch(unicodedata.normalize("NFKC", "-".join(values)).strip())
    return f"{found[1]}-{int(found[2]):02}" if found else None


def check_title(layout: Layout) -> None:
    """Hold a month that comes from the name of file or sheet against the one that the title states.

    Raises:
        DeliveryRefused: They differ: a file under last month's name.
    """
    stated = {f"{year}-{int(month):02}" for year, month in _STATED_MONTH.findall("\n".join(layout.above))}
    if not stated:
        titles = "\n".join(line for line in layout.above if not _NO_TITLE.search(line))
        stated = {f"{year}-{int(month):02}" for year, month in _TITLED_MONTH.findall(titles)}
    month = named_month(layout)
    if month and len(stated) == 1 and month not in stated:
        raise DeliveryRefused(
            layout.where,
            f"it is of {month} by its name, and the lines above its header state {stated.pop()}",
            allowed="one month",
            next_step="ask the office which is right and for the file under its true name; if the title counts, read the month from "
            "there (source.title_pattern)",
        )


def title_values(pattern: re.Pattern[str], layout: Layout) -> dict[str, str]:
    """Give what a pattern finds above the header, as columns.

    Raises:
        DeliveryRefused: Nothing, or several things that differ: a title's month and the day of printing.
    """
    matches = list(pattern.finditer("\n".join(layout.above)))
    if ends := [(match, name) for match in matches for name in match.groupdict() if is_end_of_range(match, name)]:
        ((match, name), *_) = ends
        raise DeliveryRefused(
            layout.where,
            f"{name} is {match[name]} by the lines above its header, which state a range",
            next_step="ask the office what it holds and for a sheet of one month; if a range is meant, let source.title_pattern in "
            "feed.yml find both ends",
        )
    found = {tuple(match.groupdict("").items()) for match in matches}
    if len(found) == 1:
        return dict(found.pop())
    values = ", ".join(sorted("/".join(value for _, value in one) for one in found))
    raise DeliveryRefused(
        layout.where,
        f"the lines above its header {f'hold {len(found)}: {values}' if found else 'do not hold it'}, by {pattern.pattern!r}",
        allowed="one",
        next_step="ask the office to write it as before, or correct source.title_pattern in feed.yml",
    )


_TO: Final = r"\s*[-~～—–至到]+\s*"
_A_MONTH: Final = re.compile(r"月|\d年\d{1,2}$|\d{4}[-./_]\d{1,2}$")


def is_end_of_range(found: re.Match[str], name: str) -> bool:
    """Return whether a year or month is one end of a range: 2025-2026, 202601-202603, 1-9月, 2026年1-3月; not 2026-10-15."""
    value = found[name] or ""
    before, behind = found.string[: found.start(name)], found.string[found.end(name) :]
    if re.fullmatch(r"\d{4}|\d{6}", value):
        return re.match(rf"年?{_TO}\d{{{len(value)}}}(?!\d)", behind) is not None
    if not _A_MONTH.search(value) and behind[:1] != "月":
        return False
    last = r"(?:(?:19|20)\d\d\s*[年./-]?\s*\d{1,2}(?!\d)|\d{1,2}月)"
    return bool(re.search(rf"(?<!\d)\d{{1,2}}月?{_TO}$", before) or re.match(rf"月?份?{_TO}{last}", behind))


def stated_units(above: Iterable[Line]) -> list[str]:
    """Give the units that lines above a header state, each once: 万元 of （单位：人民币万元）."""
    return units_in(evened(above))


def check_unit(above: Sequence[Line], layout: Layout) -> None:
    """Hold the unit that a sheet states above its header against the declared one: 元 may have become 万元.

    Raises:
        DeliveryRefused: It states another one, or none where one is declared.
    """
    layout.above.append(evened(above))
    beside = _beside(layout)
    text = f"{evened(above)}\n{even(layout.label)}\n{beside}"
    stated = list(dict.fromkeys([*units_in(text), *units_in_names(layout.label)]))
    if layout.unit is not None:
        declared = layout.unit.split("、")
        bases = {unit.lstrip(TENS_SIGNS) for unit in declared}
        of_declared = {unit for unit in stated if is_multiple(unit) or unit.lstrip(TENS_SIGNS) in bases}
        is_right = of_declared == set(declared) if stated else all(unit in text for unit in declared)
    else:
        is_right = not any(map(is_multiple, stated))
    if not is_right:
        place = "the lines above its header state"
        if stated and not stated_units(above):
            place = (
                "a text beside its cells (a remark, a text box, the page's head) states"
                if units_in(beside)
                else "its name states"
            )
        raise _other_unit(stated, place, layout)


def _beside(layout: Layout) -> str:
    """The texts beside the cells, one a line; a line that is a unit and nothing else is one in brackets."""
    lines = even("\n".join(layout.beside)).splitlines()
    return "\n".join(f"({line.strip()})" if BARE_UNIT.fullmatch(line.strip()) else line for line in lines)


def check_unit_below(cells: Sequence[str], line: int, layout: Layout) -> None:
    """Hold a unit that a line states below the header against the declared one: a note, or a line of units (人, 万元).

    Raises:
        DeliveryRefused: It states another one with a multiplier.
    """
    filled = [even(cell).strip() for cell in cells if cell.strip()]
    units = [cell.strip("()[]") for cell in filled]
    if not all(map(BARE_UNIT.fullmatch, units)):
        units = units_in(" ".join(filled)) if len(filled) <= _NOTE_CELLS else []
    if stated := [unit for unit in units if is_multiple(unit) and unit not in (layout.unit or "").split("、")]:
        raise _other_unit(stated, f"line {line} states", layout)


def is_line_of_units(line: Line) -> bool:
    """Return whether a line below a header states the units of its columns: 人, 万元."""
    filled = [even(cell).strip().strip("()[]") for cell in line.cells if cell.strip()]
    return bool(filled) and all(map(BARE_UNIT.fullmatch, filled))


def _other_unit(stated: Sequence[str], where: str, layout: Layout) -> DeliveryRefused:
    return DeliveryRefused(
        layout.where,
        f"{where} {'the unit ' + ' and '.join(stated) if stated else 'no unit'}",
        allowed=f"source.unit: {layout.unit}" if layout.unit else "元, or the one that source.unit declares",
        next_step="ask the office which unit the figures have; declare it as source.unit in feed.yml, and reckon with it in stage.sql",
    )


def _other_separator(lines: Sequence[Line], layout: Layout) -> str:
    for line in lines:
        for separator, name in _SEPARATORS:
            parts = [plain(part.strip('"')) for part in line.text.split(separator)]
            if len(parts) > len(line.cells) and sum(part in layout.expected for part in parts) >= 2:
                if not name:
                    return " (its columns are lined up by blanks: ask for commas or tabs between them)"
                return f" (split at {name}, line {line.number} has more: is source.delimiter right?)"
    return ""


def names_of_columns(header: Line, layout: Layout) -> list[str]:
    """Name the columns: empty ones at the end are none, empty ones before it get their position."""
    if header.broken:
        raise DeliveryRefused(
            layout.where, f"the header in line {header.number}: {header.broken}", next_step="ask for the file again"
        )
    cells = layout.names_of(header.cells)
    names: list[str] = []
    times = Counter[str]()
    for position, cell in enumerate(cells, 1):
        times[cell] += 1
        name = cell or f"column {position}"
        names.append(f"{name} ({times[cell]})" if cell and times[cell] > 1 else name)
    hold_to_distinct(names, layout)
    return names


def hold_to_distinct(names: Sequence[str], layout: Layout) -> None:
    """Hold a header's names, and those that the declaration adds, to be distinct.

    Raises:
        DeliveryRefused: Two columns have one name, or one has the name of our own.
    """
    twice = sorted(name for name, times in Counter([*names, *layout.added]).items() if times > 1)
    if twice or ROW_NUMBER in names:
        raise DeliveryRefused(
            layout.where,
            f"two columns are called {twice[0]!r}" if twice else f"a column is called {ROW_NUMBER!r}",
            allowed="each name once, row_number not at all",
            next_step="ask the office to rename the column, or change source.name_pattern in feed.yml",
        )
