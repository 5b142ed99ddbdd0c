"""Start Airflow standalone over this park: its scheduler runs the same DAGs, at their hours."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dags.local import prepare_airflow
from warehouse.settings import CHECKOUT, Settings


def main() -> None:
    """Make Airflow's database and the writer's pool, then become `airflow standalone`."""
    prepare_airflow(Settings.from_environment(), is_quiet=False)
    os.environ.setdefault("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", "False")  # it runs every night from the first
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    airflow = Path(sys.executable).with_name("airflow")
    # standalone starts its parts by the name `airflow`
    os.environ["PATH"] = os.pathsep.join([str(airflow.parent), os.environ.get("PATH", "")])
    os.execv(airflow, [str(airflow), "standalone"])  # noqa: S606 - the interpreter's own neighbour


if __name__ == "__main__":
    main()
