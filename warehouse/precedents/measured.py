"""What all precedents share: how a difference is reported, what columns are for, and how much chance explains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.connection import quote
from warehouse.staged_feed import StagedFeed

# fewer earlier rows than this teach nothing
KNOWN_MIN = 20
# names have many endings
NAMES_MIN = 100
# of a kind of row (a tax, a kind of event) so many must be known before a row of it is judged
KIND_MIN = 3
# a state that so many rows should have by their kind, and none has, was lost
LOST_MIN = 5
# a pair of columns is a fact where so few of the earlier rows break it, in percent
BROKEN_PCT = 5
# no paper that is delivered again is of another taxpayer
OTHER_OWNER_MIN = 3
# what chance gives less often than once in 10,000 deliveries is not chance
CHANCE = 1e-4


@dataclass(frozen=True)
class Measured:
    """One comparison: how many of how many rows differ, or by how much the middle one does."""

    limit: str
    column: str
    fact: str
    count: int
    total: int
    share: float
    least: int | None = None  # so many rows are enough to stop; None: as the limit has it


@dataclass(frozen=True)
class Columns:
    """What the columns of a subject are for."""

    texts: tuple[str, ...]
    dates: tuple[str, ...]
    figures: tuple[str, ...]
    kinds: tuple[str, ...]  # columns of codes: rows of one code are alike
    key: tuple[str, ...]
    ids: tuple[str, ...]


def columns_of(feed: StagedFeed) -> Columns:
    """Sort a feed's columns by what they are for."""
    subject = feed.subject
    coded = {target for source in feed.codes for target in feed.columns.get(source, ())}
    rest = [c for c in subject.columns.values() if c.name not in ("month", "period_start", "period_end", "year_number")]
    texts = tuple(c.name for c in rest if c.type == "varchar" and c.name not in coded)
    return Columns(
        texts=texts,
        dates=tuple(c.name for c in rest if c.type == "date"),
        figures=tuple(c.name for c in rest if c.type.startswith(("bigint", "decimal"))),
        kinds=tuple(c.name for c in rest if c.name in coded),
        key=subject.key,
        ids=tuple(
            c
            for c in texts
            if c in (*subject.key, "source_key", "enterprise_name", "offered_by_name") or c.endswith(("uscc", "_no"))
        ),
    )


def all_rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return connection.execute(query).fetchall()


def one_row(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """The one row of a query, by name, with 0 for NULL."""
    found = connection.execute(query)
    names = [name for name, *_ in found.description or ()]
    row = found.fetchone()
    assert row is not None
    # DuckDB's count_if of no rows is NULL
    return dict(zip(names, (0 if value is None else value for value in row), strict=True))


def is_less(connection: duckdb.DuckDBPyConnection, table: str, rows: int) -> bool:
    """Whether a table has fewer rows: in a small park to plan a comparison costs far more than to count first."""
    return len(all_rows(connection, f"select 1 from {table} limit {rows}")) < rows


def beyond_chance(count: int, expected: float) -> int:
    """The count, or 0 where chance may give so many."""
    return count if count > expected + 3 * math.sqrt(expected) else 0


def one_spelling(column: str) -> str:
    """As SQL, a column's value; a name has one kind of brackets: 甲(江苏)有限公司 and 甲（江苏）有限公司 are one."""
    is_name = column.endswith(("_name", "_names"))
    return f"translate({quote(column)}, '()', '（）')" if is_name else quote(column)


def code_of(column: str) -> str:
    """As SQL, a code as text, also where the subject has a truth value for it."""
    return f"coalesce({quote(column)}::varchar, '-')"


def kind_of_row(feed: StagedFeed, *, at_any_stage: bool = False) -> str:
    """As SQL, what sort of row it is: its codes, but perhaps for what becomes of it, and how long its period is."""
    kinds = [k for k in columns_of(feed).kinds if not (at_any_stage and k.endswith("_outcome_code"))]
    parts = [code_of(k) for k in kinds]
    if feed.subject.has_periods:
        parts.append("month_number(period_end) - month_number(period_start)")
    return f"concat_ws(' ', {', '.join(parts)})" if parts else "''"


def stage_of_paper(dates: Sequence[str]) -> str:
    """As SQL, how far a paper is: which of its days it has."""
    return f"concat('', {', '.join(f'({quote(d)} is null)::varchar' for d in dates)})" if dates else "''"


def tail(count: int, rows: int, share: float) -> float:
    """How probable so few, or fewer, of so many rows are, where each is one with this probability."""
    ways = (math.lgamma(rows + 1) - math.lgamma(k + 1) - math.lgamma(rows - k + 1) for k in range(count + 1))
    return sum(math.exp(way + k * math.log(share) + (rows - k) * math.log1p(-share)) for k, way in enumerate(ways))
