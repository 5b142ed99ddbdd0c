"""A check that no natural person stands in any text that readers will see.

Personal data never lands (rule 10 of the house); this looks for what slipped through, in every VARCHAR column, by the same
reading and the same detectors as landing does (warehouse/persons.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import duckdb

from expectations.suite import Check, no_rows
from warehouse.connection import literal, quote
from warehouse.persons import (
    DIGITS_IN_CODES,
    DIGITS_IN_TEXT,
    DIGITS_WITH_LETTER,
    LATIN,
    NO_DIGIT,
    is_code,
    other_signs,
    persons,
)

_Row = tuple[str | None, str, str, str, str, str, int]
# What names the record of a row, the best one first; of a table without any of them the row's own text is hashed.
_RECORDS = ("record_key", "record_id", "source_key", "lease_no", "enterprise_id", "building_code")


def no_identity_numbers(connection: duckdb.DuckDBPyConnection, schemas: Sequence[str]) -> Check | None:
    """Make the check over every VARCHAR column of every table of these schemas; None where there is no such column.

    What it finds are feed, table, column and record with the kind of what was found. The value itself is hashed: it is not
    copied into the results.
    """
    columns = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where data_type = 'VARCHAR' "
        "and list_contains(?, schema_name) and database_name = current_database() order by all",
        [list(schemas)],
    ).fetchall()
    if not columns:
        return None
    found = [row for schema, table, column in columns for row in _found(connection, schema, table, column)]
    return no_rows(
        "no text holds a natural person",
        _as_query(found),
        "critical",
        "natural persons' data must not be in the warehouse, let alone in what is published",
        "ops.validation_failure names feed, column and record of each. Ask the office to send the delivery again without it; "
        "then `parkbridge discard FEED BATCH_ID --why person` for the one that holds it, `parkbridge rebuild`, `parkbridge sync "
        "FEED`. A number that is the firm's own: list its column under firms_own in feed.yml",
        about="identity_numbers",
    )


def _as_query(found: Sequence[_Row]) -> str:
    """The findings as a SELECT: only hashes of values are in it."""
    values = ", ".join(
        "(" + ", ".join("null" if v is None else literal(v) if isinstance(v, str) else str(v) for v in row) + ")"
        for row in found or [(None, "", "", "", "", "", 0)]
    )
    names = "feed, table_name, column_name, record, kind, value_sha256, row_count"
    return f"select * from (values {values}) as person({names}) where row_count > 0"


def _found(connection: duckdb.DuckDBPyConnection, schema: str, table: str, column: str) -> list[_Row]:
    """Persons in one column, by feed and record."""
    in_codes = is_code(column)
    name, source = quote(column), f"{quote(schema)}.{quote(table)}"
    # strlen counts bytes without reading the text: most codes and keys are passed over for nothing
    digits = f"length(regexp_replace({name}, {literal(NO_DIGIT)}, '', 'g'))"
    condition = (
        f"strlen({name}) >= {DIGITS_IN_CODES} and {digits} >= {DIGITS_IN_CODES}"
        if in_codes
        else f"strlen({name}) >= 6 and ({digits} >= {DIGITS_IN_TEXT} or regexp_matches({name}, {literal(other_signs())}) "
        f"or ({digits} >= {DIGITS_WITH_LETTER} and regexp_matches({name}, {literal(LATIN)})))"
    )
    suspects = connection.execute(
        f"select {name} from (select distinct {name} from {source}) where {condition}"
    ).fetchall()
    kinds = {text: found[0].detector.kind for (text,) in suspects if (found := persons(text, in_codes=in_codes))}
    if not kinds:
        return []
    there = {
        row[0]
        for row in connection.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ? "
            "and database_name = current_database()",
            [schema, table],
        ).fetchall()
    }
    record = next((c for c in _RECORDS if c in there and c != column), None)
    feed = "feed" if "feed" in there else "null::varchar"
    rows = connection.execute(
        f"select {feed}, {quote(record) if record else 'null'}::varchar, {name}, count(*) from {source} "
        f"where list_contains(?, {name}) group by all order by all limit 1000",
        [list(kinds)],
    ).fetchall()
    return [
        (
            of_feed,
            f"{schema}.{table}",
            column,
            f"{record} {'(hashed)' if persons(key or '', in_codes=True) else key}" if record else "",
            kinds[text],
            hashlib.sha256(text.encode()).hexdigest()[:16],
            count,
        )
        for of_feed, key, text, count in rows
    ]
