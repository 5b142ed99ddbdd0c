"""Scoring of assessments on a city made by hand: what is truly so in a month, and what an operator must never be told."""

from dataclasses import dataclass
from datetime import date

import duckdb
import pytest

from benchmarks import assessment

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
    "an address": Firm(is_virtual=True),
}


@pytest.fixture
def city() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for schema in ("truth", "told"):
        connection.execute(f"create schema {schema}")
    connection.execute(
        "create table truth.enterprise (true_id bigint, is_virtual boolean, first_month date, gone_month date)"
    )
    connection.execute(
        "create table truth.enterprise_month (true_id bigint, month date, is_present boolean, headcount integer, "
        "leased_tenth bigint, sales_fen bigint)"
    )
    connection.execute(
        "create table told.assessment (night_number integer, enterprise_id varchar, assessment_code varchar, month date)"
    )
    connection.execute("create table told.owner (night_number integer, enterprise_id varchar, true_id bigint)")
    for number, firm in enumerate(FIRMS.values()):
        gone = None if firm.gone is None else month(firm.gone)
        connection.execute(
            "insert into truth.enterprise values (?, ?, ?, ?)", [number, firm.is_virtual, month(firm.first), gone]
        )
        for n in range(firm.first, MONTHS):
            is_present = firm.gone is None or n < firm.gone
            figures = [figure[n >= CHANGED] for figure in (firm.people, firm.space, firm.sales)]
            connection.execute(
                "insert into truth.enterprise_month values (?, ?, ?, ?, ?, ?)", [number, month(n), is_present, *figures]
            )
        connection.execute("insert into told.owner values (1, ?, ?)", [f"E{number}", number])
    return connection


def test_what_is_truly_so(city: duckdb.DuckDBPyConnection) -> None:
    # each is said to be what it is called here, so that the counts name the state of each
    for number, name in enumerate(FIRMS):
        city.execute("insert into told.assessment values (1, ?, ?, ?)", [f"E{number}", name, month(NIGHT)])
    city.execute("insert into told.assessment values (1, 'E99', 'nobody can place it', ?)", [month(NIGHT)])
    assert assessment.score(city) == {
        ("steady", "steady"): 1,
        ("grows by people", "grows"): 1,
        ("grows by space", "grows"): 1,
        ("one more of nine is no growth", "steady"): 1,
        ("shrinks by sales", "shrinks"): 1,
        ("a little less space", "steady"): 1,
        ("both", "both"): 1,
        ("new", "new"): 1,
        ("leaves", "leaves"): 1,
        ("gone", "not here"): 1,
        ("an address", "not here"): 1,
    }


def test_the_opposite_is_counted_and_shown() -> None:
    found = {
        ("expanding", "grows"): 6,
        ("expanding", "shrinks"): 1,
        ("contracting", "grows"): 1,
        ("stable", "shrinks"): 9,
    }
    assert assessment.opposite_pct(found) == 25.0
    assert assessment.opposite_pct({("stable", "shrinks"): 9}) is None
    lines = list(assessment.table(found))
    assert lines[1].split() == ["expanding", "7", "85.7", "14.3", *["0.0"] * 5]
    assert lines[-1].startswith("  opposite")
    assert lines[-1].endswith("25.00 % of those two")
    assert assessment.as_json(found)["counts"]["stable"]["shrinks"] == 9
