"""From where until where a pull takes rows: by a cursor column, of which every new row must be behind those before."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connectors.sources import Window, plain
from connectors.sources.database.plan import Plan
from connectors.sources.database.values import Column
from warehouse.errors import SourceError
from warehouse.text import shown

_log = logging.getLogger(__name__)


# texts in the order of time: a year before its month, or a number behind the same letters
_YEAR_FIRST = re.compile(r"[12]\d{3}[-/.年]?(0[1-9]|1[0-2])(\D.*|\d\d.*)?")
_NUMBERED = re.compile(r"(\D*)\d+(\D*)")
_ZONE_OF_TEXT = re.compile(r":\d\d(?:\.\d+)?[+-]\d\d:\d\d$")
_DAY_OF_TEXT = re.compile(r"(\d{4})[-/.年](\d\d)[-/.月](\d\d).*")


def usable_window(
    connection: Connection, plan: Plan, columns: Sequence[Column], window: Window, where: str, notes: list[str]
) -> Window:
    """The window, without its cursor where the source has nothing from there on, or more before it than there was."""
    column = next(column for column in columns if column.name == plan.cursor_column)
    figures = _figures(plan, columns)
    source = table_of(plan, [column.name, *(figure.name for figure in figures)])
    dialect = connection.dialect.name
    compared, low, _ = cursor_bounds(plan, column, source.c[column.name], window, dialect, where)
    is_text = pa.types.is_string(column.type) and not column.is_free_decimal and compared is source.c[column.name]
    if is_text:
        _refuse_texts_in_disorder(connection, plan, compared, source, window.until, where)
    if low is None:
        return window
    asked = sa.select(sa.literal(1)).select_from(source).limit(1)
    is_as_high = connection.execute(asked.where(compared >= low)).first()
    if not is_as_high and not connection.execute(asked.where(compared.is_not(None))).first():
        return window
    late, is_changed = 0, False
    for cursor, rows in window.rows_below.items():
        _, below, _ = cursor_bounds(plan, column, source.c[column.name], replace(window, cursor=cursor), dialect, where)
        now, added = _below(connection, source, compared < below, figures)
        late += now - rows
        is_changed = now == rows and added != window.figures_below.get(cursor, added)
    if is_as_high and late <= 0 and not is_changed:
        return window
    highest = f"{shown(window.cursor or '')}, the highest {column.name} so far"
    if not is_as_high:
        why = f"nothing in it is as high as {highest}: it was restored, or numbers anew. All of it is pulled"
    elif late > 0:
        why = (
            f"below {highest}, and source.overlap there are {late:,} rows more than at the last pull: committed late, of a wrong "
            "time or after a restore. All of it is pulled; if that is so each night, raise overlap"
        )
    else:
        why = (
            f"below {highest}, and source.overlap the figures of as many rows add up to something else than at the last pull: they were "
            f"changed without a new {column.name}. All of it is pulled; if that is so each night, name the time of the last change as "
            "source.cursor_column"
        )
    _log.warning("%s: %s: %s", where, plan.label, why)
    notes.append(why)
    return replace(window, cursor=None)


def _refuse_texts_in_disorder(
    connection: Connection,
    plan: Plan,
    value: sa.ColumnElement[Any],
    source: sa.FromClause,
    until: datetime,
    where: str,
) -> None:
    """Stop where new rows need not be behind those before: as texts 10 is before 9, and all days before one of 2099."""
    is_mssql = connection.dialect.name == "mssql"
    length = sa.func.len(value) if is_mssql else sa.func.length(value)
    asked = sa.select(sa.func.min(value), sa.func.max(value), sa.func.min(length), sa.func.max(length))
    first, last, shortest, longest = connection.execute(asked.select_from(source)).one()
    if first is None:
        return
    if not (isinstance(first, str) and isinstance(last, str)):
        raise SourceError(
            where,
            f"{plan.label} cannot be pulled by {value.name!r}: it would be read as text, and the database answers with values of "
            f"another type ({type(last).__name__})",
            allowed="a timestamp, date or number, or texts in the order of time",
            next_step=f"of a query say what it is, `types: {{{value.name}: bigint}}` under source in feed.yml (or timestamp, date, "
            "decimal(p,s)); of a table cast it in source.query",
        )
    numbered = [found.groups() for text in (first, last) if (found := _NUMBERED.fullmatch(text))]
    is_in_order = all(map(_YEAR_FIRST.fullmatch, (first, last))) or (len(numbered) == 2 and len(set(numbered)) == 1)
    has_zone = _ZONE_OF_TEXT.search(last) and shortest == longest
    zone = (sa.func.substring if is_mssql else sa.func.substr)(value, longest - 5, 6)
    zones = connection.execute(sa.select(zone).select_from(source).distinct().limit(2)).all() if has_zone else []
    if shortest != longest or not is_in_order or len([z for (z,) in zones if z]) > 1:
        raise SourceError(
            where,
            f"{plan.label} cannot be pulled by {value.name!r}: as texts its values are not in the order of time ({first} to "
            f"{last}, of {shortest} to {longest} characters), so that new rows would be missed",
            allowed="dates such as 2026-09-08, or numbers, all of one length",
            next_step="cast it to a timestamp or a number in source.query, name another source.cursor_column, or leave it out to "
            "pull the whole table",
        )
    if (day := _DAY_OF_TEXT.fullmatch(last)) and "-".join(day.groups()) > f"{until + timedelta(days=1):%Y-%m-%d}":
        raise SourceError(
            where,
            f"{plan.label} cannot be pulled by {value.name!r}: it holds {last}, which is in the future, so that no row of the time "
            "until then would be pulled",
            next_step="ask the office to correct that row, or leave it out by source.query",
        )


def counted_below(
    connection: Connection, plan: Plan, columns: Sequence[Column], window: Window, where: str
) -> dict[str, tuple[int, str]]:
    """What `_below` gives of where the next pull begins, by the highest cursor: counted before the rows are read."""
    column = next(column for column in columns if column.name == plan.cursor_column)
    figures = _figures(plan, columns)
    source = table_of(plan, [column.name, *(figure.name for figure in figures)])
    dialect = connection.dialect.name
    compared, _, high = cursor_bounds(plan, column, source.c[column.name], window, dialect, where)
    asked = sa.select(sa.func.max(compared)).select_from(source)
    highest = connection.execute(asked if high is None else asked.where(compared <= high)).scalar()
    if highest is None:
        return {}
    cursor = cursor_text(highest)
    _, low, _ = cursor_bounds(plan, column, source.c[column.name], replace(window, cursor=cursor), dialect, where)
    return {} if low is None else {cursor: _below(connection, source, compared < low, figures)}


def _below(
    connection: Connection, source: sa.FromClause, low: sa.ColumnElement[bool], figures: Sequence[Column]
) -> tuple[int, str]:
    """How many rows there are below a value, and what each of their figures adds up to."""
    sums = [_sum(source.c[column.name], column, connection.dialect.name) for column in figures]
    rows, *added = connection.execute(sa.select(sa.func.count(), *sums).select_from(source).where(low)).one()
    return rows, " ".join(f"{column.name}={value}" for column, value in zip(figures, added, strict=True))


# what a float is summed up to: a sum of decimals does not depend on the order of rows, and has room for so many digits
_MOST_OF_FLOAT: Final = 1e30


def _sum(value: sa.ColumnElement[Any], column: Column, dialect: str) -> sa.ColumnElement[Any]:
    if dialect == "sqlite":  # which would add whole numbers up in eight bytes
        return sa.func.total(value)
    if column.is_free_decimal:
        return sa.func.sum(value)
    if pa.types.is_floating(column.type):
        value = sa.case((sa.func.abs(value) < _MOST_OF_FLOAT, value))
        return sa.func.sum(sa.cast(value, sa.Numeric(38, 4)))
    # as it is, SQL Server would add whole numbers up in four bytes
    return sa.func.sum(sa.cast(value, sa.Numeric(38, getattr(column.type, "scale", 0))))


def _figures(plan: Plan, columns: Sequence[Column]) -> list[Column]:
    """The columns that can be added up: neither keys nor days."""
    return [
        column
        for column in columns
        if (
            column.is_free_decimal
            or pa.types.is_integer(column.type)
            or pa.types.is_decimal(column.type)
            or pa.types.is_floating(column.type)
        )
        and column.name != plan.cursor_column
        and plain(column.name) not in plan.no_figures
    ]


def cursor_bounds(
    plan: Plan, column: Column, value: sa.ColumnElement[Any], window: Window, dialect: str, where: str
) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any] | None, sa.ColumnElement[Any] | None]:
    """Give what to compare, the lowest and the highest value to take."""
    type_ = column.type
    is_time_text = dialect == "sqlite" and pa.types.is_string(type_) and isinstance(plan.overlap, timedelta)
    is_time = pa.types.is_timestamp(type_) or pa.types.is_date(type_) or is_time_text
    is_number = (
        column.is_free_decimal
        or pa.types.is_integer(type_)
        or pa.types.is_decimal(type_)
        or pa.types.is_floating(type_)
    )
    if (column.is_cast_to_text and not is_number) or not (is_time or is_number or pa.types.is_string(type_)):
        raise SourceError(
            where,
            f"{plan.label} cannot be pulled by {column.name!r}: its type has no order that is known here",
            allowed="a timestamp, date, number or text",
            next_step="name another source.cursor_column in feed.yml, or leave it out to pull the whole table",
        )
    wanted = timedelta if is_time else Decimal if is_number else type(None)
    if plan.overlap is not None and not isinstance(plan.overlap, wanted):
        raise SourceError(
            where,
            f"source.overlap does not fit the cursor column {column.name!r}, which holds {type_}",
            allowed="a time for timestamps and dates, a number for numbers, none for text",
            next_step="correct source.overlap in feed.yml",
        )
    if is_time:
        return _time_bounds(plan, type_, value, window, dialect, where)
    if window.cursor is None:
        return value, None, None
    if not is_number:
        return value, sa.literal(window.cursor, sa.Text()), None
    try:
        number = Decimal(window.cursor)
    except InvalidOperation:
        raise _bad_cursor(window, column.name, where) from None
    low = number - (plan.overlap if isinstance(plan.overlap, Decimal) else 0)
    if low == low.to_integral_value() and abs(low) < 2**63:
        return value, sa.literal(int(low), sa.BigInteger()), None
    return value, sa.literal(float(low), sa.Double()) if dialect == "sqlite" else sa.literal(low, sa.Numeric()), None


def _time_bounds(
    plan: Plan, type_: pa.DataType, value: sa.ColumnElement[Any], window: Window, dialect: str, where: str
) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any] | None, sa.ColumnElement[Any]]:
    # Aware timestamps are compared as such; all others are in the time of the database's own clock.
    is_aware = pa.types.is_timestamp(type_) and type_.tz is not None
    until = window.until.astimezone(UTC if is_aware else plan.clock)
    low = None
    if window.cursor is not None:
        try:
            low = datetime.fromisoformat(window.cursor)
        except ValueError:
            raise _bad_cursor(window, plan.cursor_column or "", where) from None
        low = low.replace(tzinfo=UTC) if is_aware and low.tzinfo is None else low
        low -= plan.overlap if isinstance(plan.overlap, timedelta) else timedelta()
    if not is_aware:
        until = until.replace(tzinfo=None)
        low = low and (low.astimezone(plan.clock) if low.tzinfo else low).replace(tzinfo=None)
    if dialect == "sqlite":
        # SQLite keeps times as text of many shapes (T or space, with or without fractions): compare one shape.
        # What is no such text (a number would be a Julian day) is pulled like an empty value, and put aside when it is staged.
        # One with a zone of its own would come out in UTC, and goes by the database's clock like all others.
        shape = "%Y-%m-%d %H:%M:%f"
        hours = f"{(window.until.astimezone(plan.clock).utcoffset() or timedelta()).total_seconds():+.0f} seconds"
        has_zone = sa.or_(*[value.op("glob")(f"*:[0-9][0-9]*{zone}") for zone in ("Z", "[+-][0-9][0-9]:[0-9][0-9]")])
        return (
            sa.case(
                (has_zone, sa.func.strftime(shape, value, hours)),
                (value.op("glob")("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"), sa.func.strftime(shape, value)),
            ),
            None if low is None else sa.literal(low.isoformat(" ", "milliseconds")),
            sa.literal(until.isoformat(" ", "milliseconds")),
        )
    if pa.types.is_date(type_):
        return value, None if low is None else sa.literal(low.date(), sa.Date()), sa.literal(until.date(), sa.Date())
    kind = sa.DateTime(timezone=is_aware)
    return value, None if low is None else sa.literal(low, kind), sa.literal(until, kind)


def _bad_cursor(window: Window, column: str, where: str) -> SourceError:
    return SourceError(
        where,
        f"the highest value landed so far, {window.cursor!r}, does not fit the cursor column {column!r}",
        next_step="the column has changed its type: pull the whole table once, without the last cursor",
    )


def cursor_text(value: Any) -> str:
    """The value as a manifest keeps it: times in ISO 8601, aware ones in UTC."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def is_finite(value: Any) -> bool:
    """Whether a value of the cursor column is one that new rows can be above."""
    if isinstance(value, str):  # a numeric without a declared scale comes as text
        return value not in ("NaN", "Infinity", "-Infinity")
    return not isinstance(value, float) or math.isfinite(value)


def table_of(plan: Plan, names: Sequence[str]) -> sa.sql.expression.FromClause:
    """What to select from, with its columns untyped: SQLAlchemy's own conversions would go through floating point."""
    columns: list[sa.sql.expression.ColumnClause[Any]] = [sa.column(name) for name in names]
    if plan.query is None:
        assert plan.table is not None
        return sa.table(plan.table, *columns, schema=plan.schema)
    return sa.text(escaped(plan.query)).columns(*columns).subquery("delivery")


def escaped(query: str) -> str:
    """Keep SQLAlchemy from taking a colon for the mark of a bound value; a comment at the end must end too."""
    return query.replace(":", "\\:") + "\n"
