"""Running totals and readings become figures of their own periods: worked by hand, by a model in plain Python, and delivered."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from connectors.feed import read_feed
from tests.conftest import Park, day, prepared
from warehouse import parts
from warehouse.errors import DeclarationError
from warehouse.kinds import figure_columns, kind_by_name, series
from warehouse.models import load_rules
from warehouse.settings import CHECKOUT
from warehouse.subjects import subjects

EARLY, LATE = datetime(2026, 1, 1), datetime(2027, 6, 1)


@pytest.fixture(scope="module")
def shared() -> Iterator[duckdb.DuckDBPyConnection]:
    with prepared() as connection:
        yield connection


@pytest.fixture
def warehouse(shared: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    clear(shared)
    return shared


def clear(connection: duckdb.DuckDBPyConnection, night: datetime = LATE) -> None:
    for table in ("utility_use", "tax_filing", "tax_payment", "access_count"):
        connection.execute(f"delete from staged.{table}")
    connection.execute("delete from ops.figure_kind")
    connection.execute("delete from ops.night")
    connection.execute("insert into ops.night values ('night', ?, 'park')", [night])


def kind(
    connection: duckdb.DuckDBPyConnection, subject: str, column: str, code: str, digits: int | None = None
) -> None:
    connection.execute("insert into ops.figure_kind values ('f', ?, ?, ?, ?)", [subject, column, code, digits])


def put(connection: duckdb.DuckDBPyConnection, subject: str, **row: object) -> None:
    row = {"feed": "f", "source_key": "T", "received_at": EARLY} | row
    values = ", ".join(f"? as {name}" for name in row)
    connection.execute(f"insert into staged.{subject} by name select {values}", list(row.values()))


def meter(connection: duckdb.DuckDBPyConnection, *readings: tuple[str, float], no: str = "M1", **given: object) -> None:
    for month, value in readings:
        row = {"meter_no": no, "utility_code": "water", "month": f"{month}-01", "used_quantity": value}
        put(connection, "utility_use", **row | given)


def filing(connection: duckdb.DuckDBPyConnection, start: str, end: str, sales: object, **given: object) -> None:
    row = {"tax_kind_code": "cit", "period_start": start, "period_end": end, "sales_amount": sales}
    put(connection, "tax_filing", **row | given)


def used(connection: duckdb.DuckDBPyConnection) -> dict[str, float | None]:
    rows = connection.execute(
        "select concat(meter_no, ' ', strftime(month, '%Y-%m')), used_quantity::double from known.utility_use order by all"
    ).fetchall()
    return {name.removeprefix("M1 "): value for name, value in rows}


def sold(connection: duckdb.DuckDBPyConnection, *more: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(("sales_amount::double", *more))
    return connection.execute(
        f"select period_start::varchar, period_end::varchar, {columns} from known.tax_filing order by all"
    ).fetchall()


def reasons(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select strftime(month, '%Y-%m'), column_name, reason_code, figure_months from known.differenced_figure "
        "where reason_code is not null order by all"
    ).fetchall()


# --- worked by hand -------------------------------------------------------------------------------------------------


def test_undeclared_figures_are_as_delivered(warehouse: duckdb.DuckDBPyConnection) -> None:
    meter(warehouse, ("2026-01", 100), ("2026-02", 130))
    kind(warehouse, "utility_use", "used_quantity", "reading")
    meter(warehouse, ("2026-01", 7), ("2026-02", 8), feed="other", no="M9")
    assert used(warehouse) == {"2026-01": None, "2026-02": 30, "M9 2026-01": 7, "M9 2026-02": 8}


def test_readings(warehouse: duckdb.DuckDBPyConnection) -> None:
    kind(warehouse, "utility_use", "used_quantity", "reading")
    # a year begins, nothing used, a month missing, a fall; then an exchanged meter beside its final reading
    months = [("2025-11", 100), ("2025-12", 130), ("2026-01", 170), ("2026-02", 170), ("2026-04", 200), ("2026-05", 90)]
    meter(warehouse, *months, ("2026-06", 95))
    meter(warehouse, ("2026-06", 0), ("2026-07", 12), no="M2")
    assert used(warehouse) == {
        "2025-11": None,
        "2025-12": 30,
        "2026-01": 40,
        "2026-02": 0,
        "2026-04": None,
        "2026-05": None,
        "2026-06": 5,
        "M2 2026-06": None,
        "M2 2026-07": 12,
    }
    assert reasons(warehouse) == [
        ("2025-11", "used_quantity", "nothing_before", None),
        ("2026-04", "used_quantity", "gap", 2),
        ("2026-05", "used_quantity", "fall", 1),
        ("2026-06", "used_quantity", "nothing_before", None),
    ]


def test_readings_of_a_meter_with_a_multiplier(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Its transformers give it a fortieth of the current: 5 on its dial are 200 kWh."""
    kind(warehouse, "utility_use", "used_quantity", "reading", 4)
    for month, reading, factor in (
        ("2026-01", 9_980, 40),
        ("2026-02", 9_985, 40),
        ("2026-03", 5, 40),  # it turned over
        ("2026-04", 15, 60),  # other transformers since some day in April
        ("2026-05", 17.5, 60),
        ("2026-06", 18.5, None),  # no multiplier is one of 1, and another than before
        ("2026-07", 20, 1),
        ("2026-08", 21, -1),
    ):
        meter(warehouse, (month, reading), meter_factor=factor)
    assert used(warehouse) == {
        "2026-01": None,
        "2026-02": 200,
        "2026-03": 800,
        "2026-04": None,
        "2026-05": 150,
        "2026-06": None,
        "2026-07": 1.5,
        "2026-08": None,
    }
    assert [(month, reason) for month, _, reason, _ in reasons(warehouse)] == [
        ("2026-01", "nothing_before"),
        ("2026-04", "factor"),
        ("2026-06", "factor"),
        ("2026-08", "factor"),
    ]


def test_a_multiplier_beyond_all_figures_is_none(warehouse: duckdb.DuckDBPyConnection) -> None:
    kind(warehouse, "utility_use", "used_quantity", "reading")
    meter(warehouse, ("2026-01", 0), ("2026-02", 10**13), meter_factor=999_999)
    assert used(warehouse) == {"2026-01": None, "2026-02": None}


def test_a_use_that_is_given_is_not_multiplied(warehouse: duckdb.DuckDBPyConnection) -> None:
    kind(warehouse, "utility_use", "used_quantity", "flow")
    meter(warehouse, ("2026-01", 200), ("2026-02", 210), meter_factor=40)
    assert used(warehouse) == {"2026-01": 200, "2026-02": 210}


@pytest.mark.parametrize(
    ("digits", "before", "now", "use"),
    [
        (5, 99_990, 15, 25),
        (5, 99_990.5, 0.5, 10),
        (None, 99_990, 15, None),
        (5, 50_000, 49_000, None),  # exchanged, or a slip: it did not pass 50,000 more
        (5, 99_990, 20_000, None),
        (4, 99_990, 15, None),  # it has more digits than that
        (5, 15, 99_990, 99_975),
    ],
)
def test_a_meter_that_turns_over(
    warehouse: duckdb.DuckDBPyConnection, digits: int | None, before: float, now: float, use: float | None
) -> None:
    kind(warehouse, "utility_use", "used_quantity", "reading", digits)
    meter(warehouse, ("2026-01", before), ("2026-02", now))
    assert used(warehouse)["2026-02"] == use


def test_counts_to_date(warehouse: duckdb.DuckDBPyConnection) -> None:
    kind(warehouse, "access_count", "people_entry_count", "year_to_date")
    kind(warehouse, "access_count", "vehicle_entry_count", "flow")
    for month, people in (
        ("2025-12", 900),
        ("2026-01", 50),
        ("2026-02", 80),
        ("2026-04", 200),
        ("2026-05", 190),
        ("2026-06", 250),
    ):
        put(warehouse, "access_count", month=f"{month}-01", people_entry_count=people, vehicle_entry_count=7)
    assert warehouse.execute(
        "select strftime(month, '%m'), people_entry_count, vehicle_entry_count from known.access_count order by month"
    ).fetchall() == [("12", None, 7), ("01", 50, 7), ("02", 30, 7), ("04", None, 7), ("05", None, 7), ("06", 60, 7)]
    assert [row[::2] for row in reasons(warehouse)] == [("2025-12", "gap"), ("2026-04", "gap"), ("2026-05", "fall")]


def test_returns_to_date_take_the_period_of_the_difference(warehouse: duckdb.DuckDBPyConnection) -> None:
    kind(warehouse, "tax_filing", "sales_amount", "year_to_date")
    quarters = [
        ("2025-12-31", 900),
        ("2026-03-31", 300),
        ("2026-06-30", 600),
        ("2026-12-31", 1500),
        ("2027-03-31", 200),
    ]
    for end, sales in quarters:
        filing(warehouse, f"{end[:4]}-01-01", end, sales)
    # sales of a month beside another kind of tax, which states none
    filing(warehouse, "2026-07-01", "2026-07-31", None, tax_kind_code="vat")
    expected = [
        ("2025-01-01", "2025-12-31", 900),
        ("2026-01-01", "2026-03-31", 300),
        ("2026-04-01", "2026-06-30", 300),
        ("2026-07-01", "2026-07-31", None),
        ("2026-07-01", "2026-12-31", 900),
        ("2027-01-01", "2027-03-31", 200),
    ]
    assert sold(warehouse) == expected
    # stated by month, the same
    warehouse.execute("delete from staged.tax_filing")
    for month, sales in ((1, 10), (2, 25), (5, 60)):
        filing(warehouse, f"2026-0{month}-01", f"2026-0{month}-28", sales)
    assert sold(warehouse) == [
        ("2026-01-01", "2026-01-28", 10),
        ("2026-01-29", "2026-02-28", 15),
        ("2026-03-01", "2026-05-28", 35),
    ]
    assert reasons(warehouse) == []


def test_a_reading_that_fell_and_came_back_was_misread(warehouse: duckdb.DuckDBPyConnection) -> None:
    """1000, 0, 1200: a meter that is read as 0 once has not used 1200 since."""
    kind(warehouse, "utility_use", "used_quantity", "reading")
    meter(warehouse, ("2026-01", 1000), ("2026-02", 0), ("2026-03", 1200), ("2026-04", 1310))
    assert used(warehouse) == {"2026-01": None, "2026-02": None, "2026-03": None, "2026-04": 110}
    assert [row[2] for row in reasons(warehouse)] == ["nothing_before", "fall", "fall"]
    # a count from 1 January likewise, and not where a year began between
    clear(warehouse)
    kind(warehouse, "utility_use", "used_quantity", "year_to_date")
    meter(warehouse, ("2026-11", 80), ("2026-12", 90), ("2027-01", 100), ("2027-02", 0), ("2027-03", 300))
    assert list(used(warehouse).values())[1:] == [10, 100, None, None]
    meter(warehouse, ("2027-12", 500), ("2028-01", 20), ("2028-02", 600))
    assert list(used(warehouse).values())[-2:] == [20, 580]
    # a small fall corrects an estimate
    clear(warehouse)
    kind(warehouse, "utility_use", "used_quantity", "reading")
    meter(warehouse, ("2026-01", 1000), ("2026-02", 980), ("2026-03", 1200))
    assert used(warehouse)["2026-03"] == 220


def test_a_multiplier_that_is_left_out_is_not_one(warehouse: duckdb.DuckDBPyConnection) -> None:
    kind(warehouse, "utility_use", "used_quantity", "reading")
    meter(warehouse, ("2026-01", 10), ("2026-02", 12), meter_factor=30)
    meter(warehouse, ("2026-03", 15), ("2026-04", 20))
    assert used(warehouse) == {"2026-01": None, "2026-02": 60, "2026-03": None, "2026-04": None}
    assert [row[2] for row in reasons(warehouse)] == ["nothing_before", "factor", "factor"]


def test_an_amount_to_date_may_fall(warehouse: duckdb.DuckDBPyConnection) -> None:
    kind(warehouse, "tax_filing", "sales_amount", "year_to_date")
    filing(warehouse, "2026-01-01", "2026-03-31", 300)
    filing(warehouse, "2026-01-01", "2026-06-30", 280)
    assert [row[2] for row in sold(warehouse)] == [300, -20]
    assert warehouse.execute(
        "select difference::double, reason_code from known.differenced_figure order by month"
    ).fetchall() == [(300, None), (-20, None)]


def test_a_figure_of_the_period_beside_one_to_date(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Prepayments of income tax: sales from 1 January on, the tax still due for the quarter; the third one is missing."""
    kind(warehouse, "tax_filing", "sales_amount", "year_to_date")
    kind(warehouse, "tax_filing", "tax_due_amount", "flow")
    for end, sales, due in (("2026-03-31", 300, 3), ("2026-06-30", 600, 4), ("2026-12-31", 1200, 5)):
        filing(warehouse, "2026-01-01", end, sales, tax_due_amount=due)
    assert sold(warehouse, "tax_due_amount::double") == [
        ("2026-01-01", "2026-03-31", 300, 3),
        ("2026-04-01", "2026-06-30", 300, 4),
        ("2026-07-01", "2026-12-31", 600, None),
    ]
    assert reasons(warehouse) == [("2026-12", "tax_due_amount", "gap", 6)]
    # by month, after a gap: the tax is the month's, and the sales are of more than the month
    warehouse.execute("delete from staged.tax_filing")
    for month, sales in ((1, 10), (3, 60)):
        filing(warehouse, f"2026-0{month}-01", f"2026-0{month}-31", sales, tax_due_amount=1)
    assert sold(warehouse, "tax_due_amount::double") == [
        ("2026-01-01", "2026-01-31", 10, 1),
        ("2026-03-01", "2026-03-31", None, 1),
    ]


def test_two_reports_of_one_time_are_none(warehouse: duckdb.DuckDBPyConnection) -> None:
    kind(warehouse, "tax_filing", "sales_amount", "year_to_date")
    filing(warehouse, "2026-01-01", "2026-03-31", 300)
    filing(warehouse, "2026-01-01", "2026-06-30", 600)
    filing(warehouse, "2026-04-01", "2026-06-30", 650)
    filing(warehouse, "2026-01-01", "2026-09-30", 900)
    assert sold(warehouse) == [
        ("2026-01-01", "2026-03-31", 300),
        ("2026-01-01", "2026-06-30", None),
        ("2026-04-01", "2026-06-30", None),
        ("2026-04-01", "2026-09-30", 600),
    ]


def test_payments_to_date_are_of_one_month_or_of_none(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A payment counts in the month of its day as well: an amount of several months is of no one month."""
    kind(warehouse, "tax_payment", "paid_amount", "year_to_date")
    months = ((1, 31, 100), (2, 28, 130), (4, 30, 200), (5, 31, 250))
    for month, last, paid in months:
        start, end = f"2026-0{month}-01", f"2026-0{month}-{last}"
        row = {"payment_no": f"P{month}", "tax_kind_code": "vat", "paid_date": end, "paid_amount": paid}
        put(warehouse, "tax_payment", period_start=start, period_end=end, **row)
    assert warehouse.execute(
        "select payment_no, period_start::varchar, paid_amount::double from known.tax_payment order by 1"
    ).fetchall() == [
        ("P1", "2026-01-01", 100),
        ("P2", "2026-02-01", 30),
        ("P4", "2026-04-01", None),
        ("P5", "2026-05-01", 50),
    ]


def test_a_night_differences_what_it_knew(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A restatement of one month moves the next one's figure from the night on that knows it; so does a withdrawal."""
    kind(warehouse, "utility_use", "used_quantity", "reading")
    known = {"2026-01": 10, "2026-02": 30, "2026-03": 60}
    meter(warehouse, *known.items())
    first, second = datetime(2026, 4, 1), datetime(2026, 5, 1)
    warehouse.execute("update staged.utility_use set superseded_at = ? where month = '2026-02-01'", [first])
    meter(warehouse, ("2026-02", 25), received_at=first, superseded_at=second)
    for night, expected in (
        (datetime(2026, 3, 31), {"2026-01": None, "2026-02": 20, "2026-03": 30}),
        (datetime(2026, 4, 2), {"2026-01": None, "2026-02": 15, "2026-03": 35}),
        (datetime(2026, 5, 2), {"2026-01": None, "2026-03": None}),
    ):
        warehouse.execute("update ops.night set as_of = ?", [night])
        assert used(warehouse) == expected


def test_figures_of_a_series_are_of_one_record() -> None:
    """What a changed row can change is of its own source_key, and so of enterprises that a night remakes."""
    for subject in subjects().values():
        if figure_columns(subject) and subject.is_matched:
            assert "source_key" in series(subject)
            assert not {"month", "period_start", "period_end", "paid_date"} & set(series(subject))
    assert "insured_headcount" not in [column.name for column in figure_columns(subjects()["employment"])]


# --- any order of deliveries ----------------------------------------------------------------------------------------

MONTHS = [date(2025 + m // 12, m % 12 + 1, 1) for m in range(20)]
# of each month: its flow, and the moments at which it was stated (day, error of the statement), in order; then withdrawn
stated = st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 5)), max_size=3, unique_by=lambda said: said[0])
histories = st.lists(st.tuples(st.integers(0, 400), stated, st.booleans()), min_size=len(MONTHS), max_size=len(MONTHS))


@given(per_key=st.lists(histories, min_size=1, max_size=3), night=st.integers(0, 10), is_reading=st.booleans())
@examples(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_known_of_consecutive_months_is_the_truth(
    shared: duckdb.DuckDBPyConnection,
    per_key: Sequence[Sequence[tuple[int, list[tuple[int, int]], bool]]],
    night: int,
    is_reading: bool,
) -> None:
    clear(shared, EARLY + timedelta(days=night))
    kind(shared, "utility_use", "used_quantity", "reading" if is_reading else "year_to_date")
    rows: list[tuple[object, ...]] = []
    expected: dict[tuple[str, date], Decimal | None] = {}
    for number, history in enumerate(per_key):
        running, known = 1000, {}
        for month, (flow, said, is_withdrawn) in zip(MONTHS, history, strict=True):
            running = flow if month.month == 1 and not is_reading else running + flow
            # the last statement is right; those before were off by some units
            times = sorted(said)
            for place, (moment, error) in enumerate(times):
                is_last = place == len(times) - 1
                value = running + (0 if is_last else error)
                until = 10 if is_last and is_withdrawn else None if is_last else times[place + 1][0]
                ended = None if until is None else EARLY + timedelta(days=until)
                rows.append((f"K{number}", month, value, EARLY + timedelta(days=moment), ended))
                if moment <= night and (until is None or until > night):
                    known[month] = value
        for month, value in known.items():
            # by calendar alone, unlike the view, which goes by the report before
            last = date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)
            base = 0 if month.month == 1 and not is_reading else known.get(last)
            is_fall = base is not None and value < base
            expected[f"K{number}", month] = None if base is None or is_fall else Decimal(value - base)
    shared.execute(
        "create or replace temp table said (source_key text, month date, value bigint, received_at timestamp, ended_at timestamp)"
    )
    if rows:
        shared.executemany("insert into said values (?, ?, ?, ?, ?)", rows)
    shared.execute(
        "insert into staged.utility_use by name select source_key, 'M' as meter_no, 'water' as utility_code, month, "
        "value as used_quantity, 'f' as feed, received_at, ended_at as superseded_at from said"
    )
    found = shared.execute("select source_key, month, used_quantity from known.utility_use").fetchall()
    assert {(key, month): value for key, month, value in found} == expected
    if is_reading:
        return
    totals = dict(
        shared.execute(
            "select (source_key, year(month))::varchar, (sum(used_quantity), arg_max(delivered_value, month)) "
            "from known.utility_use join known.differenced_figure using (source_key, month) "
            "group by all having count(*) = count(used_quantity)"
        ).fetchall()
    )
    assert all(total == last for total, last in totals.values()), (
        "the months of a year add up to its last figure to date"
    )


# --- delivered ------------------------------------------------------------------------------------------------------

METERS = """
feed: meters
subject: utility_use
title: {en: Meters, zh: 抄表}
office: Property company
owner: data-engineering
description: One row is one meter's reading at the end of a month.
schedule: "0 1 * * *"
source: {protocol: file_drop, connection: none, folder: meters, pattern: "*", settle_seconds: 0}
replaces: nothing
columns: {户号: source_key, 表号: meter_no, 月份: month, 本期示数: used_quantity}
figures: {used_quantity: {kind: reading, digits: 5}}
allow: {rejected_pct: 10, stale_days: 400}
"""
METERS_SQL = """
select row_number, 户号 as source_key, 表号 as meter_no, 'electricity' as utility_code, to_month(月份) as month,
    to_quantity(本期示数) as used_quantity
from delivery
"""
CIT = """
feed: cit
subject: tax_filing
title: {en: Income tax, zh: 企业所得税预缴}
office: Tax bureau
owner: data-engineering
description: One row is one prepayment return, from 1 January on.
schedule: "0 1 * * *"
source: {protocol: file_drop, connection: none, folder: cit, pattern: "*", settle_seconds: 0}
replaces: nothing
columns: {税号: source_key, 起: period_start, 止: period_end, 营业收入本年累计: sales_amount, 应纳税额本年累计: tax_due_amount}
figures: {sales_amount: year_to_date, tax_due_amount: year_to_date}
allow: {rejected_pct: 10, stale_days: 400}
"""
CIT_SQL = """
select row_number, 税号 as source_key, 'cit' as tax_kind_code, to_date(起) as period_start, to_date(止) as period_end,
    to_amount(营业收入本年累计) as sales_amount, to_amount(应纳税额本年累计) as tax_due_amount
from delivery
"""


def test_a_feed_of_readings(park: Park) -> None:
    """The months come out of order, one is corrected, and the meter turns over; each night shows what it knew."""
    park.declare("meters", METERS, METERS_SQL)
    header = "户号,表号,月份,本期示数\n"
    for number, rows in enumerate(
        (
            "K1,A1,2025-10,99800\nK1,A1,2025-11,99900\n",
            "K1,A1,2026-01,50\n",
            "K1,A1,2025-12,99990\n",
            "K1,A1,2025-11,99950\n",
        ),
        1,
    ):
        park.drop("meters", f"{number}.csv", header + rows, day(number - 0.1))
        park.sync("meters", day(number))
    shown = {}
    for number in (1, 2, 3, 4):
        park.begin(day(number + 0.5), ("staff", "leases", "payments"))
        shown[number] = park.ask("select used_quantity::int from known.utility_use order by month")
    assert shown == {
        1: [(None,), (100,)],
        2: [(None,), (100,), (None,)],
        3: [(None,), (100,), (90,), (60,)],
        4: [(None,), (150,), (40,), (60,)],
    }
    assert park.ask("select used_quantity::int from staged.utility_use where superseded_at is null order by month") == [
        (99800,),
        (99950,),
        (99990,),
        (50,),
    ], "staged rows keep what was delivered"
    assert park.ask("select count(*) from staged.figure") == [(0,)], "a reading has no history as a month's figure"
    # taken back, the declaration holds from the next night on
    park.change("meters", "figures: {used_quantity: {kind: reading, digits: 5}}", "figures: {used_quantity: flow}")
    park.begin(day(6), ("staff", "leases", "payments"))
    assert park.ask("select used_quantity::int from known.utility_use where month = '2026-01-01'") == [(50,)]


def test_a_reading_that_no_meter_of_its_digits_shows_costs_its_row(park: Park) -> None:
    park.declare("meters", METERS.replace("rejected_pct: 10", "rejected_pct: 60"), METERS_SQL)
    rows = "K1,A1,2025-10,99999.5\nK1,A2,2025-10,0\nK1,A3,2025-10,100000\nK1,A4,2025-10,-1\n"
    park.drop("meters", "1.csv", "户号,表号,月份,本期示数\n" + rows, day(0.9))
    park.sync("meters", day(1))
    said = "used_quantity is negative or has more digits than its meter (figures): "
    assert park.rejected("meters") == [(4, said + "100000.000"), (5, said + "-1.000")]


def test_a_feed_of_returns_to_date(park: Park) -> None:
    park.declare("cit", CIT, CIT_SQL)
    header = "税号,起,止,营业收入本年累计,应纳税额本年累计\n"
    park.drop("cit", "1.csv", header + "T1,2025-01-01,2025-03-31,300,3\nT1,2025-01-01,2025-06-30,600,6\n", day(0.9))
    park.sync("cit", day(1))
    park.drop("cit", "2.csv", header + "T1,2025-01-01,2025-03-31,350,3\n", day(1.9))
    park.sync("cit", day(2))
    park.begin(day(3), ("staff", "leases", "payments"))
    ask = "select period_start::text, period_end::text, sales_amount::int, tax_due_amount::int from known.tax_filing order by 2"
    assert park.ask(ask) == [("2025-01-01", "2025-03-31", 350, 3), ("2025-04-01", "2025-06-30", 250, 3)]


def test_a_changed_declaration_is_noticed(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Nothing new was delivered, and every figure of the feed is another: the next night is made whole."""
    layers = CHECKOUT / "transforms"
    for table in ("link", "enterprise"):
        warehouse.execute("create schema if not exists resolved")
        warehouse.execute(
            f"create or replace table resolved.{table} (enterprise_id varchar, feed varchar, source_key varchar)"
        )
    load_rules(warehouse, layers / "rules")
    parts.finish(warehouse, layers)
    assert parts.begin(warehouse, layers) == 0
    kind(warehouse, "utility_use", "used_quantity", "reading")
    assert parts.begin(warehouse, layers) is None


@pytest.mark.parametrize(
    ("feed", "figures", "fact"),
    [
        (
            "meters",
            "used_quantity: running",
            "figures.used_quantity is 'running'. Next: use one of flow, year_to_date, reading",
        ),
        ("meters", "used_quantity: {kind: year_to_date, digits: 5}", "figures.used_quantity has digits 5"),
        ("meters", "used_quantity: {kind: reading, digits: 五}", "figures.used_quantity has digits '五'"),
        ("meters", "used_quantity: {kind: reading, factor: 40}", "unknown key 'factor' in figures.used_quantity"),
        (
            "meters",
            "meter_no: reading",
            "figures names 'meter_no', which utility_use does not measure. Next: use used_quantity",
        ),
        ("cit", "sales_amount: year_to_date", "figures does not say what tax_due_amount is. Next: add tax_due_amount"),
        (
            "cit",
            "sales_amount: year_to_date, tax_due_amount: reading",
            "figures has two kinds that give a row two periods",
        ),
        (
            "staff",
            "insured_headcount: reading",
            "figures names 'insured_headcount', which states what there is at one time",
        ),
    ],
)
def test_a_wrong_declaration_is_said(park: Park, feed: str, figures: str, fact: str) -> None:
    park.declare("meters", METERS, METERS_SQL)
    park.declare("cit", CIT, CIT_SQL)
    path = park.feed_folder / feed / "feed.yml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("figures:")]
    path.write_text("\n".join([*lines, f"figures: {{{figures}}}\n"]), encoding="utf-8")
    with pytest.raises(DeclarationError) as wrong:
        read_feed(path.parent)
    assert fact in str(wrong.value)


CASE = (
    Path(os.environ.get("PARKBRIDGE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
    / "field_cases"
    / "27-year-to-date-filings"
)


@pytest.mark.skipif(not CASE.is_dir(), reason="needs ../shared/data/field_cases")
def test_the_returns_of_the_field_case(park: Park) -> None:
    """Every firm sells the same each quarter. Undeclared, the feed is refused; where no header says 累计, the night stops and
    names the key; declared, each quarter is right."""
    shutil.copytree(CASE / "feed" / "cum", park.feed_folder / "cum")
    park.change("cum", "connection: lab", "connection: lab, folder: cum")
    with pytest.raises(DeclarationError, match=r"营业收入本年累计.*figures does not say"):
        park.sync("cum", day(300))
    for path in (park.feed_folder / "cum").iterdir():
        path.write_text(path.read_text(encoding="utf-8").replace("本年累计", ""), encoding="utf-8")
    for file in (CASE / "drops" / "1").iterdir():
        park.drop("cum", file.name, file.read_text(encoding="utf-8").replace("本年累计", ""), day(299.9))
    park.sync("cum", day(300))
    park.begin(day(301), ("staff", "leases", "payments"))
    rule = CHECKOUT / "expectations" / "rules" / "figures_are_no_running_totals.sql"
    assert "figures, with year_to_date or reading" in rule.read_text(encoding="utf-8")
    undeclared = park.ask(rule.read_text(encoding="utf-8"))
    assert {row[:3] for row in undeclared} >= {
        ("cum", "sales_cit", "overlapping periods"),
        ("cum", "tax_due_cit", "overlapping periods"),
    }
    park.change(
        "cum",
        "replaces: nothing",
        "replaces: nothing\nfigures: {sales_amount: year_to_date, tax_due_amount: year_to_date}",
    )
    park.begin(day(302), ("staff", "leases", "payments"))
    assert park.ask(rule.read_text(encoding="utf-8")) == []
    found = park.ask(
        "select source_key, count(*), min(sales_amount), max(sales_amount), min(tax_due_amount), max(tax_due_amount), "
        "max(month_number(period_end) - month_number(period_start)) from known.tax_filing group by all"
    )
    assert len(found) == 3
    for _, quarters, least, most, least_due, most_due, months in found:
        assert (quarters, least, least_due, months) == (11, most, most_due, 2)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        *(
            (name, "reading")
            for name in ("本次抄表数", "表显", "止数", "本月示值", "现抄数", "本期指数", "抄见数", "表码")
        ),
        *(
            (name, "year_to_date")
            for name in ("截至9月末销售额", "截止9月收入", "销售额年累", "当年销售额", "本年应纳税额")
        ),
        *((name, "flow") for name in ("抄见水量", "用量", "本月累计", "止付金额", "表彰金额")),
    ],
)
def test_what_a_header_says_of_its_figures(header: str, kind: str) -> None:
    assert kind_by_name(header) == kind
