"""Connections: one writer behind a lock, and readers that never touch the writer's file (rule 3 of the house)."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import IO, Any

import duckdb

from warehouse.batches import ACCEPTING, pending, settle, settle_feed
from warehouse.durable import make_folder, own_file
from warehouse.errors import ParkBridgeError, WarehouseBusy
from warehouse.holds import this_process
from warehouse.kinds import known_views
from warehouse.settings import Settings
from warehouse.subjects import LINEAGE, STAGED_ONLY, subjects, views

OPS_TABLES = {
    "feed": "feed varchar primary key, subject varchar, title_en varchar, title_zh varchar, office varchar, "
    "owner varchar, replaces varchar, stale_days integer, coverage_pct double, last_received_at timestamp, "
    "period_months bigint, is_complete boolean",
    # what a feed's columns state where that is not a period's figure (warehouse/kinds.py)
    "figure_kind": "feed varchar, subject varchar, column_name varchar, kind_code varchar, digits integer",
    "batch": "feed varchar, subject varchar, batch_id varchar, delivery varchar, delivered_at timestamp, "
    "pulled_from timestamp, pulled_until timestamp, rows_landed bigint, rows_rejected bigint, rows_skipped bigint, "
    "rows_new bigint, rows_changed bigint, rows_unchanged bigint, rows_withdrawn bigint, accepted_at timestamp, "
    "rows_repeated bigint, rows_used bigint, rows_read bigint, rows_folded bigint, rows_noted bigint, "
    "primary key (feed, batch_id)",
    "incoming": "feed varchar, batch_number integer, batch_id varchar, rejected bigint, skipped bigint, "
    "repeated bigint, used bigint",
    "quarantine": "feed varchar, batch_id varchar, row_number bigint, reason varchar, row_json varchar",
    # facts of months and periods that a delivery spoke of, without a figure that can be used
    "unread_fact": "feed varchar, batch_id varchar, fact varchar, source_key varchar, month date, period_months bigint, "
    "is_skipped boolean, received_at timestamp, superseded_at timestamp",
    "night": "night_id varchar, as_of timestamp, park_name varchar",
    # every night ever begun: one that is reconstructed later must not hide what it did not know
    "night_begun": "as_of timestamp",
    # every night ever published, and the one that readers saw before it
    "night_published": "as_of timestamp, previous_as_of timestamp",
    # rows of the work list, each with the night that first put it forward to readers
    "work_shown": "row_id varchar, as_of timestamp, list_date date, action_code varchar, topic_code varchar, "
    "hint_level_code varchar, enterprise_id varchar, need_key varchar, offer_key varchar",
    # what people answered to them by tonight (outcomes.csv), and tonight's date in the park
    "work_answer": "row_id varchar, work_answer_code varchar, answered_at timestamp, answered_because varchar",
    "work_day": "list_date date",
    # that night's enterprises and alerts, while tonight is compared with it
    "last_night": "night_id varchar, as_of timestamp",
    "last_enterprise": "enterprise_id varchar, enterprise_name varchar, uscc varchar, registered_address varchar, "
    "operating_address varchar, status_code varchar, gap_code varchar, headcount_month date, insured_headcount bigint, "
    "sales_month date, sales_amount decimal(30, 2), tax_month date, tax_paid_amount decimal(30, 2), "
    "leased_area_month date, leased_area_m2 decimal(30, 2), electricity_month date, electricity_kwh decimal(30, 3)",
    # which layers are built, as of when, and what tonight remakes of them (warehouse/parts.py)
    "measured": "as_of timestamp, fingerprint varchar",
    "measured_enterprise": "enterprise_id varchar, digest hugeint",
    "built": "table_name varchar",
    "touched": "enterprise_id varchar",
    "remade": "table_name varchar",
    "last_alert": "enterprise_id varchar, enterprise_name varchar, alert_code varchar, level_code varchar, "
    "score decimal(30, 2), first_seen_month date, reasons_en varchar, reasons_zh varchar",
    "validation_result": "night_id varchar, suite varchar, object_name varchar, check_name varchar, severity varchar, "
    "success boolean, observed varchar, unexpected_count bigint, unexpected_pct double, message varchar, "
    "checked_at timestamp",
    # what a person let through although it would have stopped a night
    "confirmation": "night_id varchar, stop_code varchar, object_name varchar, observed varchar, figure_before double, "
    "figure_now double, confirmed_by varchar, confirmed_because varchar, confirmed_at timestamp",
    "validation_failure": "night_id varchar, suite varchar, object_name varchar, check_name varchar, row_json varchar",
}


# columns that a warehouse of before does not have; its batches have no figure there
OPS_ADDED = {
    "batch": (
        "rows_repeated bigint",
        "rows_used bigint",
        "rows_read bigint",
        "rows_folded bigint",
        "rows_noted bigint",
    ),
    "incoming": ("repeated bigint", "used bigint"),
    "feed": ("period_months bigint", "is_complete boolean"),
}


# below so many bytes a warehouse is small: some 600 enterprises over three years
_SMALL_FILE = 128 * 2**20
# what DuckDB says of a block that is not what was written, or not there; it finds one when it reads there
_DAMAGED = ("Corrupt database file", "Could not read enough bytes")


def quote(identifier: str) -> str:
    """Quote an identifier for SQL: `承租人` becomes `"承租人"`, and a quote within is doubled."""
    return '"' + identifier.replace('"', '""') + '"'


def columns_by_table(connection: duckdb.DuckDBPyConnection, database: str = "") -> dict[str, dict[str, str]]:
    """The columns of every table and view with their types, in order, by `schema.table`.

    DuckDB looks at the whole catalogue whichever table is asked about, and binds each view for it: one question for all tables costs as
    much as one for one of them.

    Args:
        connection: Any.
        database: An attached one; the current one by default.
    """
    found: dict[str, dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = coalesce(?, current_database()) order by schema_name, table_name, column_index",
        [database or None],
    ).fetchall():
        found.setdefault(f"{schema}.{table}", {})[column] = kind
    return found


def literal(text: str) -> str:
    """Quote a string for the few statements of DuckDB that take no parameters (ATTACH, COMMENT ON)."""
    return "'" + text.replace("'", "''") + "'"


def the_row(connection: duckdb.DuckDBPyConnection, query: str, parameters: Any = None) -> tuple[Any, ...]:
    """The row of a query that always has one, such as of counts."""
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Add rows to a table, a thousand by a statement: `executemany` is a statement a row, and costs nine times as much.

    Args:
        connection: The writer's.
        table: Its name, quoted where it must be.
        rows: Values of each column of the table, in order; none is fine.
    """
    for first in range(0, len(rows), 1000):
        part = rows[first : first + 1000]
        one = f"({', '.join('?' * len(part[0]))})"
        values = [value for row in part for value in row]
        connection.execute(f"insert into {table} values {', '.join([one] * len(part))}", values)


def committed_batches(connection: duckdb.DuckDBPyConnection, feed: str) -> dict[str, dict[str, Any]]:
    """The batches of a feed that the warehouse holds, each with the marker that belongs to it.

    The marker's night is the last one begun by the time of acceptance.
    """
    found = connection.execute(
        "select b.batch_id, b.accepted_at, (select max(n.as_of) from ops.night_begun as n where n.as_of <= b.accepted_at), "
        "lag(b.batch_id) over (order by b.accepted_at, b.batch_id) from ops.batch as b where b.feed = ?",
        [feed],
    ).fetchall()
    return {
        batch_id: {
            "accepted_at": accepted_at.replace(tzinfo=UTC).isoformat(),
            "night_before": night.isoformat() if night else None,
            "previous": previous,
        }
        for batch_id, accepted_at, night, previous in found
    }


def forget(file: Path) -> None:
    """Remove a DuckDB file and its log, which would be played back into the next file of this name."""
    for path in (file, file.with_name(file.name + ".wal")):
        path.unlink(missing_ok=True)


def open_file(file: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file for writing, or make it, with the settings of every file of ours.

    Args:
        file: Its path; the folder is there.
        memory_limit: DuckDB's own limit, as `3GB`.

    Raises:
        duckdb.IOException: Another program has it open, or it is not a DuckDB file.
    """
    # only this program opens the warehouse: in the newest format it is smaller and takes a tenth less CPU to write. What is published
    # is written in the oldest one (warehouse.published_file.STORAGE_VERSION)
    connection = duckdb.connect(file, config={"storage_compatibility_version": "v1.5.0"})
    _restrict(file, 0o600)
    connection.execute("set memory_limit = ?", [memory_limit])
    # rows are ordered by the models that need it; keeping insertion order costs memory for nothing
    connection.execute("set preserve_insertion_order = false")
    connection.execute("set enable_progress_bar = false")
    return connection


def spare_threads(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Let a small warehouse do with one thread: its tables fit into one piece each, and a second thread only waits for the first.

    Of a night of 300 enterprises that is a fifth of the CPU. `warehouse.loader.stage` takes all threads for a large delivery.
    """
    file = settings.warehouse_file
    if not file.exists() or file.stat().st_size < _SMALL_FILE:
        connection.execute("set threads = 1")


@contextmanager
def writer(settings: Settings, wait_seconds: float = 120) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing, alone: Airflow's pool of one slot and the command line meet at the same lock.

    Raises:
        WarehouseBusy: Another process holds the writer's place for longer than `wait_seconds`, or has the file open.
        ParkBridgeError: The warehouse cannot be opened, or something else is in the place of its log.
    """
    with alone(settings, wait_seconds):
        own_file(settings.warehouse_file.with_name(f"{settings.warehouse_file.name}.wal"))
        try:
            connection = open_file(settings.warehouse_file, settings.memory_limit)
        except duckdb.Error as error:
            raise not_opened(settings, error) from None
        try:
            close_to_others(settings)
            spare_threads(connection, settings)
            prepare(connection)
            settle(settings.raw, lambda feed: committed_batches(connection, feed))
            yield connection
        except duckdb.Error as error:
            if not any(words in str(error) for words in _DAMAGED):
                raise
            raise not_opened(settings, error) from None
        finally:
            connection.close()


def not_opened(settings: Settings, error: duckdb.Error) -> ParkBridgeError:
    """What to say where the warehouse cannot be opened: somebody has it, or it is damaged."""
    if "Could not set lock" in str(error):
        return WarehouseBusy(
            "warehouse",
            f"another program has {settings.warehouse_file.name} open",
            next_step="close it and run this again; for questions, open published/park.duckdb instead",
        )
    return ParkBridgeError(
        "warehouse",
        f"{settings.warehouse_file.name} cannot be read: {' '.join(str(error).split())[:200]}",
        next_step="`parkbridge rebuild` puts it aside and makes it again from raw/. What is published is unchanged",
    )


def settle_before_landing(settings: Settings, feed: str) -> None:
    """Find out what became of batches that a killed run left without a marker, before their source is asked again.

    Costs nothing where the last run came to its end.

    Raises:
        WarehouseBusy: Another run is writing; it may be the one that accepts them.
    """
    if (settings.raw / feed / ACCEPTING).exists() or (settings.warehouse_file.exists() and pending(settings.raw, feed)):
        with writer(settings) as connection:
            settle_feed(settings.raw / feed, committed_batches(connection, feed))


def close_to_others(settings: Settings) -> None:
    """Keep everybody else on this machine out of what is not published, whatever the umask: 0700 for folders, 0600 for files.

    published/ stays readable, for clients of others, but others cannot write to it. What the park chose to keep outside its home
    stays as it is, and so does what belongs to another account.
    """
    home = settings.home
    for name in ("raw", "refused", "data_docs", "airflow", "holds", "alerts", "asof"):
        _restrict(home / name, 0o700)
    if settings.backup.is_relative_to(home):
        _restrict(settings.backup, 0o700)
    files = [home / name for name in ("warehouse.lock", "drill.json")]
    files += [settings.released, settings.firm_names]
    files += [path for path in (settings.outcomes, settings.judgements) if path.is_relative_to(home)]
    for file in (*files, *home.glob("warehouse*.duckdb*"), *home.glob("warehouse.damaged-*")):
        if file.is_file():
            _restrict(file, 0o600)
    if settings.published.is_dir():
        _restrict(settings.published, stat.S_IMODE(settings.published.stat().st_mode) & ~0o002)


def _restrict(path: Path, mode: int) -> None:
    with contextlib.suppress(FileNotFoundError, PermissionError):
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@contextmanager
def alone(settings: Settings, wait_seconds: float = 120) -> Iterator[None]:
    """Hold the writer's lock; raises WarehouseBusy as `writer` does."""
    make_folder(settings.home)
    with (settings.home / "warehouse.lock").open("a+", encoding="utf-8", errors="replace") as lock:
        _acquire(lock, wait_seconds)
        lock.seek(0)
        lock.truncate()
        lock.write(f"{this_process()}, since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        lock.flush()
        yield


def _acquire(lock: IO[str], wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                lock.seek(0)
                who = "".join(sign for sign in lock.read(300) if sign.isprintable())
                raise WarehouseBusy(
                    "warehouse",
                    f"another process has been writing for more than {wait_seconds:.0f} s ({who or 'it does not say which'})",
                    next_step="wait for it or stop it, then run this again",
                ) from None
            time.sleep(0.05)
        else:
            return


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the schemas, the ops tables, the macros, a staged table and a known view per subject, and the views of all.

    `known.<subject>` is what was known as of the night: received by then, and not yet superseded then, each figure of its own
    period (warehouse/kinds.py). `known.fact` has a row
    per known fact of any subject (warehouse/subjects.py). A warehouse that
    was prepared by these very statements is left alone: every step of every run comes by here.
    """
    statements = _layout()
    digest = hashlib.sha256("".join(statements).encode()).hexdigest()
    # a new one has no such table; to look for it first costs more than to open the file
    with contextlib.suppress(duckdb.CatalogException):
        if connection.execute("select digest from ops.layout").fetchone() == (digest,):
            return
    with transaction(connection):  # a hundred statements are one write to the disk, and all of them or none
        for statement in statements:
            connection.execute(statement)
        connection.execute("create or replace table ops.layout as select $1::varchar as digest", [digest])


@cache
def _layout() -> tuple[str, ...]:
    schemas = (
        "raw",
        "incoming",
        "staged",
        "known",
        "rules",
        "resolved",
        "monthly",
        "signals",
        "industry",
        "snapshots",
        "ops",
    )
    statements = [f"create schema if not exists {schema}" for schema in schemas]
    statements += [f"create table if not exists ops.{name} ({listed})" for name, listed in OPS_TABLES.items()]
    statements += [
        f"alter table ops.{table} add column if not exists {column}"
        for table, columns in OPS_ADDED.items()
        for column in columns
    ]
    for name in ("macros.sql", "model_macros.sql"):
        statements.append(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    for subject in subjects().values():
        columns = {name: column.type for name, column in subject.columns.items()} | LINEAGE
        listed = ", ".join(f"{quote(name)} {kind}" for name, kind in columns.items())
        statements.append(f"create table if not exists staged.{subject.name} ({listed})")
        # a warehouse of before the column gets it here
        statements += [
            f"alter table staged.{subject.name} add column if not exists {name} {kind}"
            for name, kind in STAGED_ONLY.items()
        ]
    statements += [f"create or replace view {name} as {query}" for name, query in (known_views() | views()).items()]
    return tuple(statements)


@contextmanager
def reader(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published file read-only, locked down: no other file, no network, no settings.

    An in-memory connection with ATTACH, because a cached connection of this process would go on serving the file that
    a publish has replaced.
    """
    if not settings.published_file.exists():
        raise ParkBridgeError(
            "published data",
            f"nothing is published yet in {settings.published}",
            next_step="run `make run` for the demo park, or `parkbridge sync`",
        )
    with open_read_only(settings.published_file) as connection:
        yield connection


@contextmanager
def open_read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach one DuckDB file read-only under the name `park` in a fresh, locked-down connection.

    DuckDB keeps the file's own path open to COPY and ATTACH, for writing too: SQL that somebody else wrote goes through
    warehouse.shell.ask, which runs only what reads.

    Raises:
        ParkBridgeError: There is no such file, or it is not a DuckDB file of a readable version.
    """
    if not path.is_file():
        raise ParkBridgeError(str(path), "there is no such file", next_step="name a published night")
    connection = duckdb.connect(":memory:")
    try:
        try:
            connection.execute(f"attach {literal(os.fspath(path))} as park (read_only)")
        except duckdb.Error as error:
            fact = f"it cannot be opened as a DuckDB file: {' '.join(str(error).split())}"
            raise ParkBridgeError(str(path), fact, next_step="name a published night") from None
        connection.execute("use park")
        # no variable of this program as a table, no extension that a function's name would fetch, no folder .tmp in the current one
        connection.execute("set python_enable_replacements = false")
        connection.execute("set autoinstall_known_extensions = false")
        connection.execute("set autoload_known_extensions = false")
        connection.execute(
            f"set temp_directory = {literal(str(Path(tempfile.gettempdir(), f'parkbridge-{os.getpid()}')))}"
        )
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection
    finally:
        connection.close()
