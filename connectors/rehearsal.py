"""Rehearse a feed: its sample rows through its stage.sql, held against the rows it should give. Touches no warehouse."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import duckdb

from connectors.feed import Feed
from warehouse.connection import literal, prepare
from warehouse.errors import DeclarationError
from warehouse.loader import rehearse

SAMPLE, EXPECTED = "sample.csv", "expected.csv"
REJECTED_BECAUSE = "rejected_because"


@cache
def empty_warehouse() -> duckdb.DuckDBPyConnection:
    """A warehouse in memory, made once for all samples and trials: nothing is accepted into it."""
    connection = duckdb.connect(":memory:")
    prepare(connection)
    return connection


def staged_sample(feed: Feed) -> list[dict[str, str]]:
    """What stage.sql makes of sample.csv: canonical columns as text, and why a row was rejected.

    Raises:
        DeclarationError: There is no sample, its columns are not the declared ones, or stage.sql does not run.
    """
    sample = feed.folder / SAMPLE
    if not sample.is_file():
        raise DeclarationError(
            feed.name, f"there is no {SAMPLE}", next_step="write a few rows as the office delivers them"
        )
    with sample.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file), [])
    if unknown := sorted((set(header) ^ set(feed.landed_columns)) - feed.optional):
        raise DeclarationError(
            f"{feed.name}/{SAMPLE}",
            f"its columns are not those of feed.yml: {', '.join(unknown)}",
            next_step=f"give it the columns {', '.join(feed.landed_columns)}",
        )
    connection = empty_warehouse().cursor()
    try:
        columns = ", ".join(f"{literal(name)}: 'varchar'" for name in header)
        connection.execute(
            f"create temp table sample as select row_number() over () as row_number, * "
            f"from read_csv({literal(str(sample))}, header = true, columns = {{{columns}}}, quote = '\"', all_varchar = true)"
        )
        return rehearse(connection, feed, "sample", dict.fromkeys(header, "VARCHAR"))
    finally:
        connection.close()


def check(feed: Feed) -> list[str]:
    """Compare what stage.sql makes of sample.csv with expected.csv. Returns the differences, none where all is as expected."""
    expected = feed.folder / EXPECTED
    if not expected.is_file():
        raise DeclarationError(
            feed.name,
            f"there is no {EXPECTED}",
            next_step="write the canonical rows, or begin with `--write` and read it through",
        )
    with expected.open(encoding="utf-8", newline="") as file:
        wanted = list(csv.DictReader(file))
    given = staged_sample(feed)
    differences = []
    if len(wanted) != len(given):
        differences.append(f"{len(given)} rows, {len(wanted)} expected")
    for number, (want, got) in enumerate(zip(wanted, given, strict=False), start=1):
        for column, value in want.items():
            if got.get(column, "") != (value or ""):
                differences.append(
                    f"row {number}, {column}: {got.get(column, '(no such column)')!r}, expected {value!r}"
                )
    return differences


def write_expected(feed: Feed) -> Path:
    """Write expected.csv from what stage.sql gives now, for a person to read through. Returns its path."""
    rows = staged_sample(feed)
    path = feed.folder / EXPECTED
    used = [
        c for c in (*feed.subject.columns, REJECTED_BECAUSE) if any(row[c] for row in rows) or c == REJECTED_BECAUSE
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, used, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
