"""The work list over a run of nights: weekly limits, the days on which a row is put forward again, and answers.

A night is the model over what its layers would hold; what readers saw is noted as publishing does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import transforms
from tests.conftest import empty_warehouse
from transforms.night import RULES
from warehouse.models import make, read_model, rows_of_rule
from warehouse.work_shown import note_shown

TRANSFORMS = Path(transforms.__file__).parent
MODEL = read_model(TRANSFORMS / "6_snapshots" / "work_list.sql")
DAY = read_model(TRANSFORMS / "5_industry" / "list_day.sql")
MONDAY = date(2026, 3, 2)
LIMITS = {"answer": 6, "call": 4, "introduction": 3, "attraction": 2}
INPUTS = ("industry.need", "industry.introduction", "industry.hit_rate", "signals.alert", "signals.departure")


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = empty_warehouse("2026-03-02")
    yield connection
    connection.close()


class Nights:
    """A park with given layers, night after night."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        for table in (*INPUTS, "ops.work_shown", "ops.work_answer"):
            connection.execute(f"delete from {table}")

    def need(self, number: int, stated: date, *, kind: str = "advice") -> None:
        self.connection.execute(
            "insert into industry.need by name select $key as need_key, 'E1' as enterprise_id, '甲' as enterprise_name, "
            "$kind as need_kind_code, '企业服务' as office_zh, 'enterprise service' as office_en, $stated::date as stated_date, "
            "true as is_unresolved",
            {"key": f"need/{number}", "kind": kind, "stated": stated},
        )

    def alert(self, enterprise: str, code: str, score: float) -> None:
        self.connection.execute(
            "insert into signals.alert by name select $key as enterprise_id, $key as enterprise_name, $code as alert_code, "
            "$code as alert_title_en, $code as alert_title_zh, 'precise' as level_code, $score as score, 'r' as reasons_en, "
            "'理由' as reasons_zh, 'n' as next_step_en, '步骤' as next_step_zh, date '2026-01-01' as first_seen_month",
            {"key": enterprise, "code": code, "score": score},
        )

    def introduction(self, number: int, offer: int, rank: int) -> None:
        self.connection.execute(
            "insert into industry.introduction by name select $need as need_key, $offer as offer_key, 'E1' as enterprise_id, "
            "'甲' as enterprise_name, 'advice' as need_kind_code, 'fits' as fit_level_code, $rank as fit_rank, 'a' as work_en, "
            "'一' as work_zh",
            {"need": f"need/{number}", "offer": f"offer/{offer}", "rank": rank},
        )

    def answer(self, row: str, what: str, at: datetime) -> None:
        self.connection.execute("delete from ops.work_answer where row_id = ?", [row])
        self.connection.execute("insert into ops.work_answer values (?, ?, ?, '')", [row, what, at])

    def made(self, day: date) -> list[dict[str, Any]]:
        """The list of the night before this day."""
        as_of = datetime(day.year, day.month, day.day) - timedelta(hours=6)
        self.connection.execute("delete from ops.night")
        self.connection.execute("insert into ops.night values ('night', ?, 'park')", [as_of])
        self.connection.execute("delete from ops.work_day")
        self.connection.execute("insert into ops.work_day values (?)", [day])
        make(self.connection, DAY)
        make(self.connection, MODEL)
        found = self.connection.execute("select * exclude (rule_version) from snapshots.work_list order by row_id")
        columns = [column for column, *_ in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def published(self, day: date) -> list[dict[str, Any]]:
        rows = self.made(day)
        note_shown(self.connection)
        return rows


def test_five_weeks_of_nights(warehouse: duckdb.DuckDBPyConnection) -> None:
    nights = Nights(warehouse)
    nights.need(1, MONDAY - timedelta(days=3))
    nights.alert("E2", "move_out", 3)
    nights.introduction(1, 1, 1)
    seen: dict[str, list[dict[str, Any]]] = {}
    for number in range(36):
        for row in nights.published(MONDAY + timedelta(days=number)):
            seen.setdefault(row["row_id"], []).append(row)
    assert len(seen) == 3
    for rows in seen.values():
        assert [row["list_date"] for row in rows] == [MONDAY + timedelta(days=n) for n in range(30)]
        assert sorted({row["asked_date"] for row in rows}) == [MONDAY + timedelta(days=n) for n in (0, 7, 14, 21)]
        assert [row["asked_count"] for row in rows] == [1] * 7 + [2] * 7 + [3] * 7 + [4] * 9
        assert [row["work_state_code"] for row in rows] == ["new"] * 7 + ["back"] * 23
        assert {row["drop_date"] for row in rows} == {MONDAY + timedelta(days=30)}


def test_after_its_quiet_days_a_row_may_come_again(warehouse: duckdb.DuckDBPyConnection) -> None:
    nights = Nights(warehouse)
    nights.alert("E2", "move_out", 3)
    shown = [bool(nights.published(MONDAY + timedelta(days=number))) for number in (0, 29, 30, 31, 100, 179, 180, 181)]
    assert shown == [True, True, False, False, False, False, True, True]


@st.composite
def parks(draw: st.DrawFn) -> dict[str, Any]:
    day = st.integers(0, 34)
    return {
        "needs": draw(st.lists(day, max_size=25)),
        "alerts": draw(st.lists(st.tuples(day, st.sampled_from(["move_out", "need_staff", "threshold"])), max_size=15)),
        "introductions": draw(st.lists(day, max_size=10)),
        "nights": sorted(draw(st.sets(day, min_size=5, max_size=35))),
        "answers": draw(
            st.lists(st.tuples(day, st.integers(0, 30), st.sampled_from(["done", "wrong", "later"])), max_size=8)
        ),
    }


@pytest.mark.nights
@hypothesis_settings(max_examples=8, deadline=None)
@given(parks())
def test_no_week_has_more_new_rows_than_its_limits_and_a_night_is_the_same_again(
    warehouse: duckdb.DuckDBPyConnection, park: dict[str, Any]
) -> None:
    nights = Nights(warehouse)
    new: Counter[tuple[date, str]] = Counter()
    kept: dict[date, list[dict[str, Any]]] = {}
    begun = -1
    for number in park["nights"]:
        for place, since in enumerate(park["needs"]):
            if begun < since <= number:
                nights.need(place, MONDAY + timedelta(days=since))
        for place, (since, code) in enumerate(park["alerts"]):
            if begun < since <= number:
                nights.alert(f"E{place + 10}", code, 20 - place)
        for place, since in enumerate(park["introductions"]):
            if begun < since <= number and place < len(park["needs"]) and park["needs"][place] <= number:
                nights.introduction(place, place, 1)
        today = MONDAY + timedelta(days=number)
        for when, place, what in park["answers"]:
            if begun < when <= number and kept:
                last = kept[max(kept)]
                if place < len(last):
                    nights.answer(
                        last[place]["row_id"], what, datetime(today.year, today.month, today.day) - timedelta(hours=10)
                    )
        begun = number
        rows = nights.made(today)
        assert nights.made(today) == rows, "made again before it is published"
        note_shown(warehouse)
        assert nights.made(today) == rows, "made again after it was published"
        note_shown(warehouse)
        for row in rows:
            if row["first_shown_date"] == today:
                new[today - timedelta(days=today.weekday()), row["limit_group_code"]] += 1
            if row["work_state_code"] in ("new", "back"):
                assert (row["asked_date"] - row["first_shown_date"]).days in (0, 7, 14, 21) or row[
                    "work_answer_code"
                ] == "later"
                assert row["asked_date"] <= today < row["drop_date"]
        kept[today] = rows
    assert all(count <= LIMITS[group] for (_, group), count in new.items()), new
    # the last night reconstructed from what earlier nights noted: later ones cannot change it
    last_day = max(kept)
    warehouse.execute("delete from ops.work_shown where list_date >= ?", [last_day])
    assert nights.made(last_day) == kept[last_day]


def test_working_days_agree_with_another_account(warehouse: duckdb.DuckDBPyConnection) -> None:
    rules = rows_of_rule(RULES / "workday.yml")
    make(warehouse, read_model(TRANSFORMS / "3_monthly" / "workday.sql"))
    holidays = [row["workday"] for row in rules if not row["is_workday"]]
    worked = [row["workday"] for row in rules if row["is_workday"]]
    assert all(day.weekday() < 5 for day in holidays), "a holiday at a weekend needs no row"
    assert all(day.weekday() >= 5 for day in worked)
    numbers = dict(warehouse.execute("select workday, workday_number from monthly.workday").fetchall())
    for first, last in (("2023-01-01", "2026-12-31"), ("2025-01-27", "2025-02-10"), ("2026-09-24", "2026-10-09")):
        a, b = date.fromisoformat(first), date.fromisoformat(last)
        # numpy counts the days from the first on and up to the one before the last
        plain = np.busday_count(a + timedelta(days=1), b + timedelta(days=1), holidays=holidays)
        expected = plain + sum(a < day <= b for day in worked)
        assert numbers[b] - numbers[a] == expected, (first, last)
    # by the notices of the State Council's office a year has so many working days
    years = {year: numbers[date(year, 12, 31)] - numbers[date(year - 1, 12, 31)] for year in (2024, 2025, 2026)}
    assert years == {2024: 251, 2025: 248, 2026: 248}


def test_an_introduction_is_made_of_what_both_sides_stated() -> None:
    allowed = {"rules", "ops"}
    public = {
        "industry.list_day", "industry.need", "industry.offer", "known.need", "known.offer", "resolved.enterprise",
            "resolved.enterprise_code", "resolved.link",
        "monthly.main_building", "monthly.month", "monthly.workday",
    }  # fmt: skip
    for name in ("introduction", "need", "offer"):
        reads = read_model(TRANSFORMS / "5_industry" / f"{name}.sql").reads
        assert {table for table in reads if table.partition(".")[0] not in allowed} <= public, name
