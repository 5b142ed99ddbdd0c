"""What goes wrong with a delivery between the office's system and us: one function per kind, each drawn from a seed.

A `Sheet` is a delivery taken apart: the text above, the header, the rows, the totals, and how it is written down. A kind
changes a sheet in place and returns False where the sheet has nothing that it could change.
"""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.feed import Feed

Change = Callable[["Sheet", random.Random], bool | None]
# one figure that may be true: nothing at the door can know it
_DISAGREES = "signals.plausibility, where the enterprise's other figures disagree"
PLAUSIBLE = {
    "one figure × 10": _DISAGREES,
    "one figure × 1,000": _DISAGREES,
    "empty for zero": "not stated, as others leave the column empty, too",
}


@dataclass
class Sheet:
    """One delivery, taken apart. `form` is csv, zip, xlsx, parquet, json or database.

    `roles` says what each column of the clean delivery is for: figure, date, month, id, name or other.
    """

    form: str
    titles: list[str]
    header: list[str]
    rows: list[list[Any]]
    totals: list[Any]
    roles: dict[str, str]
    encoding: str = "utf-8"
    with_bom: bool = False
    delimiter: str = ","
    is_quoted: bool = True
    cut_at: float | None = None
    announced: int = 0  # what an API says it has
    last: Sheet | None = None
    notes: list[str] = field(default_factory=list)

    def copy(self) -> Sheet:
        """A sheet of its own, with the same cells."""
        return Sheet(
            self.form, list(self.titles), list(self.header), [list(row) for row in self.rows], list(self.totals),
            self.roles, self.encoding, self.with_bom, self.delimiter, self.is_quoted, self.cut_at,
            len(self.rows), self.last,
        )  # fmt: skip

    def of(self, *roles: str) -> list[int]:
        """Positions of the columns of these roles that hold anything."""
        return [
            place
            for place, name in enumerate(self.header)
            if self.roles.get(name) in roles and any(text(row[place]) for row in self.rows)
        ]

    def each(self, places: Sequence[int], change: Callable[[Any], Any], rows: Sequence[int] | None = None) -> bool:
        """Change cells; False where that changes nothing."""
        is_changed = False
        for number in range(len(self.rows)) if rows is None else rows:
            row = self.rows[number]
            for place in places:
                new = change(row[place])
                is_changed |= new != row[place] or type(new) is not type(row[place])
                row[place] = new
        return is_changed


def text(cell: Any) -> str:
    """A cell as it would be written."""
    return "" if cell is None else str(cell)


def roles(feed: Feed, header: Sequence[str]) -> dict[str, str]:
    """What each column is for, by what it feeds."""
    found = {}
    for name in header:
        targets = feed.columns.get(feed.aliases.get(name, name), ())
        kinds = {feed.subject.columns[target].type for target in targets}
        if feed.invoices and name in (feed.invoices.amount, feed.invoices.void, feed.invoices.date):
            found[name] = {feed.invoices.amount: "figure", feed.invoices.void: "code"}.get(name, "date")
        elif not targets:
            found[name] = "other"
        elif set(targets) & {"month", "period_start", "period_end", "year_number"}:
            found[name] = "month"
        elif kinds & {"date"}:
            found[name] = "date"
        elif any(kind.startswith(("bigint", "decimal")) for kind in kinds):
            found[name] = "figure"
        elif "enterprise_name" in targets and "source_key" not in targets:
            found[name] = "name"
        elif any(t in ("source_key", "uscc") or t.endswith(("_no", "_code")) for t in targets):
            found[name] = "code" if name in feed.codes else "id"
        else:
            found[name] = "name"
    return found


def written(sheet: Sheet) -> bytes:
    """The sheet as the office's file (csv, zip, xlsx, parquet)."""
    if sheet.form == "parquet":
        columns = {}
        for place, name in enumerate(sheet.header):
            values = [row[place] for row in sheet.rows]
            try:
                columns[name if name not in columns else f"{name} "] = pa.array(values)
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                columns[name] = pa.array([None if v is None else text(v) for v in values])
        out = io.BytesIO()
        pq.write_table(pa.table(columns), out)
        content = out.getvalue()
    elif sheet.form == "xlsx":
        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        for title in sheet.titles:
            page.append([title])
            page.merge_cells(start_row=page.max_row, end_row=page.max_row, start_column=1, end_column=len(sheet.header))
        for row in (sheet.header, *sheet.rows, *([sheet.totals] if sheet.totals else [])):
            page.append(row)
        out = io.BytesIO()
        book.save(out)
        content = out.getvalue()
    else:
        page_text = io.StringIO()
        for title in sheet.titles:
            page_text.write(title + "\r\n")
        style: Any = csv.QUOTE_MINIMAL if sheet.is_quoted else csv.QUOTE_NONE
        lines = (sheet.header, *sheet.rows, *([sheet.totals] if sheet.totals else []))
        if sheet.is_quoted:
            writer = csv.writer(page_text, delimiter=sheet.delimiter, quoting=style, lineterminator="\r\n")
            writer.writerows([[text(cell) for cell in line] for line in lines])
        else:
            page_text.writelines(sheet.delimiter.join(map(text, line)) + "\r\n" for line in lines)
        content = page_text.getvalue().encode(sheet.encoding, errors="replace")
        if sheet.with_bom and sheet.encoding == "utf-8":
            content = b"\xef\xbb\xbf" + content
    if sheet.cut_at is not None:
        content = content[: int(len(content) * sheet.cut_at)]
    return content


def zipped(name: str, content: bytes) -> bytes:
    """A zip with one member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def number(cell: Any) -> Decimal | None:
    """A cell's figure; None where it has none."""
    try:
        return Decimal(text(cell).replace(",", "")) if text(cell) else None
    except InvalidOperation:
        return None


def like(cell: Any, value: Decimal) -> Any:
    """A figure in the form in which the cell has one."""
    if isinstance(cell, int):
        return int(value) if value == int(value) else float(value)
    if isinstance(cell, float):
        return float(value)
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def times(factor: str) -> Callable[[Any], Any]:
    """Multiply a figure; what is none stays."""

    def change(cell: Any) -> Any:
        value = number(cell)
        return cell if value is None else like(cell, value * Decimal(factor))

    return change


KINDS: dict[str, Change] = {}


def kind(name: str) -> Callable[[Change], Change]:
    """Register a kind under its name."""

    def register(change: Change) -> Change:
        KINDS[name] = change
        return change

    return register


# ---- columns


@kind("column dropped")
def _dropped(sheet: Sheet, draw: random.Random) -> bool:
    place = draw.randrange(len(sheet.header))
    for line in (sheet.header, *sheet.rows, sheet.totals):
        if line:
            del line[place]
    return True


@kind("column renamed")
def _renamed(sheet: Sheet, draw: random.Random) -> bool:
    place = draw.randrange(len(sheet.header))
    sheet.header[place] += draw.choice(["1", "（新）", "_x", "合计数"])
    return True


@kind("column doubled")
def _doubled(sheet: Sheet, draw: random.Random) -> bool:
    place = draw.randrange(len(sheet.header))
    if sheet.form in ("parquet", "json", "database"):
        return False  # a name is there once in these
    for line in (sheet.header, *sheet.rows, sheet.totals):
        if line:
            line.insert(place, line[place])
    return True


@kind("values one column to the right")
def _right(sheet: Sheet, draw: random.Random) -> bool:
    first = draw.randrange(len(sheet.header) - 1)
    for row in sheet.rows:
        row[first:] = [None, *row[first:-1]]
    return True


@kind("values one column to the right in some rows")
def _right_in_some(sheet: Sheet, draw: random.Random) -> bool:
    first = draw.randrange(len(sheet.header) - 1)
    for number_ in draw.sample(range(len(sheet.rows)), max(1, len(sheet.rows) // 20)):
        row = sheet.rows[number_]
        row[first:] = [None, *row[first:-1]]
    return True


@kind("two columns of one kind swapped")
def _swapped(sheet: Sheet, draw: random.Random) -> bool:
    pairs = [
        (a, b)
        for role in ("figure", "date", "month", "id", "name")
        for a in sheet.of(role)
        for b in sheet.of(role)
        if a < b and any(row[a] != row[b] for row in sheet.rows)
    ]
    if not pairs:
        return False
    a, b = draw.choice(pairs)
    sheet.notes.append(f"{sheet.header[a]} ↔ {sheet.header[b]}")
    for row in sheet.rows:
        row[a], row[b] = row[b], row[a]
    return True


@kind("columns in another order")
def _reordered(sheet: Sheet, draw: random.Random) -> bool:
    order = draw.sample(range(len(sheet.header)), len(sheet.header))
    sheet.header[:] = [sheet.header[p] for p in order]
    sheet.rows[:] = [[row[p] for p in order] for row in sheet.rows]
    if sheet.totals:
        sheet.totals[:] = [sheet.totals[p] for p in order]
    return True


@kind("column empty")
def _emptied(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, lambda _: None)


@kind("column of #N/A")
def _errors(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, lambda cell: "#N/A" if text(cell) else cell)


@kind("#N/A in a few rows")
def _some_errors(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, lambda cell: "#N/A" if text(cell) else cell, share=0.02)


def _in_one_column(
    sheet: Sheet, draw: random.Random, change: Callable[[Any], Any], *roles_: str, share: float = 1.0
) -> bool:
    places = sheet.of(*(roles_ or ("figure", "date", "month", "id", "code", "name")))
    if not places:
        return False
    place = draw.choice(places)
    sheet.notes.append(sheet.header[place])
    count = max(1, round(len(sheet.rows) * share))
    return sheet.each([place], change, sorted(draw.sample(range(len(sheet.rows)), count)))


# ---- rows


@kind("header in the middle")
def _header_again(sheet: Sheet, draw: random.Random) -> bool:
    if sheet.form in ("parquet", "json", "database"):
        return False
    sheet.rows.insert(draw.randrange(1, len(sheet.rows)), list(sheet.header))
    return True


@kind("header missing")
def _no_header(sheet: Sheet, _: random.Random) -> bool:
    if sheet.form in ("parquet", "json", "database"):
        return False
    sheet.header[:] = sheet.rows.pop(0)
    return True


def _cut(share: float) -> Change:
    def change(sheet: Sheet, draw: random.Random) -> bool:
        if sheet.form == "database":
            return False  # an answer to a query is whole, or an error
        if draw.random() < 0.7:
            sheet.totals.clear()
        kept = len(sheet.rows) - round(len(sheet.rows) * share)
        del sheet.rows[kept:]
        return True

    return change


for _share in (3, 10, 50, 97):
    KINDS[f"last {_share} % of the rows cut"] = _cut(_share / 100)


@kind("every row twice")
def _twice(sheet: Sheet, _: random.Random) -> bool:
    sheet.rows += [list(row) for row in sheet.rows]
    return True


@kind("a few rows twice")
def _few_twice(sheet: Sheet, draw: random.Random) -> bool:
    sheet.rows += [list(row) for row in draw.sample(sheet.rows, max(1, len(sheet.rows) // 50))]
    return True


@kind("a few rows twice with other figures")
def _few_twice_otherwise(sheet: Sheet, draw: random.Random) -> bool:
    places = sheet.of("figure")
    if not places:
        return False
    again = [list(row) for row in draw.sample(sheet.rows, max(1, len(sheet.rows) // 50))]
    for row in again:
        for place in places:
            row[place] = times("2")(row[place])
    sheet.rows += again
    return True


@kind("rows in another order")
def _shuffled(sheet: Sheet, draw: random.Random) -> bool:
    draw.shuffle(sheet.rows)
    return True


@kind("figures one row down")
def _figures_down(sheet: Sheet, draw: random.Random) -> bool:
    return _one_row_down(sheet, draw, "figure")


@kind("names one row down")
def _names_down(sheet: Sheet, draw: random.Random) -> bool:
    return _one_row_down(sheet, draw, "name")


@kind("codes one row down")
def _codes_down(sheet: Sheet, draw: random.Random) -> bool:
    return _one_row_down(sheet, draw, "id")


def _one_row_down(sheet: Sheet, draw: random.Random, role: str) -> bool:
    """As a sort over some of the columns, or a deleted cell, leaves it: from some row on."""
    places = sheet.of(role)
    if not places or len(sheet.rows) < 3:
        return False
    place, first = draw.choice(places), draw.randrange(len(sheet.rows) // 2)
    sheet.notes.append(sheet.header[place])
    values = [row[place] for row in sheet.rows[first:]]
    for row, value in zip(sheet.rows[first:], [values[-1], *values[:-1]], strict=True):
        row[place] = value
    return True


@kind("one column sorted alone")
def _sorted_alone(sheet: Sheet, draw: random.Random) -> bool:
    places = sheet.of("figure", "name", "id")
    place = draw.choice(places)
    sheet.notes.append(sheet.header[place])
    values = sorted((row[place] for row in sheet.rows), key=lambda cell: (number(cell) or 0, text(cell)))
    for row, value in zip(sheet.rows, values, strict=True):
        row[place] = value
    return True


@kind("sub-totals between the rows")
def _subtotals(sheet: Sheet, draw: random.Random) -> bool:
    word = draw.choice(["小计", "合计", "本页小计", "1号楼小计", "总计"])
    place = draw.choice(sheet.of("id", "name")[:2])
    for at in sorted(draw.sample(range(1, len(sheet.rows)), min(3, len(sheet.rows) - 1)), reverse=True):
        line: list[Any] = [None] * len(sheet.header)
        line[place] = word
        for figure in sheet.of("figure"):
            line[figure] = _total(sheet.rows[:at], figure)
        for month in sheet.of("month"):
            line[month] = sheet.rows[0][month]
        sheet.rows.insert(at, line)
    return True


def _total(rows: Sequence[Sequence[Any]], place: int) -> Any:
    values = [row[place] for row in rows if number(row[place]) is not None]
    if not values:
        return None
    return like(values[0], sum((number(value) or Decimal(0) for value in values), Decimal(0)))


@kind("total under another name")
def _other_total(sheet: Sheet, draw: random.Random) -> bool:
    if not sheet.totals:
        sheet.totals = [None] * len(sheet.header)
        for figure in sheet.of("figure"):
            sheet.totals[figure] = _total(sheet.rows, figure)
        place = sheet.of("id", "name")[0]
    else:
        place = next(p for p, cell in enumerate(sheet.totals) if text(cell))
    sheet.totals[place] = draw.choice(["总计", "合  计", "全园合计", "Total", "合计：", "本月合计"])
    if sheet.form in ("parquet", "json", "database"):
        sheet.rows.append(sheet.totals)
        sheet.totals = []
    return True


@kind("signed at the end")
def _signed(sheet: Sheet, draw: random.Random) -> bool:
    if sheet.form in ("parquet", "json", "database"):
        return False
    words = draw.choice(["制表人：张三", "审核：李四  复核：王五", "注：本表不含劳务派遣", "说明：数据截至月末"])
    sheet.rows.append([words, *[None] * (len(sheet.header) - 1)])
    return True


# ---- figures


def _units(factor: str) -> Change:
    def change(sheet: Sheet, _: random.Random) -> bool:
        places = sheet.of("figure")
        return bool(places) and sheet.each(places, times(factor))

    return change


for _factor, _word in (("10000", "× 10,000"), ("0.0001", "÷ 10,000"), ("1000", "× 1,000"), ("100", "× 100")):
    KINDS[f"all figures {_word}"] = _units(_factor)


@kind("one column of figures in another unit")
def _column_unit(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, times(draw.choice(["10000", "0.0001", "100", "0.01", "10"])), "figure")


@kind("a third of the rows in another unit")
def _some_unit(sheet: Sheet, draw: random.Random) -> bool:
    places = sheet.of("figure")
    first = draw.randrange(len(sheet.rows) * 2 // 3 + 1)
    return bool(places) and sheet.each(
        places, times(draw.choice(["10000", "0.0001"])), range(first, first + len(sheet.rows) // 3)
    )


@kind("the title states 万元")
def _title_unit(sheet: Sheet, draw: random.Random) -> bool:
    if sheet.form in ("parquet", "json", "database"):
        return False
    sheet.titles.append(draw.choice(["单位：万元", "（单位：万元、人）", "金额单位:万元"]))
    return True


@kind("figures of the year to date")
def _year_to_date(sheet: Sheet, draw: random.Random) -> bool:
    months = [re.search(r"20\d\d\D?(\d\d)", text(row[p])) for p in sheet.of("month")[-1:] for row in sheet.rows[:1]]
    month = int(months[0].group(1)) if months and months[0] else 0
    if month < 2 or not sheet.of("figure"):
        return False

    def change(cell: Any) -> Any:
        value = number(cell)
        return cell if value is None else like(cell, Decimal(int(value * Decimal(month + draw.uniform(-0.3, 0.3)))))

    sheet.notes.append(f"of {month} months")
    return sheet.each(sheet.of("figure"), change)


@kind("full-width digits")
def _full_width(sheet: Sheet, draw: random.Random) -> bool:
    wide = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(ord("0"), ord("9") + 1)})
    return _in_one_column(
        sheet, draw, lambda cell: text(cell).translate(wide) if text(cell) else cell, "figure", "month", "date"
    )


@kind("decimal comma")
def _decimal_comma(sheet: Sheet, _: random.Random) -> bool:
    return sheet.each(
        sheet.of("figure"), lambda cell: text(cell).replace(",", "").replace(".", ",") if text(cell) else cell
    )


@kind("thousands marks")
def _thousands(sheet: Sheet, draw: random.Random) -> bool:
    mark = draw.choice([",", " ", "，", "'"])
    return sheet.each(
        sheet.of("figure"),
        lambda cell: cell if number(cell) is None else f"{number(cell):,f}".replace(",", mark),
    )


@kind("minus signs lost")
def _minus_lost(sheet: Sheet, _: random.Random) -> bool:
    return sheet.each(sheet.of("figure"), lambda c: like(c, abs(number(c) or Decimal(0))) if number(c) else c)


@kind("minus signs added")
def _minus_added(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, times("-1"), "figure")


@kind("zero for empty")
def _zero_for_empty(sheet: Sheet, _: random.Random) -> bool:
    return sheet.each(sheet.of("figure"), lambda cell: cell if text(cell) else "0")


@kind("zero for all figures of a column")
def _all_zero(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, lambda cell: like(cell, Decimal(0)) if number(cell) else cell, "figure")


@kind("empty for zero")
def _empty_for_zero(sheet: Sheet, _: random.Random) -> bool:
    return sheet.each(sheet.of("figure"), lambda cell: None if number(cell) == 0 else cell)


@kind("a third of a column empty")
def _third_empty(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, lambda _: None, "figure", "id", "name", "date", share=0.34)


@kind("one figure × 10")
def _one_10(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, times("10"), "figure", share=0.0)


@kind("one figure × 1,000")
def _one_1000(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, times("1000"), "figure", share=0.0)


@kind("figures of the month before")
def _old_figures(sheet: Sheet, _: random.Random) -> bool:
    """Last month's file under this month's name, its months changed by hand."""
    if sheet.last is None or not sheet.of("month") or sheet.header != sheet.last.header:
        return False
    month = {place: sheet.rows[0][place] for place in sheet.of("month")}
    sheet.rows = [list(row) for row in sheet.last.rows]
    sheet.totals = list(sheet.last.totals)
    for row in sheet.rows:
        for place, value in month.items():
            row[place] = value
    return True


@kind("the file of the month before again")
def _old_file(sheet: Sheet, _: random.Random) -> bool:
    if sheet.last is None:
        return False
    sheet.titles, sheet.header = list(sheet.last.titles), list(sheet.last.header)
    sheet.rows, sheet.totals = [list(row) for row in sheet.last.rows], list(sheet.last.totals)
    return True


# ---- months and dates


def moved(cell: Any, months: int) -> Any:
    """A month or date so many months later, written as it was."""
    if isinstance(cell, date):
        total = cell.year * 12 + cell.month - 1 + months
        return cell.replace(year=total // 12, month=total % 12 + 1, day=min(cell.day, 28))
    if re.fullmatch(r"20\d\d", text(cell)):  # a year moves by whole ones
        return text(int(text(cell)) + int(months / 12))
    found = re.match(r"(\d{4})(\D?)(\d\d)(.*)", text(cell), re.DOTALL)
    if not found:
        return cell
    year, mark, month, rest = found.groups()
    total = int(year) * 12 + int(month) - 1 + months
    if rest[1:3].isdigit():
        rest = f"{rest[0]}{min(int(rest[1:3]), _days(total)) if int(rest[1:3]) < 28 else _days(total):02d}{rest[3:]}"
    return f"{total // 12:04d}{mark}{total % 12 + 1:02d}{rest}"


def _days(total: int) -> int:
    year, month = divmod(total, 12)
    return (datetime(year + (month == 11), (month + 1) % 12 + 1, 1) - datetime(year, month + 1, 1)).days


def _months(by: int) -> Change:
    def change(sheet: Sheet, _: random.Random) -> bool:
        places = sheet.of("month") or sheet.of("date")[:1]
        return bool(places) and sheet.each(places, lambda cell: moved(cell, by))

    return change


for _by in (-1, 1, -12, 12):
    KINDS[f"months moved by {_by:+d}"] = _months(_by)


@kind("months of a third of the rows moved by -1")
def _some_months(sheet: Sheet, draw: random.Random) -> bool:
    places = sheet.of("month")
    some = draw.sample(range(len(sheet.rows)), len(sheet.rows) // 3)
    return bool(places) and sheet.each(places, lambda cell: moved(cell, -1), some)


@kind("year 2099")
def _year_2099(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(
        sheet, draw,
        lambda c: c.replace(year=2099, day=min(c.day, 28)) if isinstance(c, date) else re.sub(r"^20\d\d", "2099", text(c)),
        "month", "date", share=draw.choice([0.02, 1.0]),
    )  # fmt: skip


@kind("day and month swapped")
def _day_month(sheet: Sheet, draw: random.Random) -> bool:
    def change(cell: Any) -> Any:
        if isinstance(cell, date):
            return cell.replace(month=cell.day, day=cell.month) if cell.day <= 12 else cell
        return re.sub(r"^(\d{4})-(\d\d)-(\d\d)", r"\1-\3-\2", text(cell)) if text(cell) else cell

    return _in_one_column(sheet, draw, change, "date", "month")


# ---- identifiers and text


@kind("leading characters of identifiers lost")
def _leading_lost(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, lambda cell: text(cell)[1:] if text(cell) else cell, "id")


@kind("identifiers as 9.13E+17")
def _scientific(sheet: Sheet, draw: random.Random) -> bool:
    def change(cell: Any) -> Any:
        digits = re.sub(r"\D", "", text(cell))
        return f"{Decimal(digits):.2E}" if len(digits) > 4 else cell

    return _in_one_column(sheet, draw, change, "id")


@kind("identifiers rounded to 15 digits")
def _rounded(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(
        sheet, draw, lambda c: re.sub(r"^(\d{15})\d+$", lambda m: m[1] + "000", text(c)) if text(c) else c, "id"
    )


@kind("text as mojibake")
def _mojibake(sheet: Sheet, draw: random.Random) -> bool:
    as_read = draw.choice(["latin-1", "gb18030", "cp1252"])
    return _in_one_column(
        sheet, draw, lambda c: text(c).encode("utf-8").decode(as_read, errors="replace") if text(c) else c, "name"
    )


@kind("text as question marks")
def _question_marks(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, lambda c: re.sub(r"[^\x00-\x7f]", "?", text(c)) if text(c) else c, "name")


@kind("text cut to eight characters")
def _text_cut(sheet: Sheet, draw: random.Random) -> bool:
    return _in_one_column(sheet, draw, lambda c: text(c)[:8] if text(c) else c, "name", "id")


@kind("spaces and invisible marks around values")
def _spaces(sheet: Sheet, draw: random.Random) -> bool:
    sign = draw.choice([" ", "\u3000", "\u200b", "\ufeff", "\t"])
    return _in_one_column(sheet, draw, lambda c: f"{sign}{text(c)}{sign}" if isinstance(c, str) and c else c)


# ---- how it is written down


@kind("another encoding")
def _encoding(sheet: Sheet, draw: random.Random) -> bool:
    if sheet.form not in ("csv", "zip"):
        return False
    sheet.encoding = draw.choice([e for e in ("utf-8", "gb18030", "utf-16", "big5") if e != sheet.encoding])
    sheet.notes.append(sheet.encoding)
    return True


@kind("with or without a byte order mark")
def _bom(sheet: Sheet, _: random.Random) -> bool:
    if sheet.form not in ("csv", "zip"):
        return False
    sheet.with_bom = not sheet.with_bom
    if sheet.encoding != "utf-8":
        sheet.titles[:1] = ["\ufeff" + (sheet.titles[0] if sheet.titles else "")]
    return True


@kind("quotation marks lost")
def _unquoted(sheet: Sheet, _: random.Random) -> bool:
    if sheet.form not in ("csv", "zip"):
        return False
    sheet.is_quoted = False
    return True


@kind("another delimiter")
def _delimiter(sheet: Sheet, draw: random.Random) -> bool:
    if sheet.form not in ("csv", "zip"):
        return False
    sheet.delimiter = draw.choice([";", "\t", "|"])
    return True


@kind("cut in the middle of a row")
def _cut_bytes(sheet: Sheet, draw: random.Random) -> bool:
    if sheet.form not in ("csv", "zip", "xlsx", "parquet"):
        return False
    sheet.cut_at = draw.choice([0.3, 0.6, 0.9, 0.97])
    return True


def draws(clean: Sheet, count: int, seed: int) -> Iterator[tuple[str, Sheet]]:
    """So many mutations of a clean sheet, kind after kind; the same seed gives the same."""
    made, round_ = 0, 0
    while made < count:
        before = made
        for name, change in KINDS.items():
            sheet = clean.copy()
            if change(sheet, random.Random(f"{seed} {round_} {name}")) is False:  # noqa: S311 - no secret
                continue
            yield name, sheet
            made += 1
            if made == count:
                return
        round_ += 1
        assert made > before, "no kind can change this sheet"


def parsed(form: str, content: bytes, feed: Feed, *, encoding: str = "utf-8") -> Sheet:
    """Take a clean file of an office apart."""
    if form == "parquet":
        table = pq.read_table(io.BytesIO(content))
        header = table.column_names
        return Sheet(form, [], header, [list(row.values()) for row in table.to_pylist()], [], roles(feed, header))
    lines: list[list[Any]]
    if form == "xlsx":
        page = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
        assert page is not None
        lines = [list(line) for line in page.iter_rows(values_only=True)]
        for line in lines:
            line[:] = [cell.date() if isinstance(cell, datetime) else cell for cell in line]
    else:
        lines = [list(line) for line in csv.reader(io.StringIO(content.decode(encoding).lstrip("\ufeff")))]
    known = set(feed.columns) | set(feed.aliases)
    top = next(n for n, line in enumerate(lines) if sum(text(cell) in known for cell in line) * 2 > len(line))
    totals = lines.pop() if "合计" in map(text, lines[-1]) else []
    header = [text(cell) for cell in lines[top]]
    return Sheet(
        form, [text(line[0]) for line in lines[:top]], header, lines[top + 1 :], totals, roles(feed, header),
        encoding=encoding.removesuffix("-sig"), with_bom=content.startswith(b"\xef\xbb\xbf"),
    )  # fmt: skip
