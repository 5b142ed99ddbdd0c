"""Scoring of assessments on a city made by hand: what is truly so in a month, and what an operator must never be told."""

from collections.abc import Callable
from datetime import date

import duckdb
import pytest

from benchmarks import assessment

MONTHS = 30
NIGHT = 24  # assessed: the 25th month


def month(number: int) -> date:
    return date(2024 + number // 12, number % 12 + 1, 1)


# people and sales by month, first month, month from which it is gone
FIRMS: dict[str, tuple[Callable[[int], int], Callable[[int], int], int, int | None]] = {
    "steady": (lambda n: 20, lambda n: 100, 0, None),
    "grows by people": (lambda n: 20 if n < 20 else 22, lambda n: 100, 0, None),
    "one more of nine is no growth": (lambda n: 9 if n < 20 else 10, lambda n: 100, 0, None),
    "shrinks by sales": (lambda n: 20, lambda n: 100 if n < 20 else 60, 0, None),  # 5 of 12 months: -16.7 %
    "both": (lambda n: 20 if n < 20 else 24, lambda n: 100 if n < 20 else 50, 0, None),
    "new": (lambda n: n, lambda n: 100, 14, None),
    "leaves": (lambda n: 20, lambda n: 100, 0, NIGHT + 6),
    "gone": (lambda n: 20, lambda n: 100, 0, NIGHT),
}


@pytest.fixture
def city() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for schema in ("truth", "told"):
        connection.execute(f"create schema {schema}")
    connection.execute("create table truth.enterprise (true_id bigint, first_month date, gone_month date)")
    connection.execute(
        "create table truth.enterprise_month (true_id bigint, month date, is_present boolean, headcount integer, sales_fen bigint)"
    )
    connection.execute(
        "create table told.assessment (night_number integer, enterprise_id varchar, assessment_code varchar, month date)"
    )
    connection.execute("create table told.owner (night_number integer, enterprise_id varchar, true_id bigint)")
    for number, (people, sales, first, gone) in enumerate(FIRMS.values()):
        connection.execute(
            "insert into truth.enterprise values (?, ?, ?)",
            [number, month(first), None if gone is None else month(gone)],
        )
        connection.executemany(
            "insert into truth.enterprise_month values (?, ?, ?, ?, ?)",
            [
                [number, month(n), n >= first and (gone is None or n < gone), people(n), 100 * sales(n)]
                for n in range(first, MONTHS)
            ],
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
        ("one more of nine is no growth", "steady"): 1,
        ("shrinks by sales", "shrinks"): 1,
        ("both", "both"): 1,
        ("new", "new"): 1,
        ("leaves", "leaves"): 1,
        ("gone", "not here"): 1,
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
