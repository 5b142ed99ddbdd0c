"""A check that no natural person is in any text that readers will see.

Personal data never lands (rule 10 of the house); this looks for what slipped through, in every VARCHAR column, by the same
reading and the same detectors as landing does (warehouse/persons.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from expectations.suite import Check, no_rows
from warehouse.connection import literal, quote
from warehouse.declared import read_yaml
from warehouse.persons import is_code, mark_of, persons, texts_with_persons
from warehouse.settings import CHECKOUT, Settings

_Row = tuple[str | None, str, str, str, str, str, int]
# What names the record of a row, the best one first; of a table without any of them the row's own text is hashed.
_RECORDS = ("record_key", "record_id", "source_key", "lease_no", "enterprise_id", "building_code")


def no_identity_numbers(connection: duckdb.DuckDBPyConnection, schemas: Sequence[str]) -> Check | None:
    """Make the check over every VARCHAR column of every table of these schemas; None where there is no such column.

    What it finds are feed, table, column and record with the kind of what was found. The value itself is not copied into the
    results, only its mark, which is also what the published file has in its place (warehouse/published_file.py): a few values do not stop
    a night, more than rules/person.yml allows are no accident and do.
    """
    columns = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where data_type = 'VARCHAR' "
        "and list_contains(?, schema_name) and database_name = current_database() order by all",
        [list(schemas)],
    ).fetchall()
    if not columns:
        return None
    most = read_yaml((CHECKOUT / "transforms" / "rules" / "person.yml").read_text(encoding="utf-8"))["values_max"]
    tables: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in columns:
        tables.setdefault((schema, table), []).append(column)
    found = [row for (schema, table), texts in tables.items() for row in _found(connection, schema, table, texts)]
    return no_rows(
        "no text holds a natural person",
        _as_query(found),
        "critical" if len({row[5] for row in found}) > most else "warning",
        "natural persons' data must not be in the warehouse; what is published has a note with value_mark in its place",
        "ops.validation_failure names feed, column and record of each. `parkbridge rebuild` quarantines their rows, the next "
        "`parkbridge sync` publishes without them; ask the office to send the delivery again without the person. A number that "
        "is the firm's own: list its column under firms_own in feed.yml",
        about="identity_numbers",
    )


def _as_query(found: Sequence[_Row]) -> str:
    """The findings as a SELECT: only hashes of values are in it."""
    values = ", ".join(
        "(" + ", ".join("null" if v is None else literal(v) if isinstance(v, str) else str(v) for v in row) + ")"
        for row in found or [(None, "", "", "", "", "", 0)]
    )
    names = "feed, table_name, column_name, record, kind, value_mark, row_count"
    return f"select * from (values {values}) as person({names}) where row_count > 0"


def _found(connection: duckdb.DuckDBPyConnection, schema: str, table: str, columns: Sequence[str]) -> list[_Row]:
    """Persons in the texts of one table, by column, feed and record."""
    source = f"{quote(schema)}.{quote(table)}"
    kinds_of = texts_with_persons(connection, source, {column: is_code(column) for column in columns})
    if not kinds_of:
        return []
    there = {
        row[0]
        for row in connection.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ? "
            "and database_name = current_database()",
            [schema, table],
        ).fetchall()
    }
    feed = "feed" if "feed" in there else "null::varchar"
    park_key = Settings.from_environment().pseudonym_key
    found: list[_Row] = []
    for column, kinds in sorted(kinds_of.items()):
        record = next((c for c in _RECORDS if c in there and c != column), None)
        rows = connection.execute(
            f"select {feed}, {quote(record) if record else 'null'}::varchar, {quote(column)}, count(*) from {source} "
            f"where list_contains(?, {quote(column)}) group by all order by all limit 1000",
            [list(kinds)],
        ).fetchall()
        found += [
            (
                of_feed,
                f"{schema}.{table}",
                column,
                f"{record} {'(hashed)' if persons(key or '', in_codes=True) else key}" if record else "",
                kinds[text],
                mark_of(text, park_key),
                count,
            )
            for of_feed, key, text, count in rows
        ]
    return found
