"""Copies the published file into PostgreSQL for BI servers, in one transaction. `parkbridge serve-to`.

The night is written into schemas `parkbridge_next_…`, which only this transaction sees. The swap locks the tables that readers have,
drops them, and renames the schemas. Whatever goes wrong before the commit (a lost connection, a full disk, a kill), the server itself
forgets the copy, and readers keep the edition that they had. docs/decisions/0024.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import yaml
from psycopg import errors
from pyarrow import csv

from warehouse.connection import literal, open_read_only, quote
from warehouse.durable import sha256_of
from warehouse.errors import DeclarationError, ParkBridgeError
from warehouse.export import MONTHS
from warehouse.views import ENGINEERS_SCHEMA

NEXT = "parkbridge_next_"
MARK = "ParkBridge edition"
"""Begins the comment of every schema that is ours: no other schema is ever dropped."""
FORMAT = 1
"""Part of what an edition is known by: a version that writes something else replaces what an earlier one wrote."""
ROWS_AT_ONCE = 20_000
LONGEST_NAME = 63
# One attempt to lock what readers have ends before PostgreSQL's deadlock_timeout (1 s) could cancel a reader's query.
LOCK_ATTEMPT_MS = 800
_ADVISORY_LOCK = 7_246_534_905

_SAME = {
    "BIGINT": "bigint",
    "BLOB": "bytea",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TINYINT": "smallint",
    "UINTEGER": "bigint",
    "USMALLINT": "integer",
    "UTINYINT": "smallint",
    "UUID": "uuid",
    "VARCHAR": "text",
}
# what Arrow writes into CSV just as PostgreSQL reads it; the others are cast to text by DuckDB
_DIRECT = {"BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "INTEGER", "SMALLINT", "TIMESTAMP", "VARCHAR"}
_NESTED = re.compile(r"(\[\d*\]$)|^(STRUCT|MAP|UNION)\(|^JSON$")
_CODES = ("building_code", "楼栋编号")
_IDS = ("enterprise_id", "企业编号")
# Names of another enterprise, beside the row's own: 对方企业名称, candidate_enterprise_name
_OTHER_NAME = re.compile(r"(?P<prefix>.+?_?)(enterprise_name|企业名称|企业代码|企业简称)")
_EVERYBODY = (("ops", "night"), ("ops", "edition"))


class ServeError(ParkBridgeError):
    """The edition was not replaced; what readers see is unchanged."""


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
class Audience:
    """Who may read: roles without a login; logins become members of them.

    Attributes:
        prefix: `parkbridge` makes parkbridge_reader and parkbridge_<group>.
        groups: Building codes by group; none is the default.
        has_roles: False: no role is made or granted anything.
    """

    prefix: str = "parkbridge"
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    has_roles: bool = True

    @property
    def reader(self) -> str:
        """The role that reads everything."""
        return f"{self.prefix}_reader"

    def role(self, group: str) -> str:
        """The role of a building group."""
        return f"{self.prefix}_{group}"


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


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    comment: str | None

    @property
    def type(self) -> str | None:
        """PostgreSQL's type; None where there is none that holds every value."""
        if self.kind.startswith("DECIMAL"):
            return self.kind.replace("DECIMAL", "numeric")
        if _NESTED.search(self.kind):
            return "jsonb"
        return "text" if self.kind.startswith("ENUM") else _SAME.get(self.kind)

    @property
    def expression(self) -> str:
        if self.kind.split("(")[0] in _DIRECT and not _NESTED.search(self.kind):
            return quote(self.name)
        if self.kind == "BLOB":
            return f"'\\x' || hex({quote(self.name)})"
        text = f"to_json({quote(self.name)})" if self.type == "jsonb" else quote(self.name)
        return f"cast({text} as varchar)"


@dataclass(frozen=True)
class _Table:
    schema: str
    name: str
    comment: str | None
    columns: tuple[_Column, ...]

    @property
    def source(self) -> str:
        return f"{quote(self.schema)}.{quote(self.name)}"

    @property
    def target(self) -> str:
        return f"{quote(NEXT + self.schema)}.{quote(self.name)}"

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def first_of(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self.names), None)


def read_groups(path: Path) -> dict[str, list[str]]:
    """Read a policy file: building codes by group, `east: [B00001, B00002]`.

    Raises:
        DeclarationError: It is not that.
    """
    step = "write a group's name and the codes of its buildings, as in `east: [B00001, B00002]`"
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise DeclarationError(str(path), f"it cannot be read: {error.strerror}", next_step="check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DeclarationError(str(path), f"not valid YAML: {' '.join(str(error).split())}", next_step=step) from None
    if not isinstance(found, dict) or not found:
        raise DeclarationError(str(path), "it names no group", next_step=step)
    for group, codes in found.items():
        if not isinstance(group, str) or group == "reader":
            raise DeclarationError(
                str(path), f"{group!r} cannot be a group's name", next_step="choose another name, in quotes"
            )
        if not isinstance(codes, list) or not codes or not all(isinstance(code, str) for code in codes):
            raise DeclarationError(f"{path}, {group}", "not a list of building codes, each a text", next_step=step)
    return found


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
        tables = _tables(park)
        _hold_to_names(tables, audience)
        _hold_to_buildings(park, tables, audience)
        with _connected(server) as connection:
            _prepare(connection)
            if _served(connection) == fingerprint:
                return Served(night[0], is_changed=False)
            _hold_to_schemas(connection, tables)
            if audience.has_roles:
                _make_roles(connection, audience)
            _run(
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
                tables = [*tables, _ENTERPRISE_BUILDING]
                _note_buildings(connection, park)
            for table in tables:
                _run(connection, [*_comments(table), *_indices(table)])
            if audience.has_roles:
                _run(connection, _grants(tables, audience))
            seconds = _swap(connection, tables, wait_seconds)
    return Served(night[0], is_changed=True, tables=len(tables), rows=rows, seconds=seconds)


def _run(connection: psycopg.Connection[Any], statements: Sequence[str]) -> None:
    """Run statements in one round trip; without parameters % and ? mean nothing in them."""
    if statements:
        connection.execute(_text(";\n".join(statements)))


def _text(sql: str) -> bytes:
    # PostgreSQL's text cannot hold the character NUL
    return sql.replace("\0", "\N{REPLACEMENT CHARACTER}").encode()


def _query(connection: psycopg.Connection[Any], sql: str, given: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    return connection.execute(sql.encode(), given or None).fetchall()


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


def _tables(park: duckdb.DuckDBPyConnection) -> list[_Table]:
    """Every table, and the operators' views; schema 核对 only renames columns of tables that are there."""
    columns: dict[tuple[str, str], list[_Column]] = {}
    found = park.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
        "where database_name = 'park' and schema_name <> ? order by schema_name, table_name, column_index",
        [ENGINEERS_SCHEMA],
    )
    for schema, name, column, kind, comment in found.fetchall():
        columns.setdefault((schema, name), []).append(_Column(column, kind, comment))
    comments = park.execute(
        "select schema_name, table_name, comment from duckdb_tables() where database_name = 'park' union all "
        "select schema_name, view_name, comment from duckdb_views() where database_name = 'park'"
    ).fetchall()
    notes = {(schema, name): comment for schema, name, comment in comments}
    return [_Table(*key, notes.get(key), tuple(those)) for key, those in columns.items()]


def _hold_to_names(tables: Sequence[_Table], audience: Audience) -> None:
    """Refuse what PostgreSQL would cut short or has no exact type for."""
    names = {name for table in tables for name in (NEXT + table.schema, table.name, *table.names)}
    names |= {audience.reader, *map(audience.role, audience.groups)}
    if long := sorted(name for name in names if len(name.encode()) > LONGEST_NAME):
        raise ServeError(
            long[0],
            f"a name of {len(long[0].encode())} bytes in UTF-8",
            allowed=f"{LONGEST_NAME}",
            next_step="shorten it",
        )
    for table in tables:
        for column in table.columns:
            if column.type is None:
                raise ServeError(
                    f"{table.schema}.{table.name}.{column.name}",
                    f"its type is {column.kind}, for which PostgreSQL has no exact equal",
                    next_step="cast it in the model, to bigint or decimal for whole numbers",
                )


def _hold_to_buildings(park: duckdb.DuckDBPyConnection, tables: Sequence[_Table], audience: Audience) -> None:
    """A building that is not there is a typing error, and its group would silently see nothing."""
    if not audience.groups:
        return
    known = {(table.schema, table.name) for table in tables}
    for needed in (("monthly", "building"), ("monthly", "lease_building"), ("snapshots", "enterprise_label")):
        if needed not in known:
            raise ServeError(
                ".".join(needed), "the file has no such table; groups need it", next_step="serve without --policy"
            )
    codes = {code for (code,) in park.execute("select building_code from monthly.building").fetchall()}
    for group, wanted in audience.groups.items():
        if unknown := sorted(set(wanted) - codes):
            raise ServeError(
                f"group {group!r}",
                f"there is no building {', '.join(map(repr, unknown))}",
                allowed=", ".join(sorted(codes)),
                next_step="correct the policy file",
            )


def _prepare(connection: psycopg.Connection[Any]) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ServeError(
            f"database {connection.info.dbname!r}",
            f"its encoding is {encoding}",
            allowed="UTF8",
            next_step="create a database with encoding 'UTF8' for this",
        )
    _run(
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
    if not _query(connection, f"select pg_try_advisory_xact_lock({_ADVISORY_LOCK})")[0][0]:
        raise ServeError(
            f"database {connection.info.dbname!r}",
            "another serve-to is writing there",
            next_step="wait until it has ended, or end its session",
        )


def _our_schemas(connection: psycopg.Connection[Any]) -> list[str]:
    return [
        name
        for (name,) in _query(
            connection,
            "select nspname::text from pg_namespace where obj_description(oid, 'pg_namespace') = %s order by 1",
            [MARK],
        )
    ]


def _served(connection: psycopg.Connection[Any]) -> str | None:
    """What the edition that readers see is known by."""
    if "ops" not in _our_schemas(connection) or not _query(connection, "select to_regclass('ops.edition')::text")[0][0]:
        return None
    found = _query(connection, "select fingerprint from ops.edition")
    return str(found[0][0]) if found else None


def _hold_to_schemas(connection: psycopg.Connection[Any], tables: Sequence[_Table]) -> None:
    """Schemas of others stay: neither dropped nor written into, and nothing that hangs on our tables goes with them."""
    ours = _our_schemas(connection)
    wanted = {schema for table in tables for schema in (table.schema, NEXT + table.schema)}
    taken = _query(
        connection, "select nspname::text from pg_namespace where nspname::text = any(%s) order by 1", [list(wanted)]
    )
    if strange := [name for (name,) in taken if name not in ours]:
        raise ServeError(
            f"database {connection.info.dbname!r}",
            f"schema {strange[0]!r} is there and is not ParkBridge's",
            next_step="serve to a database of its own, or rename that schema",
        )
    dependent = _query(
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


def _make_roles(connection: psycopg.Connection[Any], audience: Audience) -> None:
    wanted = [audience.reader, *map(audience.role, audience.groups)]
    found = _query(
        connection,
        "select rolname::text, rolsuper or rolbypassrls from pg_roles where rolname::text = any(%s)",
        [wanted],
    )
    for name, is_above in found:
        if is_above:
            raise ServeError(
                f"role {name!r}", "it passes over row-level security", next_step="choose another --role-prefix"
            )
    missing = [name for name in wanted if name not in {name for name, _ in found}]
    sql = "; ".join(f"create role {quote(name)} nologin" for name in missing)
    try:
        with connection.transaction():
            _run(connection, [sql] if sql else [])
    except errors.InsufficientPrivilege:
        raise ServeError(
            f"role {missing[0]!r}",
            f"it is not there, and login {connection.info.user!r} may not create roles",
            next_step=f"let an administrator run: {sql}; or use --no-roles",
        ) from None
    for group in map(audience.role, audience.groups):
        if _query(connection, "select pg_has_role(%s::name, %s::name, 'member')", [group, audience.reader])[0][0]:
            raise ServeError(
                f"role {group!r}",
                f"it is a member of {audience.reader!r}, which reads every building",
                next_step=f"let an administrator run: revoke {quote(audience.reader)} from {quote(group)}",
            )


def _create(table: _Table) -> str:
    columns = ", ".join(f"{quote(column.name)} {column.type}" for column in table.columns)
    return f"create table {table.target} ({columns})"


def _copy(connection: psycopg.Connection[Any], park: duckdb.DuckDBPyConnection, table: _Table) -> int:
    """Stream a table through CSV, a piece at a time: no file, and no value as floating point on the way."""
    _run(connection, [_create(table)])
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


_EDITION = _Table(
    "ops",
    "edition",
    "one row is: the edition that this database shows; it is replaced as a whole\n一行是：本库当前所示的一期数据；整体替换",
    (
        _Column("night_id", "VARCHAR", "The night that is shown | 所示期次"),
        _Column("as_of", "TIMESTAMP", "Up to when it is known (UTC) | 数据截至时间（UTC）"),
        _Column("served_at", "TIMESTAMP WITH TIME ZONE", "When it was copied | 写入时间"),
        _Column("fingerprint", "VARCHAR", "By which the same night is known again | 用于识别同一期数据"),
    ),
)
_ENTERPRISE_BUILDING = _Table(
    "ops",
    "enterprise_building",
    "one row is: one building with a group that may see this enterprise\n一行是：一家企业及可查看该企业的楼栋",
    (
        _Column("enterprise_id", "VARCHAR", "The enterprise | 企业编号"),
        _Column("building_code", "VARCHAR", "The building | 楼栋编号"),
    ),
)


def _note_edition(connection: psycopg.Connection[Any], night: tuple[Any, ...], fingerprint: str) -> None:
    _run(connection, [_create(_EDITION)])
    connection.execute(f"insert into {_EDITION.target} values (%s, %s, now(), %s)".encode(), [*night[:2], fingerprint])


def _note_buildings(connection: psycopg.Connection[Any], park: duckdb.DuckDBPyConnection) -> None:
    """The building that every view shows for an enterprise, and those in which it rents in the latest month."""
    found = park.execute(
        "select enterprise_id, building_code from snapshots.enterprise_label where building_code is not null union "
        "select enterprise_id, building_code from monthly.lease_building "
        "where month = (select max(month) from monthly.lease_building) and leased_area_m2 > 0 "
        "and enterprise_id is not null and building_code is not null order by all"
    ).fetchall()
    _run(connection, [_create(_ENTERPRISE_BUILDING)])
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {_ENTERPRISE_BUILDING.target} from stdin".encode()) as target,
    ):
        for row in found:
            target.write_row(row)


def _comments(table: _Table) -> list[str]:
    lines = [f"comment on table {table.target} is {literal(table.comment)}"] if table.comment else []
    return lines + [
        f"comment on column {table.target}.{quote(column.name)} is {literal(column.comment)}"
        for column in table.columns
        if column.comment
    ]


def _indices(table: _Table) -> list[str]:
    """What BI tools join and filter by; and statistics, so that the first query is planned well."""
    enterprise, month, building = (table.first_of(names) for names in (_IDS, MONTHS, _CODES))
    found = [[name for name in keys if name] for keys in ((enterprise, month), (building, month))]
    lines = [
        f"create index on {table.target} ({', '.join(map(quote, keys))})"
        for keys, leading in zip(found, (enterprise, building), strict=True)
        if leading
    ]
    if month and not enterprise and not building:
        lines.append(f"create index on {table.target} ({quote(month)})")
    return [*lines, f"analyze {table.target}"]


def _grants(tables: Sequence[_Table], audience: Audience) -> list[str]:
    """Everything to the reader; to a building group only rows that are provably of its buildings."""
    reader, groups = quote(audience.reader), {quote(audience.role(g)): codes for g, codes in audience.groups.items()}
    everybody = ", ".join([reader, *groups])
    lines = [
        f"grant usage on schema {quote(NEXT + schema)} to {everybody}"
        for schema in dict.fromkeys(table.schema for table in tables)
    ]
    for table in tables:
        lines.append(f"grant select on {table.target} to {reader}")
        if not groups:
            continue
        lines.append(f"alter table {table.target} enable row level security")
        lines.append(f"create policy reader on {table.target} for select to {reader} using (true)")
        for role, codes in groups.items():
            if condition := _condition(table, codes):
                lines.append(f"grant select on {table.target} to {role}")
                lines.append(f"create policy {role} on {table.target} for select to {role} using ({condition})")
    return lines


def _condition(table: _Table, codes: Sequence[str]) -> str | None:
    """Which rows of a table are of some buildings; None where its rows cannot be divided by building.

    Another enterprise of the row (a successor, a candidate) must be of these buildings too. Where the row has only its
    name, which is of no building, the row stays hidden.
    """
    if (table.schema, table.name) in _EVERYBODY:
        return "true"
    ids = [name for name in table.names if name.endswith(_IDS)]
    others = [
        name
        for name in table.names
        if (found := _OTHER_NAME.fullmatch(name)) and not {found["prefix"] + end for end in _IDS} & set(ids)
    ]
    listed = ", ".join(map(literal, codes))
    building = table.first_of(_CODES)
    if building is None and not ids:
        return None
    # read with the rights of who asks: the group's own policy on that table leaves only its buildings
    seen = f"(select e.enterprise_id from {_ENTERPRISE_BUILDING.target} as e)"
    terms = []
    if building:
        terms.append(f"{quote(building)} in ({listed})")
        ids = [name for name in ids if name not in _IDS]
    else:
        terms.append(f"coalesce({', '.join(map(quote, ids))}) is not null")
    terms += [f"({quote(name)} is null or {quote(name)} in {seen})" for name in ids]
    terms += [f"{quote(name)} is null" for name in others]
    return " and ".join(terms)


def _swap(connection: psycopg.Connection[Any], tables: Sequence[_Table], wait_seconds: float) -> float:
    """Put the new schemas in place of the old ones, once no reader has a transaction on the old ones."""
    ours = [name for name in _our_schemas(connection) if not name.startswith(NEXT)]
    old = _query(
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
    _run(connection, statements)
    return time.monotonic() - begun


def _lock(connection: psycopg.Connection[Any], tables: str, wait_seconds: float) -> None:
    """Lock what readers have, in short attempts: while one waits, new readers wait behind it."""
    until, pause = time.monotonic() + wait_seconds, 0.1
    while True:
        try:
            with connection.transaction():
                _run(connection, [f"set local statement_timeout = {LOCK_ATTEMPT_MS}"])
                _run(connection, [f"lock table {tables} in access exclusive mode"])
                _run(connection, ["set local statement_timeout = 0"])
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
    found = _query(
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
