"""What stage.sql reads with: every macro on texts worked out by hand. None means: cannot be read, the row is quarantined."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from tests.conftest import prepared

WIDE = "　"  # ideographic space
NO_BREAK = "\u00a0"


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = prepared()
    yield connection
    connection.close()


def read(warehouse: duckdb.DuckDBPyConnection, call: str, text: str | None) -> object:
    found = warehouse.execute(f"select {call}", {"t": text}).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("1234.5", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1,234,567", "1234567.00"),
        ("-1,000", "-1000.00"),
        ("０", "0.00"),
        ("１２，３４５．６７", "12345.67"),
        ("－１２", "-12.00"),
        (f"{WIDE}12.00 ", "12.00"),
        (f"1{NO_BREAK}234", "1234.00"),
        ("1 234", "1234.00"),
        ("(12.00)", "-12.00"),
        ("（1,200.5）", "-1200.50"),
        ("￥1,000.00元", "1000.00"),
        ("¥88", "88.00"),
        ("3.5万", "35000.00"),
        ("-3.5万元", "-35000.00"),
        ("1,234万元", "12340000.00"),
        ("３．５万", "35000.00"),
        ("0.0001万", "1.00"),
        ("1e3", "1000.00"),
        ("9999999999999999.99", "9999999999999999.99"),
        # of doubles added up: large ones end in more dust than small ones
        ("0.30000000000000004", "0.30"),
        ("123456789012.22998", "123456789012.23"),
        # not to be read: no number, two signs, a comma that is no thousands mark, more than the column holds
        ("", None),
        ("abc", None),
        ("--5", None),
        ("5-", Decimal("-5.00")),
        ("12.3.4", None),
        ("1.234,50", None),
        ("12,34", None),
        ("1,2345", None),
        ("1,234,56", None),
        ("(3.5万)", Decimal("-35000.00")),
        ("3万5千", None),
        ("12%", None),
        ("99999999999999999", None),
        ("9.13E+17", None),
        ("99999999999999万", None),
        ("999999999999999999999万", None),
        (None, None),
    ],
)
def test_amount(warehouse: duckdb.DuckDBPyConnection, text: str | None, yuan: str | None) -> None:
    assert read(warehouse, "to_amount($t)", text) == (None if yuan is None else Decimal(yuan))


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("12.345", "12.345"),
        ("1,234.5", "1234.500"),
        ("１２", "12.000"),
        ("-3", "-3.000"),
        ("0", "0.000"),
        ("3万", None),
        ("(3)", Decimal("-3.000")),
        ("1e3", None),
        ("12 kWh", None),
        ("1234567890123456", None),
        (None, None),
    ],
)
def test_quantity(warehouse: duckdb.DuckDBPyConnection, text: str | None, quantity: str | None) -> None:
    assert read(warehouse, "to_quantity($t)", text) == (None if quantity is None else Decimal(quantity))


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("30(万美元)", "USD", "300000"),
        ("1,200(万元人民币)", "CNY", "12000000"),
        ("100万人民币", "CNY", "1000000"),
        ("500（万元（港币））", "HKD", "5000000"),
        ("88.5元", "CNY", "88.5"),
        ("100", None, None),
        ("100(万里拉)", None, None),
        ("100(元/万元)", None, None),
        (None, None, None),
    ],
)
def test_capital(
    warehouse: duckdb.DuckDBPyConnection, text: str | None, currency: str | None, amount: str | None
) -> None:
    assert read(warehouse, "to_capital_currency($t)", text) == currency
    assert read(warehouse, "to_capital_amount($t)", text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("12", 12),
        ("1,234", 1234),
        ("12.0", 12),
        ("12.00", 12),
        ("１０４２", 1042),
        ("-5", -5),
        ("0", 0),
        ("007", 7),
        ("12.5", None),
        ("12人", None),
        ("1,23", None),
        ("1e3", None),
        ("99999999999999999999", None),
        ("", None),
        (None, None),
    ],
)
def test_count(warehouse: duckdb.DuckDBPyConnection, text: str | None, count: int | None) -> None:
    assert read(warehouse, "to_count($t)", text) == count


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("2026/1/31", date(2026, 1, 31)),
        ("2026.1.31", date(2026, 1, 31)),
        ("20260131", date(2026, 1, 31)),
        ("2026年1月31日", date(2026, 1, 31)),
        ("2026年01月31", date(2026, 1, 31)),
        ("2026-01-31 08:30:00", date(2026, 1, 31)),
        ("2026-01-31T23:59:59", date(2026, 1, 31)),
        ("2026年1月31日 08:30", date(2026, 1, 31)),
        ("２０２６－０１－３１", date(2026, 1, 31)),
        (f" 2026-01-31{WIDE}", date(2026, 1, 31)),
        ("2024-02-29", date(2024, 2, 29)),
        # a spreadsheet's day numbers: 45658 is 1 January 2025, 36526 is 1 January 2000, counted from 30 December 1899
        ("45658", date(2025, 1, 1)),
        ("45658.0", date(2025, 1, 1)),
        ("36526", date(2000, 1, 1)),
        ("1949-10-01", date(1949, 10, 1)),
        # impossible days
        ("2025-02-29", None),
        ("2026-02-30", None),
        ("20260230", None),
        ("2026-13-01", None),
        ("2026-00-10", None),
        ("2026年2月30日", None),
        # not a day
        ("31/01/2026", None),
        ("1月31日", None),
        ("2026-01", None),
        ("202601", None),
        ("45658.5", None),
        ("12345", None),
        ("0", None),
        ("长期", None),
        ("", None),
        (None, None),
    ],
)
def test_date(warehouse: duckdb.DuckDBPyConnection, text: str | None, day: date | None) -> None:
    assert read(warehouse, "to_date($t)", text) == day


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("202601", date(2026, 1, 1)),
        ("2026-01", date(2026, 1, 1)),
        ("2026/1", date(2026, 1, 1)),
        ("2026.12", date(2026, 12, 1)),
        ("2026年1月", date(2026, 1, 1)),
        ("２０２６年１２月", date(2026, 12, 1)),
        ("2026-01-31", date(2026, 1, 1)),
        ("20260131", date(2026, 1, 1)),
        ("45688", date(2025, 1, 1)),
        ("202613", None),
        ("202600", None),
        ("2026-13", None),
        ("2026年", None),
        ("2026年第1季度", None),
        ("20261", None),  # a month with a digit lost, not day 20261 (21 June 1955)
        ("1月", None),
        ("", None),
        (None, None),
    ],
)
def test_month(warehouse: duckdb.DuckDBPyConnection, text: str | None, month: date | None) -> None:
    assert read(warehouse, "to_month($t)", text) == month


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        # without an offset: the time of the zone, here eight hours ahead
        ("2026-03-03 09:04:50", datetime(2026, 3, 3, 1, 4, 50)),
        ("2026-03-03T09:04:50.25", datetime(2026, 3, 3, 1, 4, 50, 250_000)),
        ("2026/3/3 9:04", datetime(2026, 3, 3, 1, 4)),
        ("2026年3月3日 07:59", datetime(2026, 3, 2, 23, 59)),
        ("2026-03-03", datetime(2026, 3, 2, 16)),
        ("20260303", datetime(2026, 3, 2, 16)),
        # with an offset, which says it itself
        ("2026-03-03T09:04:50Z", datetime(2026, 3, 3, 9, 4, 50)),
        ("2026-03-03 09:04:50+08:00", datetime(2026, 3, 3, 1, 4, 50)),
        ("2026-03-03T09:04:50.5-0300", datetime(2026, 3, 3, 12, 4, 50, 500_000)),
        ("1772499890", datetime(2026, 3, 3, 1, 4, 50)),
        ("1772499890250", datetime(2026, 3, 3, 1, 4, 50, 250_000)),
        ("17724998902", None),
        ("1990010112", None),
        ("2026-03-03 25:00", None),
        ("2026-02-30 09:00", None),
        # half past midnight is 上午 12:30 or 0:30, half past noon 下午 12:30 or 0:30
        ("2026/3/3 上午 9:04", datetime(2026, 3, 3, 1, 4)),
        ("2026/3/3 下午 3:20:05", datetime(2026, 3, 3, 7, 20, 5)),
        ("2026/3/3 上午 12:30", datetime(2026, 3, 2, 16, 30)),
        ("2026/3/3 上午 0:30", datetime(2026, 3, 2, 16, 30)),
        ("2026/3/3 下午 12:30", datetime(2026, 3, 3, 4, 30)),
        ("2026/3/3 下午0:30", datetime(2026, 3, 3, 4, 30)),
        ("2026/3/3 下午 11:59", datetime(2026, 3, 3, 15, 59)),
        ("2026/3/3 下午 13:20", None),
        ("2026-03-03 下午", None),
        ("09:00", None),
        ("", None),
        (None, None),
    ],
)
def test_utc(warehouse: duckdb.DuckDBPyConnection, text: str | None, moment: datetime | None) -> None:
    assert read(warehouse, "to_utc($t, 'Asia/Shanghai')", text) == moment


def test_utc_of_what_databases_have(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select to_utc(timestamp '2026-03-03 09:04:50.25', 'Asia/Shanghai'), "
        "to_utc(timestamptz '2026-03-03 09:04:50+08', 'Europe/Oslo'), to_utc(date '2026-03-03', 'UTC')"
    ).fetchone()
    assert found == (
        datetime(2026, 3, 3, 1, 4, 50, 250_000),
        datetime(2026, 3, 3, 1, 4, 50),
        datetime(2026, 3, 3),
    )


def test_other_types_are_read_too(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select to_amount(12.5::decimal(10,2)), to_count(7::bigint), to_date(date '2026-01-31'), to_month(202601)"
    ).fetchone()
    assert found == (Decimal("12.50"), 7, date(2026, 1, 31), date(2026, 1, 1))
