"""A past night ordered from Airflow's own page, by the call that the page's button makes, while its scheduler runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import demo
from tests.system.conftest import Park
from warehouse.settings import CHECKOUT

pytestmark = [pytest.mark.slow, pytest.mark.airflow]
PATIENCE_SECONDS = 900
# the offices are synced up to these days; the nights between them are the past ones that are ordered
SYNCED = (date(2026, 11, 10), date(2026, 11, 14))
FIRST, LAST = date(2026, 11, 12), date(2026, 11, 13)
PARK_TIME = ZoneInfo("Asia/Shanghai")

Call = Callable[..., dict[str, Any]]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    """A small park, synced twice; its offices are open."""
    park = Park(tmp_path_factory.mktemp("airflow") / "park")
    silos = park.folder / "demo"
    demo.build(silos, enterprises=150, months=14, seed=1, until=SYNCED[-1])
    with demo.serving(silos) as port:
        environment = demo.connections(silos, port) | {"PARKBRIDGE_PSEUDONYM_KEY": "demo park, not a secret"}
        for day in SYNCED:
            park.run("sync", "--until", str(day), "--confirm-date", "a demo", "--who", "test", environment=environment)
        yield park


@pytest.fixture(scope="module")
def call(served: Park, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """Airflow standalone over that park; calls of its API, as its page makes them."""
    port, log = free_port(), tmp_path_factory.mktemp("standalone") / "log"
    # nothing but what is asked for runs
    with closing(sqlite3.connect(served.home / "airflow" / "airflow.db")) as database, database:
        database.execute("update dag set is_paused = 1")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PARKBRIDGE_", "AIRFLOW"))}
    with log.open("w") as file:
        started = subprocess.Popen(
            [sys.executable, "-m", "dags.standalone"],
            cwd=CHECKOUT,
            env=kept
            | {
                "PARKBRIDGE_HOME": str(served.home),
                "AIRFLOW__API__PORT": str(port),
            },
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    token = ""

    def ask(path: str, body: dict[str, Any] | None = None, method: str | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))

    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while "Password  in" not in log.read_text():
            assert started.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(1)
        [(user, password)] = json.loads(
            Path(served.home, "airflow", "simple_auth_manager_passwords.json.generated").read_text()
        ).items()
        token = str(ask("/auth/token", {"username": user, "password": password})["access_token"])
        yield ask
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        # Airflow lets tasks under way come to their end; nothing here needs theirs
        with suppress(subprocess.TimeoutExpired):
            started.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)


def test_nights_of_the_past_are_made_and_readers_keep_theirs(served: Park, call: Call) -> None:
    shown = served.ask("select night_id from ops.night")
    until = time.monotonic() + PATIENCE_SECONDS
    while call("/api/v2/dags?dag_id_pattern=operating_snapshots")["total_entries"] == 0:
        assert time.monotonic() < until
        time.sleep(2)
    # Airflow starts no run of a paused DAG, a backfill's neither
    call("/api/v2/dags/operating_snapshots", {"is_paused": False}, method="PATCH")
    ordered = call(
        "/api/v2/backfills",
        {
            "dag_id": "operating_snapshots",
            "from_date": f"{FIRST}T00:00:00+08:00",
            "to_date": f"{LAST}T23:59:00+08:00",
            "max_active_runs": 1,
            "run_backwards": False,
            "dag_run_conf": {},
        },
    )
    assert ordered["dag_id"] == "operating_snapshots"
    while True:
        runs = call("/api/v2/dags/operating_snapshots/dagRuns?run_type=backfill")["dag_runs"]
        states = sorted(run["state"] for run in runs)
        if states and set(states) <= {"success", "failed"}:
            break
        assert time.monotonic() < until, states
        time.sleep(2)
    assert states == ["success", "success"], runs
    # its own night of today may have been published in between, a past one never is
    assert served.ask("select night_id from ops.night") >= shown
    nights = [path.stem for path in (served.published.parent / "nights").glob("*.duckdb")]
    # nights are named in UTC, and ordered by the park's days
    days = [datetime.strptime(night, "%Y%m%dT%H%M%S%z").astimezone(PARK_TIME).date() for night in nights]
    assert sorted(day for day in days if day in {FIRST, LAST}) == [FIRST, LAST], nights
