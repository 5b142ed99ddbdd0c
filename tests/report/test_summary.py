"""`parkbridge summary` and `parkbridge status`: each line and figure, from a night of a few rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from report.summary import status, status_figures, summary, summary_figures
from tests.conftest import Park, day, staff
from tests.report.conftest import Rows, fill
from warehouse.batches import discard, mark_stopped
from warehouse.settings import Settings

MakeNight = Callable[[Rows], Settings]
NIGHT = "20261110T180000Z"
FEED = {"title_en": "T", "title_zh": "标", "office": "o", "owner": "w", "stale_days": 40}
CHECK = {"night_id": NIGHT, "suite": "s", "object_name": "x", "observed": "", "message": ""}


@pytest.fixture
def night_of(empty_file: Path, park: Park) -> MakeNight:
    """Publish a night that holds these rows."""

    def made(rows: Rows) -> Settings:
        park.settings.published.mkdir(exist_ok=True)
        shutil.copyfile(empty_file, park.settings.published_file)
        with duckdb.connect(str(park.settings.published_file)) as connection:
            connection.execute("update ops.night set night_id = ?", [NIGHT])
            connection.execute("delete from ops.feed")
            fill(connection, rows)
        return park.settings

    return made


def batch(feed: str, landed: int, rejected: int, changed: int) -> tuple[str, dict[str, Any]]:
    return "ops.batch", {"feed": feed, "rows_landed": landed, "rows_rejected": rejected, "rows_changed": changed}


def a_night() -> Rows:
    yield "ops.feed", FEED | {"feed": "a", "last_received_at": datetime(2026, 10, 1, 18)}  # 40 days ago
    yield "ops.feed", FEED | {"feed": "b", "last_received_at": datetime(2026, 9, 30, 18)}
    yield "ops.feed", FEED | {"feed": "c", "last_received_at": None}
    yield batch("a", 1000, 3, 2)
    yield batch("a", 500, 1, 0)
    for month, pct, provisional in ((date(2026, 9, 1), 99, False), (date(2026, 10, 1), 87.5, True)):
        yield "monthly.coverage", {"feed": "a", "month": month, "coverage_pct": pct, "is_provisional": provisional}
    for severity, success in (
        ("critical", True),
        ("warning", True),
        ("warning", False),
        ("critical", False),
        ("critical", False),
    ):
        yield "ops.validation_result", CHECK | {"severity": severity, "success": success, "check_name": severity}
    yield "ops.validation_result", CHECK | {"night_id": "another", "severity": "critical", "success": False}
    for record, enterprise in (("1", "E1"), ("2", "E1"), ("3", "E2")):
        yield "resolved.link", {"feed": "a", "source_key": record, "enterprise_id": enterprise}
    yield "resolved.unmatched", {"feed": "a", "source_key": "4"}
    for reason, priority in (("near_name", 2), ("contradiction", 1), ("contradiction", 1)):
        yield "resolved.review_queue", {"feed": "a", "reason_code": reason, "priority": priority}
    for month in (date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 1)):
        yield "snapshots.enterprise_month", {"enterprise_id": "E1", "month": month}
    for code in ("dormant", "expanding", "expanding"):
        yield "snapshots.assessment", {"enterprise_id": "E1", "assessment_code": code}
    for signal, flow in (("headcount", "open"), ("headcount", "open"), ("headcount", None), ("sales", "close")):
        yield "signals.flow", {"enterprise_id": "E1", "signal_code": signal, "flow_code": flow}
    for level in ("precise", "broad", "broad"):
        yield "signals.alert", {"enterprise_id": "E1", "alert_code": "arrears", "level_code": level}
    for enterprise, code in (("E1", "renamed"), ("E1", "renamed"), ("E2", "renamed"), ("E2", "moved")):
        row = {"enterprise_id": enterprise, "change_code": code, "previous_as_of": datetime(2026, 11, 9, 18)}
        yield "snapshots.change", row
    yield "snapshots.park_current", {
        "lettable_area_m2": 12_345, "occupancy_pct": 76.25, "occupancy_pct_before": 70, "due_6m_area_m2": 1_000,
        "unmeasured_building_count": 2,
    }  # fmt: skip
    for name in ("x", "y"):
        yield "ops.confirmation", {
            "night_id": NIGHT, "stop_code": "change", "object_name": name, "observed": f"{name} is fewer",
            "confirmed_by": "ann", "confirmed_because": "a fair",
        }  # fmt: skip
    for reason in ("no key: U1", "no key: U2", "torn"):
        yield "ops.quarantine", {"feed": "a", "batch_id": "b", "reason": reason}


def test_a_summary_says_what_is_in_the_night(night_of: MakeNight) -> None:
    settings = night_of(a_night())
    lines = list(summary(settings))
    assert lines[0].endswith(f"night {NIGHT}, as known at 2026-11-10 18:00 UTC")
    rows = {line.split()[0]: " ".join(line.split()[2:]) for line in lines[2:5]}
    assert rows == {
        "a": "2 1,500 4 2 2026-10 87.5 % provisional 40 days ago",
        "b": "0 0 0 0 41 days ago",
        "c": "0 0 0 0 never",
    }
    said = dict(line.split("  ", 1) for line in lines[5:])
    found = {name: text.strip() for name, text in said.items()}
    assert found["Checks"] == "2 passed, 1 warned, 2 failed"
    assert found["Confirmed"] == "by ann (a fair): x is fewer and 1 more (ops.confirmation)"
    assert found["Enterprises"] == "2 from 3 source records; 1 records matched no other and are listed"
    assert found["Months"] == "2, 2026-09 to 2026-10"
    assert found["Space"] == (
        "76.2 % of 12,345 m2 let (70.0 % a year before), 2 buildings unmeasured; "
        "1,000 m2 fall due in 6 months (snapshots.park_current)"
    )
    assert found["Assessed"] == "2 expanding, 1 dormant (snapshots.assessment)"
    assert found["Staff flows"] == "2 open"
    assert found["Changes"] == "enterprises since 2026-11-09 18:00 UTC: 2 renamed, 1 moved (snapshots.change)"
    assert found["Alerts"] == "precise of all: arrears 1 of 3 (signals.alert)"
    assert found["To decide"] == "3 (2 contradiction, 1 near_name): `parkbridge review`"
    assert found["Published"] == str(settings.published_file)


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ({"snapshots.park": {"added": 1, "removed": 2, "changed": 3}, "resolved.link": {}}, "park +1 −2 ~3"),
        ({"resolved.link": {"added": 1, "removed": 0, "changed": 0}}, "nothing new for readers"),
        ({}, None),
    ],
)
def test_a_later_night_says_what_is_different(
    night_of: MakeNight, monkeypatch: pytest.MonkeyPatch, changes: dict[str, dict[str, int]], since: str | None
) -> None:
    rows = [row for row in a_night() if row[0] not in ("snapshots.change", "ops.confirmation", "signals.flow")]
    rows += [
        ("snapshots.alert_change", {"alert_code": "arrears", "change_code": code}) for code in ("new", "same", "new")
    ]
    rows.append(("resolved.link", {"feed": "a", "source_key": "9", "enterprise_id": "E1", "method": "judgement"}))
    rows.append(("resolved.judgement_conflict", {"conflict_code": "too_old", "stated": "x", "next_step": "y"}))
    settings = night_of(rows)
    night = {"night_id": NIGHT, "previous_night_id": "20261109T180000Z", "changes": changes}
    monkeypatch.setattr("report.summary.current_manifest", lambda *_: night)
    lines = list(summary(settings))
    found = {line.partition("  ")[0]: line.partition("  ")[2].strip() for line in lines[5:]}
    assert found.get("Since then") == since
    assert found["Changes"] == "none since the night before"
    assert found["Staff flows"] == "none"
    assert "             since the night before: 2 new" in lines
    assert found["Judgements"].startswith("1 records are where people put them; not in order: 1 too_old (")


def test_the_same_for_programs(night_of: MakeNight) -> None:
    found = summary_figures(night_of(a_night()))
    assert (found["night_id"], found["as_of"], found["previous_night_id"]) == (NIGHT, "2026-11-10T18:00:00Z", None)
    assert found["checks"] == {"passed": 2, "warned": 1, "failed": 2}
    assert (found["enterprises"], found["source_records"], found["unmatched_records"]) == (2, 3, 1)
    assert found["to_decide"] == {"contradiction": 2, "near_name": 1}
    assert found["months"] == {"months": 2, "first": "2026-09", "last": "2026-10"}
    assert found["assessments"] == {"dormant": 1, "expanding": 2}
    assert (found["staff_flows"], found["changes"]) == ({"open": 2}, {"moved": 1, "renamed": 2})
    assert found["alerts"] == [{"alert_code": "arrears", "precise": 1, "total": 3}]
    assert found["space"]["occupancy_pct"] == pytest.approx(76.25)
    assert [(f["feed"], f["rows_landed"], f["is_late"], f["coverage_pct"]) for f in found["feeds"]] == [
        ("a", 1500, False, 87.5),
        ("b", 0, True, None),
        ("c", 0, True, None),
    ]


def test_a_file_of_an_earlier_version_says_less(night_of: MakeNight) -> None:
    settings = night_of(row for row in a_night() if row[0] != "snapshots.change")
    assert any("no night was published before" in line for line in summary(settings))
    with duckdb.connect(str(settings.published_file)) as connection:
        connection.execute('drop schema "园区" cascade; drop schema "核对" cascade; drop table ops.confirmation')
        for table in ("park_current", "assessment", "change", "alert_change"):
            connection.execute(f"drop table snapshots.{table}")
    found = summary_figures(settings)
    assert [found[name] for name in ("space", "assessments", "changes", "alerts")] == [None] * 4
    words = [line.split()[0] for line in summary(settings)]
    assert not {"Space", "Assessed", "Changes", "Confirmed"} & set(words)
    assert {"Checks", "Enterprises", "Published"} <= set(words)


def test_a_status_names_what_is_late_stopped_and_waiting(night_of: MakeNight, park: Park) -> None:
    settings = night_of(a_night())
    park.drop("staff", "1.csv", staff({"U1": 1}), day(0.5))
    (manifest,) = park.land("staff", day(1))
    mark_stopped(settings.raw, "staff", "no such column. Next: ask")
    words = [line.partition("  ") for line in status(settings)]
    assert [rest for word, _, rest in words if word == "STOPPED"] == ["staff: no such column. Next: ask"]
    assert [rest for word, _, rest in words if word == "QUARANTINED"] == ["a: 2 × no key", "a: 1 × torn"]
    assert [rest for word, _, rest in words if word == "LATE"] == [
        "b: last known 2026-09-30 18:00:00, 40 days allowed",
        "c: last known never, 40 days allowed",
    ]
    waiting = f"staff {manifest.batch_id} (1.csv, 1 rows)"
    assert [(word, rest) for word, _, rest in words if waiting in rest] == [("WAITING", waiting)]
    figures = status_figures(settings)
    assert figures["stopped"] == [{"feed": "staff", "message": "no such column. Next: ask"}]
    assert figures["quarantined"] == [
        {"feed": "a", "reason": "no key", "rows": 2},
        {"feed": "a", "reason": "torn", "rows": 1},
    ]
    assert (figures["night"]["night_id"], len(figures["feeds"])) == (NIGHT, 3)
    assert [(one["batch_id"], one["rows"], one["state"]) for one in figures["batches"]] == [
        (manifest.batch_id, 1, "waiting")
    ]
    discard(settings.raw, "staff", manifest.batch_id, who="ann", why="x")
    assert status_figures(settings)["batches"][0]["state"] == "discarded"
    assert any(line == f"DISCARDED  {waiting}" for line in status(settings))


def test_a_status_before_the_first_night(park: Park) -> None:
    assert list(status(park.settings)) == ["Nothing is published yet. Next: run `parkbridge sync`."]
    found = status_figures(park.settings)
    assert (found["night"], found["feeds"], found["quarantined"], found["running"]) == (None, [], [], [])
