"""What single steps and a run at the command line do, in this process and without Airflow's database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

import parkbridge
from dags import local, runs
from tests.conftest import Park, day, staff
from warehouse.batches import discard, mark_stopped, stopped
from warehouse.connection import writer
from warehouse.errors import FeedsStopped, Overtaken, ParkBridgeError, SourceError
from warehouse.holds import Run, rest, take
from warehouse.settings import CHECKOUT

MOMENT = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture
def home(park: Park, monkeypatch: pytest.MonkeyPatch) -> Park:
    """The park, named by the environment as the DAG files find it."""
    monkeypatch.setenv("PARKBRIDGE_HOME", str(park.home))
    monkeypatch.setenv("PARKBRIDGE_FEEDS", str(park.feed_folder))
    return park


def steps(file: str, dag_id: str) -> dict[str, Any]:
    """The functions behind the tasks of a DAG, which keep their own errors."""
    bag = DagBag(str(CHECKOUT / "dags" / file))
    assert bag.import_errors == {}
    tasks: list[Any] = [*bag.dags[dag_id].tasks]
    return {task.task_id: task.python_callable.__wrapped__ for task in tasks}


def context(run_type: str, **said: Any) -> dict[str, Any]:
    """Of a run at MOMENT, of which no earlier run of a feed was due."""
    params = {"without": [], "is_past": True, "who": "", "confirm_date": "", "accept_change": "", "accept_delivery": ""}
    instance = SimpleNamespace(try_number=1, max_tries=4, get_dr_count=lambda **_: 1)
    run = SimpleNamespace(run_type=run_type)
    return {"data_interval_end": MOMENT, "dag_run": run, "ti": instance, "params": params | said}


def accepted(park: Park) -> None:
    """One delivery of one feed, known since day 1."""
    park.drop("staff", "1.csv", staff({f"U{n}": n for n in range(30)}), day(0))
    park.sync("staff", day(1))


@pytest.mark.parametrize("run_type", ["scheduled", "manual"])
def test_a_night_asks_for_the_feeds_that_it_is_not_to_go_without(home: Park, run_type: str) -> None:
    accepted(home)
    begin = steps("operating_snapshots.py", "operating_snapshots")["begin"]
    missing = sorted({path.name for path in home.feed_folder.iterdir()} - {"staff"})
    assert begin(**context(run_type, without=missing)) == "20260302T180000Z"
    assert home.ask("select night_id from ops.night") == [("20260302T180000Z",)]


def test_the_first_scheduled_night_waits_for_feeds_and_a_person_s_says_which_is_missing(home: Park) -> None:
    accepted(home)
    begin = steps("operating_snapshots.py", "operating_snapshots")["begin"]
    with pytest.raises(SourceError, match="2 of 3 feeds have not run yet: leases, payments"):
        begin(**context("scheduled"))
    with pytest.raises(SourceError, match="1 of 2 feeds have not run yet: payments"):
        begin(**context("scheduled", without=["leases"]))
    with pytest.raises(ParkBridgeError, match="nothing was ever accepted") as stop:
        begin(**context("manual"))
    assert not isinstance(stop.value, SourceError)


def test_a_night_stops_for_a_stopped_feed_unless_it_goes_without(home: Park) -> None:
    accepted(home)
    begin = steps("operating_snapshots.py", "operating_snapshots")["begin"]
    mark_stopped(home.raw, "leases", "leases: its columns changed")
    for without in ([], ["payments"]):
        with pytest.raises(FeedsStopped, match=r"1 feed has stopped \(leases\)"):
            begin(**context("manual", without=without))
    begin(**context("manual", without=["leases", "payments"]))


def test_accept_takes_what_was_checked_and_nothing_a_second_time(home: Park) -> None:
    accept = steps("feeds.py", "feed_staff")["accept"]
    accept([], **context("manual"))  # a day without deliveries: the feed is known
    assert home.ask("select feed from ops.feed") == [("staff",)]
    home.drop("staff", "1.csv", staff({f"U{n}": n for n in range(30)}), day(0))
    home.land("staff", day(1))
    home.stage("staff")
    mark_stopped(home.raw, "staff", "an earlier stop")
    accept([], **context("manual"))
    assert stopped(home.raw) == {}, "the feed's run came to its end"
    assert home.batch_ids("staff") == [], "a batch that no check has seen waits"
    checked = [path.name for path in sorted((home.raw / "staff").iterdir()) if path.is_dir()]
    assert len(checked) == 1
    for _ in range(2):
        accept(checked, **context("manual"))
        assert home.ask("select rows_read, rows_landed, rows_used from ops.batch") == [(30, 30, 30)]
        assert len(home.current("source_key")) == 30


def test_accept_goes_by_what_was_discarded_meanwhile_and_stops_for_what_is_not_staged(home: Park) -> None:
    accept = steps("feeds.py", "feed_staff")["accept"]
    home.drop("staff", "1.csv", staff({f"U{n}": n for n in range(30)}), day(0))
    (landed,) = home.land("staff", day(1))
    with pytest.raises(Overtaken, match="another run came between"):
        accept([landed.batch_id], **context("manual"))
    home.stage("staff")
    discard(home.raw, "staff", landed.batch_id, who="ann", why="another park's")
    with writer(home.settings) as connection:
        connection.execute("delete from ops.incoming")
    accept([landed.batch_id], **context("manual"))
    assert home.batch_ids("staff") == []
    assert home.current("source_key") == []


TINY = """
from datetime import timedelta
from airflow.sdk import Param, dag, task
from dags.runs import RETRIES, deadline

@dag(schedule=None, default_args=RETRIES, deadline=deadline(timedelta(hours=3)), params={{"is_past": False, "who": ""}})
def {0}():
    @task
    def only():
        pass
    only()
{0}()
"""


@pytest.fixture
def asked(home: Park, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What Airflow is asked to run, of two DAGs; the second one fails."""
    folder = tmp_path / "two_dags"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(TINY.format(name), encoding="utf-8")
    runs_asked: list[tuple[Any, ...]] = []

    def test(dag: Any, moment: datetime, conf: dict[str, Any]) -> bool:
        runs_asked.append((dag.dag_id, moment, conf, {task.retries for task in dag.tasks}, dag.deadline))
        assert dag.dag_id in runs.whole_runs, "it is held as a whole"
        return bool(dag.dag_id == "one")

    monkeypatch.setattr(local, "DAGS", folder)
    monkeypatch.setattr(local, "_test", test)
    return runs_asked


def test_a_run_at_the_command_line_is_of_its_moment_and_tried_once(asked: list[tuple[Any, ...]]) -> None:
    said = {"who": "ann", "confirm_date": "no param of these"}
    assert list(local.run(["two", "one"], MOMENT, said)) == [("two", False), ("one", True)]
    conf = {"who": "ann", "is_past": True}
    assert asked == [("two", MOMENT, conf, {0}, None), ("one", MOMENT, conf, {0}, None)]
    before = datetime.now(UTC)
    assert list(local.run(["one"])) == [("one", True)]
    _, moment, conf, *_ = asked[-1]
    assert before <= moment <= datetime.now(UTC)
    assert conf == {"is_past": False}
    assert runs.whole_runs == set()


def test_a_run_at_the_command_line_goes_by_what_another_one_holds(
    asked: list[tuple[Any, ...]], home: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.holds.WAIT_SECONDS", 0.0)
    shown: list[tuple[Any, ...]] = []
    monkeypatch.setattr(runs, "watcher", lambda *given: shown.append(given))
    take(home.settings, "one", Run("other", "run other", is_one_process=False))
    rest(home.settings, "one")
    assert list(local.run(["one", "two"], MOMENT)) == [("one", False), ("two", False)]
    assert [dag_id for dag_id, *_ in asked] == ["two"]
    [(feed, step, seconds, text, is_well)] = shown
    assert (feed, step, is_well, 0 <= seconds < 60) == ("one", "wait", False, True)
    assert "run other" in text


def test_an_unknown_dag_and_a_broken_file_are_one_line(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    with pytest.raises(ParkBridgeError, match=r"there is no such DAG.*choose one of one, two"):
        list(local.run(["three"]))
    (tmp_path / "two_dags" / "three.py").write_text(
        "from airflow.sdk import dag\nraise ValueError('a typing error')\n", encoding="utf-8"
    )
    with pytest.raises(ParkBridgeError, match=r"three\.py: ValueError: a typing error"):
        list(local.run(["one"]))
    assert asked == []


@pytest.mark.parametrize(
    ("asked", "without", "failing", "code", "ran"),
    [
        ([], [], set(), 0, ["feed_leases", "feed_payments", "feed_staff", "operating_snapshots"]),
        (["staff"], [], set(), 0, ["feed_staff", "operating_snapshots"]),
        # the night waits for every feed that it is not to go without
        ([], [], {"feed_leases"}, 1, ["feed_leases", "feed_payments", "feed_staff"]),
        ([], ["staff"], {"feed_leases"}, 1, ["feed_leases", "feed_payments", "feed_staff"]),
        (
            [],
            ["leases"],
            {"feed_leases"},
            0,
            ["feed_leases", "feed_payments", "feed_staff", "operating_snapshots"],
        ),
        (["staff"], [], {"operating_snapshots"}, 1, ["feed_staff", "operating_snapshots"]),
    ],
)
def test_a_sync_runs_the_night_where_every_feed_came_through(
    home: Park,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    asked: list[str],
    without: list[str],
    failing: set[str],
    code: int,
    ran: list[str],
) -> None:
    found: list[tuple[str, datetime | None, dict[str, Any]]] = []

    def run(dag_ids: list[str], until: datetime | None, conf: dict[str, Any] | None) -> Iterator[tuple[str, bool]]:
        for dag_id in dag_ids:
            found.append((dag_id, until, conf or {}))
            yield dag_id, dag_id not in failing

    monkeypatch.setattr(local, "prepare_airflow", lambda *_, **__: None)
    monkeypatch.setattr(local, "run", run)
    words = ["sync", *asked, *(word for name in without for word in ("--without", name)), "--until", "2026-03-01"]
    monkeypatch.setattr("sys.argv", ["parkbridge", *words, "--accept-change", "a fair", "--who", "ann"])
    assert parkbridge.main() == code
    assert [dag_id for dag_id, *_ in found] == ran
    # the end of that day in the park, eight hours ahead of UTC
    assert {until and until.astimezone(UTC) for _, until, _ in found} == {datetime(2026, 3, 1, 16, tzinfo=UTC)}
    assert all(
        (conf["who"], conf["accept_change"], conf["confirm_date"]) == ("ann", "a fair", "") for *_, conf in found
    )
    assert [conf.get("without") for dag_id, _, conf in found if dag_id == "operating_snapshots"] == [without] * (
        "operating_snapshots" in ran
    )
    stopped_by = capsys.readouterr().err
    assert ("The night was not run; what is published is unchanged" in stopped_by) == ("operating_snapshots" not in ran)
