"""Figures that cannot be: each is flagged or its month provisional, with a plain reason, and no assessment rests on it.

A park of ordinary enterprises that neither grow nor shrink, over three years. Then one thing goes wrong with one of them, or
with a whole feed. Whoever is not expanding without the bad figure must not be with it.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pandas as pd
import pytest

from tests.conftest import prepared
from transforms.night import build_all
from transforms.resolution.resolve import resolve

FIRMS = {f"F{number:02d}": f"园区第{number}号精密机械有限公司" for number in range(20)}
AS_OF = "2026-04-20"
DECLINE_OR_GROWTH = ("expanding", "contracting", "leaving", "new", "dormant")

Rows = list[tuple[str, str, float]]


class Books:
    """What the offices deliver: 36 months up to March 2026 of everybody, until a test alters it."""

    def __init__(self) -> None:
        months = [f"{2023 + (n + 3) // 12}-{(n + 3) % 12 + 1:02d}-01" for n in range(36)]
        self.staff: dict[tuple[str, str], int] = {}
        self.tax: dict[tuple[str, str], float] = {}
        self.sales: dict[tuple[str, str], float] = {}
        self.power: dict[tuple[str, str], float] = {}
        self.months = months
        for place, firm in enumerate(FIRMS):
            for number, month in enumerate(months):
                wave = 1 + 0.01 * (number % 3)
                self.staff[firm, month] = 40 + place + number % 2
                self.tax[firm, month] = round((50_000 + 100 * place) * wave, 2)
                self.sales[firm, month] = round(1_000_000 * wave, 2)
                self.power[firm, month] = round(20_000 * wave, 3)

    def build(self, extra: Mapping[str, Rows] | None = None) -> duckdb.DuckDBPyConnection:
        """A warehouse of these books, resolved and built as of 20 April 2026; `extra` are further staged rows."""
        connection = prepared()
        connection.execute(f"insert into ops.night values ('night', timestamp '{AS_OF}', 'park')")
        heard = "timestamp '2026-04-15', 'b', 1"
        self._insert(
            connection,
            f"insert into staged.registration (feed, source_key, enterprise_name, status_code, registered_date, industry_code, "
            f"received_at, batch_id, row_number) select 'register', firm, name, 'active', date '2015-01-01', 'C3411', {heard}",
            [(firm, "", 0) for firm in FIRMS],
        )
        self._insert(
            connection,
            f"insert into staged.employment (feed, source_key, enterprise_name, month, insured_headcount, received_at, batch_id, "
            f"row_number) select 'staff', 's' || firm, name, month::date, value, {heard}",
            [(firm, month, value) for (firm, month), value in self.staff.items()],
        )
        self._insert(
            connection,
            f"insert into staged.tax_filing (feed, source_key, enterprise_name, tax_kind_code, period_start, period_end, "
            f"sales_amount, tax_due_amount, received_at, batch_id, row_number) select 'filing', 't' || firm, name, 'vat', "
            f"month::date, last_day(month::date), value, 1, {heard}",
            [(firm, month, value) for (firm, month), value in self.sales.items()],
        )
        self._insert(
            connection,
            f"insert into staged.tax_payment (feed, source_key, enterprise_name, payment_no, tax_kind_code, period_start, "
            f"period_end, paid_date, paid_amount, received_at, batch_id, row_number) select 'payment', 't' || firm, name, "
            f"firm || month, 'vat', month::date, last_day(month::date), last_day(month::date), value, {heard}",
            [(firm, month, value) for (firm, month), value in self.tax.items()],
        )
        self._insert(
            connection,
            f"insert into staged.utility_use (feed, source_key, enterprise_name, meter_no, utility_code, month, used_quantity, "
            f"received_at, batch_id, row_number) select 'power', 'p' || firm, name, 'm1', 'electricity', month::date, value, {heard}",
            [(firm, month, value) for (firm, month), value in self.power.items()],
        )
        self._insert(
            connection,
            f"insert into staged.lease (feed, source_key, enterprise_name, lease_no, building_code, room, leased_area_m2, start_date, "
            f"received_at, batch_id, row_number) select 'lease', 'l' || firm, name, 'L' || firm, 'A', 'R' || firm, 500, "
            f"date '2016-01-01', {heard}",
            [(firm, "", 0) for firm in FIRMS],
        )
        for sql, rows in (extra or {}).items():
            self._insert(connection, sql, rows)
        resolve(connection)
        build_all(connection)
        return connection

    @staticmethod
    def _insert(connection: duckdb.DuckDBPyConnection, sql: str, rows: Rows) -> None:
        """Run an `insert … select` over (firm, month, value) and the firm's name: all rows at once, for each statement is planned."""
        given = pd.DataFrame(rows, columns=["firm", "month", "value"])
        given["name"] = given["firm"].map(FIRMS)
        connection.register("given", given)
        connection.execute(f"{sql} from given")
        connection.unregister("given")


def classes(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The assessment of every firm of FIRMS."""
    known = {name: firm for firm, name in FIRMS.items()}
    rows = connection.execute("select enterprise_name, assessment_code from snapshots.assessment").fetchall()
    assert len(rows) == len(FIRMS)
    return {known[name]: code for name, code in rows}


def suspects(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str, str]]:
    """(firm, signal, month, tests failed, evidence) of every suspect value."""
    known = {name: firm for firm, name in FIRMS.items()}
    return [
        (known[name], *rest)
        for name, *rest in connection.execute(
            "select e.enterprise_name, p.signal_code, p.month::varchar, p.test_codes, p.evidence from signals.plausibility as p "
            "inner join resolved.enterprise as e on p.enterprise_id = e.enterprise_id order by all"
        ).fetchall()
    ]


@pytest.fixture(scope="module")
def ordinary() -> duckdb.DuckDBPyConnection:
    return Books().build()


@pytest.fixture(scope="module")
def damaged() -> duckdb.DuckDBPyConnection:
    """One thing wrong with each of six enterprises."""
    books = Books()
    books.staff["F01", "2025-06-01"] = 10**9
    books.staff["F02", "2026-03-01"] = 10**9
    books.staff["F03", "2025-09-01"] = -5
    books.staff["F04", "2026-03-01"] = -5
    for month in ("2025-05-01", "2025-08-01", "2026-02-01"):
        books.tax["F05", month] /= 10_000
    books.sales["F06", "2026-01-01"] *= 10_000
    return books.build()


def test_ordinary_figures_are_believed(ordinary: duckdb.DuckDBPyConnection) -> None:
    assert suspects(ordinary) == []
    assert set(classes(ordinary).values()) == {"stable"}
    assert ordinary.execute("select count(*) from monthly.coverage where is_provisional").fetchone() == (0,)


def test_each_figure_that_cannot_be_is_flagged_with_its_reason(damaged: duckdb.DuckDBPyConnection) -> None:
    found = {
        (firm, signal, month): (codes.split("; "), words) for firm, signal, month, codes, words in suspects(damaged)
    }
    expected = {
        ("F01", "headcount", "2025-06-01"): "too_large",
        ("F02", "headcount", "2026-03-01"): "too_large",
        ("F03", "headcount", "2025-09-01"): "negative",
        ("F04", "headcount", "2026-03-01"): "negative",
        ("F05", "tax", "2025-05-01"): "unit_slip",
        ("F05", "tax", "2025-08-01"): "unit_slip",
        ("F05", "tax", "2026-02-01"): "unit_slip",
        ("F06", "sales", "2026-01-01"): "unit_slip",
    }
    assert found.keys() == expected.keys()
    for where, code in expected.items():
        codes, words = found[where]
        assert code in codes, where
        assert words, where


def test_no_class_rests_on_a_figure_that_cannot_be(damaged: duckdb.DuckDBPyConnection) -> None:
    assert set(classes(damaged).values()) == {"stable"}
    for firm, signal in (("F02", "headcount"), ("F05", "tax paid by period"), ("F06", "sales")):
        ((words,),) = damaged.execute(
            "select evidence from snapshots.assessment where enterprise_name = ?", [FIRMS[firm]]
        ).fetchall()
        assert f"left out as suspect: {signal}" in words


def test_no_measure_of_the_year_takes_it_in(
    damaged: duckdb.DuckDBPyConnection, ordinary: duckdb.DuckDBPyConnection
) -> None:
    """Tax trend, tax burden, high growth and per-mu score: each says less, none says something else."""
    for table, columns in (
        ("signals.tax_trend", "tax_kind_code, trend_code"),
        ("signals.tax_burden", "round(tax_burden_pct, 0)"),
        ("signals.high_growth", "signal_code, is_high_growth_eu"),
    ):
        sql = f"select enterprise_name, {columns} from {table} inner join resolved.enterprise using (enterprise_id)"
        found, usual = (set(connection.execute(sql).fetchall()) for connection in (damaged, ordinary))
        assert found <= usual, table
        assert len(found) >= len(usual) - 1, table
    changed = damaged.execute(
        "select count(*) from signals.tax_12m where tax_paid_12m_change_pct not between -5 and 5"
    ).fetchone()
    assert changed == (0,)
    scored = damaged.execute(
        "select e.enterprise_name, s.ranking_code, s.mu_points is not null, s.mu_class_code is not null from snapshots.per_mu_score as s "
        "inner join resolved.enterprise as e on s.enterprise_id = e.enterprise_id where s.year_number = 2025"
    ).fetchall()
    bad = {FIRMS[firm] for firm in ("F01", "F03", "F05")}
    assert {name for name, code, _, _ in scored if code == "not_ranked"} == bad
    assert {(has_points, has_class) for name, _, has_points, has_class in scored if name in bad} == {(False, False)}
    assert {has_class for name, _, _, has_class in scored if name not in bad} == {True}


@pytest.mark.parametrize("table", ["snapshots.park_month", "snapshots.group_month"])
def test_no_total_takes_it_in(
    table: str, damaged: duckdb.DuckDBPyConnection, ordinary: duckdb.DuckDBPyConnection
) -> None:
    sql = f"select max(total_value), max(creation_value), max(destruction_value) from {table} where signal_code = 'headcount'"
    found, usual = damaged.execute(sql).fetchone(), ordinary.execute(sql).fetchone()
    assert found is not None
    assert usual is not None
    assert all(float(one) <= 2 * float(other) for one, other in zip(found, usual, strict=True))


def test_a_month_that_is_sent_again_counts_once() -> None:
    """The same month once more after a correction: one is more, not twice as many."""
    correction = (
        "insert into staged.employment (feed, source_key, enterprise_name, month, insured_headcount, received_at, superseded_at, "
        "batch_id, row_number) select 'staff', 's' || firm, name, month::date, value, timestamp '2026-03-15', timestamp '2026-04-15', "
        "'a', 1"
    )
    books = Books()
    first: Rows = [(firm, "2026-02-01", books.staff[firm, "2026-02-01"] - 1) for firm in FIRMS]
    connection = books.build({correction: first})
    assert suspects(connection) == []
    assert set(classes(connection).values()) == {"stable"}
    staff = sum(books.staff[firm, "2026-02-01"] for firm in FIRMS)
    assert connection.execute(
        "select sum(insured_headcount), count(*) from monthly.headcount where month = date '2026-02-01'"
    ).fetchone() == (staff, len(FIRMS))
    revised = connection.execute(
        "select count(*), min(revision_code) from snapshots.revision where month = date '2026-02-01'"
    ).fetchone()
    assert revised == (len(FIRMS), "corrected")


def test_a_year_without_reports_is_no_start_and_no_growth() -> None:
    books = Books()
    gap = [month for month in books.months if "2024-06-01" <= month <= "2025-05-01"]
    for month in gap:
        for book in (books.staff, books.tax, books.sales, books.power):
            del book["F07", month]
    connection = books.build()
    assert classes(connection)["F07"] not in DECLINE_OR_GROWTH
    enterprise = connection.execute(
        "select enterprise_id from resolved.enterprise where enterprise_name = ?", [FIRMS["F07"]]
    ).fetchall()[0]
    flows = connection.execute(
        "select signal_code, month::varchar, flow_code from signals.flow where enterprise_id = ? and flow_code not in "
        "('expand', 'contract', 'unchanged') order by all",
        enterprise,
    ).fetchall()
    assert {(month, code) for _, month, code in flows} == {("2025-06-01", "resumed")}
    rolled = connection.execute(
        "select months_used, months_used_before, tax_paid_12m_change_pct from signals.tax_12m where enterprise_id = ? "
        "and tax_kind_code = 'total'",
        enterprise,
    ).fetchone()
    assert rolled == (10, 2, None)
    grown = connection.execute(
        "select distinct change_12m_pct from signals.growth where enterprise_id = ? and month = date '2026-03-01' and "
        "signal_code in ('headcount', 'tax', 'sales', 'electricity')",
        enterprise,
    ).fetchall()
    assert grown == [(None,)], "the month a year before has no figure"


@pytest.fixture(scope="module")
def silent() -> duckdb.DuckDBPyConnection:
    """The social insurance bureau sends nothing for January to March."""
    books = Books()
    books.staff = {(firm, month): value for (firm, month), value in books.staff.items() if month < "2026-01-01"}
    return books.build()


def test_a_silent_feed_makes_its_months_provisional(silent: duckdb.DuckDBPyConnection) -> None:
    rows = silent.execute(
        "select month::varchar, report_count, coverage_pct from monthly.coverage where feed = 'staff' and is_provisional order by 1"
    ).fetchall()
    assert [(month, count, float(pct)) for month, count, pct in rows] == [
        ("2026-01-01", 0, 0),
        ("2026-02-01", 0, 0),
        ("2026-03-01", 0, 0),
    ]
    others = silent.execute("select count(*) from monthly.coverage where feed <> 'staff' and is_provisional").fetchone()
    assert others == (0,)


def test_a_silent_feed_is_nobody_s_decline(silent: duckdb.DuckDBPyConnection) -> None:
    assert set(classes(silent).values()) == {"stable"}
    flows = silent.execute(
        "select count(*) from signals.flow where signal_code = 'headcount' and month >= date '2026-01-01'"
    ).fetchone()
    assert flows == (0,)
    for table in ("snapshots.park_month", "snapshots.group_month"):
        destroyed = silent.execute(
            f"select coalesce(sum(destruction_value), 0) from {table} where signal_code = 'headcount' and month >= date '2026-01-01'"
        ).fetchone()
        assert destroyed is not None
        assert destroyed[0] == 0
