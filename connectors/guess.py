"""Guess a feed's declaration from a file of the office: where its table is, and which column feeds which.

What is guessed is a beginning that a person reads through. Names are looked up in glossary.yml, among the Chinese names of the
park's columns (`warehouse/columns.yml`) and what feeds of the same subject call them. No value of the file is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Final

from connectors.feed import Feed
from connectors.sources import plain
from connectors.sources.file_drop.csv_lines import csv_lines
from connectors.sources.file_drop.parquet_rows import read_parquet
from connectors.sources.file_drop.sheet_cells import Reading, Sheet, chosen_sheet
from connectors.sources.file_drop.tables import (
    HEADER_WITHIN,
    MEASURES_OF,
    MONTH,
    Layout,
    Line,
    is_multiple,
    joined,
    stated_units,
)
from connectors.sources.file_drop.workbooks import ENCRYPTED, WORKBOOKS, content_kind, open_sheets
from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError, DeliveryRefused
from warehouse.kinds import FLOW, figure_columns, kind_by_name
from warehouse.labels import labels
from warehouse.subjects import Subject

_ENCODINGS: Final = ("utf-8", "gb18030", "utf-16", "cp1252")
_DELIMITERS: Final = (",", "\t", ";", "|")
_LARGEST: Final = 512_000_000
# What a person's column is called: 法定代表人, 联系人, 经办人手机, 身份证号码
_PERSONS: Final = re.compile(
    r"姓名|身份证|证件号|手机|电话|联系人|经办|办税|代表人|负责人|法人$|邮箱|微信|银行卡|phone|email|contact",
    re.IGNORECASE,
)
_IDENTITY: Final = re.compile(r"身份证|证件号|公民身份|社会保障号")
# a unit that no figure here has, 租赁面积（亩）, 月租金（美元）, 租金(元/㎡/天), and a figure of another kind, 计划参保人数, 人均工资
_OTHER_UNIT: Final = re.compile(
    r"[（(【\[](?:[^）)】\]]*(?:美元|美金|港[元币]|欧元|日元|英镑|USD|HKD|EUR|亩|公顷|公里|千米|[%％‰]|/(?!月)[^）)】\]]*)|[每按]?[年季])[）)】\]]$"
)
_OTHER_FIGURE: Final = re.compile(r"计划|预[计算测]|目标|同期|上年|去年|人均|平均|同比|环比")
_BRACKETED: Final = re.compile(r"[（(【\[].*?[）)】\]]")
_FIGURE: Final = re.compile(r"[-+(]?[\d.,%/: -]+\)?")
# the month in a file's name: 参保人数2026年10月.xlsx, 水电202610.csv
_MONTH_IN_NAME: Final = re.compile(r"20[0-9]{2}(?:[-._年]?(?:0[1-9]|1[0-2])|年[1-9])月?(?![0-9])")
# not the day of printing
_MONTH_IN_TITLE: Final = r"\s*(?P<月份>20\d\d年\d{1,2}月)(?!\d{1,2}日)"
_KEYS: Final = ("unit_no", "taxpayer_no", "uscc", "enterprise_name")
_FEW_NAMES: Final = 2
_MOST_CODES: Final = 20
_ALIKE: Final = 3
_CROSSTAB: Final = 3
_ONE_MONTH: Final = re.compile("1[0-2]|0?[1-9]")
_PERIOD: Final = ("period_start", "period_end")
_ONE_END: Final = re.compile(r"[起止始末初终]|start|end|from|until", re.IGNORECASE)
_STEPS: Final = {
    ".eml": "save the attached file and name that; `parkbridge feed try` reads the message itself",
    ".zip": "unpack it and name one of its files; `parkbridge feed try` reads the zip itself",
    ".json": "begin without --from: the fields of a record are the columns, protocol http_api reads them",
}
GLOSSARY: Final = Path(__file__).with_name("glossary.yml")


@dataclass(frozen=True)
class Guess:
    """What a file seems to be.

    Attributes:
        columns: The office's columns in their order, and what each feeds: canonical columns, `ignored` or `personal`.
        source: Options of its source that are not the defaults.
        figures: What the measured columns are (warehouse/kinds.py), where one of them is no figure of its period.
        missing: Required columns of the subject that nothing seems to feed.
        codes: The park's Chinese words for its codes, by the office's column, unless that has the codes themselves.
        roster: Where a row is a person who is to be counted: `by`, `count_distinct` and `as` of feed.yml.
    """

    columns: Mapping[str, Sequence[str]]
    source: Mapping[str, Any]
    missing: Sequence[str]
    figures: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    roster: Mapping[str, Any] = field(default_factory=dict)


def guess(path: Path, subject: Subject, feeds: Iterable[Feed] = ()) -> Guess:
    """Look at a CSV or Excel file.

    Args:
        path: The office's file.
        subject: What its rows are about.
        feeds: Declared feeds; those of this subject lend their names of columns.

    Raises:
        DeclarationError: It is not a file of these kinds, or no header is found in it.
        DeliveryRefused: It is damaged.
    """
    if not path.is_file():
        raise DeclarationError(str(path), "there is no such file", next_step="name a file that the office sent")
    known = _names(subject, feeds)
    source, top = _top(path, known)
    best = _header(top, known)
    if best is None:
        raise DeclarationError(
            path.name, f"no line of the first {HEADER_WITHIN} looks like a header", next_step="begin without --from"
        )
    head, names = _named_columns(path, top, best, known, source)
    if units := [unit for unit in stated_units(top[:best]) if is_multiple(unit)]:
        source["unit"] = units[0]
    columns = {name: _target(name, known) for name in _without_months(names, subject, source)}
    taken: set[str] = set()
    # a sheet that states the period's own figure as well is read by that; a name that is known goes before one that is alike
    for name, targets in sorted(
        columns.items(), key=lambda column: (kind_by_name(column[0]) != FLOW, _bare(column[0]) not in known)
    ):
        columns[name] = targets if not taken & set(targets) else ["ignored"]
        taken |= set(targets) - {"ignored", "personal"}
    # 所属期 without 起 and 止: 2026年第三季度 is both
    if len(taken & set(_PERIOD)) == 1:
        (end,) = taken & set(_PERIOD)
        (name,) = (name for name, targets in columns.items() if end in targets)
        if set(_PERIOD) <= set(subject.columns) and not _ONE_END.search(name):
            columns[name] = list(_PERIOD)
            taken |= set(_PERIOD)
    key = next((c for c in _KEYS if c in taken), None)
    if "source_key" in subject.columns and "source_key" not in taken and key:
        (name,) = (name for name, targets in columns.items() if key in targets)
        columns[name] = ["source_key", *columns[name]]
        taken.add("source_key")
    if "month" in subject.columns and "month" not in taken and "月份" not in names:
        above = "\n".join(cell for line in top[:best] for cell in line.cells)
        label = next((label for label in ("所属期[:：]", "") if re.search(label + _MONTH_IN_TITLE, above)), None)
        if _MONTH_IN_NAME.search(path.stem):
            source["name_pattern"] = f"(?P<月份>{_MONTH_IN_NAME.pattern})"
        elif label is not None:
            source["title_pattern"] = label + _MONTH_IN_TITLE
        if source.keys() & {"name_pattern", "title_pattern"}:
            columns["月份"] = ["month"]
            taken.add("month")
    missing = [c.name for c in subject.columns.values() if c.is_required and c.name not in taken]
    roster = _roster(columns, missing)
    if roster:
        columns[roster["as"]] = missing
        missing = []
    kinds = {
        column.name: kind_by_name(name)
        for column in figure_columns(subject)
        for name, targets in columns.items()
        if column.name in targets
    }
    return Guess(
        columns,
        source,
        missing,
        kinds if set(kinds.values()) - {FLOW} else {},
        _codes(columns, [head, *top[best + 1 :]]),
        roster,
    )


def _named_columns(
    path: Path, top: Sequence[Line], best: int, known: Mapping[str, Sequence[str]], source: dict[str, Any]
) -> tuple[Line, list[str]]:
    """The header as one line, and its names: of two lines where each has names that the other lacks, or where one has a name twice."""
    above, below = top[max(best - 1, 0) : best + 1], top[best : best + 2]
    pairs = [pair for pair in (below, above) if len(pair) == 2 and _fill_each_other(pair[0], pair[1], known)]
    for lines in (*pairs, top[best : best + 1], above):
        head = joined(lines)
        names = [cell for cell in map(plain, head.cells) if cell]
        if len(set(names)) == len(names):
            if len(lines) > 1:
                source["header_lines"] = 2
            return head, names
    raise DeclarationError(
        path.name,
        "two columns have one name: a header of three lines, two tables side by side, or a month above several figures",
        next_step="begin without --from and declare source.header_lines, with names such as 用水/用量; where the months are "
        "columns, source.unpivot reads them, with the names of the figures as its value",
    )


def _fill_each_other(upper: Line, lower: Line, known: Mapping[str, Sequence[str]]) -> bool:
    """Whether two lines are one header, as 参保情况 over 参保人数 and 缴费工资 beside 单位名称, which reaches over both lines."""
    cells = [[bool(cell.strip()) for cell in line.cells] for line in (upper, lower)]
    gaps = {pair for pair in zip_longest(*cells, fillvalue=False) if pair[0] != pair[1]}
    is_named = all(_known_names(line, known) for line in (upper, lower))
    return len(gaps) == 2 and is_named and not any(_FIGURE.fullmatch(cell.strip()) for cell in lower.cells)


def _without_months(names: Sequence[str], subject: Subject, source: dict[str, Any]) -> list[str]:
    """The names of columns; months that are columns become one and a figure: source.unpivot."""
    months = [name for name in names if MONTH.fullmatch(name)]
    figure = next((c.name for c in subject.columns.values() if c.is_required and c in figure_columns(subject)), None)
    if len(months) < _CROSSTAB or figure is None or "month" not in subject.columns:
        return list(names)
    value = labels()[figure].zh
    patterns = {
        _ONE_MONTH.sub(lambda m: "MM" if m[0][0] == "0" else "M", re.sub("20[0-9]{2}", "YYYY", name)) for name in months
    }
    if any(name[-2:].isdigit() for name in months):
        patterns = {pattern.replace("MM", "M").replace("M", "MM") for pattern in patterns}
    totals = [name for name in names if name in ("合计", "总计", "小计")]
    source["unpivot"] = {"columns": sorted(patterns), "period": "月份", "value": value} | (
        {"totals": totals} if totals else {}
    )
    return [*(name for name in names if name not in (*months, *totals)), "月份", value]


def _codes(columns: Mapping[str, Sequence[str]], lines: Sequence[Line]) -> dict[str, dict[str, str]]:
    """The words for the codes of each column; none where the first lines hold codes."""
    places = {plain(cell): place for place, cell in enumerate(lines[0].cells)}
    found = {}
    for name, targets in columns.items():
        codes = [
            code for target in targets if target in labels() for code in labels()[target].codes if not code.is_derived
        ]
        values = {
            line.cells[places[name]].strip()
            for line in lines[1:]
            if places.get(name, 0) < len(line.cells) and name in places
        }
        if 0 < len(codes) <= _MOST_CODES and not values & {str(code.value) for code in codes}:
            found[name] = {code.zh: str(code.value) for code in codes}
    return found


def _roster(columns: Mapping[str, Sequence[str]], missing: Sequence[str]) -> dict[str, Any]:
    """How to count a list of persons: all that it lacks is their number, and a column identifies them."""
    numbers = [name for name, targets in columns.items() if "personal" in targets and _IDENTITY.search(name)]
    if len(numbers) != 1 or len(missing) != 1 or not missing[0].endswith("_headcount") or "人数" in columns:
        return {}
    by = [name for name, targets in columns.items() if set(targets) - {"personal", "ignored"}]
    return {"by": by, "count_distinct": numbers[0], "as": "人数"}


def _names(subject: Subject, feeds: Iterable[Feed]) -> dict[str, list[str]]:
    """The names by which offices may call the subject's columns; what a feed says goes before the column's own name."""
    meanings = labels()
    found = {_bare(meanings[c].zh): [c] for c in subject.columns if c in meanings} | {c: [c] for c in subject.columns}
    given = read_yaml(GLOSSARY.read_text(encoding="utf-8"))
    found |= {_bare(name): [c] for c, names in given.items() if c in subject.columns for name in names}
    for feed in feeds:
        if feed.subject.name == subject.name:
            found |= {_bare(name): list(targets) for name, targets in feed.columns.items() if targets}
    return found


def _bare(name: str) -> str:
    return "".join(_BRACKETED.sub("", name).split()).casefold()


def _target(name: str, known: Mapping[str, Sequence[str]]) -> list[str]:
    if _PERSONS.search(name):
        return ["personal"]
    bare = _bare(_BRACKETED.sub("", name).rpartition("/")[2])
    names = () if _OTHER_FIGURE.search(bare) or len(bare) < _ALIKE else known.items()
    alike = (t for k, t in names if len(k) >= _ALIKE and (k in bare or bare in k))
    found = known.get(bare) or next(alike, ["ignored"])
    return ["ignored"] if _OTHER_UNIT.search(name) and found[0].endswith(tuple(MEASURES_OF)) else list(found)


def _of_sheet(
    sheets: Sequence[Sheet], where: str, known: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Any], list[Line]]:
    """The first lines of the sheet with the table: the only one of several visible ones with a header of known names."""
    tops = {sheet.name: _filled(sheet.lines()) for sheet in sheets if sheet.is_visible}
    with_header = [
        name for name, top in tops.items() if max((_known_names(line, known) for line in top), default=0) >= _FEW_NAMES
    ]
    if sum(map(bool, tops.values())) > 1 and len(with_header) == 1:
        return {"sheet": with_header[0]}, tops[with_header[0]]
    return {}, _filled(chosen_sheet(sheets, None, where).lines())


def _known_names(line: Line, known: Mapping[str, Sequence[str]]) -> int:
    return sum(_bare(cell) in known for cell in line.cells)


def _top(path: Path, known: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], list[Line]]:
    """The first lines that hold anything, and how they are read."""
    kind = path.suffix.lower()
    with path.open("rb") as file:
        content, name = content_kind(file)
        if kind not in (".csv", ".tsv", ".txt") and content in (*WORKBOOKS, ENCRYPTED):
            sheets = open_sheets(file, content, path.name, Reading(), _ENCODINGS[0], _LARGEST)
            return _of_sheet(sheets, path.name, known)
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


def _header(top: Sequence[Line], known: Mapping[str, Sequence[str]]) -> int | None:
    """The line with the most known names; else the first of the widest that holds names alone."""
    if not top:
        return None
    scores = [_known_names(line, known) for line in top]
    if max(scores) >= _FEW_NAMES:
        return scores.index(max(scores))
    widest = max(sum(1 for cell in line.cells if cell.strip()) for line in top)
    for place, line in enumerate(top):
        cells = [cell.strip() for cell in line.cells if cell.strip()]
        if len(cells) == widest > 1 and not any(_FIGURE.fullmatch(cell) for cell in cells):
            return place
    return None
