"""How a published table is one of PostgreSQL's: its types, comments and indices, and how its values are written there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import psycopg

from warehouse.connection import literal, quote
from warehouse.errors import ParkBridgeError
from warehouse.export import MONTHS
from warehouse.views import ENGINEERS_SCHEMA

NEXT = "parkbridge_next_"
LONGEST_NAME = 63
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
CODES = ("building_code", "楼栋编号")
IDS = ("enterprise_id", "企业编号")


class ServeError(ParkBridgeError):
    """The edition was not replaced; what readers see is unchanged."""


@dataclass(frozen=True)
class Column:
    """A column, with DuckDB's name of its type."""

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
        """Of DuckDB: its values as PostgreSQL reads them in CSV."""
        if self.kind.split("(")[0] in _DIRECT and not _NESTED.search(self.kind):
            return quote(self.name)
        if self.kind == "BLOB":
            return f"'\\x' || hex({quote(self.name)})"
        text = f"to_json({quote(self.name)})" if self.type == "jsonb" else quote(self.name)
        return f"cast({text} as varchar)"


@dataclass(frozen=True)
class Table:
    """A published table, or a view of operators, which is a table there."""

    schema: str
    name: str
    comment: str | None
    columns: tuple[Column, ...]

    @property
    def source(self) -> str:
        """Its name in the published file."""
        return f"{quote(self.schema)}.{quote(self.name)}"

    @property
    def target(self) -> str:
        """Its name in the schemas that only our transaction sees."""
        return f"{quote(NEXT + self.schema)}.{quote(self.name)}"

    @property
    def names(self) -> list[str]:
        """Of its columns, in order."""
        return [column.name for column in self.columns]

    def first_of(self, names: Sequence[str]) -> str | None:
        """The first of these names that one of its columns has."""
        return next((name for name in names if name in self.names), None)


def tables_of(park: duckdb.DuckDBPyConnection) -> list[Table]:
    """Every table, and the operators' views; schema 核对 only renames columns of tables that are there."""
    columns: dict[tuple[str, str], list[Column]] = {}
    found = park.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
        "where database_name = 'park' and schema_name <> ? order by schema_name, table_name, column_index",
        [ENGINEERS_SCHEMA],
    )
    for schema, name, column, kind, comment in found.fetchall():
        columns.setdefault((schema, name), []).append(Column(column, kind, comment))
    titles = park.execute(
        "select schema_name, table_name, comment from duckdb_tables() where database_name = 'park' union all "
        "select schema_name, view_name, comment from duckdb_views() where database_name = 'park'"
    ).fetchall()
    notes = {(schema, name): comment for schema, name, comment in titles}
    return [Table(*key, notes.get(key), tuple(those)) for key, those in columns.items()]


def hold_to_names(tables: Sequence[Table], roles: Iterable[str]) -> None:
    """Refuse what PostgreSQL would cut short or has no exact type for."""
    names = {name for table in tables for name in (NEXT + table.schema, table.name, *table.names)}
    if long := sorted(name for name in names.union(roles) if len(name.encode()) > LONGEST_NAME):
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


def run(connection: psycopg.Connection[Any], statements: Sequence[str]) -> None:
    """Run statements in one round trip; without parameters % and ? mean nothing in them."""
    if statements:
        connection.execute(_text(";\n".join(statements)))


def _text(sql: str) -> bytes:
    # PostgreSQL's text cannot hold the character NUL
    return sql.replace("\0", "\N{REPLACEMENT CHARACTER}").encode()


def query(connection: psycopg.Connection[Any], sql: str, given: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query; %s is a parameter where some are given."""
    return connection.execute(sql.encode(), given or None).fetchall()


def create(table: Table) -> str:
    """The statement that makes it."""
    columns = ", ".join(f"{quote(column.name)} {column.type}" for column in table.columns)
    return f"create table {table.target} ({columns})"


def comments(table: Table) -> list[str]:
    """The statements that write its meaning, and that of its columns."""
    lines = [f"comment on table {table.target} is {literal(table.comment)}"] if table.comment else []
    return lines + [
        f"comment on column {table.target}.{quote(column.name)} is {literal(column.comment)}"
        for column in table.columns
        if column.comment
    ]


def indices(table: Table) -> list[str]:
    """What BI tools join and filter by; and statistics, so that the first query is planned well."""
    enterprise, month, building = (table.first_of(names) for names in (IDS, MONTHS, CODES))
    found = [[name for name in keys if name] for keys in ((enterprise, month), (building, month))]
    lines = [
        f"create index on {table.target} ({', '.join(map(quote, keys))})"
        for keys, leading in zip(found, (enterprise, building), strict=True)
        if leading
    ]
    if month and not enterprise and not building:
        lines.append(f"create index on {table.target} ({quote(month)})")
    return [*lines, f"analyze {table.target}"]
