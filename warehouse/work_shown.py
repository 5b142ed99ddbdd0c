"""Which rows of the work list readers have seen: ops.work_shown, one row per row of the list and night that put it forward as new.

Tonight's list follows from it (snapshots.work_list): a night reads what earlier nights noted, and only nights that
readers see are noted. A rebuild keeps it; of a lost warehouse it comes back from what is published.
"""

from __future__ import annotations

import os

import duckdb

from warehouse.connection import literal
from warehouse.settings import Settings

_COLUMNS = "row_id, as_of, list_date, action_code, topic_code, hint_level_code, enterprise_id, need_key, offer_key"


def note_shown(connection: duckdb.DuckDBPyConnection) -> None:
    """Note the rows that tonight's list puts forward as new, in place of what this very night noted before."""
    connection.execute("delete from ops.work_shown where as_of = (select as_of from ops.night)")
    if _has_list(connection, "current_database()"):
        connection.execute(_insert_new_rows(""))


def recover_shown(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Take over what the published file knows of earlier nights, and the new rows of its own night."""
    if not settings.published_file.exists():
        return
    try:
        connection.execute(f"attach {literal(os.fspath(settings.published_file))} as earlier (read_only)")
    except duckdb.Error:  # damaged like the warehouse: the list begins anew
        return
    try:
        if _has_list(connection, "'earlier'"):
            connection.execute(f"insert into ops.work_shown by name select {_COLUMNS} from earlier.ops.work_shown")
            connection.execute(_insert_new_rows("earlier."))
    finally:
        connection.execute("detach earlier")


def _insert_new_rows(database: str) -> str:
    return (
        f"insert into ops.work_shown by name select {_COLUMNS} from {database}snapshots.work_list "
        "where first_shown_date = list_date"
    )


def _has_list(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Whether a database has a work list; a file of an earlier version has none."""
    found = connection.execute(
        f"select count(*) from duckdb_tables() where database_name = {database} "
        "and schema_name || '.' || table_name in ('snapshots.work_list', 'ops.work_shown')"
    ).fetchone()
    return bool(found and found[0] == 2)
