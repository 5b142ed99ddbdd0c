"""Crosstabs: months as columns become rows, one for each month that has a value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

import pyarrow as pa

from connectors.sources import ROW_NUMBER, Unreadable
from connectors.sources.file_drop.lines import Layout, squeezed
from warehouse.errors import DeliveryRefused

MOST_MONTHS: Final = 99
"""Columns of months in one table: the row number has two digits for them."""

ROWS_OF_LINE: Final = 100
"""Row numbers for each line: 1203 is the third month of line 12."""

_CHINESE: Final = dict(zip(["十一", "十二", *"一二三四五六七八九十"], [11, 12, *range(1, 11)], strict=True))
_TOKENS: Final = {
    "YYYY": r"(?P<year>(?:19|20)\d\d)",
    "YY": r"(?P<short>\d\d)",
    "MM": r"(?P<month>0[1-9]|1[0-2])",
    "M": r"(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])",
    "DD": r"\d\d",
}
_YEAR: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d*[.,]\d)(?=年|\d{0,4}(?!\d))")


@dataclass(frozen=True)
class Unpivot:
    """How a crosstab becomes rows.

    Attributes:
        columns: What a header cell of a month looks like: 2026年1月 is `YYYY年M月`.
        period: Name of the column that the month goes to, as 2026-01.
        values: Names of the columns that the cells go to. Several are measures, named in the header beside the month: 1月/用量.
        totals: Columns that hold the sum of the months.
        empty: Texts that mean "no value".
    """

    columns: tuple[re.Pattern[str], ...]
    period: str
    values: tuple[str, ...]
    totals: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()

    def cell(self, name: str) -> tuple[int | None, int, str] | None:
        """Give the year, where the header cell has one, the month, and the column its cells go to; None where it is none."""
        if len(self.values) == 1:
            found = self._month(squeezed(name))
            return (*found, self.values[0]) if found else None
        parts = squeezed(name).split("/")
        for value in self.values:
            others = [part for part in parts if part != squeezed(value)]
            if len(others) < len(parts) and (found := self._month("/".join(others))):
                return (*found, value)
        return None

    def _month(self, text: str) -> tuple[int | None, int] | None:
        for pattern in self.columns:
            if found := pattern.fullmatch(text):
                parts = found.groupdict()
                month = _CHINESE.get(parts["month"]) or int(parts["month"])
                year = parts.get("year") or (f"20{parts['short']}" if parts.get("short") else None)
                return (int(year) if year else None), month
        return None

    def is_named(self, name: str) -> bool:
        """Return whether a header cell is a month or a sum of months."""
        return name in self.totals or self.cell(name) is not None

    def summed(self, total: str) -> str:
        """Give the column of which a total is the sum: 合计/用量 of 用量."""
        parts = squeezed(total).split("/")
        return next((value for value in self.values if squeezed(value) in parts), self.values[0])


def month_pattern(text: str) -> re.Pattern[str] | None:
    """Make a pattern of a header cell such as YYYY年M月; None where it names no month."""
    parts = re.split(r"(YYYY|YY|MM|M|DD)", squeezed(text))
    if sum(part in ("MM", "M") for part in parts) != 1 or sum(part in ("YYYY", "YY") for part in parts) > 1:
        return None
    return re.compile("".join(_TOKENS.get(part, re.escape(part)) for part in parts))


def unpivoted(
    header: Sequence[str],
    batches: Iterator[pa.RecordBatch],
    how: Unpivot,
    layout: Layout,
    name: str,
    wrong_lines: list[Unreadable],
    unreadable: list[Unreadable],
) -> tuple[tuple[str, ...], Iterator[pa.RecordBatch]]:
    """Make rows of the months of a table.

    A row's number is that of its line with two digits behind it: 1203 is the third month of line 12. A line that is unreadable
    is so many unreadable rows: were it one, the months that it no longer states could count as withdrawn.

    Args:
        header: The table's columns.
        batches: Its rows.
        how: What is declared.
        layout: The table's layout in its file, with the text above its header.
        name: Of the file and the sheet, where the year may be.
        wrong_lines: What is unreadable in the table as it is read; filled while the batches are consumed.
        unreadable: Filled while the batches are consumed.

    Raises:
        DeliveryRefused: No column is a month, two are the same one, or the year is not clear.
    """
    found = {column: cell for column in header if (cell := how.cell(column))}
    if not 0 < len({(year, month) for year, month, _ in found.values()}) <= MOST_MONTHS:
        raise DeliveryRefused(
            layout.where,
            f"{len(found)} of its columns are months",
            allowed=f"1 to {MOST_MONTHS}",
            next_step="if the office writes its months in another way, correct source.unpivot.columns in feed.yml",
        )
    for value in {value for own, _, value in found.values() if own is None}:
        order = [month for own, month, of in found.values() if own is None and of == value]
        if order not in (ordered := sorted(order), ordered[::-1]):  # 12月, 1月, 2月 are of two years
            raise DeliveryRefused(
                layout.where,
                f"its months without a year are in the order {', '.join(map(str, order))}, as of two years",
                next_step="ask the office to write the year into its columns, and declare it: source.unpivot.columns: YYYY年M月",
            )
    year = _year(layout, name) if any(year is None for year, *_ in found.values()) else 0
    months = {column: (f"{own or year}-{month:02}", value) for column, (own, month, value) in found.items()}
    twice = sorted({cell for cell in months.values() if list(months.values()).count(cell) > 1})
    kept = tuple(column for column in header if column not in months and column not in how.totals)
    names = (how.period, *how.values)
    if twice or set(names) & set(kept):
        raise DeliveryRefused(
            layout.where,
            f"two columns are the month {twice[0][0]}"
            if twice
            else f"it has a column {' or '.join(map(repr, names))} already",
            next_step="make source.unpivot.columns or the names in source.unpivot narrower in feed.yml",
        )
    return (*kept, *names), _rows(batches, months, how, wrong_lines, unreadable)


def _year(layout: Layout, name: str) -> int:
    """Find the year above the header, else in the name of the sheet or file."""
    for place, text in (("above its header", "\n".join(layout.above)), ("in its name", name)):
        years = sorted(set(_YEAR.findall(unicodedata.normalize("NFKC", text))))
        if len(years) == 1:
            return int(years[0])
        if years:
            raise DeliveryRefused(
                layout.where,
                f"the year of its months is not clear: {' and '.join(years)} are {place}",
                allowed="one year",
                next_step="ask the office to write the year into its columns, and declare it: source.unpivot.columns: YYYY年M月",
            )
    raise DeliveryRefused(
        layout.where,
        "its months have no year, and none is above the header or in the name",
        next_step="ask the office to write the year into the title, the name or the columns",
    )


def _rows(
    batches: Iterator[pa.RecordBatch],
    months: dict[str, tuple[str, str]],
    how: Unpivot,
    wrong_lines: list[Unreadable],
    unreadable: list[Unreadable],
) -> Iterator[pa.RecordBatch]:
    # each month in the order of its first column
    places = {month: place for place, month in enumerate(dict.fromkeys(month for month, _ in months.values()), 1)}
    for batch in batches:
        names = [name for name in batch.schema.names if name not in months and name not in how.totals]
        values = {column: batch.column(column).to_pylist() for column in months}
        sums = {column: batch.column(column).to_pylist() for column in how.totals & set(batch.schema.names)}
        numbers_of_lines = batch.column(ROW_NUMBER).to_pylist()
        taken: list[int] = []
        numbers: list[int] = []
        periods: list[str] = []
        cells: dict[str, list[str | None]] = {value: [] for value in how.values}
        for row, line in enumerate(numbers_of_lines):
            filled: dict[str, dict[str, str]] = {}
            for column, (month, value) in months.items():
                if (cell := values[column][row]) is not None and cell.strip() and cell.strip() not in how.empty:
                    filled.setdefault(month, {})[value] = cell
            wrong = next((c for c, total in sums.items() if not _is_sum(_of(filled, how.summed(c)), total[row])), None)
            if wrong:
                wrong_lines.append(Unreadable(line, f"{wrong} is not the sum of the row's months", None))
                continue
            for month, given in sorted(filled.items(), key=lambda item: places[item[0]]):
                taken.append(row)
                numbers.append(line * ROWS_OF_LINE + places[month])
                periods.append(month)
                for value, column_cells in cells.items():
                    column_cells.append(given.get(value))
        others = batch.select(names).take(pa.array(taken, pa.int64()))
        arrays = [pa.array(numbers, pa.int64()), *others.columns[1:], pa.array(periods, pa.string())]
        schema = pa.schema([*others.schema, *((name, pa.string()) for name in (how.period, *how.values))])
        given_cells = [pa.array(column_cells, pa.string()) for column_cells in cells.values()]
        yield pa.RecordBatch.from_arrays([*arrays, *given_cells], schema=schema)
    for piece in wrong_lines:
        for place in places.values():
            number = piece.row_number * ROWS_OF_LINE + place
            unreadable.append(Unreadable(number, piece.reason, piece.text if place == 1 else None))


def _of(filled: dict[str, dict[str, str]], value: str) -> list[str]:
    return [given[value] for given in filled.values() if value in given]


def _is_sum(cells: Sequence[str], total: str | None) -> bool:
    """Hold a sum against its cells; figures with decimals may each be rounded to the last place that is shown."""
    if total is None or not total.strip():
        return True
    try:
        numbers = [Decimal(squeezed(cell).replace(",", "")) for cell in (*cells, total)]
    except InvalidOperation:
        return False
    if not all(number.is_finite() for number in numbers):
        return False
    places = max(-int(number.as_tuple().exponent) for number in numbers)
    allowed = Decimal(1).scaleb(-places) * len(numbers) / 2 if places > 0 else Decimal(0)
    return abs(sum(numbers[:-1]) - numbers[-1]) <= allowed
