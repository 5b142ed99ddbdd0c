"""What readers saw before tonight: enterprises and alerts as the night published before showed them.

snapshots.change and snapshots.alert_change compare tonight with them.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.connection import literal, the_row
from warehouse.settings import Settings

# what is compared, in the columns of the table that keeps it: that table, and the published one
KEPT = {"last_enterprise": ("snapshots", "enterprise_current"), "last_alert": ("signals", "alert")}


def remember_last_night(connection: duckdb.DuckDBPyConnection, settings: Settings) -> datetime | None:
    """Fill ops.last_night, ops.last_enterprise and ops.last_alert from what is published now, if that is an earlier night.

    A night that is run again keeps what it was compared with the first time. A later night (a backfill runs now) or a file
    of before these columns is nothing to compare with: the tables are then empty.

    Returns:
        As of when the night published before was, naive UTC; None where there is none.
    """
    (tonight,) = the_row(connection, "select max(as_of) from ops.night")
    before = remembered(connection)
    published = as_of_file(connection, settings.published_file)
    if published is not None and published == tonight and before is not None and before < published:
        return before
    forget_last_night(connection)
    if published is None or tonight is None or published >= tonight:
        return None
    return take_from(connection, settings.published_file)


def remembered(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """As of when the night was that tonight is compared with."""
    as_of: datetime | None = the_row(connection, "select max(as_of) from ops.last_night")[0]
    return as_of


def as_of_file(connection: duckdb.DuckDBPyConnection, path: Path) -> datetime | None:
    """Which moment a published file shows; None where it is not there or lacks what this warehouse compares."""
    if not path.exists():
        return None
    needed = {(*published, column) for kept, published in KEPT.items() for column in _columns(connection, kept)}
    with duckdb.connect(":memory:") as other:
        try:
            other.execute(f"attach {literal(os.fspath(path))} as earlier (read_only)")
        except duckdb.Error:  # damaged
            return None
        has = other.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'earlier'"
        ).fetchall()
        if not needed.issubset(has):
            return None
        as_of: datetime | None = the_row(other, "select max(as_of) from earlier.ops.night")[0]
        return as_of


def take_from(connection: duckdb.DuckDBPyConnection, path: Path) -> datetime | None:
    """Fill the tables from a published file."""
    connection.execute(f"attach {literal(os.fspath(path))} as earlier (read_only)")
    try:
        return _take(connection, "earlier.")
    finally:
        connection.execute("detach earlier")


def take_tonight(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """Fill the tables from the night in this warehouse: the next one is compared with it."""
    return _take(connection, "")


def _columns(connection: duckdb.DuckDBPyConnection, kept: str) -> list[str]:
    return connection.table(f"ops.{kept}").columns


def _take(connection: duckdb.DuckDBPyConnection, database: str) -> datetime | None:
    forget_last_night(connection)
    connection.execute(f"insert into ops.last_night by name select night_id, as_of from {database}ops.night")
    for kept, (schema, table) in KEPT.items():
        columns = ", ".join(_columns(connection, kept))
        connection.execute(f"insert into ops.{kept} by name select {columns} from {database}{schema}.{table}")
    return remembered(connection)


def forget_last_night(connection: duckdb.DuckDBPyConnection) -> None:
    """Nothing to compare with."""
    for table in ("last_night", *KEPT):
        connection.execute(f"delete from ops.{table}")
