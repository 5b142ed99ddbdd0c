"""The DAGs as Airflow sees them: one per feed folder, tagged, owned, retried, one writer, and no work at import."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk.api.datamodels._generated import DagRunType  # what a task gets
from airflow.sdk.exceptions import AirflowFailException

from connectors.registry import feeds
from dags import local, runs
from dags.environment import cores, environment, python_path
from dags.runs import end_of_interval, missed_deadline
from dags.standalone import password_file
from warehouse import batches
from warehouse.acceptance import declare
from warehouse.connection import writer
from warehouse.errors import DeliveryRefused, ParkBridgeError, SourceError
from warehouse.night import begin_night, hold_to_first_feeds
from warehouse.settings import CHECKOUT, Settings

DESCRIBE = """
import json, sys, time
started = time.process_time()
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
heavy = sorted({"great_expectations", "duckdb_sqlalchemy", "moto", "s3fs", "paramiko"} & set(sys.modules))
print(json.dumps({
    "errors": bag.import_errors,
    "heavy": heavy,
    "dags": {
        dag_id: {
            "tags": sorted(dag.tags), "doc": dag.doc_md, "catchup": dag.catchup, "max_active_runs": dag.max_active_runs,
            "schedule": str(dag.schedule), "start": dag.start_date and dag.start_date.isoformat(), "is_paused": dag.is_paused_upon_creation,
            "late_hours": [one.interval.total_seconds() / 3600 for one in dag.deadline or []], "title": dag.dag_display_name,
            "waits_for": sorted(a.uri for a in dag.schedule) if isinstance(dag.schedule, list) else [],
            "is_failure_reported": bool(dag.on_failure_callback),
            "tasks": {t.task_id: {"owner": t.owner, "pool": t.pool, "retries": t.retries, "weight": t.priority_weight,
                                  "waits": [w and w.total_seconds() for w in (t.retry_delay, t.max_retry_delay)], "doc": t.doc_md,
                                  "backoff": t.retry_exponential_backoff, "after": sorted(t.upstream_task_ids),
                                  "title": t.task_display_name, "queue": t.queue,
                                  "limit": t.execution_timeout and t.execution_timeout.total_seconds(),
                                  "emits": sorted(o.uri for o in t.outlets)} for t in dag.tasks},
        }
        for dag_id, dag in sorted(bag.dags.items())
    },
}))
"""


def described(home: Path, feed_folders: str, bundle: Path = CHECKOUT, **settings: str) -> dict[str, Any]:
    """What Airflow finds in a bundle, by default this checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PARKBRIDGE"))}
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PARKBRIDGE_FEEDS": feed_folders,
        "PARKBRIDGE_HOME": str(home / "park"),
        "PYTHONPATH": str(CHECKOUT),
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE, str(bundle)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return described(tmp_path_factory.mktemp("airflow"), str(CHECKOUT / "connectors" / "feeds"))


def test_every_feed_folder_is_a_dag_and_nothing_fails_to_load(found: dict[str, Any]) -> None:
    assert found["errors"] == {}
    declared = {f"feed_{name}" for name in feeds([CHECKOUT / "connectors" / "feeds"])}
    assert set(found["dags"]) == declared | {"operating_snapshots", "upkeep"}


def test_the_bundle_of_three_lines_gives_every_dag_and_the_night_may_wait_for_all_feeds(
    found: dict[str, Any], tmp_path: Path
) -> None:
    """deploy/parkbridge_dags.py alone, in a folder that knows nothing of the checkout."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "theirs.py").write_bytes((CHECKOUT / "deploy" / "parkbridge_dags.py").read_bytes())
    feed_folders = str(CHECKOUT / "connectors" / "feeds")
    elsewhere = described(tmp_path / "airflow", feed_folders, bundle, PARKBRIDGE_NIGHT="feeds")
    assert elsewhere["errors"] == {}
    assert set(elsewhere["dags"]) == set(found["dags"])
    declared = feeds([CHECKOUT / "connectors" / "feeds"])
    assert elsewhere["dags"]["operating_snapshots"]["waits_for"] == sorted(f"parkbridge://feed/{f}" for f in declared)
    assert found["dags"]["operating_snapshots"]["waits_for"] == []
    assert found["dags"]["operating_snapshots"]["schedule"] == "0 2 * * *"


def test_titles_are_in_two_languages_and_runs_emit_assets(found: dict[str, Any]) -> None:
    chinese_and_english = re.compile("[\u4e00-\u9fff]+.* [A-Za-z].*")
    for dag_id, dag in found["dags"].items():
        assert chinese_and_english.fullmatch(dag["title"]), dag_id
        assert dag["is_failure_reported"], dag_id
        for task_id, task in dag["tasks"].items():
            assert chinese_and_english.fullmatch(task["title"]), f"{dag_id}.{task_id}"
            assert task["queue"] == "default"
    emitted = {
        (dag_id, task_id): task["emits"]
        for dag_id, dag in found["dags"].items()
        for task_id, task in dag["tasks"].items()
        if task["emits"]
    }
    assert emitted == {("operating_snapshots", "publish"): ["parkbridge://published/park"]} | {
        (f"feed_{name}", "accept"): [f"parkbridge://feed/{name}", f"parkbridge://staged/{feed.subject.name}"]
        for name, feed in feeds([CHECKOUT / "connectors" / "feeds"]).items()
    }


def test_loading_a_dag_file_imports_nothing_heavy(found: dict[str, Any]) -> None:
    assert found["heavy"] == []


def test_each_dag_says_what_it_is_and_each_task_who_owns_it(found: dict[str, Any]) -> None:
    for dag_id, dag in found["dags"].items():
        assert dag["doc"], dag_id
        assert dag["tags"], dag_id
        assert dag["catchup"] is False
        assert dag["max_active_runs"] == 1
        # docs/runbook.md: reported 3 hours after it was queued, a night after 4, upkeep after 6
        assert dag["late_hours"] == [{"operating_snapshots": 4, "upkeep": 6}.get(dag_id, 3)]
        assert dag["start"] == "1990-01-01T00:00:00+00:00", "a backfill may go back as far"
        for task_id, task in dag["tasks"].items():
            assert task["doc"], f"{dag_id}.{task_id}"
            assert task["owner"] != "airflow", f"{dag_id}.{task_id}"
            # docs/runbook.md: tried again after 1, 3, 9 and 27 minutes
            waits = [task["waits"][0] * task["backoff"] ** number for number in range(task["retries"])]
            assert waits == [60, 180, 540, 1620]
            assert task["waits"][1] >= waits[-1]
            assert task["limit"] == 3600 * (6 if dag_id == "upkeep" else 2), f"{dag_id}.{task_id}"
            assert (task["weight"] > 1) == dag_id.startswith("feed_"), "feeds go before the night"


def test_steps_follow_each_other(found: dict[str, Any]) -> None:
    tasks = found["dags"]["feed_lease"]["tasks"]
    assert {task_id: task["after"] for task_id, task in tasks.items()} == {
        "land": [],
        "stage": ["land"],
        "check": ["stage"],
        "accept": ["check"],
    }
    night = found["dags"]["operating_snapshots"]["tasks"]
    assert night["publish"]["after"] == ["validate_snapshots"]
    assert night["measure"]["after"] == ["validate_resolved"]


def test_whatever_writes_the_warehouse_waits_for_the_one_slot(found: dict[str, Any]) -> None:
    assert {t["pool"] for t in found["dags"]["operating_snapshots"]["tasks"].values()} == {"warehouse_writer"}
    feed = found["dags"]["feed_lease"]["tasks"]
    assert {name for name, task in feed.items() if task["pool"] == "warehouse_writer"} == {"stage", "check", "accept"}


def test_one_bad_folder_becomes_a_dag_that_says_so_and_hides_no_other(tmp_path: Path) -> None:
    bad = tmp_path / "feeds" / "broken_feed"
    bad.mkdir(parents=True)
    (bad / "feed.yml").write_text("feed: broken_feed\nsubjekt: lease\n", encoding="utf-8")
    folders = os.pathsep.join([str(CHECKOUT / "connectors" / "feeds"), str(tmp_path / "feeds")])
    found = described(tmp_path / "airflow", folders)
    assert found["errors"] == {}
    assert "subjekt" in found["dags"]["feed_broken_feed"]["doc"]
    assert list(found["dags"]["feed_broken_feed"]["tasks"]) == ["declaration"]
    assert "feed_lease" in found["dags"]


def test_a_run_s_moment_is_a_plain_time() -> None:
    """Airflow hands over a subclass of datetime; its differences cannot be divided."""
    from airflow.sdk import timezone

    moment = end_of_interval({"data_interval_end": timezone.parse("2026-11-27T18:00:00.000005+00:00")})
    assert type(moment) is datetime
    assert moment == datetime(2026, 11, 27, 18, 0, 0, 5, UTC)


def test_packages_resolve_inside_this_checkout() -> None:
    import connectors
    import expectations
    import transforms
    import warehouse

    for package in (connectors, expectations, transforms, warehouse):
        assert Path(str(package.__file__)).is_relative_to(CHECKOUT)


def test_a_missed_deadline_reaches_the_parks_own_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    received = tmp_path / "received.txt"
    program = tmp_path / "alert"
    program.write_text(f"#!/bin/sh\ncat > {received}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PARKBRIDGE_ALERT_COMMAND", str(program))
    missed_deadline(3.0, dag_run={"dag_id": "feed_lease"})
    assert "feed_lease: not done 3 h after it was queued" in received.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "program", ["cat > {received}", "exit 3", "sleep 60", None], ids=["works", "fails", "hangs", "missing"]
)
def test_a_crash_is_marked_and_reported_whatever_the_alert_program_does(
    program: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = tmp_path / "received.txt"
    path = tmp_path / "alert"
    if program:
        path.write_text(f"#!/bin/sh\nexec {program.format(received=received)}\n", encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PARKBRIDGE_ALERT_COMMAND", str(path))
    monkeypatch.setenv("PARKBRIDGE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(runs, "ALERT_SECONDS", 0.5)
    (tmp_path / "home" / "raw").mkdir(parents=True)

    @runs.step("lease")
    def stage() -> None:
        raise ZeroDivisionError("the model\nbroke")

    with pytest.raises(ZeroDivisionError):
        stage()
    message = "lease stage: ZeroDivisionError: the model broke. Next: run it again with --debug"
    assert batches.stopped(tmp_path / "home" / "raw") == {"lease": message}
    if program and "cat" in program:
        assert received.read_text(encoding="utf-8") == message


def test_a_full_disk_does_not_hide_why_a_feed_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(batches, "mark_stopped", full)

    @runs.step("lease")
    def land() -> None:
        raise DeliveryRefused("lease", "its columns changed", next_step="ask the office")

    with pytest.raises(AirflowFailException, match="its columns changed"):
        land()


def test_one_message_per_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed run is reported; what a step has reported is not reported again as failed or late."""
    sent: list[str] = []
    monkeypatch.setattr(runs, "send_alert", sent.append)
    monkeypatch.setenv("PARKBRIDGE_HOME", str(tmp_path))
    killed, stopped = ({"dag_id": "feed_lease", "run_id": name, "state": "failed"} for name in ("killed", "stopped"))
    runs.run_failed({"dag_run": killed})
    runs.run_failed({"dag_run": killed})
    assert len(sent) == 1
    assert "feed_lease: its run killed failed without a message" in sent[0]
    monkeypatch.setattr(runs, "get_current_context", lambda: {"dag_run": stopped})
    runs.tell_of_run("its columns changed")
    runs.run_failed({"dag_run": stopped})
    runs.missed_deadline(3.0, dag_run=stopped)
    runs.missed_deadline(3.0, context={"dag_run": killed | {"run_id": "other"}})
    assert sent[1:] == ["its columns changed"]
    runs.missed_deadline(3.0, context={"dag_run": {"dag_id": "feed_lease", "run_id": "slow", "state": "running"}})
    assert "feed_lease: not done 3 h" in sent[-1]
    assert len(sent) == 3


def test_a_stopped_feed_is_one_message_and_a_reminder_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed's own stop is reported; the night that it holds up sends nothing, nor does Airflow's word of its failure."""
    messages: list[str] = []
    monkeypatch.setattr(runs, "send_alert", messages.append)
    monkeypatch.setenv("PARKBRIDGE_HOME", str(tmp_path))
    settings = Settings.from_environment()
    declared = list(feeds([CHECKOUT / "connectors" / "feeds"]).values())

    @runs.step("lease")
    def stage() -> None:
        raise DeliveryRefused("lease b.csv", "it is empty", next_step="ask for it")

    @runs.step()
    def begin() -> None:
        with writer(settings) as connection:
            begin_night(connection, settings, declared, datetime(2026, 11, 28, 2, tzinfo=UTC))

    def fails(work: Callable[[], None], dag_id: str, run_id: str) -> None:
        run = {"dag_id": dag_id, "run_id": run_id, "state": "failed"}
        monkeypatch.setattr(runs, "get_current_context", lambda: {"dag_run": run})
        with pytest.raises(AirflowFailException):
            work()
        runs.run_failed({"dag_run": run})

    fails(stage, "feed_lease", "1")
    fails(begin, "operating_snapshots", "1")
    assert messages == ["lease b.csv: it is empty. Next: ask for it"]
    mark = settings.raw / "lease" / batches.STOPPED
    mark.write_text(json.dumps(json.loads(mark.read_text()) | {"at": "2026-01-01T00:00:00+00:00"}))
    fails(begin, "operating_snapshots", "2")
    assert len(messages) == 2
    assert "1 feed has stopped (lease)" in messages[1]


@pytest.mark.parametrize("kind", DagRunType)
def test_a_backfill_is_meant_and_a_schedule_is_none(kind: DagRunType) -> None:
    """As a task gets it (an enum), and as the command line has it (its text)."""
    for run_type in (kind, kind.value):
        context = {"params": {}, "dag_run": SimpleNamespace(run_type=run_type)}
        assert runs.is_past_meant(context) == (kind is DagRunType.BACKFILL)
        assert runs.is_scheduled(context) == (kind is DagRunType.SCHEDULED)


def test_a_scheduled_night_waits_for_feeds_that_were_due_before_it() -> None:
    """Night of 02:00; at 12:00 Airflow begins. `daily` was due at 00:35, `later` at 06:00 today and yesterday, `weekly` last Sunday."""
    zone = ZoneInfo("Asia/Shanghai")

    def at(day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 11, day, hour, minute, tzinfo=zone).astimezone(UTC)

    done: set[tuple[str, datetime]] = set()

    class Instance:
        try_number, max_tries = 1, 4

        def get_dr_count(self, dag_id: str, logical_dates: list[datetime], states: list[str]) -> int:
            assert set(states) == {"success", "failed"}
            return len({(dag_id, hour) for hour in logical_dates} & done)

    instance = Instance()
    context = {"data_interval_end": at(28, 2), "ti": instance}
    schedules = {"daily": "35 0 * * *", "later": "0 6 * * *", "weekly": "0 3 * * 0"}

    def hold() -> None:
        runs.hold_to_due_feeds(context, schedules, zone, now=at(28, 12))

    with pytest.raises(
        SourceError, match="3 of 3 feeds were due before it and are not done: daily, later, weekly"
    ) as stop:
        hold()
    assert stop.value.is_passing
    done |= {("feed_daily", at(27, 0, 35)), ("feed_weekly", at(22, 3)), ("feed_later", at(26, 6))}
    with pytest.raises(SourceError, match=r"2 of 3 .*: daily, later"):
        hold()
    # a run that is younger than the night has seen more than was due
    done |= {("feed_daily", at(28, 0, 35)), ("feed_later", at(28, 6))}
    hold()
    done.clear()
    instance.try_number = 5
    hold()


def test_no_dag_is_paused_by_us(found: dict[str, Any]) -> None:
    """One rule: paused is what a person paused. So no DAG states it, and nothing unpauses."""
    assert not [dag_id for dag_id, dag in found["dags"].items() if dag["is_paused"] is not None]
    assert environment(Settings.from_environment())["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "False"
    assert not [
        path.name for path in (CHECKOUT / "dags").glob("*.py") if "is_paused" in path.read_text(encoding="utf-8")
    ]


def test_as_many_tasks_at_once_as_this_process_has_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")  # macOS has none
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert cores() == 8
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


def test_the_path_of_python_keeps_what_a_person_put_there(monkeypatch: pytest.MonkeyPatch) -> None:
    here = str(CHECKOUT)
    for given, found in (("", [here]), (f"/opt/office{os.pathsep}{here}{os.pathsep}", [here, "/opt/office"])):
        monkeypatch.setenv("PYTHONPATH", given)
        assert python_path().split(os.pathsep) == found


def test_the_environment_is_whole_and_shows_no_secret(tmp_path: Path) -> None:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PARKBRIDGE"))}
    given |= {
        "PARKBRIDGE_HOME": str(tmp_path / 'a park\'s "home"'),
        "PARKBRIDGE_PSEUDONYM_KEY": "9f3-secret",
        "AIRFLOW_CONN_LEASE": '{"password": "9f3-secret"}',
        "AIRFLOW__API__PORT": "9090",
    }
    program = [sys.executable, str(CHECKOUT / "parkbridge.py"), "env"]

    def printed(*options: str) -> str:
        return subprocess.run([*program, *options], env=given, capture_output=True, text=True, check=True).stdout

    shell, service, figures = printed(), printed("--service"), json.loads(printed("--json"))
    for text in (shell, service):
        assert "9f3-secret" not in text
        assert "PARKBRIDGE_PSEUDONYM_KEY is set here and is not printed" in text
    assert "9f3-secret" not in json.dumps(figures)
    read = subprocess.run(
        ["bash", "-c", 'set -eu; eval "$1"; env -0', "bash", shell],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = dict(entry.split("=", 1) for entry in read.split("\0") if entry)
    assert {name: found[name] for name in figures} == figures
    assert figures["PARKBRIDGE_HOME"] == given["PARKBRIDGE_HOME"]
    assert figures["AIRFLOW_HOME"] == f"{given['PARKBRIDGE_HOME']}/airflow"
    assert figures["AIRFLOW__API__BASE_URL"] == "http://localhost:9090"
    assert int(figures["AIRFLOW__CORE__PARALLELISM"]) == len(os.sched_getaffinity(0))
    assert str(CHECKOUT) in figures["PYTHONPATH"].split(os.pathsep)


def test_the_pages_password_is_its_owners_alone(tmp_path: Path) -> None:
    path = password_file(tmp_path / "airflow")
    [(user, password)] = json.loads(path.read_text(encoding="utf-8")).items()
    assert user == "admin"
    assert len(password) >= 12
    path.chmod(0o644)
    assert password_file(tmp_path / "airflow").stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text(encoding="utf-8")) == {user: password}


def test_the_first_night_waits_for_every_feed_and_later_ones_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKBRIDGE_HOME", str(tmp_path))
    settings = Settings.from_environment()
    declared = list(feeds([CHECKOUT / "connectors" / "feeds"]).values())
    names = [feed.name for feed in declared]
    with writer(settings) as connection:
        declare(connection, declared[1:])
        with pytest.raises(SourceError, match=f"1 of {len(names)} feeds have not run yet: {names[0]}") as stop:
            hold_to_first_feeds(connection, settings, names)
        assert stop.value.is_passing
        hold_to_first_feeds(connection, settings, names[1:])
        connection.execute("insert into ops.night_begun values (timestamp '2026-11-01')")
        hold_to_first_feeds(connection, settings, names)


@pytest.mark.parametrize("content", [b"hello", None, b""])
def test_a_damaged_database_of_airflow_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "airflow.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("create table dag_run (x)")
        connection.executemany("insert into dag_run values (?)", [["x" * 4000]] * 20)
        connection.commit()
    assert not local.has_no_tables(path)
    path.write_bytes(path.read_bytes()[:9000] if content is None else content)
    if content == b"":
        assert local.has_no_tables(path), "Airflow makes its tables"
    else:
        with pytest.raises(ParkBridgeError, match=r"airflow\.db: it is damaged: .*move it away"):
            local.has_no_tables(path)
