"""The data dictionary, written from the published file's own comments: `make dictionary`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from warehouse.connection import reader
from warehouse.errors import ParkBridgeError
from warehouse.publish import OPERATORS_SCHEMA
from warehouse.settings import Settings


def dictionary(settings: Settings) -> Iterator[str]:
    """Markdown: every published table with its header, every column with its type and meaning.

    Raises:
        ParkBridgeError: Nothing is published yet.
    """
    with reader(settings) as connection:
        night = connection.execute("select night_id, park_name from ops.night").fetchone() or ("", "")
        yield f"# Data dictionary 数据字典\n\n{night[1]}, night {night[0]}.\n"
        tables = connection.execute(
            "select schema_name, table_name, comment, estimated_size from duckdb_tables() where database_name = 'park' order by 1, 2"
        ).fetchall()
        views = dict(
            connection.execute(
                "select split_part(comment, ':', 1), view_name from duckdb_views() where database_name = 'park' and schema_name = ?",
                [OPERATORS_SCHEMA],
            ).fetchall()
        )
        for schema, table, comment, rows in tables:
            name = f"{schema}.{table}"
            chinese = f" = {OPERATORS_SCHEMA}.{views[name]}" if name in views else ""
            yield f"\n## {name}{chinese}\n\n{rows:,} rows.\n"
            for line in (comment or "").splitlines():
                field, _, text = line.partition(": ")
                yield f"- **{field}** {text}"
            yield "\n| column | type | meaning |\n|---|---|---|"
            for column, kind, meaning in connection.execute(
                "select column_name, data_type, comment from duckdb_columns() where database_name = 'park' "
                "and schema_name = ? and table_name = ? order by column_index",
                [schema, table],
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
