"""Scoring of assessments on a city made by hand: what is truly so in a month, and what an operator must never read."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

import duckdb
import pytest

from benchmarks import assessment
from tests.conftest import in_memory

MONTHS = 30
CHANGED, NIGHT = 20, 24  # counted from 0; assessed is the 25th month


def month(number: int) -> date:
    return date(2024 + number // 12, number % 12 + 1, 1)


@dataclass(frozen=True)
class Firm:
    """People, space and sales: what they are, and what they become in the 21st month."""

    people: tuple[int, int] = (20, 20)
    space: tuple[int, int] = (1000, 1000)
    sales: tuple[int, int] = (100, 100)
    first: int = 0
    gone: int | None = None
    is_virtual: bool = False
    story: str = "steady"


FIRMS = {
    "steady": Firm(),
    "grows by people": Firm(people=(20, 22)),
    "grows by space": Firm(space=(1000, 1100)),
    "one more of nine is no growth": Firm(people=(9, 10)),
    "shrinks by sales": Firm(sales=(100, 60)),  # 5 of 12 months: -16.7 %
    "a little less space": Firm(space=(1000, 910)),
    "both": Firm(people=(20, 24), sales=(100, 50)),
    "new": Firm(first=14),
    "leaves": Firm(gone=NIGHT + 6),
    "gone": Firm(gone=NIGHT),
    "absorbed": Firm(gone=NIGHT - 2, story="absorbed"),
    "to be absorbed": Firm(gone=NIGHT + 2, story="absorbed"),
    "an address": Firm(is_virtual=True),
}


@pytest.fixture
def city() -> duckdb.DuckDBPyConnection:
    connection = in_memory()
    for schema in ("truth", "output"):
        connection.execute(f"create schema {schema}")
    connection.execute(
        "create table truth.enterprise (true_id bigint, story varchar, partner_id bigint, is_virtual boolean, "
        "first_month date, gone_month date)"
    )
    connection.execute(
        "create table truth.enterprise_month (true_id bigint, month date, is_present boolean, headcount integer, "
        "leased_tenth bigint, sales_fen bigint)"
    )
    connection.execute(
        "create table output.assessment (night_number integer, enterprise_id varchar, assessment_code varchar, "
        "left_month date, successor_enterprise_id varchar, month date)"
    )
    connection.execute("create table output.owner (night_number integer, enterprise_id varchar, true_id bigint)")
    for number, firm in enumerate(FIRMS.values()):
        gone = None if firm.gone is None else month(firm.gone)
        connection.execute(
            "insert into truth.enterprise values (?, ?, ?, ?, ?, ?)",
            [number, firm.story, 0 if firm.story == "absorbed" else None, firm.is_virtual, month(firm.first), gone],
        )
        for n in range(firm.first, MONTHS):
            is_present = firm.gone is None or n < firm.gone
            figures = [figure[n >= CHANGED] for figure in (firm.people, firm.space, firm.sales)]
            connection.execute(
                "insert into truth.enterprise_month values (?, ?, ?, ?, ?, ?)", [number, month(n), is_present, *figures]
            )
        connection.execute("insert into output.owner values (1, ?, ?)", [f"E{number}", number])
    return connection


def test_what_is_truly_so(city: duckdb.DuckDBPyConnection) -> None:
    # each is said to be what it is called here, so that the counts name the state of each
    for number, name in enumerate(FIRMS):
        city.execute(
            "insert into output.assessment values (1, ?, ?, null, null, ?)", [f"E{number}", name, month(NIGHT)]
        )
    city.execute("insert into output.assessment values (1, 'E99', 'cannot be placed', null, null, ?)", [month(NIGHT)])
    assert assessment.score(city).counts == {
        ("steady", "steady"): 1,
        ("grows by people", "grows"): 1,
        ("grows by space", "grows"): 1,
        ("one more of nine is no growth", "steady"): 1,
        ("shrinks by sales", "shrinks"): 1,
        ("a little less space", "steady"): 1,
        ("both", "both"): 1,
        ("new", "new"): 1,
        ("leaves", "leaves"): 1,
        ("gone", "left"): 1,
        ("absorbed", "taken over"): 1,
        ("to be absorbed", "leaves"): 1,
        ("an address", "not here"): 1,
    }


def test_departures_are_dated_and_successors_named(city: duckdb.DuckDBPyConnection) -> None:
    """Gone in the 25th month, absorbed by the first firm two months before; one is not gone at all."""
    number = {name: place for place, name in enumerate(FIRMS)}
    for name, code, left, successor in (
        ("gone", "left", NIGHT, None),
        ("absorbed", "taken_over", NIGHT - 1, number["steady"]),
        ("to be absorbed", "left", NIGHT, None),
        ("grows by people", "leaving", None, None),
        ("leaves", "leaving", None, None),
    ):
        city.execute(
            "insert into output.assessment values (1, ?, ?, ?, ?, ?)",
            [
                f"E{number[name]}",
                code,
                None if left is None else month(left),
                None if successor is None else f"E{successor}",
                month(NIGHT),
            ],
        )
    found = assessment.score(city)
    assert found.months_off == {0: 1, 1: 1}
    assert (found.month_pct(0), found.month_pct(1)) == (50.0, 100.0)
    assert found.successors == {"right": 1}
    assert (found.precision("left", "left"), found.recall("left", "left")) == (0.5, 1.0)
    # two truly leave, one of them is said to
    assert (found.precision("leaving", "leaves"), found.recall("leaving", "leaves")) == (0.5, 0.5)
    assert found.precision("dormant", "not here") is None
    city.execute("update output.assessment set successor_enterprise_id = 'E3', left_month = null")
    wrong = assessment.score(city)
    assert wrong.successors == {"wrong": 1}
    assert (wrong.months_off, wrong.month_pct(1)) == ({None: 2}, 0.0)
    both = found + wrong
    assert (both.successors, both.months_off) == ({"right": 1, "wrong": 1}, {0: 1, 1: 1, None: 2})


def test_the_opposite_is_counted_and_shown() -> None:
    counts = Counter(
        {
            ("expanding", "grows"): 6,
            ("expanding", "shrinks"): 1,
            ("contracting", "grows"): 1,
            ("stable", "shrinks"): 9,
            ("left", "left"): 3,
            ("unknown", "left"): 1,
        }
    )
    found = assessment.Found(counts)
    assert found.opposite_pct() == 25.0
    assert assessment.Found(Counter({("stable", "shrinks"): 9})).opposite_pct() is None
    lines = list(assessment.table(found))
    assert lines[1].split() == ["expanding", "7", "85.7", "14.3", *["0.0"] * 7]
    [opposite] = [line for line in lines if line.startswith("  opposite")]
    assert opposite.endswith("25.00 % of those two")
    [left] = [line for line in lines if line.startswith("  left = left")]
    assert left.split()[3:] == ["precision", "1.000", "recall", "0.750"]
    assert assessment.as_json(found)["counts"]["stable"]["shrinks"] == 9
    assert assessment.as_json(found)["classes"]["left"] == {"state": "left", "precision": 1.0, "recall": 0.75}
