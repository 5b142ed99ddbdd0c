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
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote as url_quote
from zoneinfo import ZoneInfo

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import TIMESTAMP
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from connectors.credentials import Credentials
from connectors.sources import BATCH_ROWS, MOST_OF_SINGLE, NO_USES, ROW_NUMBER, Delivery, Unreadable, Window, plain
from connectors.sources.database.postgres_fast_road import SESSION, FastRoadClosed, fast_road
from connectors.sources.database.values import (
    Column,
    Rows,
    arrow_type,
    declared_type,
    most_of,
    postgres_column,
    rows_of,
    without_values,
)
from connectors.sources.options import Options
from warehouse.errors import ParkBridgeError, SourceError
from warehouse.text import shown

OPTIONS: frozenset[str] = frozenset(
    {"table", "query", "types", "cursor_column", "overlap", "clock", "order_by", "road", "zero_dates", "holds"}
)

ASKED: frozenset[str] = frozenset({"table", "query", "types", "cursor_column", "overlap", "clock"})

_HELD: Final = {"gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "big5": "big5", "utf-8": "utf-8"}

_log = logging.getLogger(__name__)

_DRIVERS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "sqlite": "sqlite",
}
# What of a connection's extra is meant for libpq; anything else there is not ours to pass on.
_LIBPQ: Final = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "channel_binding",
    "gssencmode",
    "target_session_attrs",
    "connect_timeout",
)
# Said by databases that are there and will say the same next time.
_REFUSALS: Final = (
    "password",
    "does not exist",
    "no pg_hba.conf entry",
    "no such",
    "decode",
    "unable to open",
    "syntax",
)
_PROBLEM: Final = "parkbridge_problem"


@dataclass(frozen=True)
class _Plan:
    """The options, read."""

    schema: str | None
    table: str | None
    query: str | None
    types: Mapping[str, pa.DataType]
    cursor_column: str | None
    overlap: timedelta | Decimal | None
    clock: ZoneInfo
    is_clock_declared: bool = field(compare=False)
    order_by: tuple[str, ...]
    road: str
    are_zero_dates_empty: bool
    holds: str | None
    ignored: frozenset[str]
    no_figures: frozenset[str]  # ignored columns, texts and dates

    @property
    def label(self) -> str:
        return "query" if self.table is None else f"{self.schema}.{self.table}" if self.schema else self.table


@dataclass(frozen=True)
class _Pull:
    """Everything that is settled before the first row is asked for."""

    plan: _Plan
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


def _plan(options: Mapping[str, Any], where: str, exclude: frozenset[str], uses: Mapping[str, str]) -> _Plan:
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
    return _Plan(
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


# --- reaching the database ------------------------------------------------------------------------------------------


def sqlalchemy_url(credentials: Credentials, where: str) -> URL:
    """Make the SQLAlchemy URL of a connection.

    Args:
        credentials: The connection; `sqlalchemy_url` in its extra goes before all else, with login and password filled
            in where that URL has none.
        where: The feed, for messages.

    Raises:
        SourceError: The connection's type has no driver here, or its URL cannot be read.
    """
    given = credentials.extra.get("sqlalchemy_url")
    if given:
        try:
            url = make_url(str(given))
        except ArgumentError:
            url = None
        if url is None:  # outside the handler: the exception's own text would repeat the URL and its password
            raise SourceError(
                where,
                "the connection's extra.sqlalchemy_url is no SQLAlchemy URL",
                next_step="write it as dialect+driver://login@host:port/database, the password as the connection's own",
            )
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        if url.drivername == "sqlite" and not url.query:
            return _sqlite_url(url.database or "", where)
        return url.set(username=url.username or credentials.login, password=url.password or credentials.password)
    driver = _DRIVERS.get(credentials.conn_type)
    if driver is None:
        raise SourceError(
            where,
            f"a connection of type {credentials.conn_type!r} is no database that is known here",
            allowed=", ".join(sorted(_DRIVERS)),
            next_step="set the connection's type, or put a SQLAlchemy URL into its extra as sqlalchemy_url",
        )
    if driver == "sqlite":
        return _sqlite_url(credentials.host or credentials.schema or "", where)
    query = {}
    host = credentials.host
    if driver == "postgresql+psycopg":
        query = {key: str(credentials.extra[key]) for key in _LIBPQ if credentials.extra.get(key)}
        query.setdefault("connect_timeout", "15")
        if host and host.startswith("/"):  # a socket's folder cannot be the host of a URL
            query["host"], host = host, None
    return URL.create(
        driver, credentials.login, credentials.password, host, credentials.port, credentials.schema, query
    )


def libpq_settings(credentials: Credentials, where: str) -> dict[str, str]:
    """Give what libpq needs to reach a PostgreSQL database, password included.

    Args:
        credentials: The connection.
        where: What asks, for messages.

    Raises:
        SourceError: The connection is of another database, or cannot be read.
    """
    url = sqlalchemy_url(credentials, where)
    if url.get_backend_name() != "postgresql":
        raise SourceError(
            where,
            f"the connection is of {url.get_backend_name()}",
            allowed="postgres",
            next_step="name a connection of type postgres",
        )
    own = {"host": url.host, "port": url.port, "user": url.username, "password": url.password, "dbname": url.database}
    return {key: str(value) for key, value in (own | dict(url.query)).items() if value}


def _sqlite_url(file: str, where: str) -> URL:
    """Open the file read-only: SQLite would otherwise create a missing one and find no table in it."""
    path = Path(file)
    if not path.is_file():
        raise SourceError(
            where,
            f"there is no SQLite file {path}",
            next_step="check the path in the connection (its host), and whether the disk is mounted",
        )
    return URL.create("sqlite", database=f"file:{url_quote(str(path.absolute()))}", query={"mode": "ro", "uri": "true"})


@contextmanager
def _connection(url: URL, credentials: Credentials, where: str) -> Iterator[Connection]:
    """Connect for one pull; whatever the driver raises in here leaves as a SourceError without secrets or values."""
    failure: SourceError | None = None
    try:
        engine = sa.create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)
                for name, value in SESSION.items():
                    connection.exec_driver_sql(f"set {name} = '{value}'")
            yield connection
    except ParkBridgeError:
        raise
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        failure = SourceError(
            where,
            f"no driver for {url.drivername} is installed ({type(error).__name__})",
            next_step="install the driver into the project's environment",
        )
    except (SQLAlchemyError, OSError) as error:
        failure = _source_error(error, credentials, where)
    if failure:
        # Without the exception of the driver, which shows the statement and its values.
        raise failure from None


def _source_error(error: Exception, credentials: Credentials, where: str) -> SourceError:
    if isinstance(error, DBAPIError | OSError):
        text = without_values(str(getattr(error, "orig", None) or error))
    else:  # SQLAlchemy's own errors may repeat the statement and its values
        text = type(error).__name__
    is_unreachable = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | OSError)
    is_passing = is_unreachable and not any(sign in text for sign in _REFUSALS)
    return SourceError(
        where,
        f"the database answers: {credentials.redact(text)[:400]}",
        next_step="check that the database is up and reachable from here; the run tries again by itself"
        if is_passing
        else "check the connection's login, what it may read, and the source's options in feed.yml",
        is_passing=is_passing,
    )


# --- what is pulled -------------------------------------------------------------------------------------------------


def _pull(
    plan: _Plan, credentials: Credentials, window: Window, where: str, exclude: frozenset[str]
) -> Iterator[Delivery]:
    url = sqlalchemy_url(credentials, where)
    notes: list[str] = []
    below: dict[str, tuple[int, str]] = {}
    with _connection(url, credentials, where) as connection:
        header, columns, key = _describe(connection, plan, where, exclude)
        dialect = connection.dialect.name
        if plan.cursor_column in header:
            window = _usable_window(connection, plan, columns, window, where, notes)
            below = _counted(connection, plan, columns, window, where)
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


# texts in the order of time: a year before its month, or a number behind the same letters
_YEAR_FIRST = re.compile(r"[12]\d{3}[-/.年]?(0[1-9]|1[0-2])(\D.*|\d\d.*)?")
_NUMBERED = re.compile(r"(\D*)\d+(\D*)")
_ZONE_OF_TEXT = re.compile(r":\d\d(?:\.\d+)?[+-]\d\d:\d\d$")
_DAY_OF_TEXT = re.compile(r"(\d{4})[-/.年](\d\d)[-/.月](\d\d).*")


def _refuse_texts_in_disorder(
    connection: Connection,
    plan: _Plan,
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


def _usable_window(
    connection: Connection, plan: _Plan, columns: Sequence[Column], window: Window, where: str, notes: list[str]
) -> Window:
    """The window, without its cursor where the source has nothing from there on, or more before it than there was."""
    column = next(column for column in columns if column.name == plan.cursor_column)
    figures = _figures(plan, columns)
    source = _from(plan, [column.name, *(figure.name for figure in figures)])
    dialect = connection.dialect.name
    compared, low, _ = _cursor_bounds(plan, column, source.c[column.name], window, dialect, where)
    is_text = pa.types.is_string(column.type) and compared is source.c[column.name]
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
        _, below, _ = _cursor_bounds(
            plan, column, source.c[column.name], replace(window, cursor=cursor), dialect, where
        )
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


def _figures(plan: _Plan, columns: Sequence[Column]) -> list[Column]:
    """The columns that can be added up: neither keys nor days."""
    return [
        column
        for column in columns
        if (pa.types.is_integer(column.type) or pa.types.is_decimal(column.type))
        and column.name != plan.cursor_column
        and plain(column.name) not in plan.no_figures
    ]


def _below(
    connection: Connection, source: sa.FromClause, low: sa.ColumnElement[bool], figures: Sequence[Column]
) -> tuple[int, str]:
    """How many rows there are below a value, and what each of their figures adds up to."""
    is_sqlite = connection.dialect.name == "sqlite"
    sums = [
        # as it is, SQL Server would add whole numbers up in four bytes, and SQLite in eight
        sa.func.total(source.c[column.name])
        if is_sqlite
        else sa.func.sum(sa.cast(source.c[column.name], sa.Numeric(38, getattr(column.type, "scale", 0))))
        for column in figures
    ]
    rows, *added = connection.execute(sa.select(sa.func.count(), *sums).select_from(source).where(low)).one()
    return rows, " ".join(f"{column.name}={value}" for column, value in zip(figures, added, strict=True))


def _counted(
    connection: Connection, plan: _Plan, columns: Sequence[Column], window: Window, where: str
) -> dict[str, tuple[int, str]]:
    """What `_below` gives of where the next pull begins, by the highest cursor: counted before the rows are read."""
    column = next(column for column in columns if column.name == plan.cursor_column)
    figures = _figures(plan, columns)
    source = _from(plan, [column.name, *(figure.name for figure in figures)])
    dialect = connection.dialect.name
    compared, _, high = _cursor_bounds(plan, column, source.c[column.name], window, dialect, where)
    asked = sa.select(sa.func.max(compared)).select_from(source)
    highest = connection.execute(asked if high is None else asked.where(compared <= high)).scalar()
    if highest is None:
        return {}
    cursor = _cursor_text(highest)
    _, low, _ = _cursor_bounds(plan, column, source.c[column.name], replace(window, cursor=cursor), dialect, where)
    return {} if low is None else {cursor: _below(connection, source, compared < low, figures)}


def _describe(
    connection: Connection, plan: _Plan, where: str, exclude: frozenset[str]
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
        result = connection.execute(sa.text(f"select * from ({_escaped(plan.query)}) delivery where 1 = 0"))
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
        source = _from(plan, wanted)
        described = connection.execute(sa.select(*[source.c[name] for name in wanted]).limit(0)) if wanted else None
        columns = [postgres_column(column) for column in described.cursor.description] if described else []
    elif plan.query is None:
        is_mysql = connection.dialect.name in ("mysql", "mariadb")
        # a program may set its own mode, but not where a name of just so many characters is likelier
        is_lax = is_mysql and "STRICT" not in connection.exec_driver_sql("select @@global.sql_mode").scalar_one()
        columns = [
            Column(c["name"], arrow_type(c["type"]), most=most_of(c["type"], is_lax=is_lax) if is_mysql else None)
            for c in reflected
            if plain(c["name"]) not in exclude
        ]
    else:
        columns = [Column(name, plan.types.get(name, pa.string())) for name in header if plain(name) not in exclude]
    return header, columns, key


def _refuse_bad_names(header: tuple[str, ...], plan: _Plan, where: str) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice or ROW_NUMBER in header or _PROBLEM in header:
        raise SourceError(
            where,
            f"{plan.label} has {'two columns' if twice else 'a column'} called {(twice or [ROW_NUMBER])[0]!r}",
            allowed=f"each name once, and not {ROW_NUMBER!r}, which every batch has of its own",
            next_step="name the columns apart with AS in source.query",
        )


def _from(plan: _Plan, names: Sequence[str]) -> sa.sql.expression.FromClause:
    """What to select from, with its columns untyped: SQLAlchemy's own conversions would go through floating point."""
    columns: list[sa.sql.expression.ColumnClause[Any]] = [sa.column(name) for name in names]
    if plan.query is None:
        assert plan.table is not None
        return sa.table(plan.table, *columns, schema=plan.schema)
    return sa.text(_escaped(plan.query)).columns(*columns).subquery("delivery")


def _escaped(query: str) -> str:
    """Keep SQLAlchemy from taking a colon for the mark of a bound value; a comment at the end must end too."""
    return query.replace(":", "\\:") + "\n"


def _statement(
    plan: _Plan,
    columns: Sequence[Column],
    header: tuple[str, ...],
    order_by: tuple[str, ...],
    window: Window,
    dialect: str,
    where: str,
) -> sa.Select[Any]:
    source = _from(plan, header)
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
        compared, low, high = _cursor_bounds(plan, column, source.c[plan.cursor_column], window, dialect, where)
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


def _cursor_bounds(
    plan: _Plan, column: Column, value: sa.ColumnElement[Any], window: Window, dialect: str, where: str
) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any] | None, sa.ColumnElement[Any] | None]:
    """Give what to compare, the lowest and the highest value to take."""
    type_ = column.type
    is_time_text = dialect == "sqlite" and pa.types.is_string(type_) and isinstance(plan.overlap, timedelta)
    is_time = pa.types.is_timestamp(type_) or pa.types.is_date(type_) or is_time_text
    is_number = pa.types.is_integer(type_) or pa.types.is_decimal(type_) or pa.types.is_floating(type_)
    if column.is_cast_to_text or not (is_time or is_number or pa.types.is_string(type_)):
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
    plan: _Plan, type_: pa.DataType, value: sa.ColumnElement[Any], window: Window, dialect: str, where: str
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


# --- the two roads --------------------------------------------------------------------------------------------------


def _batches(delivery: Delivery, pull: _Pull) -> Iterator[pa.RecordBatch]:
    for rows in _rows(pull):
        # Note the cursor and what is unreadable, and make the batch of the rest.
        numbers = pa.array(range(rows.first, rows.first + rows.count), pa.int64())
        schema = pa.schema([(ROW_NUMBER, pa.int64()), *((column.name, column.type) for column in pull.columns)])
        batch = pa.RecordBatch.from_arrays([numbers, *rows.arrays], schema=schema)
        if pull.plan.cursor_column is not None:
            values = batch.column(pull.plan.cursor_column).drop_null()
            if len(values):  # the database put them in order: the last is its highest
                delivery.cursor = _cursor_text(values[-1].as_py())
        for position in sorted(rows.wrong):
            delivery.unreadable.append(Unreadable(rows.first + position, *rows.wrong[position]))
        if rows.wrong:
            batch = batch.filter(pa.array([position not in rows.wrong for position in range(rows.count)]))
        yield batch


def _cursor_text(value: Any) -> str:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


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
            next_step="nothing was landed; the run tries again by itself",
            is_passing=True,
        )
    if failure:
        raise failure from None


def _general_road(pull: _Pull) -> Iterator[Rows]:
    """Stream rows through SQLAlchemy, a batch at a time, behind a cursor on the server where it has one."""
    first = 1
    with _connection(pull.url, pull.credentials, pull.where) as connection:
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
