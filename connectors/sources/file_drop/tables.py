"""From the lines of a file to the rows of a table: find the header, cut what is no row, keep count of what is broken.

Lines come from `csv_lines` and `xlsx_lines`. Every line below the header that holds anything is handed on as a row,
noted as unreadable, or is a total or the header once more; nothing else is left out.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import chain, islice
from types import MappingProxyType
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from connectors.sources import BATCH_ROWS, ROW_NUMBER, Unreadable, plain
from warehouse.errors import DeliveryRefused
from warehouse.persons import is_name

HEADER_WITHIN: Final = 20
"""How far down `header: auto` looks."""

MOST_HEADER_LINES: Final = 3

_DAMAGED_TEXT = re.compile(r"[+-]?\d(?:\.(\d+))?([eE])\+(\d{2,})")
_LARGEST_TRUSTED: Final = 10**15


class Line(NamedTuple):
    """One line of a file or row of a sheet.

    Attributes:
        number: Its line or row number.
        cells: Its texts, empty for nothing.
        flaws: Why a cell's text is not what the office wrote, by position.
        broken: Why the line as a whole is no row.
        text: The line as it came.
        doubts: Why a cell's text is not what the office wrote if its column holds text, by position.
        days: What a number is if its column holds dates, by position, where the workbook counts days from 1904.
        merged: The merged cells that a cell was filled from, with their first and last row, by position.
        divisors: By what a number is divided before it is shown, by position.
    """

    number: int
    cells: Sequence[str]
    flaws: dict[int, str]
    broken: str | None
    text: str
    doubts: Mapping[int, str] = MappingProxyType({})
    days: Mapping[int, str] = MappingProxyType({})
    merged: Mapping[int, tuple[str, int, int]] = MappingProxyType({})
    divisors: Mapping[int, int] = MappingProxyType({})


# who signs below a table: 制表人：张三, 抄表员：, 单位负责人（签字）：, 联系人：
_SIGNERS: Final = frozenset(
    {
        "制表",
        "制单",
        "审核",
        "审批",
        "复核",
        "填表",
        "填报",
        "经办",
        "负责",
        "统计",
        "录入",
        "校对",
        "校核",
        "抄表",
        "记账",
    }
    | {
        "编制",
        "编报",
        "经手",
        "打印",
        "导出",
        "操作",
        "核对",
        "核准",
        "批准",
        "报送",
        "承办",
        "收费",
        "开票",
        "初审",
        "复审",
        "终审",
        "业务",
    }
    | {"会计", "出纳", "主管", "分管", "联系", "单位", "部门", "财务", "签字", "签名", "领导"}
    | {"科长", "处长", "局长", "主任", "经理"}
)
_ACTS: Final = (
    "制[表单]|审[核批]|复核|填[表报]|经办|统计|录入|校[对核]|抄表|记账|会计|出纳|联系"
    + "|编[制报]|经手|核[对准]|批准|承办|[初复终]审"
)
_TRADES: Final = "打印|导出|操作|报送|收费|开票|业务"
_WHO: Final = "(?:人员|人|员)"
_SIGNATURE: Final = re.compile(
    rf"(?:(?:{_ACTS}){_WHO}?|(?:{_TRADES}){_WHO}|(?:单位|部门|财务)?(?:负责人|主管)(?:领导)?|(?:分管|单位)?领导|签字|签名)"
    rf"\s*[(（]?(?:签字|签名|签章|盖章)?[)）]?\s*[:：]|(?:{_ACTS}|{_TRADES}){_WHO}(?=\s|$)"
)
# with the name in a cell of its own: 经办 | 王五, 会计主管 | 王五, 领导审批 | 王五
_SIGNING: Final = re.compile(
    rf"(?:{_ACTS}|{_TRADES}|财务|分管|单位|部门)?(?:{_WHO}|主管|负责人|领导|科长|处长|局长|主任|经理)?(?:签字|签名|签章|审[核批])?"
)


@dataclass(frozen=True)
class Layout:
    """How the table lies in its file.

    Attributes:
        where: The feed and the file, for messages.
        header: Number of the header's line; None looks for the line that holds the expected names.
        expected: Every name that a column may have.
        header_lines: How many lines the header has; their names are joined.
        exclude: Names of columns that are dropped while reading.
        uses: What columns are for, see `connectors.sources.Source.deliveries`.
        unit: The unit that the lines above the header must state; None lets no unit with a multiplier pass.
        fill_down: Names of columns in which nothing means "as above", the outer ones first.
        totals: (column's names, values): lines with such a value there are totals.
        label: The names of file and sheet, which may state a unit.
        beside: Texts beside the cells of the sheet, which may state one too.
        decimal: The decimal mark of numbers, where it is not a point; the thousands mark is the other one, a blank or '.
        is_named: Returns whether a further name is a column's: those of a crosstab's months.
        above: Filled while the header is read: the text above it.
        title: Named groups are columns, with what is found in the lines above the header.
        added: Columns that are not in the file, with the one value they have in it.
        is_ragged_strict: A line with fewer fields than the header is broken (CSV), not cut short (sheets).
        is_cut: The file ends within a line: a last line with fewer fields is broken, whatever is_ragged_strict says.
        width: How many fields the header's line has, with the empty ones at its end.
    """

    where: str
    header: int | None = None
    expected: frozenset[str] = frozenset()
    header_lines: int = 1
    exclude: frozenset[str] = frozenset()
    uses: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    fill_down: tuple[str, ...] = ()
    totals: tuple[tuple[str, ...], frozenset[str]] | None = None
    label: str = ""
    beside: tuple[str, ...] = ()
    decimal: str | None = None
    is_named: Callable[[str], bool] | None = None
    above: list[str] = field(default_factory=list)
    title: re.Pattern[str] | None = None
    added: Mapping[str, str] = field(default_factory=dict)
    is_ragged_strict: bool = True
    is_cut: bool = False
    width: int = 0


def looks_damaged(text: str) -> bool:
    """Return whether a spreadsheet wrote a number with fewer digits than it has: 9.13206E+17, 1.23E+08 (R's 1e+05 is exact)."""
    found = _DAMAGED_TEXT.fullmatch(text)
    return found is not None and int(found[3]) >= (15 if found[2] == "e" else min(15, len(found[1] or "") + 1))


def is_beyond_trust(number: float) -> bool:
    """Return whether a spreadsheet's number has more digits than a spreadsheet keeps (15)."""
    return abs(number) >= _LARGEST_TRUSTED


_TENS: Final = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_TENS_SIGNS: Final = "".join(_TENS)
# of a unit; 千瓦时 and 千克 are the usual units themselves
_MULTIPLIED: Final = re.compile(r"[十百千万亿]+(?![瓦克米])")
# 1 MWh is 1,000 kWh
_ENERGY: Final = "[MG][wW][hH]|[兆吉]瓦时"
_PART: Final = re.compile(rf"[分角]|[wW]元?|{_ENERGY}")
# of which no column here is, with or without a multiple
_ODD: Final = "亩|公顷|平方公里|吨?标准?煤|tce|吉焦|GJ|升|美元|港[元币]|欧元|日元"
_PARTS: Final[Mapping[str, int | Decimal]] = {
    "w": 10**4,
    "W": 10**4,
    "分": Decimal("0.01"),
    "角": Decimal("0.1"),
    "兆": 1000,
    "M": 1000,
    "吉": 10**6,
    "G": 10**6,
}
# 1,000 of RMB 1,000, RMB'000 and RMB k
_WORDS: Final = {"k": 1000, "t": 1000, "w": 10**4, "m": 10**6, "b": 10**9}
# the usual units of figures, by the suffix of their column; of water a ton is a cubic metre
_MEASURES_OF: Final = {
    "_amount": "元",
    "_quantity": "千瓦时|[kK][wW][.·]?[hH]|度|立方米|[mM]3|立方|方|吨",
    "_m2": "平方米|㎡|平米|[mM]2",
    "_headcount": "人",
    "_count": "人次|辆次|车次|次|辆|家|户|个|张|份",
}
# 单位：万元 · （万元） · 【万元】 · 金额：万元 · 单位/万元 · 单位：万 · 金额单位：人民币万元; not 填报单位：明达公司.
# What begins another unit comes after it
MEASURES: Final = r"元|千瓦时|[kK][wW][.·]?[hH]|度|立方米|[mM][23]|平方米|㎡|人|千瓦|千克|公斤|吨|亩|人次|户|辆|辆次"
_UNIT: Final = re.compile(
    rf"(?:(?:单\s*位\s*[:/]|[(\[【])\s*(?:人民币|RMB)?\s*(?:([十百千万亿]*)\s*({MEASURES})|([百千]?[万亿])|({_ENERGY}))"
    rf"|单\s*位\s*[:为]?\s*(?:人民币)?({_ENERGY}|[分角]|[wW]元?|[十百千万亿]*(?:{_ODD})|[十百千万亿]+(?:元|人|度))"
    rf"|[:/]\s*(?:人民币)?([十百千万亿]+)\s*({MEASURES}))(?=(?:人民币)?整?(?:[\s()\]】;,。、/]|$))",
    re.MULTILINE,
)
# the same in words: 货币单位为万元, 计量单位 万元, 金额单位均为人民币万元, 金额以万元为单位, 按万元计, 以人民币万元列示
_UNIT_IN_WORDS: Final = re.compile(
    rf"(?:单\s*位\s*(?:均?[为是系]\s*|\s+)|(?:以|按|[均都]为)\s*)(?:人民币)?\s*([十百千万亿]*)\s*({MEASURES})"
    r"(?=为单位|计|列[示报]|填[列报]|(?:人民币)?(?:[\s)\];,。、/]|$))",
    re.MULTILINE,
)
# Unit: RMB 10,000 · in thousands of yuan · CNY million
_UNIT_IN_ENGLISH: Final = re.compile(
    r"(?:\bunits?\b|\bin\b|\brmb\b|\bcny\b|\byuan\b|[¥￥])[\s:()'’]*(?:of\s+)?(?:rmb|cny|yuan)?[\s:]*(1,?0{3}|10,?0{3}|1,?0{3},?0{3}|k|wan|thousands?|millions?|billions?|0{3}s?)\b",
    re.IGNORECASE,
)
# of a column: 金额（万元）, 金额_万元, 人数(百), and without a mark 金额万元 at its end. What is behind a unit ends it: （元，含税）, 元/月
_SCALED: Final = rf"[十百千万亿]*(?:{'|'.join([*_MEASURES_OF.values(), MEASURES])})|{_ENERGY}"
_UNIT_OF_HEADER: Final = re.compile(
    r"(?:[-_:/,;.|、\s(\[{<〔【「《]\s*(?:(?:计量|金额)?单\s*位\s*[:/为]?\s*)?(?:[以按])?(?:人民币|RMB)?"
    rf"(?P<marked>{_SCALED}|[十百千]?[万亿]|[百千万分角])(?=(?:人民币|计)?(?:[\s)\]}}>〕】」》;,。、/]|$))"
    rf"|(?P<bare>[十百千万亿]+(?:元|人次|人|度|千瓦时|kWh|平方米|m2|m3|立方米)|{_ENERGY})$)"
)
# 单位：人、万元 and （人/万元） state several
_SEVERAL: Final = re.compile(
    r"(?P<of>单\s*位\s*[:为]\s*)(?P<units>[^\n;。()\[\]【】]+)|[(\[【](?P<bare>[^单()\[\]【】\n]+)[)\]】]"
)
# 仟元, 萬元 and 單位 as they are written elsewhere
_SPELT: Final = str.maketrans("仟佰萬億單∶", "千百万亿单:")
_MULTIPLE: Final = re.compile(rf"(?:[十百千万亿]+(?:{MEASURES})?|{_ENERGY})$")
_BARE_UNIT: Final = re.compile(rf"[十百千万亿]*(?:{MEASURES})|{_ENERGY}|分")
# a note has its text in one cell, or its word and its text in two
_NOTE_CELLS: Final = 2

_FIGURE: Final = re.compile(r"[¥￥]?\s*(-?[0-9][0-9,]*(?:\.[0-9]+)?)\s*[元人]?")
# a header cell that is a month: 1月, 十二月份, 2026年1月, 2026-01, 202601, 26.1月, 1月/用量
MONTH: Final = re.compile(
    r"(?:(?:20)?\d\d\s*[年./-]?\s*)?(?:0?[1-9]|1[0-2]|十[一二]?|[一二三四五六七八九])\s*月份?(?:/.*)?|20\d\d[年./-]?(?:0[1-9]|1[0-2])(?:-01)?"
)
_MOST_ODD_MONTHS: Final = 3
_SEPARATORS: Final = (
    (";", "semicolons"),
    ("\t", "tabs"),
    (",", "commas"),
    ("|", "bars"),
    ("  ", ""),
)

DAMAGED: Final = "identifier damaged by spreadsheet"


def read_table(
    lines: Iterator[Line],
    layout: Layout,
    unreadable: list[Unreadable],
    totals: list[dict[str, str]] | None = None,
) -> tuple[tuple[str, ...], Iterator[pa.RecordBatch]]:
    """Find the header and give the rows below it.

    Args:
        lines: The lines of the file, first to last.
        layout: How the table lies in it.
        unreadable: Filled while the batches are consumed.
        totals: Likewise, with the figures of each line of totals by column.

    Returns:
        The header, with the added columns at its end, and at least one batch without the excluded columns.

    Raises:
        DeliveryRefused: There is no header where there should be one, or its names cannot be distinguished.
    """
    found, lines = _header(lines, layout)
    if layout.title is not None:
        layout = replace(layout, added={**layout.added, **_title_values(layout.title, layout)})
    _check_title(layout)
    names = _names(found, layout)
    # a column before the table or within it that has no name is none where it holds nothing
    bare = {name for name, cell in zip(names, found.cells, strict=False) if not cell.strip()} - layout.expected
    bare = bare if layout.expected else set()
    header = (*(name for name in names if name not in bare), *layout.added)
    layout = replace(layout, width=len(found.cells), exclude=layout.exclude | bare)
    lines = _body(lines, names, layout, [place for place, name in enumerate(names) if name in bare])
    return header, _batches(
        lines, tuple(names), _totals_test(names, layout), layout, unreadable, [] if totals is None else totals
    )


# 栏次 甲 乙 1 2 3=1+2: the numbers of a form's columns
_NUMBERED: Final = re.compile(r"[(\[]?(\d{1,2})[)\]]?(?:=[\d+*/()-]+)?")
_LETTERED: Final = "甲乙丙丁戊己庚辛壬癸"
_LEAST_NUMBERED: Final = 3
_OTHER_MONTH: Final = "in or below a line of another month"
_SHEET_OF_EACH: Final = ": ask for a sheet of each, or for a column with the month"
_PAGE: Final = re.compile(r"[-—(]*第\s*\d+\s*页(?:[,，/、\s]*共\s*\d+\s*页)?[-—)]*|共\s*\d+\s*页")
_TITLE_MONTH: Final = re.compile(r"(20\d\d)\s*[年./-]\s*(1[0-2]|0?[1-9])\s*月?(?!月|\d|\s*\d+\s*日|[./-]\d)")
_NAMED_MONTH: Final = re.compile(r"(20\d\d)\s*[年./_-]?\s*(1[0-2]|0?[1-9])(?!\d(?!\d))")
_LONE_MONTH: Final = re.compile(r"20\d\d\s*[年./-]\s*\d{1,2}\s*月?份?")
# what a line with a month may be beside a title
_NO_TITLE: Final = re.compile(r"[※*#]|备?\s*注|说\s*明|截[至止]|数据|.{0,4}(?:日期|时间)")


def _body(lines: Iterator[Line], header: Sequence[str], layout: Layout, bare: Sequence[int] = ()) -> Iterator[Line]:
    """Give the lines below a header without the numbers of its columns and what pages repeat: the title, 第 1 页.

    Below a title of another month than that of name or title the lines are unreadable: they would come in under that month.
    So is a line that is longer than the header by the thousands mark of a number.
    """
    names = frozenset(map(_squeezed, header))
    figures = [place for place, name in enumerate(header) if layout.uses.get(name) not in ("text", "ignored", "date")]
    longest = layout.width if layout.is_ragged_strict else math.inf
    first = 0  # how many fields the first line has
    titles = {_squeezed(title) for title in "\n".join(layout.above).splitlines()}
    times = (value for name, value in layout.added.items() if layout.uses.get(name, "date") == "date")
    month = _NAMED_MONTH.search(unicodedata.normalize("NFKC", "-".join(times)))
    other = None
    is_first = True
    for line in lines:
        cells = line.cells
        if is_first and any(cells):
            is_first = False
            if _is_numbering(cells, _LEAST_NUMBERED + (not layout.uses)):
                continue
        # a title has one text, in one cell or in cells that are merged
        if cells and (len(cells) == 1 or not cells[0] or cells[-1] in ("", cells[0])):
            texts = {cell.strip() for cell in cells} - {""}
            if len(texts) == 1 and _squeezed(text := _even(*texts)) not in names:
                if _squeezed(_evened([line])) in titles or _squeezed(text) in titles or _PAGE.fullmatch(text):
                    other = None if _squeezed(text) in titles and _TITLE_MONTH.search(text) else other
                    continue
                if month and (stated := _TITLE_MONTH.search(text)) and not _NO_TITLE.match(text):
                    is_other = (stated[1], int(stated[2])) != (month[1], int(month[2]))
                    other = f"{_OTHER_MONTH} ({stated[1]}-{int(stated[2]):02}){_SHEET_OF_EACH}" if is_other else None
                    if not is_other and _LONE_MONTH.fullmatch(text):
                        continue
        reason = other
        first = first or len(cells)
        if len(cells) > longest:
            reason = other or _parted_number(cells, len(header), figures, is_usual=len(cells) == first)
        if bare and (filled := next((p for p in bare if p < len(cells) and cells[p].strip()), None)) is not None:
            reason = reason or f"field {filled + 1} has no heading: declare it as column {filled + 1}, ignored or not"
        if reason and any(cells) and _squeezed(cells[0]) not in names:
            line = line._replace(broken=line.broken or reason)
        yield line


def _is_numbering(cells: Sequence[str], least: int) -> bool:
    """Return whether a line numbers the columns above it: 栏次 1 2 3, 甲 乙 1 2 3."""
    texts = [_even(cell).strip() for cell in cells if cell.strip()]
    if texts and texts[0] in ("栏次", "栏号", "列号"):
        least, texts = 1, texts[1:]
    lettered = next((n for n, text in enumerate(texts) if text != _LETTERED[n : n + 1]), len(texts))
    numbers = [found[1] if (found := _NUMBERED.fullmatch(text)) else "" for text in texts[lettered:]]
    return len(texts) >= least and numbers == [str(n) for n in range(1, 1 + len(numbers))]


def _header(lines: Iterator[Line], layout: Layout) -> tuple[Line, Iterator[Line]]:
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
        known = [sum(_is_known(plain(cell), layout) for cell in head.cells) for head in heads]
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
    names = [plain(cell) for cell in head.cells]
    months = [name for name in names if MONTH.fullmatch(name) and not _is_known(name, layout)]
    if layout.expected and len(months) >= _MOST_ODD_MONTHS:
        raise DeliveryRefused(
            layout.where,
            f"{len(months)} of its columns are months that are not declared: {', '.join(months[:3])}, …",
            next_step="declare source.unpivot in feed.yml: {columns: M月, period: 月份, value: …}, which makes a row of each",
        )


def joined(lines: Sequence[Line]) -> Line:
    """Make one line of a header's lines: 用水/用量. A name reaches over the columns to its right that have one below only."""
    if len(lines) == 1:
        return lines[0]
    width = max(len(line.cells) for line in lines)
    rows = [[*map(plain, line.cells), *[""] * (width - len(line.cells))] for line in lines]
    for place, row in enumerate(rows[:-1]):
        for position in range(1, width):
            if not row[position] and any(later[position] for later in rows[place + 1 :]):
                row[position] = row[position - 1]
    cells = ["/".join(dict.fromkeys(filter(None, parts))) for parts in zip(*rows, strict=True)]
    return lines[0]._replace(cells=cells, broken=next((line.broken for line in lines if line.broken), None))


# 所属期：2026年10月, 统计月份:202610; not the day of printing
_STATED_MONTH: Final = re.compile(
    r"(?:所属[期月]份?|所属时期|统计月份?|报告[期月]|费款所属期|抄表月份?|结算月份?|账期)\s*:?\s*(20\d\d)\s*[年./-]?\s*(0?[1-9]|1[0-2])(?!\d)"
    r"(?!\s*月?\s*[-—~至到])"
)
_ADDED_MONTH: Final = re.compile(r"(20\d\d)[年./_-]?(0?[1-9]|1[0-2])月?份?")


def _check_title(layout: Layout) -> None:
    """Hold a month that comes from the name of file or sheet against the one that the title states.

    Raises:
        DeliveryRefused: They differ: a file under last month's name.
    """
    stated = {f"{year}-{int(month):02}" for year, month in _STATED_MONTH.findall("\n".join(layout.above))}
    for name, value in layout.added.items():
        found = _ADDED_MONTH.fullmatch(unicodedata.normalize("NFKC", value).strip())
        if found and len(stated) == 1 and f"{found[1]}-{int(found[2]):02}" not in stated:
            raise DeliveryRefused(
                layout.where,
                f"{name} is {value} by its name, and the lines above its header state {stated.pop()}",
                allowed="one month",
                next_step="ask the office which is right and for the file under its true name; if the title counts, read the month from "
                "there (source.title_pattern)",
            )


def _title_values(pattern: re.Pattern[str], layout: Layout) -> dict[str, str]:
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
    return _units(_evened(above))


def unit_of(header: str) -> str:
    """The unit that a column's header states, 万元 of 金额（万元） and 金额_万元; nothing where it states none."""
    header = _even(header)
    found = _UNIT_OF_HEADER.search(header)
    return (found["marked"] or found["bare"]) if found else next(iter(_units(header)), "")


def without_unit(header: str) -> str:
    """A header without the unit that it states behind a mark: 金额 of 金额_万元."""
    return _UNIT_OF_HEADER.sub("", _even(header)) or header


def is_unit_of(column: str, unit: str) -> bool:
    """Return whether figures of a canonical column can be in a unit: an amount in 万元 or 分, an area in ㎡; not an amount in 人."""
    measures = next((measures for ending, measures in _MEASURES_OF.items() if column.endswith(ending)), None)
    if measures is None:
        return False
    if column.endswith("_amount"):
        measures += f"|[分角]$|(?:{_UNIT_IN_ENGLISH.pattern})"
    if column.endswith("_quantity"):
        measures += f"|{_ENERGY}"
    return re.fullmatch(rf"[十百千万亿]*(?:{measures})?", unit, re.IGNORECASE) is not None


def is_measured(column: str) -> bool:
    """Return whether figures of a canonical column have a unit, by its suffix."""
    return column.endswith(tuple(_MEASURES_OF))


def multiple_of(unit: str) -> int | Decimal:
    """What a unit is a multiple of: 10,000 of 万元 and 万千瓦时, 1,000 of MWh, 0.01 of 分; 1 of 元, 千瓦时 and no unit."""
    if english := _UNIT_IN_ENGLISH.fullmatch(unit):
        number = english[1].replace(",", "").rstrip("sS")
        return int(number) or 1000 if number.isdigit() else _WORDS[number[0].lower()]
    if tens := _MULTIPLIED.match(unit):
        return math.prod(map(_TENS.__getitem__, tens[0]))
    return _PARTS[unit[0]] if _PART.fullmatch(unit) else 1


def unit_for(column: str, header: str, of_sheet: str) -> str:
    """The unit of a canonical column's figures: the one in their own header goes before those of the sheet, 人、万元."""
    fitting = (unit for unit in of_sheet.split("、") if unit and is_unit_of(column, unit))
    return unit_of(header) or next(fitting, "")


def _units(text: str) -> list[str]:
    text = _SEVERAL.sub(_each_apart, text)
    found = ["".join(parts) for pattern in (_UNIT, _UNIT_IN_WORDS) for parts in pattern.findall(text)]
    return list(dict.fromkeys([*found, *(match[0].strip() for match in _UNIT_IN_ENGLISH.finditer(text))]))


def _each_apart(found: re.Match[str]) -> str:
    if found["bare"]:
        units = re.split(r"\s*[、,/]\s*", found["bare"].strip())
        return "".join(f"({unit})" for unit in units) if all(map(_BARE_UNIT.fullmatch, units)) else found[0]
    return " ".join(found["of"] + unit for unit in re.split(r"[、,]|和|及", found["units"]))


def _even(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_SPELT)


def _evened(lines: Iterable[Line]) -> str:
    """The texts of lines; a cell that is a unit and nothing else is one in brackets."""
    cells = (
        [f"({cell.strip()})" if _MULTIPLE.fullmatch(cell.strip()) else cell for cell in line.cells] for line in lines
    )
    return _even("\n".join(map(" ".join, cells)))


def check_unit(above: Sequence[Line], layout: Layout) -> None:
    """Hold the unit that a sheet states above its header against the declared one: 元 may have become 万元.

    Raises:
        DeliveryRefused: It states another one, or none where one is declared.
    """
    layout.above.append(_evened(above))
    beside = _beside(layout)
    text = f"{_evened(above)}\n{_even(layout.label)}\n{beside}"
    stated = _units(text)
    if layout.unit is not None:
        declared = layout.unit.split("、")
        bases = {unit.lstrip(_TENS_SIGNS) for unit in declared}
        of_declared = {unit for unit in stated if is_multiple(unit) or unit.lstrip(_TENS_SIGNS) in bases}
        is_right = of_declared == set(declared) if stated else all(unit in text for unit in declared)
    else:
        is_right = not any(map(is_multiple, stated))
    if not is_right:
        place = "the lines above its header state"
        if stated and not stated_units(above):
            place = (
                "a text beside its cells (a remark, a text box, the page's head) states"
                if _units(beside)
                else "its name states"
            )
        raise _other_unit(stated, place, layout)


def _beside(layout: Layout) -> str:
    """The texts beside the cells, one a line; a line that is a unit and nothing else is one in brackets."""
    lines = _even("\n".join(layout.beside)).splitlines()
    return "\n".join(f"({line.strip()})" if _BARE_UNIT.fullmatch(line.strip()) else line for line in lines)


def _check_unit_below(cells: Sequence[str], line: int, layout: Layout) -> None:
    """Hold a unit that a line states below the header against the declared one: a note, or a line of units (人, 万元).

    Raises:
        DeliveryRefused: It states another one with a multiplier.
    """
    filled = [_even(cell).strip() for cell in cells if cell.strip()]
    units = [cell.strip("()[]") for cell in filled]
    if not all(map(_BARE_UNIT.fullmatch, units)):
        units = _units(" ".join(filled)) if len(filled) <= _NOTE_CELLS else []
    if stated := [unit for unit in units if is_multiple(unit) and unit not in (layout.unit or "").split("、")]:
        raise _other_unit(stated, f"line {line} states", layout)


def is_line_of_units(line: Line) -> bool:
    """Return whether a line below a header states the units of its columns: 人, 万元."""
    filled = [_even(cell).strip().strip("()[]") for cell in line.cells if cell.strip()]
    return bool(filled) and all(map(_BARE_UNIT.fullmatch, filled))


def is_multiple(unit: str) -> bool:
    """Return whether a unit is another than the usual one: 万元, 千人, MWh, 分, 亩."""
    return multiple_of(unit) != 1 or re.fullmatch(_ODD, unit) is not None


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


def _names(header: Line, layout: Layout) -> list[str]:
    """Name the columns: empty ones at the end are none, empty ones before it get their position."""
    if header.broken:
        raise DeliveryRefused(
            layout.where, f"the header in line {header.number}: {header.broken}", next_step="ask for the file again"
        )
    cells = [plain(cell) for cell in header.cells]
    while cells and not cells[-1]:
        cells.pop()
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


def _batches(  # noqa: C901 - one pass over a file's lines: every kind of line is decided where it is read
    lines: Iterator[Line],
    names: tuple[str, ...],
    is_total: Callable[[Sequence[str]], bool],
    layout: Layout,
    unreadable: list[Unreadable],
    totals: list[dict[str, str]],
) -> Iterator[pa.RecordBatch]:
    width = len(names)
    bare = tuple(map(_squeezed, names))
    known = frozenset(bare)
    initials = frozenset(sign for name in names for sign in (name[:1], " ", "\u3000", "\u00a0"))
    kept = [position for position, name in enumerate(names) if name not in layout.exclude]
    filled = _columns_to_fill(names, layout)
    above = [""] * width
    figures = [position for position in kept if layout.uses.get(names[position]) not in ("text", "ignored")]
    judged = [position for position in kept if layout.uses.get(names[position]) != "ignored"]
    texts = [position for position in kept if layout.uses.get(names[position]) == "text"]
    dates = {position for position in kept if layout.uses.get(names[position]) == "date"}
    schema = pa.schema(
        [(ROW_NUMBER, pa.int64()), *((name, pa.string()) for name in [*(names[p] for p in kept), *layout.added])]
    )

    def batch() -> pa.RecordBatch:
        columns = list(zip(*rows, strict=True)) if rows else [()] * width
        arrays = [_or_null(pa.array(columns[position], pa.string())) for position in kept]
        added = [pa.repeat(value, len(rows)) for value in layout.added.values()]
        return pa.RecordBatch.from_arrays([pa.array(numbers, pa.int64()), *arrays, *added], schema=schema)

    numbers: list[int] = []
    rows: list[Sequence[str]] = []
    has_given = False
    other = None
    for line, is_last in _with_last(lines):
        cells = line.cells
        if is_signature(cells, width):
            continue
        reason = line.broken
        if reason is None:
            if not (text := "".join(cells)).strip():
                continue
            if numbers == [] or "万" in text or "千" in text or "亿" in text:
                _check_unit_below(cells, line.number, layout)
            if len(cells) != width:
                cells, reason = _fitted(cells, width, layout.is_ragged_strict, is_last and layout.is_cut)
            if reason is None:
                if is_total(cells):
                    totals.append(_stated(names, cells, judged))
                    continue
                if cells[0][:1] in initials and _squeezed(cells[0]) in known:
                    same = tuple(map(_squeezed, cells))
                    if same == bare:
                        continue
                    if sum(cell in known for cell in same) > 1:
                        other = f"below another header, in line {line.number}: a second table, or columns that moved"
                reason = other
                if line.days:
                    cells = [line.days.get(p, cell) if p in dates else cell for p, cell in enumerate(cells)]
                if filled:
                    cells = _filled(cells, filled, above)
                if layout.decimal:
                    cells, reason = _with_points(cells, figures, names)
                if reason is None and (line.divisors or (layout.unit and layout.unit in text)):
                    cells, reason = _in_unit(cells, line.divisors, figures, names, layout)
                if line.flaws and reason is None:
                    cells, reason = _without_flaws(cells, line, judged)
                if (line.doubts or line.merged) and reason is None:
                    reason = next((line.doubts[position] for position in texts if position in line.doubts), None)
                    reason = reason or _shared_figure(line, [p for p in figures if p not in dates], [*texts, *dates])
        if reason is not None:
            unreadable.append(Unreadable(line.number, reason, _text(line, names, kept)))
            continue
        numbers.append(line.number)
        rows.append(cells)
        if len(rows) == BATCH_ROWS:
            yield batch()
            has_given = True
            numbers, rows = [], []
    if rows or not has_given:
        yield batch()


def _columns_to_fill(names: Sequence[str], layout: Layout) -> list[int]:
    if missing := [name for name in layout.fill_down if name not in names]:
        raise DeliveryRefused(
            layout.where,
            f"it has no column {missing[0]!r}, which source.fill_down names",
            next_step="if the office renamed the column, correct source.fill_down in feed.yml",
        )
    return [names.index(name) for name in layout.fill_down]


def _filled(cells: Sequence[str], columns: Sequence[int], above: list[str]) -> Sequence[str]:
    """Fill empty cells of these columns from the rows above, and remember this row; a heading alone is remembered.

    Where an outer column (one declared before) has another value, an empty cell is empty: a unit without a name has not the name
    of the unit above.
    """
    is_other = False
    for position in columns:
        given = cells[position].strip()
        is_other = is_other or bool(given and given != above[position].strip())
        above[position] = cells[position] if given or is_other else above[position]
    if not any(cell.strip() for position, cell in enumerate(cells) if position not in columns):
        return cells
    return [above[position] if position in columns else cell for position, cell in enumerate(cells)]


# 1.234,56 · 1 234,5 · 1'234,56 · 1234,5 · with a sign, brackets or a currency around it
_COMMA_NUMBER: Final = re.compile(r"([^\w.,]*)(\d{1,3}(?:([.\s'’])\d{3})(?:\3\d{3})*|\d+)(?:,(\d+))?([^\d.,]*)")
_OTHER_NUMBER: Final = re.compile(r"[^\w.,]*[\d.,\s'’]*[.,][\d.,]*[^\d.,]*")
# 31.01.2026 and 2026.10 are no numbers
_DOTTED_DAY: Final = re.compile(r"\d{1,4}\.\d{1,2}\.\d{1,4}|(?:19|20)\d\d\.\d{1,2}")


def _with_points(
    cells: Sequence[str], figures: Sequence[int], names: Sequence[str]
) -> tuple[Sequence[str], str | None]:
    """Write numbers with a decimal comma as all others are written; say so where a number has other marks."""
    changed = list(cells)
    for position in figures:
        text = cells[position].strip()
        if number := _COMMA_NUMBER.fullmatch(text):
            before, whole, _, part, behind = number.groups()
            digits = "".join(re.findall(r"\d", whole))
            changed[position] = f"{before}{digits}{'.' + part if part else ''}{behind}"
        elif _OTHER_NUMBER.fullmatch(text) and not _DOTTED_DAY.fullmatch(text):
            return cells, f"{names[position]}: a number with other marks than source.decimal declares"
    return changed, None


def _in_unit(
    cells: Sequence[str], divisors: Mapping[int, int], figures: Sequence[int], names: Sequence[str], layout: Layout
) -> tuple[Sequence[str], str | None]:
    """Give figures in the unit of their column: stage.sql reckons with it, and would count it twice.

    3.5万元 is 3.5, and so is 35000 in a format that shows it as 3.5. Where no unit is stated a format that divides is a way to look
    at figures.
    """
    changed = list(cells)
    for position in figures:
        number = cells[position].strip()
        if layout.unit and _FIGURE.fullmatch(shorter := number.removesuffix(layout.unit)):
            changed[position] = shorter
        if (by := divisors.get(position)) and _FIGURE.fullmatch(number):
            unit = unit_of(names[position]) or layout.unit or ""
            multiple = multiple_of(unit)
            if multiple not in (1, by):
                return (
                    cells,
                    f"{names[position]}: its number format divides by {by:,}, and its unit is {unit}: which one counts is unknown",
                )
            if multiple == by:
                changed[position] = f"{(Decimal(number) / by).normalize():f}"
    return changed, None


def _without_flaws(cells: Sequence[str], line: Line, judged: Sequence[int]) -> tuple[Sequence[str], str | None]:
    """Say what is wrong with a line's cells, or leave out those that no column takes."""
    reason = next((line.flaws[position] for position in judged if position in line.flaws), None)
    return ["" if position in line.flaws else cell for position, cell in enumerate(cells)], reason


def _stated(names: Sequence[str], cells: Sequence[str], judged: Sequence[int]) -> dict[str, str]:
    """The figures of a line of totals, and nothing else: a name beside them is a person's."""
    found = ((position, _FIGURE.fullmatch(cells[position].strip())) for position in judged)
    return {names[position]: figure[1] for position, figure in found if figure}


def _shared_figure(line: Line, figures: Sequence[int], others: Sequence[int]) -> str | None:
    """Say which figure belongs to several rows or columns together: filled into each of them, it would count in each.

    A row in which everything is merged over the same rows is one row, shown high.
    """
    named = [line.merged.get(position) for position in others if line.cells[position : position + 1] not in ([], [""])]
    for position in figures:
        if (merge := line.merged.get(position)) and named:
            name, first, last = merge
            is_of_rows = first < last and any(other is None or other[1:] != (first, last) for other in named)
            if is_of_rows or sum(line.merged.get(figure) == merge for figure in figures) > 1:
                return f"cells {name} are merged over one figure: what is each row's or column's part of it is unknown"
    return None


def _squeezed(name: str) -> str:
    """A name without white space: 户 号 above the second page is 户号."""
    return "".join(name.split())


def _or_null(array: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def is_signature(cells: Sequence[str], width: int = 0) -> bool:
    """Return whether a line is signed: 制表人：张三　审核：李四. It names persons, so that no word of it is kept.

    A line with most of its fields filled is a row, even if its first field reads 审核：通过.
    """
    filled = [cell.strip() for cell in cells if cell.strip()]
    first = filled[0] if filled else ""
    if first[:2] not in _SIGNERS:
        return False
    if _SIGNATURE.match(first) is None and not (_SIGNING.fullmatch(first) and any(map(is_name, filled[1:]))):
        return False
    # a sheet's line ends with its last filled cell: the header says how wide a row is
    return len(cells) == 1 or 2 * len(set(filled)) <= max(len(cells), width)


def _with_last(lines: Iterator[Line]) -> Iterator[tuple[Line, bool]]:
    before: Line | None = None
    for line in lines:
        if before is not None:
            yield before, False
        before = line
    if before is not None:
        yield before, True


def _fitted(cells: Sequence[str], width: int, is_strict: bool, is_cut: bool) -> tuple[Sequence[str], str | None]:
    """Make the line as wide as the header, or say why it cannot be."""
    if len(cells) > width:
        beyond = next((position for position in range(width, len(cells)) if cells[position].strip()), None)
        if beyond is None:
            return cells[:width], None
        return cells, f"it has {len(cells)} fields where the header has {width}: field {beyond + 1} has no heading"
    if is_strict or is_cut:
        way_on = "" if is_cut else ": source.pad_short_rows reads it where the office leaves out empty fields"
        return cells, f"it has {len(cells)} fields where the header has {width}{way_on}"
    return [*cells, *[""] * (width - len(cells))], None


# 1,234 and 1,234.50 without quotation marks
_BEFORE_COMMA: Final = re.compile(r"[-+(￥¥ ]*\d{1,3}")
_BEHIND_COMMA: Final = re.compile(r"\d{3}(?:\.\d+)?\)?")


def _parted_number(cells: Sequence[str], width: int, figures: Sequence[int], *, is_usual: bool) -> str | None:
    """Say where a line with empty fields behind the header's last may have a number that its thousands mark made two of.

    Some programs end each line with a comma, and not the header: then only a column that is no figure's shows it.
    """
    for position in figures:
        if position + 1 < width and not (is_usual and position + 1 in figures):
            here, there = cells[position].strip(), cells[position + 1].strip()
            if _BEFORE_COMMA.fullmatch(here) and _BEHIND_COMMA.fullmatch(there):
                return (
                    f"it has {len(cells)} fields where the header has {width}, and {here},{there} may be one number: "
                    "ask for numbers without thousands marks"
                )
    return None


def _totals_test(names: Sequence[str], layout: Layout) -> Callable[[Sequence[str]], bool]:
    if layout.totals is None:
        return lambda _: False
    columns, values = layout.totals
    found = next((column for column in columns if column in names), None)
    if found is None:
        raise DeliveryRefused(
            layout.where,
            f"it has no column {' or '.join(map(repr, columns))}, where its totals would be found",
            next_step="if the office renamed the column, add its name to source.totals.column in feed.yml",
        )
    position = names.index(found)
    wanted = frozenset(map(_label, values))
    return lambda cells: _label(cells[position]) in wanted


def _label(text: str) -> str:
    """Even out how offices write a label: 合 计, 合计：, ｔｏｔａｌ."""
    return "".join(unicodedata.normalize("NFKC", text).split()).rstrip(":").casefold()


def _text(line: Line, names: tuple[str, ...], kept: Sequence[int]) -> str | None:
    """Give the line for whoever repairs it, without the excluded columns: where these cannot be distinguished, nothing."""
    if len(kept) == len(names):
        return line.text
    if line.broken or len(line.cells) != len(names):
        return None
    return json.dumps({names[position]: line.cells[position] for position in kept}, ensure_ascii=False)
