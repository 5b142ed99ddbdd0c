"""What a night is compared with: the published one, where it is an earlier night and has what is compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from tests.conftest import Park, prepared
from warehouse.last_night import KEPT, as_of_file, forget_last_night, remember_last_night, remembered, take_tonight

FIRST, SECOND, THIRD = (datetime(2026, 3, day, 18) for day in (1, 2, 3))


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with prepared() as opened:
        yield opened


def tonight(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    connection.execute("delete from ops.night")
    connection.execute("insert into ops.night values (?, ?, 'park')", [f"{as_of:%Y%m%dT%H%M%SZ}", as_of])


def publish(
    connection: duckdb.DuckDBPyConnection, park: Park, as_of: datetime | None, without: str | None = None
) -> None:
    """A published file with one enterprise and one alert, and of these the columns that are compared."""
    park.settings.published_file.parent.mkdir(parents=True, exist_ok=True)
    park.settings.published_file.unlink(missing_ok=True)
    with duckdb.connect(str(park.settings.published_file)) as file:
        file.execute("create schema ops; create schema snapshots; create schema signals")
        file.execute("create table ops.night (night_id varchar, as_of timestamp)")
        if as_of:
            file.execute("insert into ops.night values (?, ?)", [f"{as_of:%Y%m%dT%H%M%SZ}", as_of])
        for kept, (schema, table) in KEPT.items():
            listed = connection.execute(f"describe ops.{kept}").fetchall()
            columns = ", ".join(f"null::{kind} as {name}" for name, kind, *_ in listed if name != without)
            file.execute(f"create table {schema}.{table} as select {columns}, 1 as another")


def kept(connection: duckdb.DuckDBPyConnection) -> list[int]:
    return [connection.execute(f"from ops.{table}").fetchall().__len__() for table in ("last_night", *KEPT)]


@pytest.mark.parametrize(
    ("published", "now", "compared"),
    [
        (FIRST, SECOND, FIRST),
        (SECOND, SECOND, None),  # this very night, which was compared with none
        (THIRD, SECOND, None),  # a backfill
        (None, SECOND, None),
    ],
)
def test_a_night_is_compared_with_an_earlier_one(
    connection: duckdb.DuckDBPyConnection,
    park: Park,
    published: datetime | None,
    now: datetime,
    compared: datetime | None,
) -> None:
    publish(connection, park, published)
    tonight(connection, now)
    assert remember_last_night(connection, park.settings) == compared
    assert remembered(connection) == compared
    assert kept(connection) == ([1, 1, 1] if compared else [0, 0, 0])


def test_a_night_that_is_run_again_keeps_what_it_was_compared_with(
    connection: duckdb.DuckDBPyConnection, park: Park
) -> None:
    publish(connection, park, FIRST)
    tonight(connection, SECOND)
    remember_last_night(connection, park.settings)
    publish(connection, park, SECOND)
    assert remember_last_night(connection, park.settings) == FIRST
    assert kept(connection) == [1, 1, 1]
    tonight(connection, THIRD)
    assert remember_last_night(connection, park.settings) == SECOND
    park.settings.published_file.unlink()
    assert remember_last_night(connection, park.settings) is None
    assert kept(connection) == [0, 0, 0]


def test_before_any_night_nothing_is_compared(connection: duckdb.DuckDBPyConnection, park: Park) -> None:
    publish(connection, park, FIRST)
    connection.execute("delete from ops.night")
    assert remember_last_night(connection, park.settings) is None


def test_a_file_that_lacks_a_column_or_is_damaged_is_nothing_to_compare_with(
    connection: duckdb.DuckDBPyConnection, park: Park
) -> None:
    path = park.settings.published_file
    assert as_of_file(connection, path) is None
    publish(connection, park, FIRST)
    assert as_of_file(connection, path) == FIRST
    publish(connection, park, FIRST, without="enterprise_id")
    assert as_of_file(connection, path) is None
    path.write_bytes(b"no database" * 1000)
    assert as_of_file(connection, path) is None


def test_tonight_is_what_the_next_one_is_compared_with(connection: duckdb.DuckDBPyConnection) -> None:
    tonight(connection, FIRST)
    for name, (schema, table) in KEPT.items():
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(f"create table {schema}.{table} as from ops.{name}")
    assert take_tonight(connection) == FIRST
    forget_last_night(connection)
    assert remembered(connection) is None
