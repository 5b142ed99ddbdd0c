"""The restore drill: a backup that can be restored, one that cannot, and how often it is tried."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from tests.conftest import Park, day, staff
from warehouse import upkeep
from warehouse.batches import discard
from warehouse.errors import CheckFailed, ParkBridgeError
from warehouse.settings import Settings
from warehouse.upkeep import DRILL, drill, is_drill_due, last_drill

Again = tuple[dict[str, tuple[int, int]], tuple[str, ...]]


def test_a_drill_restores_rows_and_night_and_says_what_came_of_it(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        park.drop("staff", f"{number}.csv", staff({f"U{n}": number for n in range(5)}), day(number - 0.5))
        park.sync("staff", day(number))
    park.publish(day(2))
    asked: list[tuple[int, str]] = []
    said: Again = ({}, ())

    def again(rehearsal: Settings, night_id: str) -> Again:
        with duckdb.connect(rehearsal.warehouse_file, read_only=True) as connection:
            ((rows,),) = connection.execute("select count(*) from staged.employment").fetchall()
        asked.append((rows, night_id))
        return said

    feeds = [park.feed("staff")]
    done = drill(park.settings, feeds, again)
    assert asked == [(10, "20260303T000000Z")]
    assert (done.rows, done.night_id, done.fault) == (10, "20260303T000000Z", "")
    last = last_drill(park.settings)
    assert last
    assert "10 staged rows and night 20260303T000000Z made again from the backup, the same" in str(last)
    assert not list(park.home.glob("drill-*"))

    said = ({"snapshots.park": (1, 2)}, ())
    with pytest.raises(CheckFailed, match=r"night 20260303T000000Z: snapshots\.park: 1 rows only there, 2 only here"):
        drill(park.settings, feeds, again)
    assert is_drill_due(park.settings, datetime.fromisoformat(last.at))
    said = ({"snapshots.park": (1, 2)}, ("rules changed since: flow",))
    assert drill(park.settings, feeds, again).remarks == ("1 tables of the night differ", "rules changed since: flow")

    with duckdb.connect(park.settings.warehouse_file) as connection:
        connection.execute("update staged.employment set insured_headcount = 99 where source_key = 'U3'")
    with pytest.raises(CheckFailed, match="restore drill, employment: 4 of 10 rows differ"):
        drill(park.settings, feeds, again)
    found = last_drill(park.settings)
    assert found
    assert "4 of 10 rows differ" in found.fault

    discard(park.raw, "staff", park.batch_ids("staff")[0], who="ann", why="x")
    with pytest.raises(CheckFailed, match=r"1 batches that were discarded: staff/.*parkbridge rebuild"):
        drill(park.settings, feeds, again)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("warehouse.upkeep.shutil.disk_usage", lambda _: usage)
    with pytest.raises(ParkBridgeError, match=r"0\.0 GB are free"):
        drill(park.settings, feeds, again)


def test_a_drill_is_due_when_the_last_good_one_is_old(park: Park) -> None:
    settings, now = park.settings, day(30)
    assert is_drill_due(settings, now), "there was none"
    content: dict[str, Any] = {"at": "", "night_id": None, "rows": 1, "seconds": 1.0, "fault": "", "remarks": []}
    for age, days, fault, is_due in (
        (6.4, 7, "", False),
        (6.6, 7, "", True),
        (7.0, 30, "", False),
        (1.0, 7, "rows differ", True),
        (-1.0, 7, "", True),
        (99, 0, "rows differ", False),
    ):
        written = content | {"at": (now - timedelta(days=age)).isoformat(), "fault": fault}
        (park.home / DRILL).write_text(json.dumps(written), encoding="utf-8")
        assert is_drill_due(dataclasses.replace(settings, drill_days=days), now) == is_due, (age, days)
    (park.home / DRILL).write_text('{"at": 3', encoding="utf-8")
    assert last_drill(settings) is None
    assert is_drill_due(settings, now)


def test_of_many_tables_that_differ_five_are_named() -> None:
    """Six differ: five are named with their rows on each side, and one is counted."""
    differing = {f"t{n}": (1000 * n, n) for n in range(6)}
    said = upkeep._tables(differing)
    assert said[:2] == ["t0: 0 rows only there, 0 only here", "t1: 1,000 rows only there, 1 only here"]
    assert said[4:] == ["t4: 4,000 rows only there, 4 only here", "1 more tables"]
    assert len(upkeep._tables({f"t{n}": (1, 1) for n in range(5)})) == 5
    assert upkeep._tables({}) == []
