"""Where the table of an office's file is: its encoding, separator and sheet, the lines of its header, and what is above and below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Final

from connectors.office_names import bare
from connectors.sources import plain
from connectors.sources.file_drop.csv_lines import csv_lines
from connectors.sources.file_drop.headers import MONTH, is_line_of_units, stated_units
from connectors.sources.file_drop.lines import HEADER_WITHIN, MOST_HEADER_LINES, Layout, Line, joined
from connectors.sources.file_drop.parquet_rows import read_parquet
from connectors.sources.file_drop.sheet_cells import Reading, Sheet, chosen_sheet
from connectors.sources.file_drop.workbooks import ENCRYPTED, WORKBOOKS, content_kind, open_sheets
from warehouse.errors import DeclarationError, DeliveryRefused
from warehouse.units import is_multiple

# of a sheet, where 2026.1 is January: a number that may have lost its zero would be no name
_YEAR_AND_MONTH: Final = re.compile(r"(?P<年>20\d\d)[-._](?P<月>1[0-2]|0?[1-9])(?!\d)")
_ENCODINGS: Final = ("utf-8", "gb18030", "utf-16", "big5", "cp1252")
_DELIMITERS: Final = (",", "\t", ";", "|")
_LARGEST: Final = 512_000_000
_BLANK_IN_CHINESE: Final = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")
FIGURE: Final = re.compile(r"[-+(]?[\d.,%/: -]+\)?")
_FEW_NAMES: Final = 2
_STEPS: Final = {
    ".eml": "save the attached file and name that; `parkbridge feed try` reads the message itself",
    ".zip": "unpack it and name one of its files; `parkbridge feed try` reads the zip itself",
    ".mbox": "save its messages as .eml, or an attached file of them, and name that",
    ".json": "begin without --from: the fields of a record are the columns, protocol http_api reads them",
}


def first_lines(path: Path, known: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], list[Line]]:
    """The first lines that hold anything, and how they are read."""
    kind = path.suffix.lower()
    with path.open("rb") as file:
        content, name = content_kind(file)
        if kind not in (".csv", ".tsv", ".txt", ".zip") and content in (*WORKBOOKS, ENCRYPTED):
            for encoding in _ENCODINGS[:2]:  # of a web page that does not state its own
                try:
                    sheets = open_sheets(file, content, path.name, Reading(), encoding, _LARGEST)
                    source, top = _of_sheet(sheets, path.name, known)
                    return source | ({"encoding": encoding} if encoding != _ENCODINGS[0] else {}), top
                except DeliveryRefused:
                    if content != "html" or encoding != _ENCODINGS[0]:
                        raise
                    file.seek(0)
        if content == "parquet":
            header, batches = read_parquet(file, Layout(path.name), _LARGEST, [], [])
            rows = next(batches).slice(0, HEADER_WITHIN).to_pylist()
            cells = [[row[name] or "" for name in header] for row in rows]
            return {}, [Line(n, c, {}, None, "") for n, c in enumerate([list(header), *cells])]
    if kind not in (".csv", ".tsv", ".txt", ".xls", ".et"):
        raise DeclarationError(
            path.name,
            f"files that end in {kind!r} and hold {name} cannot be guessed",
            allowed=".csv, .tsv, .txt, .xlsx, .xls, .et, .html, .parquet",
            next_step="name it .csv" if content == "csv" and kind == ".xlsx" else _STEPS.get(kind, "save it as .xlsx"),
        )
    usual = "," if kind == ".csv" else "\t"
    for encoding in _ENCODINGS:
        try:
            found = {delimiter: _split(path, encoding, delimiter) for delimiter in (usual, *_DELIMITERS)}
        except DeliveryRefused:
            if encoding == _ENCODINGS[-1]:
                raise
            continue
        delimiter = max(found, key=lambda d: (sum(len(line.cells) for line in found[d]), d == usual))
        source = {"encoding": encoding} if encoding != "utf-8" else {}
        return source | ({"delimiter": delimiter} if delimiter != usual else {}), found[delimiter]
    raise AssertionError


def _split(path: Path, encoding: str, delimiter: str) -> list[Line]:
    with path.open("rb") as file:
        return _filled(csv_lines(file, encoding, delimiter, '"', path.name))


def _filled(lines: Iterator[Line]) -> list[Line]:
    return [line for line in islice(lines, HEADER_WITHIN) if any(cell.strip() for cell in line.cells)]


def _of_sheet(
    sheets: Sequence[Sheet], where: str, known: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Any], list[Line]]:
    """The first lines of the sheet with the table, or of the sheets of months that are one.

    Of several visible ones it is the only one with a header of known names.
    """
    tops = {sheet.name: _filled(sheet.lines()) for sheet in sheets if sheet.is_visible}
    heads = {}
    for name, top in tops.items():
        best = max(range(len(top)), key=lambda place: _count_known(top[place], known), default=None)
        if best is not None and _count_known(top[best], known) >= _FEW_NAMES:
            heads[name] = [plain(cell) for cell in top[best].cells]
    months = [name for name in heads if MONTH.fullmatch(name) or _YEAR_AND_MONTH.fullmatch(name)]
    chosen, source = None, {}
    if len(months) > 1 and all(heads[name] == heads[months[0]] for name in months):
        chosen = months[0]
        pattern = r"(?P<月份>20\d\d.+)" if all(name.startswith("20") for name in months) else r"(?P<月>\d+)月"
        source = {
            "sheets": ["*月"] if all(name.endswith("月") for name in months) else months,
            "sheet_pattern": pattern,
        }
        signs = {name[4] for name in months if _YEAR_AND_MONTH.fullmatch(name)}
        if len(signs) == 1 and all(map(_YEAR_AND_MONTH.fullmatch, months)):
            source = {"sheets": [f"20[0-9][0-9]{signs.pop()}*"], "sheet_pattern": _YEAR_AND_MONTH.pattern}
    elif sum(map(bool, tops.values())) > 1:
        tables = list(heads) or [name for name, top in tops.items() if any(map(_is_of_table, top))]
        if len(tables) != 1:
            raise DeclarationError(
                where,
                f"several of its sheets may be the table: {', '.join(tables or tops)}",
                next_step="name a copy that holds one of them alone; then name that one as source.sheet in feed.yml, or several of one "
                "table as source.sheets",
            )
        (chosen,) = tables
        source = {"sheet": chosen}
    sheet = next((s for s in sheets if s.name == chosen), None) or chosen_sheet(sheets, None, where)
    if units := [unit for unit in stated_units(map(line_of, sheet.beside())) if is_multiple(unit)]:
        source["unit"] = "、".join(units)
    return source, tops.get(sheet.name) or _filled(sheet.lines())


def _is_of_table(line: Line) -> bool:
    """Whether a line is a table's: one of a cover sheet, 填表说明, has a cell or two."""
    return sum(bool(cell.strip()) for cell in line.cells) > _FEW_NAMES


def line_of(text: str) -> Line:
    """A text as a line of one cell."""
    return Line(0, [text], {}, None, text)


def header_among(top: Sequence[Line], known: Mapping[str, Sequence[str]]) -> int | None:
    """The line with the most known names; else the first of the widest that holds names alone."""
    if not top:
        return None
    scores = [_count_known(line, known) for line in top]
    if max(scores) >= _FEW_NAMES:
        return scores.index(max(scores))
    widest = max(sum(1 for cell in line.cells if cell.strip()) for line in top)
    for place, line in enumerate(top):
        cells = [cell.strip() for cell in line.cells if cell.strip()]
        if len(cells) == widest > 1 and not any(FIGURE.fullmatch(cell) for cell in cells):
            return place
    return None


def _count_known(line: Line, known: Mapping[str, Sequence[str]]) -> int:
    return sum(bare(cell) in known for cell in line.cells)


def named_columns(
    path: Path, top: Sequence[Line], best: int, known: Mapping[str, Sequence[str]], source: dict[str, Any]
) -> tuple[int, Line, list[str], Sequence[Line]]:
    """The place of the header, the header as one line, its names, and the lines below it.

    It has more lines where they fill each other, where the second one holds units, or where one line has a name twice.
    """
    first = best - 1 if best and _fill_each_other(top[best - 1], top[best], known) else best
    last = best
    while last + 1 < len(top) and last - first + 1 < MOST_HEADER_LINES:
        if not _fill_each_other(joined(top[first : last + 1]), top[last + 1], known) and not is_line_of_units(
            top[last + 1]
        ):
            break
        last += 1
    for begin, end in ((first, last), (best, best), (max(best - 1, 0), best)):
        head = joined(top[begin : end + 1])
        # 企 业 名 称 and 企业<br>名称 are 企业名称
        cells = [_BLANK_IN_CHINESE.sub("", name) for name in Layout(path.name).names_of(head.cells)]
        head = head._replace(cells=tuple(cells))
        names = [cell or f"column {place}" for place, cell in enumerate(cells, start=1)]
        if len(set(names)) == len(names):
            if begin < end:
                source["header_lines"] = end - begin + 1
            return begin, head, names, top[end + 1 :]
    raise DeclarationError(
        path.name,
        "two columns have one name: a header of three lines, two tables side by side, or a month above several figures",
        next_step="begin without --from and declare source.header_lines, with names such as 用水/用量; where the months are "
        "columns, source.unpivot reads them, with the names of the figures as its value",
    )


def _fill_each_other(upper: Line, lower: Line, known: Mapping[str, Sequence[str]]) -> bool:
    """Whether two lines are one header, as 参保情况 over 参保人数 and 缴费工资 beside 单位名称, which reaches over both lines."""
    cells = [[bool(cell.strip()) for cell in line.cells] for line in (upper, lower)]
    pairs = list(zip_longest(*cells, fillvalue=False))
    is_named = all(_count_known(line, known) for line in (upper, lower))
    # 起 and 止 below 税款所属期 and the cell that is merged with it, and nothing below other names
    parts = [place for place, (_, has_lower) in enumerate(pairs) if has_lower]
    is_below_groups = all(not pairs[p][0] or (p + 1 < len(pairs) and pairs[p + 1] == (False, True)) for p in parts)
    is_text = not any(FIGURE.fullmatch(cell.strip()) for cell in lower.cells)
    # a title has nothing below it
    return {(True, False), (False, True), (True, True)} <= set(pairs) and (is_named or is_below_groups) and is_text
