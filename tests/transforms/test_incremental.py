"""A night that remakes only what can have changed ends where a resolve of everything ends, row for row, whatever came in."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import prepared
from tests.transforms.test_resolution import credit_code
from transforms.resolution import incremental
from transforms.resolution import resolve as resolution
from warehouse.models import read_folder

FIRST = datetime(2026, 1, 1)
HEADER = "left,right,decision,who,when,why\n"


# A small world, so that everything collides with everything: codes, their parts, codes of no known form, names that are
# each other's branches or short forms, names that say nothing.
USCCS = [credit_code(10000001 + number) for number in range(4)]
CODES = [None, *USCCS, "320594" + USCCS[0][8:17], USCCS[1][8:17], USCCS[2][:-1] + "I", "苏字00012345", "ZZ"]
NAMES = [
    None,
    "苏州明达科技有限公司",
    "蘇州明達科技有限公司",
    "苏州明达科技有限公司无锡分公司",
    "苏州华强（中国）贸易有限公司",
    "苏州华强(中国)贸易有限公司",
    "华强商店总店",
    "明达科技",
    "个体",
    "——",
]
PLACES = [None, "星湖街1号", "星湖街 2 号 301 室"]
KEYS = ["k1", "k2", "k3"]
SUBJECTS = ["registration", "registration_event", "tax_filing", "employment", "lease"]

code, name = st.sampled_from(CODES), st.sampled_from(NAMES)
change = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(SUBJECTS),
        "source_key": st.sampled_from(KEYS),
        "number": st.integers(1, 3),
        "code": code,
        "name": name,
        "former": name,
        "other": code,
        "address": st.sampled_from(PLACES),
        "event": st.sampled_from(["rename", "code_change", "cancelled", "merger", "division", "branch_opened"]),
        "is_gone": st.sampled_from([False, False, False, True]),
    }
)
judgement = st.tuples(
    st.sampled_from([f"{subject}/{key}" for subject in SUBJECTS for key in KEYS]),
    st.sampled_from([f"{subject}/{key}" for subject in SUBJECTS for key in KEYS] + ["E0123456789abcde", "enterprise"]),
    st.sampled_from(["same", "different", "unsure"]),
)
night = st.fixed_dictionaries(
    {"changes": st.lists(change, max_size=8), "judgements": st.none() | st.lists(judgement, max_size=3)}
)
first_rows, later_nights = st.lists(change, min_size=5, max_size=25), st.lists(night, min_size=1, max_size=3)


def row_of(stated: dict[str, Any]) -> dict[str, Any]:
    """The staged row of a change, in its subject's columns."""
    day = FIRST.date() - timedelta(days=30 * stated["number"])
    row: dict[str, Any] = {"source_key": stated["source_key"], "enterprise_name": stated["name"]}
    number = f"{stated['source_key']}-{stated['number']}"
    if stated["subject"] == "registration":
        more = {"uscc": stated["code"], "former_names": stated["former"], "parent_uscc": stated["other"]}
        return row | more | {"address": stated["address"], "industry_code": f"C{stated['number']}"}
    if stated["subject"] == "registration_event":
        texts = (stated["former"], stated["name"]) if stated["event"] == "rename" else (stated["code"], stated["other"])
        more = {"event_no": number, "event_code": stated["event"], "event_date": day, "uscc": stated["code"]}
        return row | more | {"before_text": texts[0], "after_text": texts[1], "other_uscc": stated["other"]}
    if stated["subject"] == "tax_filing":
        more = {"taxpayer_no": stated["code"], "tax_kind_code": "vat", "period_start": day, "period_end": day}
        return row | more
    if stated["subject"] == "employment":
        return row | {"uscc": stated["code"], "address": stated["address"], "month": day, "insured_headcount": 1}
    return row | {"lease_no": number, "uscc": stated["code"], "address": stated["address"], "start_date": day}


KEY = {"registration_event": "event_no", "tax_filing": "period_end", "employment": "month", "lease": "lease_no"}


def deliver(connection: duckdb.DuckDBPyConnection, changes: list[dict[str, Any]], moment: datetime) -> None:
    """What the loader does: the version before is superseded; the new one, if there is one, is received."""
    for stated in changes:
        row, subject = row_of(stated), stated["subject"]
        key = ["source_key", *([KEY[subject]] if subject in KEY else [])]
        connection.execute(
            f"update staged.{subject} set superseded_at = ? where superseded_at is null and "
            + " and ".join(f"{column} = ?" for column in key),
            [moment, *(row[column] for column in key)],
        )
        if not stated["is_gone"]:
            row |= {"feed": subject, "batch_id": "1", "row_number": 1, "received_at": moment}
            connection.execute(
                f"insert into staged.{subject} ({', '.join(row)}) values ({', '.join('?' * len(row))})",
                list(row.values()),
            )


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every table of schema resolved."""
    found = connection.execute("select table_name from duckdb_tables() where schema_name = 'resolved' order by 1")
    return [table for (table,) in found.fetchall()]


def everything(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    """Every row of every table of schema resolved."""
    return {
        table: connection.execute(f"select * from resolved.{table} order by all").fetchall()
        for table in tables(connection)
    }


def begin(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    connection.execute("delete from ops.night")
    connection.execute("insert into ops.night values ('night', ?, 'park')", [as_of])


@pytest.fixture(autouse=True)
def anything_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much was received; code and models are read once, for they do not change in a test."""
    stamp, models = incremental.fingerprint(), read_folder(resolution.MODELS)
    monkeypatch.setattr(resolution, "read_folder", lambda folder: models)
    monkeypatch.setattr(incremental, "fingerprint", lambda: stamp)
    find_received = incremental.find_received
    monkeypatch.setattr(incremental, "find_received", lambda *given: find_received(*given) or True)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=first_rows, nights=st.lists(night, min_size=1, max_size=1))
def test_a_night_in_parts_is_a_night_made_whole(first: list[dict[str, Any]], nights: list[dict[str, Any]]) -> None:
    is_as_made_whole(first, nights)


@pytest.mark.nights
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=first_rows, nights=later_nights)
def test_more_nights_in_parts(first: list[dict[str, Any]], nights: list[dict[str, Any]]) -> None:
    is_as_made_whole(first, nights)


def is_as_made_whole(first: list[dict[str, Any]], nights: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder, prepared() as connection, prepared() as other:
        judged = Path(folder) / "judgements.csv"
        judged.write_text(HEADER, encoding="utf-8")
        for number, tonight in enumerate([{"changes": first, "judgements": None}, *nights]):
            if tonight["judgements"] is not None:
                ids = connection.execute("select enterprise_id from resolved.link order by all").fetchall() or [("E0",)]
                lines = [
                    f"{left},{ids[number % len(ids)][0] if right == 'enterprise' else right},{decision},wang,2026-02-0{place + 1},x"
                    for place, (left, right, decision) in enumerate(tonight["judgements"])
                    if left != right
                ]
                judged.write_text(HEADER + "\n".join([*lines, ""]), encoding="utf-8")
            moment = FIRST + timedelta(days=number)
            for warehouse in (connection, other):
                deliver(warehouse, tonight["changes"], moment)
                begin(warehouse, moment)
            assert resolution.resolve(connection, judged) == (number == 0), "made whole where nothing was before"
            assert resolution.resolve(other, judged, whole=True)
            in_parts = everything(connection)
            for table, rows in everything(other).items():
                assert in_parts[table] == rows, f"night {number}, {table}"


# --- ids stay what they were ------------------------------------------------------------------------------------------


def stated_once(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of changes of one fact the last: what is delivered then does not depend on the order."""
    last = {(c["subject"], c["source_key"], c["subject"] != "registration" and c["number"]): c for c in changes}
    return [stated for stated in last.values() if not stated["is_gone"]]


def ids(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """The enterprise of each record."""
    found = connection.execute("select feed, source_key, enterprise_id from resolved.link").fetchall()
    return {(feed, source_key): enterprise_id for feed, source_key, enterprise_id in found}


def resolved(changes: list[dict[str, Any]], judged: Path) -> duckdb.DuckDBPyConnection:
    """A warehouse to which this was delivered at once, resolved."""
    connection = prepared()
    deliver(connection, changes, FIRST)
    begin(connection, FIRST)
    resolution.resolve(connection, judged)
    return connection


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    path = tmp_path / "judgements.csv"
    path.write_text(HEADER, encoding="utf-8")
    return path


@pytest.mark.nights
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(change, min_size=5, max_size=25).map(stated_once), data=st.data())
def test_order_reruns_and_one_more_month_change_no_id(
    changes: list[dict[str, Any]], data: st.DataObject, judged: Path
) -> None:
    connection = resolved(changes, judged)
    before = everything(connection)
    shuffled = resolved(data.draw(st.permutations(changes)), judged)
    assert everything(shuffled) == before
    resolution.resolve(connection, judged, whole=True)
    assert everything(connection) == before
    # every office reports one more month, of the same firms in the same words
    monthly = [c for c in changes if c["subject"] in ("employment", "tax_filing")]
    latest = {(c["subject"], c["source_key"]): c for c in sorted(monthly, key=lambda c: -c["number"])}
    was = ids(connection)
    deliver(connection, [c | {"number": 0} for c in latest.values()], FIRST + timedelta(days=1))
    begin(connection, FIRST + timedelta(days=1))
    resolution.resolve(connection, judged)
    assert ids(connection) == was


def lease(key: str, name: str, code: str | None = None) -> dict[str, Any]:
    return {
        "subject": "lease",
        "source_key": key,
        "number": 1,
        "code": code,
        "name": name,
        "address": None,
        "is_gone": False,
    }


def registered(key: str, name: str, code: str | None) -> dict[str, Any]:
    more = {"subject": "registration", "former": None, "other": None}
    return lease(key, name, code) | more


def test_a_merge_leaves_a_forwarding_row(judged: Path) -> None:
    connection = resolved([lease("l1", "园区新来的公司"), lease("l2", "园区新来的公司")], judged)
    by_name = ids(connection)["lease", "l1"]
    deliver(connection, [registered("r1", "园区新来的公司", USCCS[0])], FIRST + timedelta(days=1))
    begin(connection, FIRST + timedelta(days=1))
    assert not resolution.resolve(connection, judged)
    now = ids(connection)
    assert now["lease", "l1"] == now["lease", "l2"] == now["registration", "r1"] != by_name
    forward = "select enterprise_id from resolved.enterprise_forward where former_enterprise_id = ?"
    assert connection.execute(forward, [by_name]).fetchall() == [(now["registration", "r1"],)]


def test_a_record_that_waited_leaves_a_forwarding_row_when_it_is_judged(judged: Path) -> None:
    firms = [registered("r1", "苏州明达科技有限公司", USCCS[0]), registered("r2", "华强商店总店", USCCS[1])]
    connection = resolved([*firms, lease("l1", "苏州明达科技有限公司", USCCS[1])], judged)
    waiting = ids(connection)["lease", "l1"]
    assert waiting not in (ids(connection)["registration", "r1"], ids(connection)["registration", "r2"])
    judged.write_text(HEADER + "lease/l1,registration/r1,same,wang,2026-02-01,visited\n", encoding="utf-8")
    begin(connection, FIRST + timedelta(days=1))
    assert not resolution.resolve(connection, judged)
    forward = "select enterprise_id from resolved.enterprise_forward where former_enterprise_id = ?"
    assert connection.execute(forward, [waiting]).fetchall() == [(ids(connection)["registration", "r1"],)]


def test_a_split_says_which_part_kept_the_id(judged: Path) -> None:
    connection = resolved([lease("l1", "园区新来的公司"), lease("l2", "园区新来的公司")], judged)
    whole = ids(connection)["lease", "l1"]
    assert ids(connection)["lease", "l2"] == whole
    judged.write_text(HEADER + "lease/l2,lease/l1,different,wang,2026-02-01,another owner\n", encoding="utf-8")
    begin(connection, FIRST + timedelta(days=1))
    assert not resolution.resolve(connection, judged)
    now = ids(connection)
    assert len(set(now.values())) == 2
    assert whole in now.values(), "the id still means who bears the name"
    left = (set(now.values()) - {whole}).pop()
    split = connection.execute(
        "select former_enterprise_id, enterprise_id, keeps_id from resolved.enterprise_split order by 3"
    )
    assert split.fetchall() == [(whole, left, False), (whole, whole, True)]
    assert connection.execute("select former_enterprise_id from resolved.enterprise_forward").fetchall() == []


@pytest.mark.nights
def test_no_part_is_resolved_where_it_cannot_be_told(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = resolved([lease("l1", "园区新来的公司")], judged)
    assert not resolution.resolve(connection, judged), "the same night again"
    begin(connection, FIRST - timedelta(days=1))
    assert resolution.resolve(connection, judged), "an earlier night"
    monkeypatch.setattr(incremental, "fingerprint", lambda: "other rules")
    assert resolution.resolve(connection, judged), "other rules"
    begin(connection, FIRST)
    monkeypatch.setattr(resolution, "stop_on_giant_cluster", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        resolution.resolve(connection, judged)
    monkeypatch.undo()
    assert resolution.resolve(connection, judged), "the run before did not end"
