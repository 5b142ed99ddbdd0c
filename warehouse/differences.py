"""Whether two states of a table are the same, row for row: of two files, or of one warehouse before and after."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import duckdb

from warehouse.connection import columns_by_table, literal, quote


def differences(old: Path, new: Path, tables: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of each table that is not the same in two files, row for row: rows only in the old, rows only in the new.

    A table of other columns counts with all its rows.
    """
    found: dict[str, tuple[int, int]] = {}
    with duckdb.connect(":memory:") as connection:
        for name, path in (("old", old), ("new", new)):
            connection.execute(f"attach {literal(os.fspath(path))} as {name} (read_only)")
        columns = [columns_by_table(connection, database) for database in ("old", "new")]
        for table in tables:
            schema, _, name = table.partition(".")
            places = [f"{database}.{schema}.{quote(name)}" for database in ("old", "new")]
            shapes = [[*known.get(table, {}).items()] for known in columns]
            if shapes[0] == shapes[1]:
                counts = [
                    _count(connection, f"(from {one} except all from {other})")
                    for one, other in (places, reversed(places))
                ]
            else:
                counts = [
                    _count(connection, place) if shape else 0 for place, shape in zip(places, shapes, strict=True)
                ]
            if any(counts):
                found[table] = (counts[0], counts[1])
    return found


def digests(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of each table its count of rows and a digest of them that no order changes: to compare a warehouse with itself later."""
    found = {}
    for table in tables:
        query = f"select count(*), coalesce(sum(hash(t)::hugeint), 0) from {table} as t"
        (found[table],) = connection.execute(query).fetchall()
    return found


def _count(connection: duckdb.DuckDBPyConnection, place: str) -> int:
    (row,) = connection.execute(f"select count(*) from {place}").fetchall()
    return int(row[0])
