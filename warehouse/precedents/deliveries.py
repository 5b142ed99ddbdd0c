"""A delivery beside those before it, by what it says of itself: its name, types, number of lines and line of totals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

import duckdb

from warehouse.batches import ROWS, Batch, landed_before, read_batch
from warehouse.connection import literal, quote
from warehouse.precedents.measured import Measured, one_row
from warehouse.staged_feed import StagedFeed

# places behind the point of an amount
_CENTS = 2
# each row may be rounded to two places
_ROUNDED = Decimal("0.005")
# 参保_202611.csv, 2026年1月, 2026-01; not 20261103, which is a day, nor 2026年1-3月
_MONTH_IN_NAME = re.compile(r"(?<!\d)(20\d\d)(?:[-._年]?(0[1-9]|1[0-2])(?![-._]?\d)月?|年(\d)月)(?!\s*[-—至到~])(?!\d)")
_MONTHS_IN_NAME = re.compile(r"20\d\d[-._年]?\d{1,2}月?份?\s*[-—~至到]\s*(?:20\d\d|\d{1,2}月)")
# 行业统计_2024年上半年, 2024前三季度, 2024Q3, 2024年1-9月: a part of the year, or a month in which it was not over
_PART_OF_YEAR = re.compile(
    r"(?<!\d)(20\d\d)[-_. ]?年?[-_. ]?(?:[上下]半年|[前第]?[一二三四1-4](?:[-—至到~][一二三四1-4])?季|[QqHh][1-4]|(?:1[-—至到~])?\d{1,2}月)"
)
# 用电_2026年10月上旬, 10月下半月, 2026年10月第2周: a part of the month
_PART_OF_MONTH = re.compile(r"[上下]半月|月份?[上中下]旬|月份?第[一二三四五1-5]周")
# so many lines at most programs hand out, with the header among them or not
_EXPORT_LIMITS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 65_536, 100_000, 1_048_576)
# so many earlier names, or ends of files, show a habit
_NAMES_MIN = 3


def measure_totals(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch, rows: int
) -> Iterator[Measured]:
    """Hold the figures of a delivery's line of totals against the sums of its rows (the view `delivery`).

    Where pages have totals of their own, the last line, or all lines together, may be the total.
    """
    manifest = batch.manifest
    if not manifest.totals:
        if _totals_before(batch):
            yield Measured(
                "total_pct", "totals", "the line of totals is missing, which the delivery before had", rows, rows, 100
            )
        return
    if manifest.unreadable_rows:
        return
    columns = feed.subject.columns
    for name in manifest.totals[-1]:
        if not any(
            columns[t].type.startswith(("bigint", "decimal")) for t in feed.columns.get(name, ()) if t in columns
        ):
            continue
        stated = [Decimal(line[name].replace(",", "")) for line in manifest.totals if name in line]
        value = f"try_cast(signed_number({quote(name)}::varchar) as decimal(38, 6))"
        row = one_row(connection, f"select sum({value}) as total from delivery")
        total = Decimal(row["total"])
        away = min(abs(total - figure) for figure in (stated[-1], sum(stated)))
        if away > rows * _ROUNDED:  # a row that is there twice counts once, to us and perhaps to the office
            row = one_row(
                connection,
                f"select sum({value}) as total from (select distinct * exclude (row_number) from delivery)",
            )
            away = min(away, *(abs(Decimal(row["total"]) - figure) for figure in (stated[-1], sum(stated))))
        if away > rows * _ROUNDED:
            share = float(100 * away / abs(total)) if total else 100.0
            yield Measured(
                "total_pct", name, f"the rows of {name} add up to {total:,.2f}, the line of totals states {stated[-1]:,.2f}",
                rows, rows, share,
            )  # fmt: skip


def measure_name(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch, table: str, number: int
) -> Iterator[Measured]:
    """Hold the month in a delivery's name against the last month of its rows.

    参保_202611 may be sent in November, or be of November: of a feed's earlier deliveries it is known which. No delivery
    is of a later month than its name says, unless those before it were so: a workbook of January shows 2026.1 as 2026.10.
    """
    if (
        not (feed.replaces == "period" and feed.subject.has_months)
        or (named := named_month(batch.manifest.delivery)) is None
    ):
        return
    row = one_row(
        connection, f"select count(*) as n, max(month_number(month)) as last from {table} where batch_number = {number}"
    )
    if not row["n"]:
        return
    earlier = connection.execute(
        f"select b.delivery, max(month_number(s.month)) from staged.{feed.subject.name} as s inner join ops.batch as b using (batch_id) "
        "where s.feed = ? and b.feed = s.feed group by b.batch_id, b.delivery",
        [feed.name],
    ).fetchall()
    known = [last - month for name, last in earlier if (month := named_month(name)) is not None]
    ahead = row["last"] - named
    # no habit is needed to see the same month of another year
    is_other_year = ahead != 0 and ahead % 12 == 0
    if ahead in known or (ahead <= 0 and not is_other_year and (len(known) < _NAMES_MIN or len(set(known)) > 1)):
        return
    fact = f"the name states another month than the last of the rows, {(row['last'] - 1) // 12}-{(row['last'] - 1) % 12 + 1:02},"
    yield Measured("moved_pct", "month", fact, row["n"], row["n"], 100.0, 1)


def measure_lacking(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch, table: str, number: int
) -> Iterator[Measured]:
    """An optional column that is not in a delivery would empty what its facts are known to have: of few rows, too."""
    given = {target for source in batch.manifest.columns for target in feed.columns.get(source, ())}
    targets = {target for source in feed.landed_columns for target in feed.columns.get(source, ())}
    for name in sorted((targets - given) & feed.subject.columns.keys()):
        same_key = " and ".join(f"n.{quote(k)} = c.{quote(k)}" for k in feed.subject.key)
        row = one_row(
            connection,
            f"select count(*) as total, count_if(n.{quote(name)} is null) as lost from {table} as n "
            f"inner join staged.{feed.subject.name} as c on {same_key} where n.batch_number = {number} "
            f"and c.feed = {literal(feed.name)} and c.superseded_at is null and c.{quote(name)} is not null",
        )
        if row["lost"]:
            fact = f"{name} is empty, since its column is not in the delivery, and was not"
            yield Measured("emptied_pct", name, fact, row["lost"], row["total"], 100 * row["lost"] / row["total"], 1)


def measure_types(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch) -> Iterator[Measured]:
    """A figure of a database with other places behind the point than before: another unit (分, 元), or rounded there."""
    if batch.manifest.protocol != "database" or not (before := landed_before(batch.folder)[-1:]):
        return
    figures = {c.name for c in feed.subject.columns.values() if c.type.startswith(("bigint", "decimal"))}
    was, now = (
        {
            name: kind
            for name, kind, *_ in connection.execute("describe from read_parquet(?)", [str(f / ROWS)]).fetchall()
        }
        for f in (*before, batch.folder)
    )
    for name in (source for source in feed.landed_columns if figures & {*feed.columns.get(source, ())}):
        kinds = was.get(name, ""), now.get(name, "")
        places = [int(m[1] or 0) for kind in kinds if (m := re.fullmatch(r"BIGINT|DECIMAL\(\d+,(\d+)\)", kind))]
        if len({min(n, _CENTS) for n in places}) > 1:
            fact = f"{name} is {kinds[1]} and was {kinds[0]}: another unit, or rounded,"
            yield Measured("changed_pct", name, fact, batch.manifest.rows, batch.manifest.rows, 100.0, 1)


def measure_lines(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch) -> Iterator[Measured]:
    """A file, or a whole table, of just so many lines as programs hand out, unless one of so many was accepted before.

    Of a roster or a ledger in order of persons or days no unit is missing then.
    """
    lines = batch.manifest.rows_read
    if lines is None or not {lines, lines + 1} & {*_EXPORT_LIMITS}:
        return
    # a query has no such end, nor is a night's news a list
    if batch.manifest.protocol == "database" or (feed.replaces == "nothing" and batch.manifest.delivered_at is None):
        return
    row = one_row(
        connection,
        f"select count(*) as earlier, count_if(rows_read = {lines}) as same from ops.batch where feed = {literal(feed.name)}",
    )
    if row["earlier"] and not row["same"]:
        yield Measured("never_pct", "rows", "the list ends where programs cut lists off,", lines, lines, 100.0, 1)


def measure_end(batch: Batch) -> Iterator[Measured]:
    """A file of text that ends within a line, where those before it never did: its last figure may be cut, and more be missing."""
    if batch.manifest.is_ended is not False:
        return
    ends = [read_batch(folder).manifest.is_ended for folder in landed_before(batch.folder)]
    if ends.count(True) >= _NAMES_MIN and False not in ends:
        fact = "the file ends within its last line, as none before it did (cut off?),"
        yield Measured("never_pct", "rows", fact, 1, 1, 100.0, 1)


def measure_year(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch, table: str, number: int
) -> Iterator[Measured]:
    """Figures of years in a file that is of a part of a year by its name."""
    name = unicodedata.normalize("NFKC", batch.manifest.delivery)
    if not feed.subject.has_years or not (found := _PART_OF_YEAR.search(name)):
        return
    row = one_row(
        connection,
        f"select count(*) as total, count_if(year_number = {found[1]}) as n from {table} where batch_number = {number}",
    )
    fact = f"the name states a part of {found[1]}, and its figures are a year's,"
    yield Measured("moved_pct", "year_number", fact, row["n"], row["total"], 100.0 * bool(row["n"]), 1)


def measure_part(feed: StagedFeed, batch: Batch, rows: int) -> Iterator[Measured]:
    """Figures of months in a file that is of a part of a month by its name, as none before it was."""
    if not feed.subject.has_months or not (found := _part_of_month(batch)):
        return
    if not any(_part_of_month(read_batch(folder)) for folder in landed_before(batch.folder)):
        fact = f"the name states a part of a month, {found}, and its figures are a month's,"
        yield Measured("moved_pct", "month", fact, rows, rows, 100.0, 1)


def _part_of_month(batch: Batch) -> str:
    found = _PART_OF_MONTH.search(unicodedata.normalize("NFKC", batch.manifest.delivery))
    return found[0] if found else ""


def measure_return(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch, table: str, number: int
) -> Iterator[Measured]:
    """An earlier file again under another name, after others, that would change what is known: an old file, or a correction undone."""
    if not batch.manifest.repeats:
        return
    columns = ", ".join(quote(name) for name in feed.subject.columns)
    mine = f"select {columns} from {table} where batch_number = {number}"
    known = (
        f"select {columns} from staged.{feed.subject.name} where feed = {literal(feed.name)} and superseded_at is null"
    )
    period = quote(feed.subject.period or "")
    gone = {"nothing": "false", "everything": "true", "period": f"{period} in (select {period} from ({mine}))"}[
        feed.replaces
    ]
    row = one_row(
        connection,
        f"select (select count(*) from ({mine})) as total, (select count(*) from (({mine} except {known}) union all "
        f"({known} and {gone} except {mine}))) as other",
    )
    if row["other"]:
        fact = f"it is {batch.manifest.repeats} again, after others, and would change what is known,"
        yield Measured("repeated_pct", "", fact, row["total"], row["total"], 100.0)


def named_month(name: str) -> int | None:
    """The one month in a delivery's name, as a month number; None where there is none, or several."""
    if _MONTHS_IN_NAME.search(name):
        return None
    found = {
        int(year) * 12 + int(month)
        for year, *months in _MONTH_IN_NAME.findall(unicodedata.normalize("NFKC", name))
        for month in months
        if month
    }
    return found.pop() if len(found) == 1 else None


def _totals_before(batch: Batch) -> bool:
    """Whether the batch landed before had a line of totals."""
    before = landed_before(batch.folder)[-1:]
    return any(read_batch(folder).manifest.totals for folder in before)
