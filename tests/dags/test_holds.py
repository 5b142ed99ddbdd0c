"""Two syncs of one feed, and a sync beside the scheduler: processes that meet wait for each other, or say who has it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from dags import runs
from tests.conftest import Park, day, staff
from warehouse import holds
from warehouse.batches import stopped
from warehouse.errors import CheckFailed, SourceError, WarehouseBusy
from warehouse.holds import Run, held, let_go, rest, take
from warehouse.rebuild import rebuild
from warehouse.settings import CHECKOUT

SYNC = """
import sys, time
from pathlib import Path
from dags import local
from warehouse import holds
from warehouse.settings import Settings

settings = Settings.from_environment()
local.prepare_airflow(settings)
from dags import runs

pauses_after, holds.WAIT_SECONDS = sys.argv[1], float(sys.argv[2])

def show(feed, step, seconds, text, is_well):
    print(feed, step, "well" if is_well else text, flush=True)
    while step == pauses_after:
        time.sleep(0.05)

def wait(feed, step):
    if step.startswith("waits"):
        print(feed, step, flush=True)

runs.watcher, runs.beginner = show, wait
print([is_well for _, is_well in local.run(["feed_staff"], conf={"who": "ann", "confirm_date": "x"})], flush=True)
"""


def sync(park: Park, pauses_after: str = "", wait_seconds: float = 0) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PARKBRIDGE"))}
    office = json.dumps({"conn_type": "fs", "extra": {"path": str(park.offices)}})
    given = {
        "PARKBRIDGE_HOME": str(park.home),
        "PARKBRIDGE_FEEDS": str(park.feed_folder),
        "AIRFLOW_CONN_OFFICES": office,
    }
    return subprocess.Popen(
        [sys.executable, "-c", SYNC, pauses_after, str(wait_seconds)],
        env=kept | given,
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str], start: str) -> str:
    """The next line that begins so."""
    assert process.stdout
    for said in process.stdout:
        if said.startswith(start):
            return said
    raise AssertionError(f"it ended without saying {start}")


@pytest.mark.slow
def test_syncs_of_one_feed_wait_or_name_the_one_that_has_it(park: Park) -> None:
    park.change("staff", "connection: none", "connection: offices")
    park.drop("staff", "1.csv", staff({f"U{n}": n for n in range(30)}), day(0))
    first = sync(park, pauses_after="stage")
    try:
        line(first, "staff stage")
        second = sync(park)
        said = line(second, "staff wait")
        assert said.startswith("staff wait staff: it is held by")
        assert f"process {first.pid} on" in said
        assert line(second, "[") == "[False]\n"
        assert stopped(park.raw) == {}
        third = sync(park, wait_seconds=60)
        assert f"process {first.pid} on" in line(third, "staff waits: it is held by")
    finally:
        os.kill(first.pid, signal.SIGKILL)
    assert [line(third, f"staff {step}") for step in ("land", "stage", "check", "accept")] == [
        f"staff {step} well\n" for step in ("land", "stage", "check", "accept")
    ]
    assert line(third, "[") == "[True]\n"
    assert len(park.current("source_key")) == 30
    assert len(park.batch_ids("staff")) == 1
    # what the run took is what is known up to now: nothing was delivered since
    assert park.ask("select rows_read, rows_landed, rows_used from ops.batch") == [(30, 30, 30)]
    for process in (first, second, third):
        process.communicate()


STEP = """
import sys, time
from warehouse.holds import Run, let_go, rest, take
from warehouse.settings import Settings

settings, run_id, then = Settings.from_environment(), sys.argv[1], sys.argv[2]
take(settings, "feed_staff", Run(run_id, f"run {run_id}", is_one_process=run_id.startswith("process")))
print("has it", flush=True)
if then == "rest":
    rest(settings, "feed_staff")
elif then == "let go":
    let_go(settings, "feed_staff")
elif then == "hang":
    time.sleep(60)
"""


def step_process(park: Park, run_id: str, then: str) -> subprocess.Popen[str]:
    """A process that takes the feed's place, and goes on, hangs there, or ends without a word."""
    process = subprocess.Popen(
        [sys.executable, "-c", STEP, run_id, then],
        env=os.environ | {"PARKBRIDGE_HOME": str(park.home)},
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "has it\n"
    if then != "hang":
        process.communicate(timeout=60)
    return process


COMMAND = Run("process 1", "parkbridge sync of ann, process 1", is_one_process=True)


def test_the_steps_of_a_scheduled_run_are_processes_and_keep_its_place_between_them(
    park: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    step_process(park, "scheduled 1", "rest")
    assert list(held(park.settings)) == ["staff"]
    with pytest.raises(WarehouseBusy) as said:
        take(park.settings, "feed_staff", COMMAND, wait_seconds=0.2)
    assert "staff: it is held by run scheduled 1, since " in str(said.value)
    assert "between two steps it keeps its place until" in str(said.value)
    killed = step_process(park, "scheduled 1", "hang")  # its next step, which is killed
    with pytest.raises(WarehouseBusy, match="it is held by run scheduled 1"):
        take(park.settings, "feed_staff", COMMAND, wait_seconds=0.2)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    with pytest.raises(WarehouseBusy):  # the scheduler will try that step again
        take(park.settings, "feed_staff", COMMAND, wait_seconds=0.2)
    step_process(park, "scheduled 1", "let go")
    assert held(park.settings) == {}
    step_process(park, "scheduled 2", "rest")
    monkeypatch.setattr(holds, "KEEP", timedelta(0))  # a run that never came back
    assert held(park.settings) == {}
    take(park.settings, "feed_staff", COMMAND)
    assert held(park.settings)["staff"].startswith("parkbridge sync of ann, process 1, since ")
    let_go(park.settings, "feed_staff")


def test_a_command_that_is_killed_holds_nothing_and_a_rebuild_waits(
    park: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = step_process(park, "process 7", "hang")
    with pytest.raises(WarehouseBusy, match="it is held by run process 7"):
        take(park.settings, "feed_staff", COMMAND, wait_seconds=0.2)
    monkeypatch.setattr(holds, "WAIT_SECONDS", 0.2)
    with pytest.raises(WarehouseBusy, match="staff: it is held by run process 7"):
        rebuild(park.settings, [park.feed("leases"), park.feed("staff")])
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert rebuild(park.settings, [park.feed("leases"), park.feed("staff")]) == {"leases": 0, "staff": 0}
    assert held(park.settings) == {}


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"run_id": 1}', "\x00\x1b[2J"])
def test_a_damaged_hold_keeps_no_run_out(park: Park, content: str) -> None:
    take(park.settings, "feed_staff", Run("scheduled 1", "run 1", is_one_process=False))
    rest(park.settings, "feed_staff")
    path = park.home / "holds" / "feed_staff.lock"
    path.write_text(content or path.read_text(encoding="utf-8").replace("run 1", "run 2"), encoding="utf-8")
    assert held(park.settings) == {}
    take(park.settings, "feed_staff", COMMAND)
    let_go(park.settings, "feed_staff")
    assert path.read_text(encoding="utf-8") == ""


BUSY = WarehouseBusy("warehouse", "busy", next_step="wait")
REFUSED = CheckFailed("staff", "2 of 9 checks failed", next_step="ask the office")
OFFLINE = SourceError("staff", "no answer", next_step="wait", is_passing=True)


@pytest.mark.parametrize(
    ("error", "is_last_try", "is_held", "is_marked"),
    [
        (None, False, True, False),
        (BUSY, False, True, False),
        (BUSY, True, False, False),
        (OFFLINE, False, True, True),
        (OFFLINE, True, False, True),
        (REFUSED, False, False, True),
        (ZeroDivisionError("crash"), False, True, True),
        (ZeroDivisionError("crash"), True, False, True),
    ],
)
def test_a_step_keeps_the_place_while_its_run_may_go_on(
    park: Park,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    is_last_try: bool,
    is_held: bool,
    is_marked: bool,
) -> None:
    monkeypatch.setenv("PARKBRIDGE_HOME", str(park.home))
    context: dict[str, Any] = {
        "dag_run": {"dag_id": "feed_staff", "run_id": "scheduled 1"},
        "ti": SimpleNamespace(try_number=4 if is_last_try else 1, max_tries=3),
    }
    monkeypatch.setattr(runs, "get_current_context", lambda: context)

    def work() -> None:
        assert "scheduled 1 of feed_staff" in held(park.settings)["staff"]
        if error:
            raise error

    def attempt(work: Callable[[], None], **given: Any) -> None:
        try:
            runs.step("staff", **given)(work)()
        except (AirflowFailException, Exception):
            assert error

    attempt(work)
    assert bool(held(park.settings)) == is_held
    assert bool(stopped(park.raw)) == is_marked
    runs.run_failed({"dag_run": {"dag_id": "feed_staff", "run_id": "scheduled 2"}})
    assert bool(held(park.settings)) == is_held, "another run failed"
    runs.run_failed(context)
    assert not held(park.settings)


@pytest.mark.parametrize(("error", "is_held"), [(OFFLINE, False), (ZeroDivisionError("crash"), True)])
def test_a_run_that_waits_to_begin_keeps_no_place(
    park: Park, monkeypatch: pytest.MonkeyPatch, error: Exception, is_held: bool
) -> None:
    """A night that waits for its feeds has begun nothing: a backfill or a person may go before it."""
    monkeypatch.setenv("PARKBRIDGE_HOME", str(park.home))
    context: dict[str, Any] = {
        "dag_run": {"dag_id": "feed_staff", "run_id": "scheduled 1"},
        "ti": SimpleNamespace(try_number=1, max_tries=3),
    }
    monkeypatch.setattr(runs, "get_current_context", lambda: context)

    def begin() -> None:
        raise error

    with pytest.raises(type(error)):
        runs.step("staff", is_first=True)(begin)()
    assert bool(held(park.settings)) == is_held


def test_the_last_step_of_a_run_lets_go_and_another_runs_step_is_no_stop(
    park: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKBRIDGE_HOME", str(park.home))
    runs.step("staff", is_last=True)(lambda: None)()
    assert held(park.settings) == {}
    take(park.settings, "feed_staff", Run("scheduled 1", "run 1", is_one_process=False))
    rest(park.settings, "feed_staff")
    did: list[str] = []
    with pytest.raises(WarehouseBusy):
        runs.step("staff")(lambda: did.append("land"))()
    assert did == []
    assert stopped(park.raw) == {}
    assert list(held(park.settings)) == ["staff"]
