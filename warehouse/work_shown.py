"""Which rows of the work list readers have seen: ops.work_shown, one row per row of the list and night that put it forward as new.

Tonight's list follows from it (snapshots.work_list): a night reads what earlier nights noted, and only nights that
readers see are noted. A rebuild keeps it; of a lost warehouse it comes back from what is published, and so does what a
publish did not note because it was killed once its file was in place.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from warehouse.connection import literal, transaction
from warehouse.settings import Settings

_COLUMNS = "row_id, as_of, list_date, action_code, topic_code, hint_level_code, enterprise_id, need_key, offer_key"


def note_shown(connection: duckdb.DuckDBPyConnection) -> None:
    """Note the rows that tonight's list puts forward as new, in place of what this very night noted before."""
    with transaction(connection):  # half of them would let the next night put forward too many
        connection.execute("delete from ops.work_shown where as_of = (select as_of from ops.night)")
        if _has_list(connection, "current_database()"):
            connection.execute(_insert_new_rows(""))


def settle_shown(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Note the new rows of the night that readers see, where its publish was killed before it did so."""
    _take_over(connection, settings.published_file)


def recover_shown(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Take over what the newest kept night, or park.duckdb where that is damaged, knows of earlier ones, and its own new rows.

    After a rollback park.duckdb is not the newest; what readers saw since still counts. A night of a backfill, which readers
    never saw, is not the newest: of such nights none is taken.
    """
    kept = sorted((settings.published / "nights").glob("*.duckdb"), reverse=True)
    any(_take_over(connection, path) for path in [*kept[:1], settings.published_file])


def _take_over(connection: duckdb.DuckDBPyConnection, night: Path) -> bool:
    """Note what a published night put forward, and what it knows of nights of which nothing is noted here.

    Returns:
        Whether it could be read and has a work list.
    """
    if not night.exists():
        return False
    try:
        connection.execute(f"attach {literal(os.fspath(night))} as earlier (read_only)")
    except duckdb.Error:  # damaged
        return False
    try:
        if not _has_list(connection, "'earlier'"):
            return False
        own = "(select as_of from earlier.ops.night)"
        connection.execute(
            f"insert into ops.work_shown by name select {_COLUMNS} from earlier.ops.work_shown "
            f"where as_of not in (select as_of from ops.work_shown) and as_of < {own}"
        )
        connection.execute(f"delete from ops.work_shown where as_of = {own}")
        connection.execute(_insert_new_rows("earlier."))
    finally:
        connection.execute("detach earlier")
    return True


def _insert_new_rows(database: str) -> str:
    return (
        f"insert into ops.work_shown by name select {_COLUMNS} from {database}snapshots.work_list "
        "where first_shown_date = list_date"
    )


def _has_list(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Whether a database has a work list; a file of an earlier version has none."""
    [(count,)] = connection.execute(
        f"select count(*) from duckdb_tables() where database_name = {database} "
        "and schema_name || '.' || table_name in ('snapshots.work_list', 'ops.work_shown')"
    ).fetchall()
    return bool(count == 2)
