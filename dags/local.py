"""Run DAGs in this process, as the command line does: the same DAGs that the scheduler runs, its start-up paid once."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dags.environment import of_airflow
from warehouse import holds
from warehouse.errors import ParkBridgeError, WarehouseBusy
from warehouse.settings import DAGS, Settings

if TYPE_CHECKING:
    from airflow.sdk import DAG


def prepare_airflow(settings: Settings, *, is_quiet: bool = True) -> None:
    """Point Airflow at our DAGs and make its database if there is none. Call before anything imports airflow."""
    home = settings.home / "airflow"
    defaults = of_airflow(settings)
    if is_quiet:
        defaults["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "CRITICAL"
        warnings.filterwarnings("ignore")
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    from airflow.models.pool import Pool
    from airflow.utils.db import upgradedb

    if has_no_tables(home / "airflow.db") or os.environ["AIRFLOW_HOME"] != str(home):
        upgradedb()
    from dags.runs import WRITER_POOL

    Pool.create_or_update_pool(
        WRITER_POOL, slots=1, description="the one writer of the DuckDB warehouse", include_deferred=False
    )
    if is_quiet:
        logging.disable(logging.ERROR)


def has_no_tables(database: Path) -> bool:
    """Whether Airflow has made no tables yet.

    Raises:
        ParkBridgeError: The database is damaged.
    """
    if not database.exists():
        return True
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            said = connection.execute("pragma quick_check(1)").fetchall()
            tables = connection.execute("select count(*) from sqlite_master where name = 'dag_run'").fetchall()
        fault = "" if said == [("ok",)] else str(said[0][0])
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):  # its scheduler writes: it is in use, so it is there
            return False
        fault = str(error)
    if fault:
        raise ParkBridgeError(
            str(database),
            f"it is damaged: {' '.join(fault.split())[:200]}",
            next_step="move it away and run this again. What is lost is the history of runs, and connections that were "
            "added with `airflow connections add`: add those again",
        )
    return bool(tables == [(0,)])


def run(
    dag_ids: Iterable[str], until: datetime | None = None, conf: dict[str, Any] | None = None
) -> Iterator[tuple[str, bool]]:
    """Run DAGs one after the other; yields each with whether it succeeded.

    Args:
        dag_ids: Which.
        until: End of the runs' interval; now by default. Who gives one means it: a past night is not held up as such.
        conf: The runs' params.

    Raises:
        ParkBridgeError: A DAG file does not load, or there is no such DAG.
    """
    from airflow.dag_processing.dagbag import DagBag

    settings = Settings.from_environment()
    bag = DagBag(str(DAGS))
    for path, error in bag.import_errors.items():
        raise ParkBridgeError(path, error.strip().splitlines()[-1], next_step="fix the file; `python` it to see more")
    read, synced = _once()
    for dag_id in dag_ids:
        dag = bag.dags.get(dag_id)
        if dag is None:
            raise ParkBridgeError(
                dag_id, "there is no such DAG", next_step=f"choose one of {', '.join(sorted(bag.dags))}"
            )
        dag.deadline = None  # dag.test() cannot serialize a deadline a second time (Airflow 3.3.2)
        for task in dag.tasks:
            task.retries = 0  # at the command line a person decides when to try again
        given = {**(conf or {}), "is_past": until is not None}
        run_conf = {name: value for name, value in given.items() if name in dag.params}
        with _alone(settings, dag_id) as is_alone, _reading(read, synced):
            is_well = is_alone and _test(dag, until or datetime.now(UTC), run_conf)
        yield dag_id, is_well


def _test(dag: DAG, moment: datetime, conf: dict[str, Any]) -> bool:
    return str(dag.test(logical_date=moment, run_conf=conf).state) == "success"


def _once() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """How dag.test() reads the DAG files and writes all DAGs to Airflow's database, each done once for the same files."""
    from airflow.dag_processing import dagbag

    return cache(dagbag.BundleDagBag), cache(dagbag.sync_bag_to_db)


@contextmanager
def _reading(read: Callable[..., Any], synced: Callable[..., Any]) -> Iterator[None]:
    """Let dag.test() use these: before every run it reads and writes all DAGs again (Airflow 3.3.2), a second of CPU for twenty feeds."""
    from airflow.dag_processing import dagbag

    before = dagbag.BundleDagBag, dagbag.sync_bag_to_db
    vars(dagbag).update(BundleDagBag=read, sync_bag_to_db=synced)
    try:
        yield
    finally:
        vars(dagbag).update(BundleDagBag=before[0], sync_bag_to_db=before[1])


@contextmanager
def _alone(settings: Settings, dag_id: str) -> Iterator[bool]:
    """Hold what the DAG works at, from before its first step to its end; False where another run does not let go of it."""
    from dags import runs

    feed = dag_id.removeprefix("feed_") if dag_id != holds.NIGHT else None
    started = time.monotonic()

    def show_wait(who: str) -> None:
        if runs.beginner:
            runs.beginner(feed, f"waits: it is held by {who}")

    try:
        holds.take(settings, dag_id, holds.Run.here(), holds.WAIT_SECONDS, show_wait)
    except WarehouseBusy as error:
        if runs.watcher:
            runs.watcher(feed, "wait", time.monotonic() - started, str(error), False)
        yield False
        return
    runs.whole_runs.add(dag_id)
    try:
        yield True
    finally:
        runs.whole_runs.discard(dag_id)
        holds.let_go(settings, dag_id)
