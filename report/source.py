"""What pages are made of: the rows of the published file, and the shapes that every page shares."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from markupsafe import Markup
from sqlglot import exp

from report import words
from warehouse.settings import DIRECTOR, Settings

HERE = Path(__file__).parent
Row = dict[str, Any]
Words = tuple[str, str]


@dataclass(frozen=True)
class Page:
    """One page: where it lies in the site, its template, its title in both languages, and what the template shows."""

    path: str
    template: str
    heading: Words
    shown: Mapping[str, Any]
    # the entry of the navigation that it belongs to
    current: str = ""


class Source:
    """The night that the site shows: its file, opened read-only, asked with the queries of report/sql/."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        self.connection = connection
        self.settings = settings
        self.is_whole = settings.audience == DIRECTOR
        self.held: dict[str, set[str]] = {}
        for table, column in connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and not internal"
        ).fetchall():
            self.held.setdefault(table, set()).add(column)
        night = self.rows("night")[0]
        self.night: Row = night | {"known_at": f"{self.local(night['as_of']):%Y-%m-%d %H:%M}"}

    def local(self, moment: Any) -> Any:
        """A moment of the file (UTC) in the park's time."""
        return moment and moment.replace(tzinfo=UTC).astimezone(self.settings.time_zone)

    def rows(self, name: str) -> list[Row]:
        """The rows of report/sql/<name>.sql."""
        sql = (HERE / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        found = self.connection.execute(sql if self.is_whole else with_nulls(sql, self.held))
        columns = [column for column, *_ in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def groups(self, name: str, *by: str) -> dict[Any, list[Row]]:
        """The rows of a query by one column, or by several."""
        grouped: dict[Any, list[Row]] = {}
        for row in self.rows(name):
            grouped.setdefault(row[by[0]] if len(by) == 1 else tuple(row[one] for one in by), []).append(row)
        return grouped


def with_nulls(sql: str, held: Mapping[str, Collection[str]]) -> str:
    """A query over an edition: a column that it does not have is NULL or its band, a table that it does not have is empty."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    columns = list(tree.find_all(exp.Column))
    for select in tree.find_all(exp.Select):
        tables = {
            table.alias_or_name: table
            for table in select.find_all(exp.Table)
            if table.db and table.find_ancestor(exp.Select) is select
        }
        for column in columns:
            if column.find_ancestor(exp.Select) is not select or column.table not in tables:
                continue
            table = tables[column.table]
            known = held.get(f"{table.db}.{table.name}")
            if known is not None and column.name not in known:
                column.replace(_instead(column, f"{column.name}_band" in known))
        for alias, table in tables.items():
            if f"{table.db}.{table.name}" in held or table.db.startswith("duckdb_"):
                continue
            names = sorted({column.name for column in columns if column.table == alias})
            empty = exp.select(*(exp.alias_(exp.null(), name, quoted=True) for name in names or ["nothing"])).where(
                "false"
            )
            table.replace(empty.subquery(alias))
    return tree.sql(dialect="duckdb")


def _instead(column: exp.Column, has_band: bool) -> exp.Expr:
    """What a query gets in place of a column that an edition does not have: its band where it is simply shown, else NULL."""
    if isinstance(column.parent, exp.Select):
        band = exp.column(f"{column.name}_band", table=column.table)
        return exp.alias_(band if has_band else exp.null(), column.name)
    # DuckDB refuses to order by a bare NULL
    return exp.cast(exp.null(), "integer") if isinstance(column.parent, exp.Ordered) else exp.null()


def page_of(key: str) -> str:
    """The file name of a page: the key where it is a plain word, else its digest. No name that somebody wrote is in it."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", key):
        return key
    return "x" + hashlib.sha256(key.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Figure:
    """One headline figure: its name, its value with unit, the year before with the change, and the month it is of."""

    title: Markup
    meaning: str
    value: str
    unit: Words
    before: str | None
    change: Decimal | None
    change_unit: Words
    until: str | None


PERCENT: Words = ("%", "%")
UNITS: dict[str, Words] = {
    "amount": ("万元", "10,000 yuan"),
    "m2": ("平方米", "m²"),
    "kwh": ("千瓦时", "kWh"),
    "m3": ("立方米", "m³"),
    "pct": PERCENT,
    "headcount": ("人", "people"),
    "count": ("家", ""),
}


def figure(
    row: Row, column: str, *, unit: Words | None = None, until: str = "", change: Decimal | None = None
) -> Figure:
    """The figure of a column, with what the columns beside it say: <column>_before, and the change of a year.

    `change` is that change where the file states it.
    """
    value, before = row[column], row.get(f"{column}_before")
    ending = column.rsplit("_", 1)[-1]
    is_money = ending == "amount"
    unit = unit if unit is not None else UNITS.get(ending, ("", ""))
    show = words.wan if is_money else words.number
    if ending == "kwh" and (value or 0) >= 1_000_000:
        unit, show = ("万千瓦时", "10,000 kWh"), words.wan
    # a headline of 100 million yuan needs no thousands
    places = 1 if ending == "pct" or (show is words.wan and abs(value or 0) < 100_000_000) else 0
    change_unit: Words = PERCENT
    if change is None and value is not None and before is not None:
        if ending == "pct":
            change, change_unit = value - before, ("个百分点", "pp")
        elif before > 0:
            change = Decimal(value - before) * 100 / Decimal(before)
    return Figure(
        words.title(column),
        words.meaning(column),
        show(value, places),
        unit if value is not None else ("", ""),
        None if before is None else show(before, places),
        change,
        change_unit,
        f"{row[until]:%Y-%m}" if until and row.get(until) else None,
    )


def caption(rows: Sequence[Sequence[Any]], unit: Words, *, divide: int = 1, digits: int = 0) -> Words | None:
    """What a series of (month, value, …) says, in words: the last value, a year before, the highest and the lowest."""
    known = [(row[0], row[1] / divide) for row in rows if row[1] is not None]
    if not known:
        return None
    month, value = known[-1]
    by_month = dict(known)
    before = by_month.get(date(month.year - 1, month.month, 1))
    (high_month, high), (low_month, low) = max(known, key=lambda one: one[1]), min(known, key=lambda one: one[1])

    def shown(number: Any) -> str:
        return words.number(number, digits)

    zh, en = f"{month:%Y-%m} 为 {shown(value)} {unit[0]}", f"{month:%Y-%m}: {shown(value)} {unit[1]}"
    if before is not None:
        zh, en = f"{zh}，上年同月 {shown(before)}", f"{en}, a year before {shown(before)}"
    zh += f"；最高 {shown(high)}（{high_month:%Y-%m}），最低 {shown(low)}（{low_month:%Y-%m}）"
    en += f"; highest {shown(high)} ({high_month:%Y-%m}), lowest {shown(low)} ({low_month:%Y-%m})"
    return zh, en
