"""What offices write for a date, a month and a number, and what must not be guessed from it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import in_memory

OCTOBER = date(2026, 10, 1)
SPELLINGS: dict[str, dict[Any, list[str]]] = {
    "to_month": {
        OCTOBER: [
            "202610",
            "2026-10",
            "2026/10",
            "2026.10",
            "2026年10月",
            "2026年10月份",
            "26年10月",
            "26年10月份",
            "10/2026",
            "10-2026",
            "2026年十月",
            "26年十月份",
            "２０２６年１０月",
            "2026-10-31",
            "20261031",
            "2026年10月3日",
            "2026年度10月",
            "2026/10/1",
            "2026.10.3",
            "46296",
            "2026 年 10 月",
            "2026-10-31 08:00",
            "2026年10",
            "202610.0",
            "2026/10/5 下午 3:20:00",
        ],
        date(2026, 1, 1): ["2026-1", "2026/1", "2026.01", "2026年1月", "2026年一月", "202601", "1/2026"],
        date(2026, 12, 1): ["2026年十二月", "2026.12", "12/2026"],
        None: [
            "20261",
            "2026",
            "2026.1",
            "202613",
            "202600",
            "2026-13",
            "2026年1-3月",
            "2026.1-3",
            "2026-01~2026-03",
            "2026年第三季度",
            "3季度",
            "10月",
            "10",
            "1",
            "2026年1月至3月",
            "99年1月",
            "2026-00",
            "13/2026",
            "2026101",
            "#N/A",
            "2026.100",
            "2026年十三月",
            "2610",
            "2026年1月-3月",
            "2026-10.5",
            "2026-01-01 至 2026-03-31",
            "2026-01-01 2026-03-31",
            "2026-10-01 25:99",
            "2026-10-01 (修正)",
            "2026 10",
        ],
    },
    "to_date": {
        date(2026, 1, 31): [
            "2026-01-31",
            "2026/1/31",
            "2026.1.31",
            "20260131",
            "2026年1月31日",
            "2026年1月31号",
            "26年1月31日",
            "２０２６－０１－３１",
            "46053",
            "2026-01-31T09:04:50.123+08:00",
            "2026-01-31 9:04",
            "2026年1月31日 09:04:50",
            "2026-01-31 00:00:00",
            "2026年1月31日 星期六",
            "2026年1月31日星期六 9:04",
            "2026/1/31 周六",
        ],
        None: [
            "2026-01-31T09:04:50Z",
            "20261",
            "2026.1-3",
            "2026-1/31",
            "2026-02-30",
            "20260230",
            "26-01-31",
            "31/01/2026",
            "2026-01-31前",
            "260131",
            "2026-01-31/2026-02-28",
            "2026-01-3125:00",
            "00:00",
            "99年1月31日",
            "长期",
            "2026-01-31 至 2026-02-28",
            "2026-01-31 25:99",
            "2026-01-31 24:00",
            "2026-01-31 09:60",
            "2026-01-31 x",
        ],
    },
    "to_amount": {
        Decimal("-16.00"): [
            "(16)",
            "16-",
            "-16",
            "（16）",
            "－１６",
            "−16",
            "-￥16",
            "￥-16元",
            "(￥16.00)",
            "(16元)",
            "￥(16)",
            "- 16",
        ],
        Decimal("1234.50"): [
            "1,234.50",
            "1 234.50",
            "1234.5",
            "+1234.50",
            "￥1,234.50元",
            "１，２３４．５０",
            "1234.50 元",
            "0.12345万",
        ],
        # as Oracle and SQL Server write an amount below one yuan
        Decimal("0.56"): [".56", "￥.56", "+.56元"],
        Decimal("-0.56"): ["-.56", "(.56)", ".56-"],
        Decimal("35000.00"): ["3.5万", "3.5万元", "3.5 万 元", "35000", "0.00035亿"],
        None: [
            "1,23",
            "0,123",
            "12 5",
            "5元3",
            "1.234,50",
            "--5",
            "5--",
            "-5-",
            "(-5)",
            "#REF!",
            "12,3456",
            "5％",
            "1.2.3",
            "..5",
            ".",
            "1,.5",
            "三万",
            "(5",
            "5)",
        ],
    },
    "to_count": {
        16: ["16", "16.0", "１６", "+16"],
        -16: ["(16)", "16-", "-16.00"],
        None: ["12.5", "1 2", "1,23", "16人左右", "3万", "#DIV/0!", "1-2", "1e3"],
    },
    "to_quantity": {Decimal("-1234.500"): ["(1,234.5)", "1234.5-", "-1 234.5"], None: ["1,2", "3万", "1e3", "1.2.3"]},
}


@pytest.fixture(scope="module")
def macros() -> duckdb.DuckDBPyConnection:
    connection = in_memory()
    connection.execute(Path("warehouse/macros.sql").read_text(encoding="utf-8"))
    return connection


def _read(connection: duckdb.DuckDBPyConnection, macro: str, text: str) -> Any:
    found = connection.execute(f"select {macro}($1)", [text]).fetchone()
    assert found
    return found[0]


@pytest.mark.parametrize(
    ("macro", "text", "expected"),
    [(m, text, value) for m, table in SPELLINGS.items() for value, texts in table.items() for text in texts],
)
def test_a_spelling_is_understood_or_null(
    macros: duckdb.DuckDBPyConnection, macro: str, text: str, expected: object
) -> None:
    assert _read(macros, macro, text) == expected


@settings(max_examples=25, deadline=None)
@given(
    st.dates(date(1990, 1, 1), date(2049, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"]),
)
def test_a_written_date_comes_back(macros: duckdb.DuckDBPyConnection, day: date, form: str) -> None:
    assert _read(macros, "to_date", day.strftime(form)) == day
    assert _read(macros, "to_month", day.strftime(form)) == day.replace(day=1)


@settings(max_examples=25, deadline=None)
@given(
    st.decimals(Decimal("-99999999.99"), Decimal("99999999.99"), places=2),
    st.sampled_from(["{0}", "{0:,}", "￥{0:,}元", "{0:+,}"]),
)
def test_a_written_amount_comes_back(macros: duckdb.DuckDBPyConnection, amount: Decimal, form: str) -> None:
    assert _read(macros, "to_amount", form.format(amount)) == amount
    assert _read(macros, "to_amount", f"({abs(amount):,})") == -abs(amount)


@settings(max_examples=25, deadline=None)
@given(st.dates(date(2000, 1, 1), date(2049, 12, 31)), st.dates(date(2000, 1, 1), date(2049, 12, 31)))
def test_two_dates_are_no_date_and_no_month(macros: duckdb.DuckDBPyConnection, one: date, other: date) -> None:
    for between in (" 至 ", "至", "~", "-", " - ", " ", "/", "—"):
        assert _read(macros, "to_date", f"{one}{between}{other}") is None
        assert _read(macros, "to_month", f"{one}{between}{other}") is None


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("12.345", None),
        ("1.005", None),
        ("-0.001", None),
        ("(12.005)", None),
        ("0.0000001万", None),
        ("0.00001万", "0.10"),
        ("12.34567万", "123456.70"),
        ("0.12345678亿", "12345678.00"),
        ("12.3400", "12.34"),
        # what a spreadsheet makes of 0.1 + 0.2
        ("0.30000000000000004", "0.30"),
        ("9999999999999999.99", "9999999999999999.99"),
    ],
)
def test_no_part_of_a_fen_is_rounded_away(macros: duckdb.DuckDBPyConnection, text: str, yuan: str | None) -> None:
    assert _read(macros, "to_amount", text) == (None if yuan is None else Decimal(yuan))


PERIODS = {
    ("2026-07-01", "2026-09-30"): ["2026年第三季度", "2026年三季度", "2026Q3", "Q3 2026", "2026年3季度", "2026年7-9月", "202607-202609",
                                   "2026-07至2026-09", "2026年7月-2026年9月", "2026-07-01 至 2026-09-30", "2026/7/1-2026/9/30",
                                   "20260701~20260930", "2026年7月1日至2026年9月30日", "2026-Q3", "2026-07-01|2026-09-30",
                                   "2026-07-01 00:00:00 至 2026-09-30 00:00:00", "2026-07-01 00:00:00.0 - 2026-09-30 23:59:59",
                                   "自2026年7月1日起至2026年9月30日止", "２０２６年７－９月", "2026.7-9", "2026.07—09", "2026.7至9月"],
    ("2026-01-01", "2026-06-30"): ["2026年上半年", "2026年1月至6月"],
    ("2026-01-01", "2026-12-31"): ["2026年", "2026年度", "2026年全年", "2026年1～12月"],
    ("2026-02-01", "2026-02-28"): ["2026年2月", "202602", "2026-02"],
    (None, None): ["2026", "2026-02-03", "第三季度", "2026Q5", "2026年13-14月", "2026-01-2026-03", "7-9月", "",
                   "2026-07-01 08:00 至 2026-09-30 17:00", "2026.7.9", "2026-7-9", "2026/7-9"],
}  # fmt: skip


@pytest.mark.parametrize(("ends", "text"), [(ends, text) for ends, texts in PERIODS.items() for text in texts])
def test_a_period_has_a_start_and_an_end(
    macros: duckdb.DuckDBPyConnection, ends: tuple[str | None, str | None], text: str
) -> None:
    found = macros.execute("select to_period_start($t)::varchar, to_period_end($t)::varchar", {"t": text}).fetchone()
    assert found == ends


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-09-30T16:00:00Z", None),
        ("2026-09-30 16:00:00+00", None),
        ("2026-10-01T00:00:00.000Z", OCTOBER),
        ("2026-10-01T09:30:00+08:00", OCTOBER),
    ],
)
def test_a_time_of_utc_is_no_day_of_the_park(macros: duckdb.DuckDBPyConnection, text: str, day: date | None) -> None:
    """16:00 UTC is the next day in China: a month would be the one before."""
    assert macros.execute("select to_date($t), to_month($t)", {"t": text}).fetchone() == (day, day)
