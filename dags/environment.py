"""What a shell, a service and Airflow itself need in their environment so that all of them run this park.

`parkbridge env` prints it, `make airflow` and the command line set it. No secret is among it.
"""

from __future__ import annotations

import json
import os
import shlex

from warehouse.settings import CHECKOUT, DAGS, Settings

# a value that is never printed: only that it is needed
SECRET = "PARKBRIDGE_PSEUDONYM_KEY"  # noqa: S105 - a variable's name
API_PORT = "8080"


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def of_airflow(settings: Settings) -> dict[str, str]:
    """Airflow's variables for this park; one that is set already keeps its value."""
    port = os.environ.get("AIRFLOW__API__PORT", API_PORT)
    defaults = {
        "AIRFLOW_HOME": str(settings.home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": settings.time_zone.key,
        # nothing is paused at first start: feeds come first, the night waits for them
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # a task is a process of its own; ten at once on two cores take five times as long as two by two
        "AIRFLOW__CORE__PARALLELISM": str(cores()),
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": str(cores()),
        # the page is for this machine; others come through a proxy with TLS
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
    }
    return {name: os.environ.get(name) or value for name, value in defaults.items()}


def of_park(settings: Settings) -> dict[str, str]:
    """ParkBridge's own variables, all but the secret one."""
    return {
        "PARKBRIDGE_HOME": str(settings.home),
        "PARKBRIDGE_FEEDS": os.pathsep.join(map(str, settings.feed_folders)),
        "PARKBRIDGE_PARK_NAME": settings.park_name,
        "PARKBRIDGE_TIME_ZONE": settings.time_zone.key,
        "PARKBRIDGE_NIGHT": settings.night,
        "PARKBRIDGE_KEEP_NIGHTS": str(settings.keep_nights),
        "PARKBRIDGE_EXPORTS": str(int(settings.exports)),
        "PARKBRIDGE_AUDIENCES": ",".join(settings.audiences),
        "PARKBRIDGE_POLICY": str(settings.policy),
        "PARKBRIDGE_MEMORY_LIMIT": settings.memory_limit,
        "PARKBRIDGE_JUDGEMENTS": str(settings.judgements),
        "PARKBRIDGE_OUTCOMES": str(settings.outcomes),
        "PARKBRIDGE_BACKUP": str(settings.backup),
        "PARKBRIDGE_DRILL_DAYS": str(settings.drill_days),
        "PARKBRIDGE_ALERT_COMMAND": settings.alert_command,
    }


def python_path() -> str:
    """PYTHONPATH with this checkout on it, once."""
    others = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part != str(CHECKOUT)]
    return os.pathsep.join([str(CHECKOUT), *others])


def environment(settings: Settings) -> dict[str, str]:
    """Every variable that may be shown."""
    return {**of_park(settings), **of_airflow(settings), "PYTHONPATH": python_path()}


def as_shell(settings: Settings) -> str:
    """Exports for a shell: `eval "$(parkbridge env)"`."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment(settings).items()]
    return "\n".join([*lines, _about_the_key(settings)])


def as_service(settings: Settings) -> str:
    """Lines for a systemd EnvironmentFile=: NAME="value"."""
    lines = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in environment(settings).items()]
    return "\n".join([*lines, _about_the_key(settings)])


def _about_the_key(settings: Settings) -> str:
    fact = "is set here and is not printed: give it to the service too" if settings.pseudonym_key else "is not set"
    return f"# {SECRET} {fact} (docs/runbook.md, Identity numbers and their key)"
