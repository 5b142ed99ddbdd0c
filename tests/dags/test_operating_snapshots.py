"""What the last step of a night and the first one of a feed say and send on, without a night or an office."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import Park
from tests.dags.test_steps import context, steps
from tests.dags.test_steps import home as home  # a fixture
from warehouse.connection import writer

NIGHT = "20260302T180000Z"


@pytest.mark.parametrize("is_in_place", [True, False])
@pytest.mark.parametrize("is_wanted", [True, False])
@pytest.mark.parametrize("held", [[], ["张三", "李四", "张三"]])
def test_a_published_night_says_who_sees_it(
    home: Park, monkeypatch: pytest.MonkeyPatch, is_in_place: bool, is_wanted: bool, held: list[str]
) -> None:
    publish = steps("operating_snapshots.py", "operating_snapshots")["publish"]
    said: list[str] = []
    sent: list[str] = []
    night = SimpleNamespace(
        is_in_place=is_in_place, manifest={"tables": {"a": 1, "b": 2}}, path=Path(f"{NIGHT}.duckdb")
    )

    def send(_: object, night_id: str) -> str:
        sent.append(night_id)
        return "sent"

    catalogue = SimpleNamespace(is_wanted=lambda: is_wanted, send=send)
    for name, value in (("note", said.append), ("hold_to_night", lambda *_: None), ("lineage_events", catalogue)):
        monkeypatch.setitem(publish.__globals__, name, value)
    monkeypatch.setattr("transforms.night.models", list)
    monkeypatch.setattr("warehouse.publish.publish", lambda *_: night)
    monkeypatch.setattr("warehouse.reconcile.hold_to_last_night", lambda *_: [SimpleNamespace(fact="tax is less")])
    monkeypatch.setattr("warehouse.suspected_names.suspected", lambda *_: [SimpleNamespace(name=one) for one in held])
    publish(NIGHT, **context("manual"))
    later = f"; readers keep a later night, `parkbridge rollback {NIGHT}` shows this one"
    assert said == [
        *(["2 names may be persons' and are held: `parkbridge names` lists them"] if held else []),
        "confirmed: tax is less",
        f"2 tables in {NIGHT}.duckdb{'' if is_in_place else later}",
        *(["sent"] if is_in_place and is_wanted else []),
    ]
    assert sent == ([NIGHT] if is_in_place and is_wanted else [])


@pytest.mark.parametrize("rows", [[], [3, 1200]])
def test_a_feed_says_what_it_landed_and_stages_what_waits(
    home: Park, monkeypatch: pytest.MonkeyPatch, rows: list[int]
) -> None:
    tasks = steps("feeds.py", "feed_staff")
    land, stage, check = tasks["land"], tasks["stage"], tasks["check"]
    said: list[str] = []
    landed = [SimpleNamespace(rows=n, batch_id=f"b{n}", delivery=f"{n}.csv", notes=["hidden row"]) for n in rows]
    monkeypatch.setitem(land.__globals__, "note", said.append)
    monkeypatch.setattr("connectors.landing.land", lambda *_, **__: landed)
    monkeypatch.setattr("warehouse.connection.settle_before_landing", lambda *_: None)
    given: dict[str, Any] = context("manual") | {"run_id": "r"}
    assert land(**given) == [f"b{n}" for n in rows]
    assert said == (
        ["2 deliveries, 1,203 rows", "3.csv: hidden row", "1200.csv: hidden row"] if rows else ["nothing new"]
    )
    said.clear()
    assert (stage([], **given), check([]), said) == ([], [], []), "nothing waits: the warehouse is left alone"


@pytest.mark.parametrize(
    ("layer", "touched", "said", "finished"),
    [
        ("3_monthly", None, ["all enterprises", "3 tables, 1 of them in part"], 0),
        ("3_monthly", 1200, ["1,200 enterprises have new data", "3 tables, 1 of them in part"], 0),
        ("4_signals", 5, ["3 tables, 1 of them in part"], 0),
        ("6_snapshots", 5, ["3 tables, 1 of them in part"], 1),
    ],
)
def test_layers_begin_with_what_is_touched_and_end_once(
    home: Park, monkeypatch: pytest.MonkeyPatch, layer: str, touched: int | None, said: list[str], finished: int
) -> None:
    build = steps("operating_snapshots.py", "operating_snapshots")["publish"].__globals__["build"]
    found: list[str] = []
    ends: list[int] = []
    made = [SimpleNamespace(is_whole=is_whole) for is_whole in (True, False, True)]
    monkeypatch.setitem(build.__globals__, "note", found.append)
    monkeypatch.setitem(build.__globals__, "hold_to_night", lambda *_: None)
    monkeypatch.setattr("transforms.night.begin", lambda _: touched)
    monkeypatch.setattr("transforms.night.build", lambda *_: made)
    monkeypatch.setattr("transforms.night.finish", lambda _: ends.append(1))
    build(layer, NIGHT)
    assert (found, len(ends)) == (said, finished)


@pytest.mark.parametrize("broken", [0, 2])
def test_matches_and_checks_are_counted(home: Park, monkeypatch: pytest.MonkeyPatch, broken: int) -> None:
    tasks = steps("operating_snapshots.py", "operating_snapshots")
    resolve, validate_resolved = tasks["resolve"], tasks["validate_resolved"]
    found: list[str] = []
    for name, value in (("note", found.append), ("hold_to_night", lambda *_: None)):
        monkeypatch.setitem(resolve.__globals__, name, value)
    monkeypatch.setattr("transforms.resolution.judgement_file.begin_judgements", lambda _: None)
    monkeypatch.setattr("transforms.resolution.resolve.resolve", lambda *_: None)
    results = [SimpleNamespace(success=success) for success in (True, False, True)]
    monkeypatch.setattr("expectations.runner.validate", lambda *_: results)
    with writer(home.settings) as connection:
        connection.execute("create schema if not exists resolved")
        connection.execute("create or replace table resolved.link (feed varchar, enterprise_id varchar)")
        connection.execute("insert into resolved.link values ('a', 'E1'), ('b', 'E1'), ('b', 'E2')")
        connection.execute("create or replace table resolved.judgement_conflict as from range(?)", [broken])
    assert (resolve(NIGHT), validate_resolved(NIGHT)) == (NIGHT, NIGHT)
    assert found == [
        "3 records are of 2 enterprises",
        *(["2 of people's judgements are not in order (resolved.judgement_conflict)"] if broken else []),
        "3 checks, 1 warned",
    ]
