"""Scoring of warnings and flows on a case made by hand: what counts as right, caught, early and false."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

import transforms
from benchmarks import warning
from benchmarks.warning import Measured
from tests.conftest import in_memory
from warehouse.models import load_rules

# true_id: from which month it has moved out, or gone for another cause
MOVED = {1: date(2026, 2, 1), 2: None, 3: date(2026, 3, 1), 4: date(2027, 1, 1), 5: None}
GONE = MOVED | {5: date(2026, 4, 1)}
# night (year x 12 + month), enterprise, level; E9 cannot be placed
MAY = 2025 * 12 + 5
ALERTS = [
    (MAY + 6, "E1", "watchful"),  # November 2025: three months before
    (MAY + 7, "E1", "precise"),
    (MAY + 8, "E1", "precise"),
    (MAY + 10, "E1", "precise"),  # March 2026: it is gone already
    (MAY + 3, "E2", "precise"),
    (MAY + 5, "E2", "precise"),  # a night between: another warning
    (MAY + 13, "E4", "precise"),  # June 2026, seven months before
    (MAY + 9, "E5", "precise"),  # closed two months later: it leaves, but has not moved out
    (MAY + 9, "E9", "watchful"),
]


@pytest.fixture
def scored_city() -> duckdb.DuckDBPyConnection:
    connection = in_memory()
    load_rules(connection, Path(transforms.__file__).parent / "rules")
    for schema in ("truth", "output", "signals"):
        connection.execute(f"create schema {schema}")
    connection.execute(
        "create table truth.enterprise (true_id bigint, story varchar, industry_code varchar, moved_out_month date, "
        "gone_month date, renamed_month date, code_changed_month date)"
    )
    for true_id, moved in MOVED.items():
        connection.execute(
            "insert into truth.enterprise values (?, 'steady', 'I6513', ?, ?, ?, null)",
            [true_id, moved, GONE[true_id], date(2026, 5, 1) if true_id == 3 else None],
        )
    connection.execute(
        "create table truth.enterprise_month (true_id bigint, month date, headcount integer, insured_headcount integer, "
        "sales_fen bigint)"
    )
    connection.execute(
        "create table truth.tax_period (true_id bigint, period_end date, due_fen bigint, paid_fen bigint)"
    )
    connection.execute("create table truth.planted (silo varchar, true_id bigint, month date)")
    connection.execute("create table truth.delivery (silo varchar, kind varchar, month date)")
    connection.execute(
        "create table output.alert (night_number integer, enterprise_id varchar, alert_code varchar, level_code varchar, "
        "score decimal(9, 2))"
    )
    connection.executemany("insert into output.alert values (?, ?, 'move_out', ?, 0)", ALERTS)
    connection.execute("create table output.owner (night_number integer, enterprise_id varchar, true_id bigint)")
    connection.execute(
        "insert into output.owner select night, concat('E', firm), firm from "
        f"(select unnest(generate_series({MAY}, {MAY + 18})) as night), (select unnest(generate_series(1, 5)) as firm)"
    )
    return connection


def test_warnings(scored_city: duckdb.DuckDBPyConnection) -> None:
    found = warning.score(scored_city)
    # E1 twice (the second too late), E2 twice, E4, E5: two of six are right; cases: 1 and 3, of which 1 two months before
    assert found["move_out", "precise"] == Measured(6, 2, 7, 3, 2, (2,))
    # E1's run begins a month earlier, and E9 is wrong
    watchful = found["move_out", "watchful"]
    assert watchful == Measured(7, 2, 9, 4, 2, (3,))
    assert watchful.precision == pytest.approx(2 / 7)
    assert watchful.recall == 0.5
    assert watchful.lead_months == 3
    # who closes leaves too: E5 is right, and a third case
    assert found["leaves", "precise"] == Measured(6, 3, 7, 4, 3, (2, 2))


def test_sums_and_medians() -> None:
    total = Measured(2, 1, 3, 1, 4, (1, 5)) + Measured(1, 1, 1, 1, 1, (2,))
    assert total == Measured(3, 2, 4, 2, 5, (1, 5, 2))
    assert total.lead_months == 2
    assert Measured(2, 1, 3, 1, 4, (1, 4)).lead_months == 2.5
    assert Measured(0, 0, 0, 0, 0, ()).precision is None


def test_false_flows(scored_city: duckdb.DuckDBPyConnection) -> None:
    for true_id, before, now in ((1, 5, 7), (2, 5, 5), (3, 5, 5), (4, 0, 4), (5, 4, 4)):
        for month, count in ((date(2026, 8, 1), before), (date(2026, 9, 1), now)):
            scored_city.execute(
                "insert into truth.enterprise_month values (?, ?, ?, ?, 0)", [true_id, month, count, count]
            )
    scored_city.execute("insert into truth.planted values ('employment', 2, date '2026-09-01')")
    scored_city.execute(
        "create table signals.flow (enterprise_id varchar, signal_code varchar, month date, flow_code varchar, "
        "earlier_value decimal(18, 3), value decimal(18, 3))"
    )
    flows = [
        ("E1", "expand"),
        ("E2", "contract"),
        ("E3", "expand"),
        ("E4", "open"),
        ("E5", "close"),
        ("E5", "unchanged"),
    ]
    scored_city.executemany("insert into signals.flow values (?, 'headcount', date '2026-09-01', ?, 1, 1)", flows)
    counts, stories = warning.false_flows(scored_city)
    assert counts["compared"] == 6
    assert counts["flows"] == 5
    # E2 was written wrongly, E3 is renamed, E5 has its people still; E1 grew and E4 began
    assert counts["false"] == 3
    assert (counts["false: planted figure"], counts["false: renamed"], counts["false: close"]) == (1, 1, 1)
    assert stories == {"steady": 3}
