"""Run DAGs in this process, as the command line does: the same DAGs that the scheduler runs, its start-up paid once."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from dags.environment import of_airflow
from warehouse.errors import ParkBridgeError
from warehouse.settings import DAGS, Settings


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

    if not (home / "airflow.db").exists() or os.environ["AIRFLOW_HOME"] != str(home):
        upgradedb()
    from dags.runs import WRITER_POOL

    Pool.create_or_update_pool(
        WRITER_POOL, slots=1, description="the one writer of the DuckDB warehouse", include_deferred=False
    )
    if is_quiet:
        logging.disable(logging.ERROR)


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

    bag = DagBag(str(DAGS))
    for path, error in bag.import_errors.items():
        raise ParkBridgeError(path, error.strip().splitlines()[-1], next_step="mend the file; `python` it to see more")
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
        finished = dag.test(logical_date=until or datetime.now(UTC), run_conf=run_conf)
        yield dag_id, str(finished.state) == "success"
