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
from stdnum.cn import uscc as stdnum_uscc

from transforms import incremental, resolution
from warehouse.connection import prepare
from warehouse.models import read_folder

FIRST = datetime(2026, 1, 1)
HEADER = "left,right,decision,who,when,why\n"


def credit_code(number: int) -> str:
    """A code with both check digits right, made with another implementation than the one under test."""
    body = f"{number:08d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    check = 11 - total % 11
    org_code = body + ("X" if check == 10 else "0" if check == 11 else str(check))
    return "91320594" + org_code + stdnum_uscc.calc_check_digit("91320594" + org_code)


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
    """However much was told; code and models are read once, for they do not change in a test."""
    stamp, models = incremental.fingerprint(), read_folder(resolution.MODELS)
    monkeypatch.setattr(resolution, "read_folder", lambda folder: models)
    monkeypatch.setattr(incremental, "fingerprint", lambda: stamp)
    find_told = incremental.find_told
    monkeypatch.setattr(incremental, "find_told", lambda *given: find_told(*given) or True)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(change, min_size=5, max_size=25), nights=st.lists(night, min_size=1, max_size=3))
def test_a_night_in_parts_is_a_night_made_whole(first: list[dict[str, Any]], nights: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection, duckdb.connect() as other:
        judged = Path(folder) / "judgements.csv"
        judged.write_text(HEADER, encoding="utf-8")
        for warehouse in (connection, other):
            prepare(warehouse)
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
            assert resolution.resolve(connection, judged) == (number == 0), "made whole where nothing stood before"
            assert resolution.resolve(other, judged, whole=True)
            in_parts = everything(connection)
            for table, rows in everything(other).items():
                assert in_parts[table] == rows, f"night {number}, {table}"
