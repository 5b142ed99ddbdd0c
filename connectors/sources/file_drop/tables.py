"""From the lines of a file to the rows of a table: find the header, cut what is no row, keep count of what is broken.

Lines come from `csv_lines` and `xlsx_lines`. Every line below the header that holds anything is handed on as a row,
noted as unreadable, or is a total or the header once more; nothing else is left out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from connectors.sources import BATCH_ROWS, ROW_NUMBER, Unreadable
from connectors.sources.file_drop.headers import (
    check_title,
    check_unit_below,
    find_header,
    named_month,
    names_of_columns,
    title_values,
)
from connectors.sources.file_drop.lines import FIGURE, Layout, Line, evened, squeezed
from warehouse.errors import DeliveryRefused
from warehouse.persons import is_name
from warehouse.units import even, multiple_of, unit_of

# who signs below a table: 制表人：张三, 抄表员：, 单位负责人（签字）：, 联系人：
_ACTS: Final = (
    "制[表单]|审[核批]|复核|填[表报]|经办|统计|录入|校[对核]|抄表|记账|会计|出纳|联系"
    + "|编[制报]|经手|核[对准]|批准|承办|[初复终]审"
)
_TRADES: Final = "打印|导出|操作|报送|收费|开票|业务"
_WHO: Final = "(?:人员|人|员)"
_SIGNER: Final = re.compile(rf"{_ACTS}|{_TRADES}|负责|主管|分管|单位|部门|财务|签字|签名|领导|科长|处长|局长|主任|经理")
_SIGNATURE: Final = re.compile(
    rf"(?:(?:{_ACTS}){_WHO}?|(?:{_TRADES}){_WHO}|(?:单位|部门|财务)?(?:负责人|主管)(?:领导)?|(?:分管|单位)?领导|签字|签名)"
    rf"\s*[(（]?(?:签字|签名|签章|盖章)?[)）]?\s*[:：]|(?:{_ACTS}|{_TRADES}){_WHO}(?=\s|$)"
)
# with the name in a cell of its own: 经办 | 王五, 会计主管 | 王五, 领导审批 | 王五
_SIGNING: Final = re.compile(
    rf"(?:{_ACTS}|{_TRADES}|财务|分管|单位|部门)?(?:{_WHO}|主管|负责人|领导|科长|处长|局长|主任|经理)?(?:签字|签名|签章|审[核批])?"
)


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
    found, lines = find_header(lines, layout)
    if layout.title is not None:
        layout = replace(layout, added={**layout.added, **title_values(layout.title, layout)})
    check_title(layout)
    names = names_of_columns(found, layout)
    # a column before the table or within it that has no name is none where it holds nothing
    nameless = {name for name, cell in zip(names, found.cells, strict=False) if not cell.strip()} - layout.expected
    nameless = nameless if layout.expected else set()
    header = (*(name for name in names if name not in nameless), *layout.added)
    layout = replace(layout, width=len(found.cells), nameless=frozenset(nameless))
    lines = _without_repeats(lines, names, layout)
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
_LONE_MONTH: Final = re.compile(r"20\d\d\s*[年./-]\s*\d{1,2}\s*月?份?")
# a line of one text that is no row of any table: 导出时间：…, 共 30 条记录, (以下空白), 30 rows selected., 本数据仅供参考
_NOTE: Final = re.compile(
    r"(?:备?\s*注|说\s*明|填[表报]说明|(?:统计)?口径|[数资][据料]来源|(?:查询|筛选)(?:条件|时间|日期)|总?记录(?:总?数)?|总?[条行]数"
    r"|(?:导出|打印|制表|填[表报]|报送|生成|下载|统计|截[至止]|更新)(?:日期|时间|单位|部门|机构)|(?:联系)?电话)\s*:.*"
    r"|[总共]?共\s*\d+\s*[条行户家笔个项](?:记录|数据)?|\(?\d+ (?:rows? (?:selected|affected|in set)\W*.*|行受影响)\)?"
    r"|[-—=*·#(\[\s]*(?:以下空白|以[下上]无(?:数据|正文)|本页无正文|(?:打印)?(?:结束|完毕)|(?:the )?end(?: of file)?|eof)[-—=*·#)\]\s]*"
    r"|(?:以上|本).{0,4}(?:数据|表|统计).{0,12}(?:仅供|不作为|为准).*",
    re.IGNORECASE,
)
_DAY: Final = re.compile(r"20\d\d\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日")
_LEAST_BESIDE_NOTES: Final = 2
# so many lines may be between a page's last row and its header
_MOST_TITLES: Final = 3
# what a line with a month may be beside a title
_NO_TITLE: Final = re.compile(r"[※*#]|备?\s*注|说\s*明|截[至止]|数据|.{0,4}(?:日期|时间)")


def _without_repeats(lines: Iterator[Line], header: Sequence[str], layout: Layout) -> Iterator[Line]:
    """Give the lines below a header without the numbers of its columns, notes, and what pages repeat: the title, 第 1 页.

    Below a title of another month than that of name or title the lines are unreadable: they would come in under that month.
    """
    names = frozenset(map(squeezed, header))
    titles = {_without_page(title) for title in "\n".join(layout.above).splitlines()} - {""}
    month, other = named_month(layout), None
    is_first = True
    for line, is_title in _with_block_titles(lines, header, titles, layout):
        if is_first and any(line.cells):
            is_first = False
            if _is_numbering(line.cells, _LEAST_NUMBERED + (not layout.uses)):
                continue
        if (text := _only_text(line.cells)) and squeezed(text) not in names:
            stated = _TITLE_MONTH.search(text)
            if squeezed(text) in titles:
                other = None if stated else other
                continue
            if _without_page(evened([line])) in titles or _PAGE.fullmatch(text) or _is_note(line, text, layout):
                continue
            if month and stated and not _NO_TITLE.match(text):
                found = f"{stated[1]}-{int(stated[2]):02}"
                other = f"{_OTHER_MONTH} ({found}){_SHEET_OF_EACH}" if found != month else None
                if found == month and (is_title or _LONE_MONTH.fullmatch(text)):
                    continue
            elif is_title:
                continue
        elif is_title and not text:  # the first title, of several cells, with another page
            continue
        if other and any(line.cells) and squeezed(line.cells[0]) not in names:
            line = line._replace(broken=line.broken or other)
        yield line


def _with_block_titles(
    lines: Iterator[Line], header: Sequence[str], titles: Set[str], layout: Layout
) -> Iterator[tuple[Line, bool]]:
    """Give each line, and whether it names a page or block: 1号楼 right above the header once more, or the first title again.

    A unit that it states counts.
    """
    bare = [*map(squeezed, header)]
    initials = frozenset((*header[0][:1], " ", "\u3000", "\u00a0"))
    totals = frozenset(map(label_of, layout.totals[1] if layout.totals else ()))
    held: list[Line] = []
    for line in lines:
        cells = line.cells
        if cells and cells[0][:1] in initials and [*map(squeezed, cells)][: len(bare)] == bare:
            for title in held:
                check_unit_below(title.cells, title.number, layout)
            yield from ((title, True) for title in held if any(title.cells))
            held = []
        elif _may_be_title(line, titles, totals) and len(held) < _MOST_TITLES:
            held.append(line)
            continue
        else:
            yield from ((title, False) for title in held)
            held = []
        yield line, False
    yield from ((title, False) for title in held)


def _may_be_title(line: Line, titles: Set[str], totals: Set[str]) -> bool:
    """Return whether a line has one text that is no total's, nothing, or what is above the first header, but for its page."""
    if text := _only_text(line.cells):
        return label_of(text) not in totals
    if len(line.cells) > 2 and line.cells[0] and line.cells[1] and line.cells[2]:  # as most lines
        return False
    return not any(line.cells) or _without_page(evened([line])) in titles


def _without_page(text: str) -> str:
    return squeezed(_PAGE.sub("", even(text)))


def _is_note(line: Line, text: str, layout: Layout) -> bool:
    """Return whether a line of one text is a note, which may state a unit; a day alone may be what fill_down fills down."""
    if layout.width < _LEAST_BESIDE_NOTES or not (
        _NOTE.fullmatch(text) or (_DAY.fullmatch(text) and not layout.fill_down)
    ):
        return False
    check_unit_below(line.cells, line.number, layout)
    return True


def _only_text(cells: Sequence[str]) -> str:
    """The one text of a line, in one cell or in cells that are merged; nothing where it has others."""
    if not cells or (len(cells) > 1 and cells[0] and cells[-1] not in ("", cells[0])):  # as most lines
        return ""
    texts = {cell.strip() for cell in cells} - {""}
    return even(texts.pop()) if len(texts) == 1 else ""


def _is_numbering(cells: Sequence[str], least: int) -> bool:
    """Return whether a line numbers the columns above it: 栏次 1 2 3, 甲 乙 1 2 3."""
    texts = [even(cell).strip() for cell in cells if cell.strip()]
    if texts and texts[0] in ("栏次", "栏号", "列号"):
        least, texts = 1, texts[1:]
    lettered = next((n for n, text in enumerate(texts) if text != _LETTERED[n : n + 1]), len(texts))
    numbers = [found[1] if (found := _NUMBERED.fullmatch(text)) else "" for text in texts[lettered:]]
    return len(texts) >= least and numbers == [str(n) for n in range(1, 1 + len(numbers))]


def _batches(  # noqa: C901 - one pass over a file's lines: every kind of line is decided where it is read
    lines: Iterator[Line],
    names: tuple[str, ...],
    is_total: Callable[[Sequence[str]], bool],
    layout: Layout,
    unreadable: list[Unreadable],
    totals: list[dict[str, str]],
) -> Iterator[pa.RecordBatch]:
    width = len(names)
    bare = tuple(map(squeezed, names))
    known = frozenset(bare)
    initials = frozenset(sign for name in names for sign in (name[:1], " ", "\u3000", "\u00a0"))
    kept = [position for position, name in enumerate(names) if name not in layout.exclude | layout.nameless]
    nameless = [position for position, name in enumerate(names) if name in layout.nameless]
    filled = _columns_to_fill(names, layout)
    above = [""] * width
    figures = [position for position in kept if layout.uses.get(names[position]) not in ("text", "ignored")]
    judged = [position for position in kept if layout.uses.get(names[position]) != "ignored"]
    texts = [position for position in kept if layout.uses.get(names[position]) == "text"]
    dates = {position for position in kept if layout.uses.get(names[position]) == "date"}
    numbers_at = [position for position in figures if position not in dates]
    schema = pa.schema(
        [(ROW_NUMBER, pa.int64()), *((name, pa.string()) for name in [*(names[p] for p in kept), *layout.added])]
    )

    numbers: list[int] = []
    rows: list[Sequence[str]] = []
    has_given = False
    other = None
    first = 0  # how many fields the first line has
    for line, is_last in _with_last(lines):
        cells = line.cells
        if is_signature(cells, width):
            continue
        reason = line.broken
        if reason is None:
            if not (text := "".join(cells)).strip():
                continue
            if numbers == [] or "万" in text or "千" in text or "亿" in text:
                check_unit_below(cells, line.number, layout)
            first = first or len(cells)
            if len(cells) != width:
                reason = _parted_number(cells, width, numbers_at, layout, is_usual=len(cells) == first)
                cells, reason = (cells, reason) if reason else _fitted(cells, width, layout, is_last=is_last)
            if reason is None:
                if is_total(cells):
                    totals.append(_stated(names, cells, judged))
                    continue
                if cells[0][:1] in initials and squeezed(cells[0]) in known:
                    same = tuple(map(squeezed, cells))
                    if same == bare:
                        continue
                    if sum(cell in known for cell in same) > 1:
                        other = f"below another header, in line {line.number}: a second table, or columns that moved"
                reason = other or _beside_headings(cells, nameless)
                if line.days:
                    cells = [line.days.get(p, cell) if p in dates else cell for p, cell in enumerate(cells)]
                if filled:
                    cells = _filled(cells, filled, above)
                if layout.decimal and reason is None:
                    cells, reason = _with_points(cells, figures, names)
                if reason is None and (line.divisors or (layout.unit and layout.unit in text)):
                    cells, reason = _in_unit(cells, line.divisors, figures, names, layout)
                if line.flaws and reason is None:
                    cells, reason = _without_flaws(cells, line, judged)
                if (line.doubts or line.merged) and reason is None:
                    reason = next((line.doubts[position] for position in texts if position in line.doubts), None)
                    reason = reason or _shared_figure(line, numbers_at, [*texts, *dates])
        if reason is not None:
            unreadable.append(Unreadable(line.number, reason, _text(line, names, kept)))
            continue
        numbers.append(line.number)
        rows.append(cells)
        if len(rows) == BATCH_ROWS:
            yield _batch(schema, numbers, rows, kept, layout.added)
            has_given = True
            numbers, rows = [], []
    if rows or not has_given:
        yield _batch(schema, numbers, rows, kept, layout.added)


def _batch(
    schema: pa.Schema, numbers: list[int], rows: list[Sequence[str]], kept: Sequence[int], added: Mapping[str, str]
) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [()] * (kept[-1] + 1 if kept else 0)
    arrays = [_or_null(pa.array(columns[position], pa.string())) for position in kept]
    repeated = [pa.repeat(value, len(rows)) for value in added.values()]
    return pa.RecordBatch.from_arrays([pa.array(numbers, pa.int64()), *arrays, *repeated], schema=schema)


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
        if layout.unit and FIGURE.fullmatch(shorter := number.removesuffix(layout.unit)):
            changed[position] = shorter
        if (by := divisors.get(position)) and FIGURE.fullmatch(number):
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
    found = ((position, FIGURE.fullmatch(cells[position].strip())) for position in judged)
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


def _or_null(array: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.string()), array)


def is_signature(cells: Sequence[str], width: int) -> bool:
    """Return whether a line is signed: 制表人：张三　审核：李四. It names persons, so that no word of it is kept.

    A line with most of its fields filled is a row, even if its first field reads 审核：通过.
    """
    filled = [cell.strip() for cell in cells if cell.strip()]
    first = filled[0] if filled else ""
    if _SIGNER.match(first) is None:
        return False
    if sum(_SIGNATURE.match(cell) is not None for cell in filled) > 1 and all(
        _SIGNATURE.match(cell) or is_name(cell) or _DAY.fullmatch(cell) for cell in filled
    ):
        return True
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


def _fitted(cells: Sequence[str], width: int, layout: Layout, *, is_last: bool) -> tuple[Sequence[str], str | None]:
    """Make the line as wide as the header, or say why it cannot be."""
    is_cut = is_last and layout.is_cut
    if len(cells) > width:
        beyond = next((position for position in range(width, len(cells)) if cells[position].strip()), None)
        if beyond is None:
            return cells[:width], None
        return cells, f"it has {len(cells)} fields where the header has {width}: field {beyond + 1} has no heading"
    if layout.is_ragged_strict or is_cut:
        way_on = "" if is_cut else ": source.pad_short_rows reads it where the office leaves out empty fields"
        return cells, f"it has {len(cells)} fields where the header has {width}{way_on}"
    return [*cells, *[""] * (width - len(cells))], None


def _beside_headings(cells: Sequence[str], nameless: Sequence[int]) -> str | None:
    """Say where a line holds something in a column without a heading."""
    filled = next((position + 1 for position in nameless if cells[position].strip()), None)
    return f"field {filled} has no heading: declare it as column {filled}, ignored or not" if filled else None


# 1,234 and 1,234.50 without quotation marks
_BEFORE_COMMA: Final = re.compile(r"[-+(￥¥ ]*\d{1,3}")
_BEHIND_COMMA: Final = re.compile(r"\d{3}(?:\.\d+)?\)?")


def _parted_number(
    cells: Sequence[str], width: int, figures: Sequence[int], layout: Layout, *, is_usual: bool
) -> str | None:
    """Say where a line that is longer than the header's may have a number that its thousands mark made two of.

    Some programs end each line with a comma, and not the header: then only a column that is no figure's shows it.
    """
    if not layout.is_ragged_strict or len(cells) <= layout.width:
        return None
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
    wanted = frozenset(map(label_of, values))
    return lambda cells: label_of(cells[position]) in wanted


def label_of(text: str) -> str:
    """Even out how offices write a label: 合 计, 合计：, ｔｏｔａｌ."""
    return "".join(unicodedata.normalize("NFKC", text).split()).rstrip(":").casefold()


def _text(line: Line, names: tuple[str, ...], kept: Sequence[int]) -> str | None:
    """Give the line for whoever repairs it, without the excluded columns: where these cannot be distinguished, nothing."""
    if len(kept) == len(names):
        return line.text
    if line.broken or len(line.cells) != len(names):
        return None
    return json.dumps({names[position]: line.cells[position] for position in kept}, ensure_ascii=False)
