"""Pull a table or a query from any database that SQLAlchemy can reach.

Options in feed.yml under `source:`

    table           `table` or `schema.table`; its columns are read from the database. Either this or `query`.
    query           One SELECT, for joins and casts at the source. It is run as a sub-query, and read-only where the
                    database knows that.
    types           For `query` on other databases than PostgreSQL, which do not say what a result's columns are:
                    {column: text | bigint | decimal(p,s) | double | boolean | date | timestamp}; text if not declared.
    cursor_column   Column by which only new rows are pulled: a timestamp, a date, a number, or a text in the order of
                    time (2026-09-08, TX0009: all of one length). Without it the whole table is pulled each time; so it is
                    once where nothing is as high as what came last, where more rows are below where the pull begins than there
                    were, and where another table, query, cursor_column, overlap or clock is declared. Rows with no value in
                    it are always pulled.
    overlap         How far behind the highest cursor value a pull begins again, for rows that were committed late or
                    corrected: "3 days", "12 hours", "90 minutes", "2 weeks" for time, a number for numbers. Default:
                    only rows equal to the highest value are pulled again.
    clock           The database's own time zone, for timestamps that do not carry one (default UTC). A TIMESTAMP of
                    MySQL is read in it; without it one stops where the server's own clock is UTC.
    order_by        Columns that fix the order of rows (after the cursor column). Default: the primary key.
    zero_dates      MySQL's 0000-00-00 is no date: refuse (default) makes its row unreadable, empty reads it as no value.
    holds           The encoding that texts are truly in where the database takes them for Latin-1, as old MySQL tables are set
                    up: gb18030 (also gbk, gb2312), big5, utf-8. Takes the general road.
    road            auto (default), general or fast. The fast road is DuckDB's PostgreSQL extension: several times the
                    speed, the same rows and types. `auto` takes it where it can and the general one where not.

Connections: postgres, mysql (needs pymysql), sqlite (the file as host), any other by `sqlalchemy_url` in extra.

By a timestamp or date, rows up to the end of the run's interval are pulled, none recorded after it.

Numeric columns arrive as decimals of the declared precision and scale, never as floating point; a numeric without a
declared precision arrives as text. Types that Arrow has no equal for (json, arrays, intervals, …) arrive as the
database's own text. A row with a value that its column's type cannot hold (SQLite stores anything anywhere; PostgreSQL
knows NaN and infinity) is unreadable, not rounded. Text stays text, SQLite's timestamps in a column declared as text
included.

The password travels as a bound value into DuckDB's in-memory secret store, and as a parameter to the other drivers: it
is in no SQL text, file, process list or message.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import TIMESTAMP
from sqlalchemy.engine import URL, Connection

from connectors.credentials import Credentials
from connectors.sources import BATCH_ROWS, MOST_OF_SINGLE, NO_USES, ROW_NUMBER, Delivery, Unreadable, Window, plain
from connectors.sources.database.cursors import (
    counted_below,
    cursor_bounds,
    cursor_text,
    escaped,
    is_finite,
    table_of,
    usable_window,
)
from connectors.sources.database.plan import Plan
from connectors.sources.database.postgres_fast_road import FastRoadClosed, fast_road
from connectors.sources.database.reaching import connected, sqlalchemy_url
from connectors.sources.database.values import (
    Column,
    Rows,
    arrow_type,
    declared_type,
    most_of,
    postgres_column,
    rows_of,
)
from connectors.sources.options import Options
from warehouse.errors import SourceError

OPTIONS: frozenset[str] = frozenset(
    {"table", "query", "types", "cursor_column", "overlap", "clock", "order_by", "road", "zero_dates", "holds"}
)
ASKED: frozenset[str] = frozenset({"table", "query", "types", "cursor_column", "overlap", "clock"})
_HELD: Final = {"gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "big5": "big5", "utf-8": "utf-8"}
_log = logging.getLogger(__name__)
_PROBLEM: Final = "parkbridge_problem"


@dataclass(frozen=True)
class _Pull:
    """Everything that is settled before the first row is asked for."""

    plan: Plan
    columns: Sequence[Column]
    statement: sa.Select[Any]
    url: URL
    is_postgres: bool
    credentials: Credentials
    where: str


def deliveries(
    options: Mapping[str, Any],
    credentials: Credentials,
    window: Window,
    where: str,
    *,
    exclude: frozenset[str] = frozenset(),
    expected: frozenset[str] = frozenset(),  # noqa: ARG001 - the database itself says which columns there are
    uses: Mapping[str, str] = NO_USES,
) -> Iterator[Delivery]:
    """Pull the table: one delivery, see `connectors.sources.Source.deliveries`."""
    return _pull(_plan(options, where, exclude, uses), credentials, window, where, exclude)


def _plan(options: Mapping[str, Any], where: str, exclude: frozenset[str], uses: Mapping[str, str]) -> Plan:
    read = Options(options, OPTIONS, where)
    if read.has("table") == read.has("query"):
        read.refuse("table", "and source.query: one of them is needed", "either the one or the other")
    table, query = read.text("table", None), read.text("query", None)
    schema = None
    if table and "." in table:
        schema, table = table.split(".", 1)
        if not schema or not table:
            read.refuse("table", f"is {options['table']!r}", "table or schema.table")
    cursor_column = read.text("cursor_column", None)
    if plain(cursor_column or "") in exclude:
        read.refuse("cursor_column", f"is {cursor_column!r}, which is personal and never fetched", "another column")
    if read.has("overlap") and cursor_column is None:
        read.refuse("overlap", "needs source.cursor_column", "no overlap for a whole table")
    types = {}
    for column, name in read.mapping("types").items():
        types[column] = declared_type(name) or read.refuse(
            f"types.{column}", f"is {name!r}", "text, bigint, decimal(p,s), double, boolean, date or timestamp"
        )
    return Plan(
        schema=schema,
        table=table,
        query=query.strip().rstrip(";") if query else None,
        types=types,
        cursor_column=cursor_column,
        overlap=_overlap(options.get("overlap"), read),
        clock=read.zone("clock"),
        is_clock_declared=read.has("clock"),
        order_by=read.texts("order_by"),
        road=read.choice("road", ("auto", "general", "fast"), "auto"),
        are_zero_dates_empty=read.choice("zero_dates", ("refuse", "empty"), "refuse") == "empty",
        holds=_HELD[read.choice("holds", tuple(_HELD), "gbk")] if read.has("holds") else None,
        ignored=frozenset(name for name, use in uses.items() if use == "ignored"),
        no_figures=frozenset(uses),
    )


def _overlap(value: Any, read: Options) -> timedelta | Decimal | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return Decimal(str(value))
    found = re.fullmatch(r"(\d+)\s+(minute|hour|day|week)s?", str(value).strip())
    if not found:
        read.refuse("overlap", f"is {value!r}", 'a number, or a time such as "3 days" (minutes, hours, days, weeks)')
    return timedelta(**{f"{found[2]}s": int(found[1])})


def _pull(
    plan: Plan, credentials: Credentials, window: Window, where: str, exclude: frozenset[str]
) -> Iterator[Delivery]:
    url = sqlalchemy_url(credentials, where)
    notes: list[str] = []
    below: dict[str, tuple[int, str]] = {}
    with connected(url, credentials, where) as connection:
        header, columns, key = _describe(connection, plan, where, exclude)
        dialect = connection.dialect.name
        if plan.cursor_column in header:
            window = usable_window(connection, plan, columns, window, where, notes)
            below = counted_below(connection, plan, columns, window, where)
    order_by = plan.order_by or key
    for option, names in (("cursor_column", (plan.cursor_column,)), ("order_by", order_by)):
        for name in names:
            if name is not None and name not in header:
                raise SourceError(
                    where,
                    f"{plan.label} has no column {name!r}, which source.{option} names",
                    allowed=", ".join(header),
                    next_step=f"ask the office whether it was renamed, then correct source.{option} in feed.yml",
                )
    # A primary key that is personal is not fetched, but may still put the rows in order.
    statement = _statement(plan, columns, header, order_by, window, dialect, where)
    delivery = Delivery(label=plan.label, header=header, batches=iter(()), notes=notes)
    delivery.rows_below = {cursor: rows for cursor, (rows, _) in below.items()}
    delivery.figures_below = {cursor: figures for cursor, (_, figures) in below.items()}
    is_postgres = dialect == "postgresql"
    delivery.batches = _batches(delivery, _Pull(plan, columns, statement, url, is_postgres, credentials, where))
    yield delivery


def _describe(
    connection: Connection, plan: Plan, where: str, exclude: frozenset[str]
) -> tuple[tuple[str, ...], list[Column], tuple[str, ...]]:
    """Ask the database which columns there are: (all names, the columns to pull, the primary key)."""
    key: tuple[str, ...] = ()
    if plan.query is None:
        inspector = sa.inspect(connection)
        assert plan.table is not None
        if not inspector.has_table(plan.table, plan.schema):
            names = sorted({*inspector.get_table_names(plan.schema), *inspector.get_view_names(plan.schema)})
            listed = ", ".join(names[:20]) or "no table that this login may see"
            raise SourceError(
                where,
                f"there is no table {plan.label}; the database has {listed}",
                next_step="ask the office whether the table was renamed or the login lost its right to read it, "
                "then correct source.table in feed.yml",
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sa.exc.SAWarning)  # types SQLAlchemy does not know arrive as text
            reflected = inspector.get_columns(plan.table, plan.schema)
            key = tuple(inspector.get_pk_constraint(plan.table, plan.schema)["constrained_columns"] or ())
        header = tuple(column["name"] for column in reflected)
    else:
        result = connection.execute(sa.text(f"select * from ({escaped(plan.query)}) delivery where 1 = 0"))
        header = tuple(result.keys())
    _refuse_bad_names(header, plan, where)
    if plan.query is None and not plan.is_clock_declared and connection.dialect.name in ("mysql", "mariadb"):
        stamps = [c["name"] for c in reflected if isinstance(c["type"], TIMESTAMP) and plain(c["name"]) not in exclude]
        if stamps and not connection.exec_driver_sql("select timediff(now(), utc_timestamp())").scalar():
            raise SourceError(
                where,
                f"{plan.label}.{stamps[0]} is a TIMESTAMP, and the server's clock is UTC: which day it was at the office is unknown",
                next_step="declare source.clock in feed.yml: Asia/Shanghai, or UTC if that is meant",
            )
    if connection.dialect.name == "postgresql":
        wanted = [name for name in header if plain(name) not in exclude]
        source = table_of(plan, wanted)
        described = connection.execute(sa.select(*[source.c[name] for name in wanted]).limit(0)) if wanted else None
        columns = [postgres_column(column) for column in described.cursor.description] if described else []
    elif plan.query is None:
        is_mysql = connection.dialect.name in ("mysql", "mariadb")
        # a program may set its own mode, but not where a name of just so many characters is likelier
        is_lax = is_mysql and "STRICT" not in connection.exec_driver_sql("select @@global.sql_mode").scalar_one()
        columns = [
            Column(
                c["name"],
                found := arrow_type(c["type"]),
                is_free_decimal=isinstance(c["type"], sa.Numeric) and pa.types.is_string(found),
                most=most_of(c["type"], is_lax=is_lax) if is_mysql else None,
            )
            for c in reflected
            if plain(c["name"]) not in exclude
        ]
    else:
        columns = [Column(name, plan.types.get(name, pa.string())) for name in header if plain(name) not in exclude]
    return header, columns, key


def _refuse_bad_names(header: tuple[str, ...], plan: Plan, where: str) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice or ROW_NUMBER in header or _PROBLEM in header:
        raise SourceError(
            where,
            f"{plan.label} has {'two columns' if twice else 'a column'} called {(twice or [ROW_NUMBER])[0]!r}",
            allowed=f"each name once, and not {ROW_NUMBER!r}, which every batch has of its own",
            next_step="name the columns apart with AS in source.query",
        )


def _statement(
    plan: Plan,
    columns: Sequence[Column],
    header: tuple[str, ...],
    order_by: tuple[str, ...],
    window: Window,
    dialect: str,
    where: str,
) -> sa.Select[Any]:
    source = table_of(plan, header)
    selected: list[sa.ColumnElement[Any]] = []
    problems: list[tuple[sa.ColumnElement[bool], sa.ColumnElement[int]]] = []
    for position, column in enumerate(columns):
        value: sa.ColumnElement[Any] = source.c[column.name]
        is_ignored = plain(column.name) in plan.ignored
        is_single = pa.types.is_float32(column.type) and not is_ignored
        wrong = None
        if is_single or (
            dialect == "postgresql" and not column.is_cast_to_text and not pa.types.is_float32(column.type)
        ):
            wrong = _beyond_arrow(value, column.type)
        elif column.most is not None and not is_ignored:
            wrong = _is_cut(value, column)
        if is_single and dialect in ("mysql", "mariadb"):
            value = value * sa.literal_column("1e0")  # it would be written with six digits: 1234567.89 as 1234570
        if column.is_cast_to_text:
            value = sa.cast(value, sa.Text)
        if wrong is not None:
            if not is_ignored:
                problems.append((wrong, sa.literal_column(str(position))))
            if not pa.types.is_decimal(column.type):
                # psycopg would stop at such a value. Decimals stay as they are: a CASE loses precision and scale.
                value = sa.case((wrong, sa.null()), else_=value)
            elif is_ignored:
                value = sa.func.nullif(value, sa.literal_column("'NaN'"))
        selected.append(value.label(column.name))
    if problems:
        selected.append(sa.case(*problems).label(_PROBLEM))
    statement = sa.select(*selected).select_from(source)
    order: list[sa.ColumnElement[Any]] = [source.c[name] for name in order_by if name != plan.cursor_column]
    if plan.cursor_column is not None:
        column = next(column for column in columns if column.name == plan.cursor_column)
        compared, low, high = cursor_bounds(plan, column, source.c[plan.cursor_column], window, dialect, where)
        bounds = []
        if low is not None:
            bounds.append(compared >= low)
        if high is not None:
            bounds.append(compared <= high)
        if bounds:
            # A row without a cursor value would otherwise never be pulled by any run.
            statement = statement.where(sa.or_(sa.and_(*bounds), compared.is_(None)))
        order = [compared, *order]
    return statement.order_by(*order) if order else statement


def _is_cut(value: sa.ColumnElement[Any], column: Column) -> sa.ColumnElement[bool]:
    """Return which values MySQL without its strict mode may have cut to the largest number, or the longest text, of the column."""
    if column.most == 0:
        return sa.type_coerce(value, sa.Integer) + sa.literal_column("0") == 0
    most: sa.ColumnElement[Any] = sa.literal_column(str(column.most))
    if not pa.types.is_string(column.type):
        return sa.func.abs(value) >= most
    return sa.and_(sa.func.char_length(value) >= most, sa.func.length(value) > sa.func.char_length(value))


def _beyond_arrow(value: sa.ColumnElement[Any], type_: pa.DataType) -> sa.ColumnElement[bool] | None:
    """Return which of PostgreSQL's values Python and Arrow have no equal for.

    Left alone, DuckDB's extension reads a numeric NaN as 0.00 and an infinite date as a number out of range, and
    psycopg stops the whole pull.
    """
    if pa.types.is_float32(type_):
        return sa.func.abs(value) >= sa.literal_column(str(MOST_OF_SINGLE))
    if pa.types.is_decimal(type_):
        return value == sa.literal_column("'NaN'")
    if pa.types.is_date(type_):
        return sa.not_(value.between(sa.literal_column("'0001-01-01'"), sa.literal_column("'9999-12-31'")))
    if pa.types.is_timestamp(type_):
        return sa.or_(value < sa.literal_column("'0001-01-02'"), value >= sa.literal_column("'9999-12-31'"))
    if pa.types.is_time(type_):
        return value == sa.literal_column("'24:00:00'")
    return None


def _batches(delivery: Delivery, pull: _Pull) -> Iterator[pa.RecordBatch]:
    for rows in _rows(pull):
        # Note the cursor and what is unreadable, and make the batch of the rest.
        numbers = pa.array(range(rows.first, rows.first + rows.count), pa.int64())
        schema = pa.schema([(ROW_NUMBER, pa.int64()), *((column.name, column.type) for column in pull.columns)])
        batch = pa.RecordBatch.from_arrays([numbers, *rows.arrays], schema=schema)
        if pull.plan.cursor_column is not None:
            values = batch.column(pull.plan.cursor_column).drop_null()
            # the database put them in order: the last is its highest; NaN and infinity are behind all numbers
            highest = next((v for i in range(len(values) - 1, -1, -1) if is_finite(v := values[i].as_py())), None)
            if highest is not None:
                delivery.cursor = cursor_text(highest)
        for position in sorted(rows.wrong):
            delivery.unreadable.append(Unreadable(rows.first + position, *rows.wrong[position]))
        if rows.wrong:
            batch = batch.filter(pa.array([position not in rows.wrong for position in range(rows.count)]))
        yield batch


def _rows(pull: _Pull) -> Iterator[Rows]:
    """Take the fast road where the plan and the database allow it, the general one otherwise."""
    if pull.plan.road == "general" or pull.plan.holds or (pull.plan.road == "auto" and not pull.is_postgres):
        yield from _general_road(pull)
        return
    rows = fast_road(pull.columns, pull.statement, pull.url)
    failure = None
    try:
        first = next(rows)  # what keeps the road closed shows before the first row
    except FastRoadClosed as error:
        failure = SourceError(
            pull.where,
            f"the fast road is closed: {pull.credentials.redact(str(error))[:400]}",
            next_step="leave source.road out of feed.yml, so that the general road is taken",
        )
    if failure and pull.plan.road == "fast":
        raise failure from None
    if failure:
        _log.info("%s: %s; taking the general one", pull.where, failure.fact)
        yield from _general_road(pull)
        return
    yield first
    try:
        yield from rows
    except FastRoadClosed as error:
        failure = SourceError(
            pull.where,
            f"PostgreSQL stopped in the middle of the rows: {pull.credentials.redact(str(error))[:400]}",
            next_step="nothing was landed; the run tries again by itself. If it stops here each time, `road: general` under source "
            "in feed.yml shows the database's own words",
            is_passing=True,
        )
    if failure:
        raise failure from None


def _general_road(pull: _Pull) -> Iterator[Rows]:
    """Stream rows through SQLAlchemy, a batch at a time, behind a cursor on the server where it has one."""
    first = 1
    with connected(pull.url, pull.credentials, pull.where) as connection:
        if pull.plan.is_clock_declared and connection.dialect.name in ("mysql", "mariadb"):
            offset = f"{datetime.now(pull.plan.clock):%z}"  # by its name only where the server has the tables of zones
            connection.exec_driver_sql("set time_zone = %s", (f"{offset[:3]}:{offset[3:]}",))
        result = connection.execution_options(yield_per=BATCH_ROWS).execute(pull.statement)
        for rows in result.partitions():
            yield rows_of(
                first,
                rows,
                pull.columns,
                pull.plan.clock if pull.plan.is_clock_declared else None,
                are_zero_dates_empty=pull.plan.are_zero_dates_empty,
                holds=pull.plan.holds,
                ignored=pull.plan.ignored,
            )
            first += len(rows)
    if first == 1:
        yield rows_of(first, (), pull.columns, pull.plan.clock)
