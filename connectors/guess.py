"""Guess a feed's declaration from a file of the office: which of its columns feeds which, and what it is besides.

What is guessed is a beginning that a person reads through. No value of the file is kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connectors.feed import Feed
from connectors.office_names import KEYS, MOST_CODES, RANGES, bare, known_names, target_of, words_for_codes
from connectors.office_table import FIGURE, first_lines, header_among, line_of, named_columns
from connectors.sources import plain
from connectors.sources.file_drop.headers import MONTH, stated_units
from connectors.sources.file_drop.lines import HEADER_WITHIN, Line, squeezed
from connectors.sources.file_drop.sheet_cells import FORMULA
from connectors.sources.file_drop.tables import label_of
from warehouse.errors import DeclarationError
from warehouse.kinds import FLOW, YEAR_TO_DATE, figure_columns, kind_by_name
from warehouse.labels import labels
from warehouse.subjects import Subject
from warehouse.suspected_names import is_suspected
from warehouse.units import BARE_UNIT, is_measured, is_multiple

# text in which names of persons are not recognised (0008)
_PROSE: Final = re.compile(r"备注|说明|内容|描述|详情|意见|附言|摘要")
_IDENTITY: Final = re.compile(r"身份证|证件号|公民身份|社会保障号")
_CURRENCY: Final = re.compile("人民币|[美欧日港]元|港币|英镑")
_COMMA_MARKED: Final = re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d+-?|-?\d+,\d{1,2}-?")
_POINT_MARKED: Final = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?-?|-?\d+\.(?:\d{1,2}|\d{4,})-?")
_CODE: Final = re.compile("[0-9]{2,}|CN")
_MEASURE: Final = re.compile(rf"{BARE_UNIT.pattern}|[A-Za-z]{{1,3}}|[台套个件间]")
_OF_PLACES: Final = "省市区县镇乡村路"
_OCCUPIED: Final = re.compile("是否(?:已?出租|在?租|占用|使用|入驻)")
_SERIAL: Final = ("序号", "行号", "no", "no.")
_OWN_NUMBERS: Final = ("编号", "编码", "单号", "id")
_TOTALS: Final = ("合计", "总计", "小计", "本页小计", "total")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_MONEY: Final = re.compile("(?<!缴)费|金额|工资|基数|租金|税|产值|收入")
# the month in a file's name: 参保人数2026年10月.xlsx, 水电202610.csv
_MONTH_IN_NAME: Final = re.compile(r"20[0-9]{2}(?:[-._年]?(?:0[1-9]|1[0-2])|年[1-9])月?(?![0-9])")
# not the day of printing, nor 填报时间：2026年4月, 2026年4月打印
_NOT_PRINTED: Final = "(?<!时间)(?<!日期)(?<!时间[: ])(?<!日期[: ])(?<!时间: )(?<!日期: )"
_YEAR_IN_TITLE: Final = _NOT_PRINTED + r"(?P<年份>(?<!\d)20\d\d)年(?!\d)"
_MONTH_ALONE_THERE: Final = r"(?P<月份>20\d\d年\d{1,2}月)(?!\d{1,2}日|\s*(?:填[报表]|制表|打印|导出|报送|编制))"
_STATED_MONTH: Final = (
    r"(?:所属[期月]份?|统计(?:时间|日期|期间|周期|月份)|报告期[别间]?|账期|(?i:month|period)):\s*"
    r"(?P<月份>20\d\d年\d{1,2}月|20\d\d[-/.]?(?:0[1-9]|1[0-2]))(?![-/.\d])(?!\s*[-~—–至到])"
)
_MONTH_IN_TITLE: Final = _NOT_PRINTED + _MONTH_ALONE_THERE
_YEAR_IN_NAME: Final = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")
# 10月1日, 1日, 2026-10-01, 10.1: of days as columns nothing is made
_DAY = re.compile(
    r"(?:(?:20)?\d\d[-/.年])?(?:1[0-2]|0?[1-9])(?:[-/.]|月)(?:[12]\d|3[01]|0?[1-9])[日号]?|(?:[12]\d|3[01]|0?[1-9])[日号]"
)
_CROSSTAB: Final = 3
_ONE_MONTH: Final = re.compile("1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九]")
_YEARS: Final = ("年", "年份", "年度")
_MONTH_ALONE: Final = re.compile(r"(?:1[0-2]|0?[1-9])月?份?")


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
        constants: The one code that all rows have, by canonical column: what the sheet is about, or what was said to be so.
        unfed: Other columns of the subject that nothing seems to feed.
        to_date: Figures that may be running totals, since the title or the file's name says so: 1-9月累计.
        doubts: Columns of which each may be the same canonical column. The first one is taken, or none where they are equally likely.
    """

    columns: Mapping[str, Sequence[str]]
    source: Mapping[str, Any]
    missing: Sequence[str]
    figures: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    roster: Mapping[str, Any] = field(default_factory=dict)
    doubts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    unfed: Sequence[str] = ()
    to_date: Sequence[str] = ()

    @property
    def left_over(self) -> list[str]:
        """The office's columns that feed nothing, but for running numbers and what is never kept."""
        return [name for name, targets in self.columns.items() if targets == ["ignored"] and bare(name) not in _SERIAL]


def guess(path: Path, subject: Subject, feeds: Iterable[Feed] = (), said: Mapping[str, str] | None = None) -> Guess:
    """Look at a CSV or Excel file.

    Args:
        path: The office's file.
        subject: What its rows are about.
        feeds: Declared feeds; those of this subject lend their names of columns.
        said: What is known of columns of the subject: the file's column that feeds it, or the one code of all rows.

    Raises:
        DeclarationError: It is not a file of these kinds, no header is found in it, or `said` is of none of its columns.
        DeliveryRefused: It is damaged.
    """
    if not path.is_file():
        raise DeclarationError(str(path), "there is no such file", next_step="name a file that the office sent")
    known = known_names(subject, feeds)
    source, top = first_lines(path, known)
    best = header_among(top, known)
    if best is None:
        raise DeclarationError(
            path.name,
            f"no line of the first {HEADER_WITHIN} looks like a header",
            next_step="remove the lines above it in a copy and name that, or begin without --from and declare source.header, its line",
        )
    first, head, names, below = named_columns(path, top, best, known, source)
    above = top[:first]
    if units := [unit for unit in stated_units([*above, line_of(path.stem)]) if is_multiple(unit)]:
        source["unit"] = "、".join(units)
    title = " ".join([path.stem, *(cell for line in above for cell in line.cells)])
    claims = {name: target_of(name, known) for name in _without_months(names, subject, source, title)}
    others = {name for name, (targets, _) in claims.items() if _are_others(targets, _values(name, [head, *below]))}
    if "currency_code" not in subject.columns and any("币种" in name for name in claims):
        others |= {name for name, (targets, _) in claims.items() if "registered_capital_amount" in targets}
    claims |= dict.fromkeys([*_heads_of_others(names, below, claims), *others], (["ignored"], 0))
    claims, constants = _as_said(claims, subject, said or {}, path.name)
    columns, doubts = _assigned(claims)
    taken = {target for targets in columns.values() for target in targets}
    key = next((c for c in KEYS if c in taken), None)
    if "source_key" in subject.columns and "source_key" not in taken and key:
        (name,) = (name for name, targets in columns.items() if key in targets)
        columns[name] = ["source_key", *columns[name]]
        taken.add("source_key")
    if "month" in subject.columns:
        _find_month(path, columns, source, [head, *below], above)
    if "year_number" in subject.columns and "year_number" not in taken and "年份" not in columns:
        _find_year(path, columns, source, above)
    if "currency_code" in subject.columns and "currency_code" not in taken:
        _find_currency(columns, [head, *below])
    taken |= {target for targets in columns.values() for target in targets}
    asked = {c.name for c in subject.columns.values() if c.is_required} - {*taken, *constants}
    constants |= _all_of_one_code(asked, columns, [name for names in doubts.values() for name in names], title)
    taken |= set(constants)
    missing = [c.name for c in subject.columns.values() if c.is_required and c.name not in taken]
    unused = [name for name, targets in columns.items() if targets == ["ignored"]]
    columns |= {name: ["personal"] for name in unused if _may_name_persons(name, _values(name, [head, *below]))}
    roster = _roster(columns, missing)
    if roster:
        columns |= {name: ["ignored"] for name, targets in columns.items() if any(map(is_measured, targets))}
        columns[roster["as"]] = missing
        taken |= set(missing)
        missing = []
    kinds = {
        column.name: kind_by_name(name)
        for column in figure_columns(subject)
        for name, targets in columns.items()
        if column.name in targets
    }
    figures = kinds if set(kinds.values()) - {FLOW} else {}
    to_date = [] if figures or kind_by_name(title) != YEAR_TO_DATE else list(kinds)
    _find_totals(columns, source, names, below)
    _find_how_cells_are_read(columns, source, names, below)
    unfed = [name for name in subject.columns if name not in (*taken, *missing)]
    codes = _codes(columns, [head, *below])
    return Guess(columns, source, missing, figures, codes, roster, doubts, constants, unfed, to_date)


def named(columns: Iterable[str]) -> str:
    """Canonical columns with their Chinese names."""
    return ", ".join(f"{column} {labels()[column].zh}" if column in labels() else column for column in columns)


def _find_currency(columns: dict[str, list[str]], table: Sequence[Line]) -> None:
    """Let 注册资本 give the currency, too, where its values name one: 500万美元."""
    for name, targets in columns.items():
        if "registered_capital_amount" in targets and any(map(_CURRENCY.search, _values(name, table))):
            columns[name] = [*targets, "currency_code"]


def _find_totals(
    columns: Mapping[str, Sequence[str]], source: dict[str, Any], names: Sequence[str], below: Sequence[Line]
) -> None:
    """Say where a line says that it is a total."""
    cells = (pair for line in below for pair in zip(names, line.cells, strict=False))
    column = next(
        (name for name, cell in cells if label_of(cell) in _TOTALS and columns.get(name) != ["personal"]), None
    )
    if column in columns:
        source["totals"] = {"column": column, "values": list(_TOTALS)}


def _find_how_cells_are_read(
    columns: Mapping[str, Sequence[str]], source: dict[str, Any], names: Sequence[str], below: Sequence[Line]
) -> None:
    """Say that results of formulas count, that merged cells are filled, or that the decimal mark is a comma, where cells show it."""
    flaws = {
        flaw
        for line in below
        for place, flaw in line.flaws.items()
        if place < len(names) and set(columns.get(names[place], ["ignored"])) - {"ignored", "personal"}
    }
    if any(FORMULA in flaw for flaw in flaws):
        source["formulas"] = "cached"
    if any("is merged into" in flaw for flaw in flaws):
        source["merged"] = "fill"
    figures = [place for place, name in enumerate(names) if any(map(is_measured, columns.get(name, ())))]
    texts = [line.cells[place].strip() for line in below for place in figures if place < len(line.cells)]
    if any(map(_COMMA_MARKED.fullmatch, texts)) and not any(map(_POINT_MARKED.fullmatch, texts)):
        source["decimal"] = ","


def hints(guessed: Guess) -> Iterator[str]:
    """What to do about required columns that no name can feed, and about days as columns."""
    if (
        len(
            days := [
                name for name, targets in guessed.columns.items() if targets == ["ignored"] and _DAY.fullmatch(name)
            ]
        )
        > 1
    ):
        yield f"{days[0]}, … {days[-1]} are days: ask the office for one column with the month's sum, which has the same name each month"
    if {"month", "year_number"} & set(guessed.missing):
        yield "a month or year may also be in the title, or in the name of the sheet or file, with its year: 2026年10月"
    for target in guessed.missing:
        words = {word: code for word, code in words_for_codes(target).items() if len(word) > 1}
        named_after = {name: code for name in guessed.columns for word, code in words.items() if word in name}
        if len(set(named_after.values())) > 1:
            names = list(named_after)
            yield f"{', '.join(names)} are words for {target}: let stage.sql give a row of each (docs/feeds.md, stage.sql)"
    if guessed.to_date:
        kinds = ", ".join(f"{column}: year_to_date" for column in guessed.to_date)
        yield f"by its title or name the figures may be running totals: if they are, add to feed.yml figures: {{{kinds}}}"
    if numbers := [target for target in guessed.missing if target.endswith("_no") and not target.startswith("former_")]:
        yield (
            f"where the office gives no {numbers[0]}, let stage.sql make it of columns that are of one row only: "
            f"concat_ws('/', …, …) as {numbers[0]}"
        )
        for name in guessed.left_over:
            if bare(name) in _OWN_NUMBERS:
                yield f"where each keeps its {name} from one delivery to the next: --column {numbers[0]}={name}"
    if "invoice_count" in guessed.missing:
        yield "where a row is an invoice, declare `invoices`, which makes these columns (docs/feeds.md, invoices)"


def _as_said(
    claims: Mapping[str, tuple[list[str], int]], subject: Subject, said: Mapping[str, str], where: str
) -> tuple[dict[str, tuple[list[str], int]], dict[str, str]]:
    """The claims with what a person says of columns in place of what is guessed, and the codes that all rows have."""
    constants: dict[str, str] = {}
    listed = {squeezed(name): name for name in claims}
    fed: dict[str, list[str]] = {}
    for target, name in said.items():
        if target not in subject.columns:
            raise DeclarationError(
                f"--column {target}={name}",
                f"{subject.name} has no column {target}",
                allowed=", ".join(subject.columns),
                next_step="name one of these, then =, then the file's column",
            )
        words = words_for_codes(target)
        if squeezed(name) in listed:
            fed.setdefault(listed[squeezed(name)], []).append(target)
        elif name in words or name in words.values():
            constants[target] = words.get(name, name)
        elif target.endswith("_code") and not words and _CODE.fullmatch(name):
            constants[target] = name
        else:
            raise DeclarationError(
                f"--column {target}={name}",
                f"{where} has no column {name}" + (f", and {target} no such code" if words else ""),
                allowed=", ".join([*claims, *dict.fromkeys(words.values())]),
                next_step="name a column as it is listed",
            )
    others = {
        name: ([t for t in targets if t not in said] or ["ignored"], rank) for name, (targets, rank) in claims.items()
    }
    return others | {name: (targets, -1) for name, targets in fed.items()}, constants


def _all_of_one_code(
    asked: Iterable[str], columns: Mapping[str, Sequence[str]], doubted: Iterable[str], title: str
) -> dict[str, str]:
    """The codes of required columns that the sheet does not have, by the only word for one in its names, 水表号, or title, 用水统计."""
    of_figures = [*doubted]
    of_figures += [
        name for name, targets in columns.items() if any(is_measured(t) or t.endswith("_no") for t in targets)
    ]
    found: dict[str, str] = {}
    for target in sorted(name for name in asked if name.endswith("_code")):
        words = {word: code for word, code in words_for_codes(target).items() if word != "合计"}
        in_names = {code for word, code in words.items() if any(word in name for name in of_figures)}
        in_title = {code for word, code in words.items() if word in title}
        # 电 alone may be 电子产业园; beside 用水 it is a doubt
        one = next((codes for codes in (in_names, in_title) if len(codes) == 1), set())
        if one and (one == in_names or any(len(word) > 1 and word in title for word in words)):
            found |= dict.fromkeys([target], *one)
    return found


def _find_year(path: Path, columns: dict[str, list[str]], source: dict[str, Any], above: Sequence[Line]) -> None:
    """Say where the year is: in the file's name or in the title."""
    title = unicodedata.normalize("NFKC", "\n".join(cell for line in above for cell in line.cells))
    if _YEAR_IN_NAME.search(path.stem):
        source["name_pattern"] = f"(?P<年份>{_YEAR_IN_NAME.pattern})"
    elif re.search(_YEAR_IN_TITLE, title):
        source["title_pattern"] = _YEAR_IN_TITLE
    else:
        return
    columns["年份"] = ["year_number"]


def _assigned(claims: Mapping[str, tuple[list[str], int]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What each column feeds, and which columns could each be the same one.

    A sheet that states the period's own figure as well is read by that; a name that comes first among the known ones goes before
    the others. Of two that are equally likely (月租金(含税), 月租金(不含税)) none is taken.
    """
    columns = {name: targets if targets == ["personal"] else ["ignored"] for name, (targets, _) in claims.items()}
    order: dict[tuple[bool, int], list[str]] = {}
    for name, (targets, rank) in claims.items():
        if not {"ignored", "personal"} & set(targets):
            order.setdefault((kind_by_name(name) != FLOW, rank), []).append(name)
    taken: set[str] = set()
    doubts: dict[str, list[str]] = {}
    for _, names in sorted(order.items()):
        wanted = Counter(target for name in names for target in claims[name][0])
        for name in names:
            targets = claims[name][0]
            free = [target for target in targets if target not in taken and wanted[target] == 1]
            if tuple(targets) not in RANGES or free == targets:
                columns[name] = free or ["ignored"]
                taken |= set(free)
            for target in targets:
                doubts.setdefault(target, []).append(name)
        taken |= {target for target, times in wanted.items() if times > 1}
    return columns, {
        target: names
        for target, names in doubts.items()
        if len(names) > 1 and len({kind_by_name(n) for n in names}) == 1
    }


def _heads_of_others(
    names: Sequence[str], below: Sequence[Line], claims: Mapping[str, tuple[list[str], int]]
) -> Iterator[str]:
    """Figures under a name beside figures without one: of which column it is the name is not known."""
    for place, name in enumerate(names[1:], start=1):
        before = names[place - 1]
        is_head = name == f"column {place + 1}" and any(map(is_measured, claims.get(before, ([], 0))[0]))
        if is_head and any(FIGURE.fullmatch(line.cells[place].strip()) for line in below if place < len(line.cells)):
            yield before


def _find_month(
    path: Path, columns: dict[str, list[str]], source: dict[str, Any], table: Sequence[Line], above: Sequence[Line]
) -> None:
    """Say where the month is: in a column of it and one of the year, in the names of sheets, in the file's name or in the title."""
    name = next((name for name, targets in columns.items() if "month" in targets), None)
    if name is not None:
        places = {plain(cell): place for place, cell in enumerate(table[0].cells)}
        year = next((year for year in columns if bare(year) in _YEARS and year in places), None)
        values = [line.cells[places[name]].strip() for line in table[1:] if places.get(name, 99) < len(line.cells)]
        if year and any(values) and all(map(_MONTH_ALONE.fullmatch, filter(None, values))):
            columns[year] = ["month"]
    elif "sheet_pattern" in source:
        title_pattern = _month_in_title(above)
        if "<年>" in source["sheet_pattern"]:
            columns |= {"年": ["month"], "月": ["month"]}
        elif "月份" not in source["sheet_pattern"] and _YEAR_IN_NAME.search(path.stem):
            source["name_pattern"] = f"(?P<年>{_YEAR_IN_NAME.pattern})"
            columns |= {"年": ["month"], "月": ["month"]}
        elif "月份" not in source["sheet_pattern"] and title_pattern:
            del source["sheet_pattern"]
            source["title_pattern"] = title_pattern
            columns["月份"] = ["month"]
        else:
            columns["月" if "<月>" in source["sheet_pattern"] else "月份"] = ["month"]
    elif "月份" not in columns:
        if _MONTH_IN_NAME.search(path.stem):
            source["name_pattern"] = f"(?P<月份>{_MONTH_IN_NAME.pattern})"
        elif title_pattern := _month_in_title(above):
            source["title_pattern"] = title_pattern
        if source.keys() & {"name_pattern", "title_pattern"}:
            columns["月份"] = ["month"]


def _month_in_title(above: Sequence[Line]) -> str | None:
    """The pattern that finds a month above the header."""
    title = unicodedata.normalize("NFKC", "\n".join(cell for line in above for cell in line.cells))
    return next((p for p in (_STATED_MONTH, _MONTH_IN_TITLE) if re.search(p, title)), None)


def _without_months(names: Sequence[str], subject: Subject, source: dict[str, Any], title: str) -> list[str]:
    """The names of columns; months that are columns become one and a figure: source.unpivot."""
    months = [name for name in names if MONTH.fullmatch(name)]
    measured = (c for c in subject.columns.values() if c.type.startswith(("bigint", "decimal")))
    figure = next((c.name for c in measured if c.is_required and is_measured(c.name)), None)
    if len({name.partition("/")[0] for name in months}) < _CROSSTAB or figure is None or "month" not in subject.columns:
        return list(names)
    if _MONEY.search(title) and not figure.endswith("_amount"):
        return list(names)  # 2026年各月电费: no use
    # 2026年1月/用量 and 2026年1月/电费
    values = list(dict.fromkeys(name.partition("/")[2] for name in months if "/" in name)) or [labels()[figure].zh]
    heads = [name.partition("/")[0] for name in months]
    patterns = {
        _ONE_MONTH.sub(lambda m: "MM" if m[0][0] == "0" else "M", re.sub("20[0-9]{2}", "YYYY", head)) for head in heads
    }
    if any(head[-2:].isdigit() for head in heads):
        patterns = {pattern.replace("MM", "M").replace("M", "MM") for pattern in patterns}
    totals = [name for name in names if name.partition("/")[0] in ("合计", "总计", "小计")]
    source["unpivot"] = {
        "columns": sorted(patterns),
        "period": "月份",
        "value": values if len(values) > 1 else values[0],
    } | ({"totals": totals} if totals else {})
    return [*(name for name in names if name not in (*months, *totals)), "月份", *values]


def _codes(columns: Mapping[str, Sequence[str]], lines: Sequence[Line]) -> dict[str, dict[str, str]]:
    """The words for the codes of each column; none where the first lines hold codes."""
    found = {}
    for name, targets in columns.items():
        words = words_for_codes(targets[0]) if len(targets) == 1 else {}
        values, codes = _values(name, lines), set(words.values())
        for style in (str.capitalize, str.title, str.upper):  # Electricity, VAT
            english = {style(code.replace("_", " ")): code for code in codes}
            words |= english if values & english.keys() else {}
        if targets == ["is_vacant"] and _OCCUPIED.search(name):  # 是否出租: 否 is vacant
            words |= {"是": words["否"], "否": words["是"]}
        if words and len(codes) <= MOST_CODES and not values & codes:
            found[name] = words
    return found


def _values(name: str, lines: Sequence[Line]) -> set[str]:
    """What the first lines hold in a column."""
    places = {plain(cell): place for place, cell in enumerate(lines[0].cells)}
    place = places.get(name, len(lines[0].cells))
    return {line.cells[place].strip() for line in lines[1:] if place < len(line.cells)} - {""}


def _are_others(targets: Sequence[str], values: set[str]) -> bool:
    """Whether a column of codes of a list that is not ours, 行业代码, holds their names, 制造业, or one of names, 单位, units."""
    if "enterprise_name" in targets and values:
        return all(map(_MEASURE.fullmatch, values))
    is_code = targets[0].endswith("_code") and targets[0] != "building_code" and not words_for_codes(targets[0])
    return is_code and bool(values) and all(_HAN.match(value) for value in values)


def _may_name_persons(name: str, values: set[str]) -> bool:
    """Whether an unused column is prose, or most of its values look like persons' names, whatever it is called."""
    names = [v for v in values if v[-1:] not in _OF_PLACES and not BARE_UNIT.fullmatch(v) and is_suspected(v)]
    return _PROSE.search(name) is not None or len(names) * 2 > len(values)


def _roster(columns: Mapping[str, Sequence[str]], missing: Sequence[str]) -> dict[str, Any]:
    """How to count a list of persons: all that it lacks is their number, and a column identifies them."""
    numbers = [name for name, targets in columns.items() if "personal" in targets and _IDENTITY.search(name)]
    if len(numbers) != 1 or len(missing) != 1 or not missing[0].endswith("_headcount") or "人数" in columns:
        return {}
    by = [
        name
        for name, targets in columns.items()
        if set(targets) - {"personal", "ignored", *filter(is_measured, targets)}
    ]
    return {"by": by, "count_distinct": numbers[0], "as": "人数"}
