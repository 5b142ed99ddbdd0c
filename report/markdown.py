"""The data dictionary, written from the published file's own comments: `make dictionary`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import duckdb

from warehouse.connection import reader, the_row
from warehouse.errors import ParkBridgeError
from warehouse.settings import Settings
from warehouse.views import ENGINEERS_SCHEMA, OPERATORS_SCHEMA


def dictionary(settings: Settings) -> Iterator[str]:
    """Markdown: the operators' views, then every table with its header, and every column with its type and meaning.

    Raises:
        ParkBridgeError: Nothing is published yet.
    """
    with reader(settings) as connection:
        night_id, park = the_row(connection, "select night_id, park_name from ops.night")
        yield f"# Data dictionary 数据字典\n\n{park}, night {night_id}.\n"
        tables = connection.execute(
            "select schema_name, table_name, comment, estimated_size from duckdb_tables() where database_name = 'park' order by 1, 2"
        ).fetchall()
        views = connection.execute(
            "select schema_name, view_name, comment from duckdb_views() where database_name = 'park' "
            "and schema_name in (?, ?) order by view_oid",
            [OPERATORS_SCHEMA, ENGINEERS_SCHEMA],
        ).fetchall()
        for schema, view, comment in views:
            if schema == OPERATORS_SCHEMA:
                yield f"\n## {schema}.{view}\n"
                yield from _header(comment)
                yield from _columns(connection, schema, view, "| 列 | 类型 | 含义 |")
        sources = {
            line.removeprefix("来源表："): f"{schema}.{view}"
            for schema, view, comment in views
            for line in (comment or "").splitlines()
            if line.startswith("来源表：")
        }
        for schema, table, comment, rows in tables:
            name = f"{schema}.{table}"
            chinese = f" = {sources[name]}" if name in sources else ""
            yield f"\n## {name}{chinese}\n\n{rows:,} rows.\n"
            yield from _header(comment)
            yield from _columns(connection, schema, table, "| column | type | meaning |")


def _header(comment: str | None) -> Iterator[str]:
    for line in (comment or "").splitlines():
        field, bar, text = line.partition("：" if "：" in line and not line.isascii() and ": " not in line else ": ")
        yield f"- **{field}** {text}" if bar and not line.startswith("* ") else f"  {line}"


def _columns(connection: duckdb.DuckDBPyConnection, schema: str, name: str, head: str) -> Iterator[str]:
    yield f"\n{head}\n|---|---|---|"
    for column, kind, meaning in connection.execute(
        "select column_name, data_type, comment from duckdb_columns() where database_name = 'park' "
        "and schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    ).fetchall():
        yield f"| {column} | {kind.lower()} | {(meaning or '').replace('|', '·')} |"


def main() -> int:
    """Write dictionary.md beside the published file."""
    settings = Settings.from_environment()
    try:
        text = "\n".join(dictionary(settings)) + "\n"
    except ParkBridgeError as error:
        print(f"parkbridge: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    path = settings.published / "dictionary.md"
    path.write_text(text, encoding="utf-8")
    print(path)  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
