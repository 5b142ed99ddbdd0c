"""Copies the published file into PostgreSQL for BI servers, in one transaction. `parkbridge serve-to`.

The night is written into schemas `parkbridge_next_…`, which only this transaction sees. The swap locks the tables that readers have,
drops them, and renames the schemas. Whatever goes wrong before the commit (a lost connection, a full disk, a kill), the server itself
forgets the copy, and readers keep the edition that they had. docs/decisions/0024.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
from psycopg import errors
from pyarrow import csv

from warehouse.connection import literal, open_read_only, quote
from warehouse.durable import sha256_of
from warehouse.postgres_access import (
    ENTERPRISE_BUILDING,
    Audience,
    grants,
    hold_to_buildings,
    make_roles,
    note_buildings,
)
from warehouse.postgres_tables import (
    NEXT,
    Column,
    ServeError,
    Table,
    comments,
    create,
    hold_to_names,
    indices,
    query,
    run,
    tables_of,
)

MARK = "ParkBridge edition"
"""Begins the comment of every schema that is ours: no other schema is ever dropped."""
FORMAT = 1
"""Part of what an edition is known by: a version that writes something else replaces what an earlier one wrote."""
ROWS_AT_ONCE = 20_000
# One attempt to lock what readers have ends before PostgreSQL's deadlock_timeout (1 s) could cancel a reader's query.
LOCK_ATTEMPT_MS = 800
_ADVISORY_LOCK = 7_246_534_905
_EDITION = Table(
    "ops",
    "edition",
    "one row is: the edition that this database shows; it is replaced as a whole\n一行是：本库当前所示的一期数据；整体替换",
    (
        Column("night_id", "VARCHAR", "The night that is shown | 所示期次"),
        Column("as_of", "TIMESTAMP", "Up to when it is known (UTC) | 数据截至时间（UTC）"),
        Column("served_at", "TIMESTAMP WITH TIME ZONE", "When it was copied | 写入时间"),
        Column("fingerprint", "VARCHAR", "By which the same night is known again | 用于识别同一期数据"),
    ),
)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL database.

    Attributes:
        name: Of the connection, for messages.
        settings: What libpq is given: host, port, user, password, dbname, sslmode, …
        redact: Takes every secret of the connection out of a text.
    """

    name: str
    settings: Mapping[str, str] = field(repr=False)
    redact: Callable[[str], str] = field(repr=False, default=lambda text: text)


@dataclass(frozen=True)
class Served:
    """What came of it.

    Attributes:
        night_id: The night that readers see from now on.
        is_changed: False: they had it already.
        tables: How many tables.
        rows: How many rows in them.
        seconds: How long readers waited for the swap, once the lock was had.
    """

    night_id: str
    is_changed: bool
    tables: int = 0
    rows: int = 0
    seconds: float = 0.0


def serve(
    server: Server,
    file: Path,
    audience: Audience | None = None,
    *,
    wait_seconds: float = 60,
    on_table: Callable[[str], None] | None = None,
) -> Served:
    """Make a published file what readers of a PostgreSQL database see.

    Args:
        server: The database; its login may create schemas there, and roles where `audience` has some that are not there.
        file: A published file.
        audience: Who may read.
        wait_seconds: How long to try for the lock while queries of readers run.
        on_table: Called with the name of each table before it is copied.

    Raises:
        ServeError: It could not be done, and readers see what they saw; or the connection broke at the commit.
    """
    audience = audience or Audience()
    with open_read_only(file) as park:
        night = park.execute("select night_id, as_of from ops.night").fetchone()
        assert night is not None
        fingerprint = _fingerprint(park, file, audience)
        tables = tables_of(park)
        hold_to_names(tables, audience.roles)
        hold_to_buildings(park, tables, audience)
        with _connected(server) as connection:
            _prepare(connection)
            if _served(connection) == fingerprint:
                return Served(night[0], is_changed=False)
            _hold_to_schemas(connection, tables)
            if audience.has_roles:
                make_roles(connection, audience)
            run(
                connection,
                [
                    f"create schema {quote(NEXT + schema)}; comment on schema {quote(NEXT + schema)} is {literal(MARK)}"
                    for schema in dict.fromkeys(table.schema for table in tables)
                ],
            )
            rows = 0
            for table in tables:
                if on_table:
                    on_table(f"{table.schema}.{table.name}")
                rows += _copy(connection, park, table)
            _note_edition(connection, night, fingerprint)
            tables = [*tables, _EDITION]
            if audience.groups:
                tables = [*tables, ENTERPRISE_BUILDING]
                note_buildings(connection, park)
            for table in tables:
                run(connection, [*comments(table), *indices(table)])
            if audience.has_roles:
                run(connection, grants(tables, audience))
            seconds = _swap(connection, tables, wait_seconds)
    return Served(night[0], is_changed=True, tables=len(tables), rows=rows, seconds=seconds)


@contextmanager
def _connected(server: Server) -> Iterator[psycopg.Connection[Any]]:
    """One transaction; whatever the driver raises leaves as a ServeError without secrets."""
    failure: ServeError | None = None
    connection: psycopg.Connection[Any] | None = None
    is_committing = False
    try:
        settings: dict[str, Any] = {"connect_timeout": "15", **server.settings}
        connection = psycopg.connect(**settings, fallback_application_name="parkbridge", client_encoding="utf8")
        yield connection
        is_committing = True
        connection.commit()
    except psycopg.Error as error:
        failure = _explained(error, server, connection, is_committing=is_committing)
    except duckdb.Error as error:
        failure = ServeError(
            "published file",
            f"it cannot be read: {' '.join(str(error).split())[:300]}",
            next_step="run the night again, or `parkbridge rollback`; what readers see is unchanged",
        )
    finally:
        if connection is not None:
            connection.close()  # without a commit the server forgets everything of this transaction
    if failure:  # outside the handler: the driver's own exception must not be shown beside it
        raise failure


def _explained(
    error: psycopg.Error, server: Server, connection: psycopg.Connection[Any] | None, *, is_committing: bool
) -> ServeError:
    where = f"connection {server.name!r}"
    said = server.redact(" ".join((error.diag.message_primary or str(error)).split()))[:300]
    unchanged = "what readers see is unchanged"
    if connection is None:
        return ServeError(
            where,
            f"the server refuses or cannot be reached: {said}",
            next_step=f"check host, port, database, login and password of the connection; {unchanged}",
        )
    if isinstance(error, errors.InsufficientPrivilege):
        user, database = quote(connection.info.user), quote(connection.info.dbname)
        return ServeError(
            where,
            f"its login may not do this: {said}",
            next_step=f"serve with the login that owns the edition, or let an administrator run: "
            f"grant create on database {database} to {user}; {unchanged}",
        )
    if isinstance(error, errors.DiskFull):
        return ServeError(
            where, f"the server's disk is full: {said}", next_step=f"free space there, run it again; {unchanged}"
        )
    if connection.broken and is_committing:
        return ServeError(
            where,
            f"the connection broke while the swap was committed: {said}",
            next_step="run it again: it says which night readers see; it is the old or the new one, whole",
        )
    if connection.broken:
        return ServeError(
            where, f"the connection broke: {said}", next_step=f"look at the server, run it again; {unchanged}"
        )
    return ServeError(where, f"the server answers: {said}", next_step=f"ask the server's administrator; {unchanged}")


def _fingerprint(park: duckdb.DuckDBPyConnection, file: Path, audience: Audience) -> str:
    """What an edition is known by: the file's bytes, who may read, and how we write."""
    digest = sha256_of(file)
    # a publish may have put another file under this name after it was opened
    with open_read_only(file) as again:
        is_same = again.execute("from ops.night").fetchall() == park.execute("from ops.night").fetchall()
    if not is_same:
        raise ServeError(str(file), "a night was published meanwhile", next_step="run it again")
    groups = {group: sorted(codes) for group, codes in sorted(audience.groups.items())}
    known = json.dumps([FORMAT, digest, audience.prefix, groups, audience.has_roles], ensure_ascii=False)
    return hashlib.sha256(known.encode()).hexdigest()


def _prepare(connection: psycopg.Connection[Any]) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ServeError(
            f"database {connection.info.dbname!r}",
            f"its encoding is {encoding}",
            allowed="UTF8",
            next_step="create a database with encoding 'UTF8' for this",
        )
    run(
        connection,
        [
            f"set local {name} = {value}"
            for name, value in {
                "statement_timeout": "0",
                "lock_timeout": "'30s'",
                "idle_in_transaction_session_timeout": "0",
                "standard_conforming_strings": "on",
                "datestyle": "iso",
                "timezone": "'UTC'",
                "search_path": "pg_catalog",
            }.items()
        ],
    )
    if not query(connection, f"select pg_try_advisory_xact_lock({_ADVISORY_LOCK})")[0][0]:
        raise ServeError(
            f"database {connection.info.dbname!r}",
            "another serve-to is writing there",
            next_step="wait until it has ended, or end its session",
        )


def _our_schemas(connection: psycopg.Connection[Any]) -> list[str]:
    return [
        name
        for (name,) in query(
            connection,
            "select nspname::text from pg_namespace where obj_description(oid, 'pg_namespace') = %s order by 1",
            [MARK],
        )
    ]


def _served(connection: psycopg.Connection[Any]) -> str | None:
    """What the edition that readers see is known by."""
    if "ops" not in _our_schemas(connection) or not query(connection, "select to_regclass('ops.edition')::text")[0][0]:
        return None
    found = query(connection, "select fingerprint from ops.edition")
    return str(found[0][0]) if found else None


def _hold_to_schemas(connection: psycopg.Connection[Any], tables: Sequence[Table]) -> None:
    """Schemas of others stay: neither dropped nor written into, and nothing that hangs on our tables goes with them."""
    ours = _our_schemas(connection)
    wanted = {schema for table in tables for schema in (table.schema, NEXT + table.schema)}
    taken = query(
        connection, "select nspname::text from pg_namespace where nspname::text = any(%s) order by 1", [list(wanted)]
    )
    if strange := [name for (name,) in taken if name not in ours]:
        raise ServeError(
            f"database {connection.info.dbname!r}",
            f"schema {strange[0]!r} is there and is not ParkBridge's",
            next_step="serve to a database of its own, or rename that schema",
        )
    dependent = query(
        connection,
        "select distinct n.nspname || '.' || v.relname from pg_depend as d "
        "join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid "
        "join pg_class as v on v.oid = r.ev_class join pg_namespace as n on n.oid = v.relnamespace "
        "join pg_class as t on d.refclassid = 'pg_class'::regclass and t.oid = d.refobjid "
        "join pg_namespace as o on o.oid = t.relnamespace "
        "where o.nspname::text = any(%s) and not n.nspname::text = any(%s) order by 1",
        [ours, ours],
    )
    if dependent:
        more = f" and {len(dependent) - 1} more" if len(dependent) > 1 else ""
        raise ServeError(
            f"database {connection.info.dbname!r}",
            f"view {dependent[0][0]}{more} reads tables that the next night replaces",
            next_step="drop it and keep its query in the BI tool; what readers see is unchanged",
        )


def _copy(connection: psycopg.Connection[Any], park: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Stream a table through CSV, a piece at a time: no file, and no value as floating point on the way."""
    run(connection, [create(table)])
    read = ", ".join(f"{column.expression} as {quote(column.name)}" for column in table.columns)
    # made in this transaction: rows are written as visible to everybody, which spares the first readers and the vacuum work
    into = f"copy {table.target} from stdin (format csv, freeze)"
    options = csv.WriteOptions(include_header=False)
    rows = 0
    found = park.execute(f"select {read} from {table.source}").to_arrow_reader(ROWS_AT_ONCE)
    with connection.cursor() as cursor, cursor.copy(into.encode()) as target:
        for batch in found:
            lines = pa.BufferOutputStream()
            csv.write_csv(batch, lines, options)
            piece = lines.getvalue().to_pybytes()
            target.write(piece.replace(b"\0", "\N{REPLACEMENT CHARACTER}".encode()) if b"\0" in piece else piece)
            rows += batch.num_rows
    return rows


def _note_edition(connection: psycopg.Connection[Any], night: tuple[Any, ...], fingerprint: str) -> None:
    run(connection, [create(_EDITION)])
    connection.execute(f"insert into {_EDITION.target} values (%s, %s, now(), %s)".encode(), [*night[:2], fingerprint])


def _swap(connection: psycopg.Connection[Any], tables: Sequence[Table], wait_seconds: float) -> float:
    """Put the new schemas in place of the old ones, once no reader has a transaction on the old ones."""
    ours = [name for name in _our_schemas(connection) if not name.startswith(NEXT)]
    old = query(
        connection,
        "select n.nspname::text, c.relname::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspname::text = any(%s) and c.relkind = 'r' order by 1, 2",
        [ours],
    )
    if old:
        _lock(connection, ", ".join(f"{quote(schema)}.{quote(name)}" for schema, name in old), wait_seconds)
    begun = time.monotonic()
    statements = [f"drop schema {quote(schema)} cascade" for schema in ours]
    statements += [
        f"alter schema {quote(NEXT + schema)} rename to {quote(schema)}"
        for schema in dict.fromkeys(table.schema for table in tables)
    ]
    run(connection, statements)
    return time.monotonic() - begun


def _lock(connection: psycopg.Connection[Any], tables: str, wait_seconds: float) -> None:
    """Lock what readers have, in short attempts: while one waits, new readers wait behind it."""
    until, pause = time.monotonic() + wait_seconds, 0.1
    while True:
        try:
            with connection.transaction():
                run(connection, [f"set local statement_timeout = {LOCK_ATTEMPT_MS}"])
                run(connection, [f"lock table {tables} in access exclusive mode"])
                run(connection, ["set local statement_timeout = 0"])
        except (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected):
            if time.monotonic() < until:
                time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads attempts, guards nothing
                pause = min(2 * pause, 2)
                continue
            raise ServeError(
                f"database {connection.info.dbname!r}",
                f"for {wait_seconds:g} s a reader has kept the edition in use{_holder(connection)}",
                next_step="end that query or session, or give --wait more; what readers see is unchanged",
            ) from None
        return


def _holder(connection: psycopg.Connection[Any]) -> str:
    found = query(
        connection,
        "select a.pid, a.usename::text, a.application_name, a.state from pg_locks as l join pg_stat_activity as a "
        "on a.pid = l.pid join pg_class as c on c.oid = l.relation join pg_namespace as n on n.oid = c.relnamespace "
        "where l.granted and l.pid <> pg_backend_pid() and l.locktype = 'relation' and n.nspname::text = any(%s) "
        "order by a.xact_start limit 1",
        [_our_schemas(connection)],
    )
    if not found:
        return ""
    pid, user, application, state = found[0]
    # what a session of another login does is hidden from one that is not in pg_read_all_stats
    return f": pid {pid}, " + ", ".join(text for text in (user, application, state) if text)
