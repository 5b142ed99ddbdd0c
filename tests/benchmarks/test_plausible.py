"""Scoring of planted headcounts on a night made by hand: what counts as reported, found, right and used."""

from datetime import date

import duckdb
import pytest

from benchmarks import plausible
from benchmarks.plausible import Planted
from tests.conftest import in_memory


def month(number: int) -> date:
    return date(2025 + number // 12, number % 12 + 1, 1)


GROUP, GROUP_MISSED, LAZY, TOO_SHORT, UNPAID, GONE, TOO_SMALL = range(7)
PLANTED = [
    *(("group_headcount", GROUP, n) for n in range(6)),
    *(("group_headcount", GROUP_MISSED, n) for n in range(12, 14)),
    *(("lazy_filer", LAZY, n) for n in range(3, 11)),
    *(("lazy_filer", TOO_SHORT, n) for n in range(20, 28)),  # of which four are reported
    *(("lazy_filer", TOO_SMALL, n) for n in range(3, 11)),
    ("staff_without_wages", UNPAID, 4),
    ("zero_headcount", GONE, 9),
]


@pytest.fixture
def night() -> duckdb.DuckDBPyConnection:
    connection = in_memory()
    for schema in ("truth", "monthly", "signals"):
        connection.execute(f"create schema {schema}")
    connection.execute("create table truth.planted (silo varchar, kind varchar, true_id bigint, month date)")
    connection.executemany(
        "insert into truth.planted values ('employment', ?, ?, ?)",
        [(kind, firm, month(n)) for kind, firm, n in PLANTED],
    )
    connection.execute(
        "create table monthly.headcount as select concat('E', firm) as enterprise_id, cast(month as date) as month, "
        "case when firm = 6 then 49 else 60 end as insured_headcount "
        "from range(7) as f (firm), generate_series(date '2025-01-01', date '2026-12-01', interval 1 month) as m (month) "
        "where (firm, month) <> (0, date '2025-03-01')"  # one group month could not be read
    )
    connection.execute(
        "create table signals.plausibility (enterprise_id varchar, signal_code varchar, month date);"
        "create table signals.wage_check (enterprise_id varchar, month date, finding_code varchar, since_month date, is_suspect boolean);"
        "create table signals.flow (enterprise_id varchar, signal_code varchar, month date, flow_code varchar, earlier_value integer);"
        "create table signals.growth (enterprise_id varchar, signal_code varchar, month date, dhs_growth_1m double, "
        "dhs_growth_3m double, dhs_growth_12m double);"
        "create table signals.alert_measure (enterprise_id varchar, measure_code varchar, month date, value_12m_before double)"
    )
    suspect = [(f"E{GROUP}", "headcount", month(n)) for n in (0, 1, 3, 4, 5)]
    suspect += [(f"E{UNPAID}", "headcount", month(4)), (f"E{GONE}", "tax", month(9))]
    connection.executemany("insert into signals.plausibility values (?, ?, ?)", suspect)
    noted = [(f"E{LAZY}", month(n), "same_headcount", month(2)) for n in range(2, 11)]
    noted += [(f"E{GONE}", month(n), "same_headcount", month(1)) for n in range(1, 8)]
    noted += [(f"E{UNPAID}", month(4), "staff_without_wages", month(4))]
    connection.executemany("insert into signals.wage_check values (?, ?, ?, ?, false)", noted)
    return connection


def score(night: duckdb.DuckDBPyConnection) -> dict[str, Planted]:
    return plausible.score(night, "select concat('E', n) as enterprise_id, n as true_id from range(7) as t (n)")


def test_what_is_reported_found_and_right(night: duckdb.DuckDBPyConnection) -> None:
    found = score(night)
    # seven months reported, five found; a suspect headcount that was not planted is listed and not right
    assert found["group_headcount"] == Planted(reported=7, found=5, listed=6, right=5, used=0)
    # by runs: one found, another firm's same number is natural; four reported months are no run, nor are 49 people
    assert found["lazy_filer"] == Planted(reported=1, found=1, listed=2, right=1, used=0)
    assert found["staff_without_wages"] == Planted(reported=1, found=1, listed=1, right=1, used=0)
    assert found["zero_headcount"] == Planted(reported=1, found=0, listed=0, right=0, used=0)
    assert found["headcount_equals_wages"] == Planted()


@pytest.mark.parametrize(
    ("statement", "used"),
    [
        ("insert into signals.flow values ('E0', 'headcount', date '2025-02-01', 'expand', 40)", 2),
        ("insert into signals.flow values ('E0', 'headcount', date '2025-07-01', 'contract', 280)", 1),
        ("insert into signals.flow values ('E0', 'headcount', date '2025-07-01', 'resumed', 280)", 0),
        ("insert into signals.flow values ('E0', 'tax', date '2025-02-01', 'expand', 40)", 0),
        ("insert into signals.growth values ('E0', 'headcount', date '2025-08-01', null, null, null)", 0),
        ("insert into signals.growth values ('E0', 'headcount', date '2025-08-01', null, .1, null)", 1),
        ("insert into signals.growth values ('E0', 'headcount', date '2026-05-01', null, null, .1)", 1),
        ("insert into signals.alert_measure values ('E0', 'headcount', date '2026-01-01', 40)", 1),
        ("insert into signals.alert_measure values ('E0', 'headcount', date '2026-01-01', null)", 0),
    ],
)
def test_what_goes_back_to_a_planted_month(night: duckdb.DuckDBPyConnection, statement: str, used: int) -> None:
    night.execute(statement)
    assert score(night)["group_headcount"].used == used


def test_cities_add_up(night: duckdb.DuckDBPyConnection) -> None:
    one = score(night)
    both = plausible.added_up([one, one])["group_headcount"]
    assert (both.reported, both.found) == (14, 10)
    assert both.recall == one["group_headcount"].recall
    assert any("group_headcount" in line and "0.714" in line for line in plausible.table(one))
