"""Totals of the park, growth and year to date, written a second time in plain Python over figures drawn at random."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest

import transforms
from tests.conftest import empty_warehouse
from warehouse.models import build

TRANSFORMS = Path(transforms.__file__).parent
FIRST, LAST = 2023 * 12 + 1, 2025 * 12 + 12  # months as year x 12 + month
LATE = {"electricity": {2024 * 12 + 7}, "headcount": set(), "tax_received": {LAST}}
Total = dict[int, Decimal]


def date_of(month: int) -> str:
    return f"{(month - 1) // 12}-{(month - 1) % 12 + 1:02d}-01"


def per_cent(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    if now is None or before is None or before <= 0:
        return None
    return ((now - before) * 100 / before).quantize(Decimal("0.01"), ROUND_HALF_UP)


def year_to_date(total: Total, month: int, late: set[int]) -> Decimal | None:
    january = month - (month - 1) % 12
    months = range(january, month + 1)
    if any(one in late for one in months) or not any(one in total for one in months):
        return None
    return sum((total[one] for one in months if one in total), Decimal(0))


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """Electricity of two buildings, staff, and receipts with refunds; a month in 2024 and the last one are provisional."""
    rng = random.Random(5)
    connection = empty_warehouse("2026-01-10")
    connection.execute("delete from monthly.month")
    connection.execute(
        "insert into monthly.month select m, month_number(m), last_day(m), m = date '2025-12-01' from "
        "(select unnest(generate_series(date '2023-01-01', date '2025-12-01', interval 1 month))::date as m)"
    )
    connection.execute(
        "insert into monthly.provisional_month select subject, month, month_number, "
        "subject = 'utility_use' and month = date '2024-07-01' or subject = 'tax_payment' and is_last_month "
        "from monthly.month cross join (values ('utility_use'), ('tax_payment'), ('employment')) as s (subject)"
    )
    connection.execute(
        "insert into monthly.filing_start values ('tax', 1, date '2022-10-01'), ('tax', 3, date '2022-10-01')"
    )
    rows, receipts = [], []
    for firm in range(30):
        for month in range(FIRST + rng.randint(0, 12), LAST + 1 - rng.choice([0, 0, 0, 9])):
            for signal in ("electricity", "headcount"):
                if rng.random() < 0.9:
                    rows.append((f"E{firm:02d}", signal, date_of(month), rng.randint(0, 900)))
            if rng.random() < 0.3:
                receipts.append((f"E{firm:02d}", date_of(month), Decimal(rng.randint(-300_000, 900_000)) / 100))
    connection.executemany(
        "insert into signals.signal (enterprise_id, signal_code, month, month_number, period_months, value, is_provisional) "
        "select ?, ?, m, month_number(m), 1, ?, false from (select ?::date as m)",
        [(firm, signal, value, month) for firm, signal, month, value in rows],
    )
    connection.executemany(
        "insert into monthly.tax_receipt (enterprise_id, tax_kind_code, month, received_amount) values (?, 'vat', ?, ?)",
        receipts,
    )
    connection.executemany(
        "insert into monthly.main_building (enterprise_id, building_code, from_month, until_month) values (?, ?, date '2023-01-01', ?), "
        "(?, ?, ?, date '2025-12-01')",
        [
            (f"E{firm:02d}", "AB"[firm % 2], date_of(last), f"E{firm:02d}", "AB"[firm % 3 // 2], date_of(last + 1))
            for firm in range(27)
            for last in [rng.randint(FIRST, LAST - 1)]
        ],
    )
    build(connection, TRANSFORMS / "4_signals", ["part_total"])
    return connection


def test_growth_and_year_to_date_follow_from_the_totals(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        "select part_kind || part_code, signal_code, month_number(month), total_value, is_provisional, change_1m_pct, "
        "change_12m_pct, year_to_date_value, year_to_date_value_before, year_to_date_change_pct from signals.part_total "
        "where signal_code <> 'tax_received_vat'"
    ).fetchall()
    totals: dict[tuple[str, str], Total] = defaultdict(dict)
    for part, signal, month, value, *_ in found:
        totals[part, signal][month] = value
    assert len(totals) > 10
    grown = 0
    for part, signal, month, value, is_provisional, step, change, so_far, so_far_before, so_far_change in found:
        total, late = totals[part, signal], LATE[signal]
        where = (part, signal, month)
        assert is_provisional == (signal == "tax_received" and month in late), where
        assert step == (None if {month, month - 1} & late else per_cent(value, total.get(month - 1))), where
        assert change == (None if {month, month - 12} & late else per_cent(value, total.get(month - 12))), where
        now, before = (year_to_date(total, one, late) for one in (month, month - 12))
        if signal == "headcount":
            now = before = None
        assert (so_far, so_far_before, so_far_change) == (now, before, per_cent(now, before)), where
        grown += so_far_change is not None
    assert grown > 100


def test_receipts_of_groups_add_up_to_the_park_also_over_the_year(connection: duckdb.DuckDBPyConnection) -> None:
    wrong = connection.execute(
        "with kind as (select part_kind, month, signal_code, sum(total_value) as total, sum(enterprise_count) as firms, "
        "sum(year_to_date_value) as so_far, sum(year_to_date_value_before) as so_far_before from signals.part_total "
        "where signal_code like 'tax_received%' group by all) "
        "select * from kind join kind as park on park.part_kind = 'park' and kind.month = park.month "
        "and kind.signal_code = park.signal_code where (kind.total, kind.firms, kind.so_far, kind.so_far_before) "
        "is distinct from (park.total, park.firms, park.so_far, park.so_far_before)"
    ).fetchall()
    assert wrong == []
    counts = connection.execute(
        "select part_kind, sum(total_value) from signals.part_total where signal_code = 'tax_received' group by all"
    ).fetchall()
    received = connection.execute("select sum(received_amount) from monthly.tax_receipt").fetchall()
    assert {total for _, total in counts} == {received[0][0]}
    assert len(counts) == 4
