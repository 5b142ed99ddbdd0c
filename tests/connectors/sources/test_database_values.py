"""What drivers hand over, value by value: one odd one among good ones costs one row."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle

from connectors.sources.database.values import TIMESTAMP, Column, arrow_type, rows_of

CHINA = ZoneInfo("Asia/Shanghai")


def read(type_: pa.DataType, *values: Any, **options: Any) -> tuple[list[Any], dict[int, str]]:
    rows = rows_of(1, [(value,) for value in values], [Column("c", type_)], CHINA, **options)
    return rows.arrays[0].to_pylist(), {place: reason for place, (reason, _) in rows.wrong.items()}


def test_a_time_with_a_zone_needs_a_clock_and_one_without_does_not() -> None:
    plain, zoned = datetime(2026, 2, 11, 10), datetime(2026, 2, 11, 10, tzinfo=UTC)
    assert read(TIMESTAMP, plain, zoned)[0] == [plain, datetime(2026, 2, 11, 18)]
    rows = rows_of(1, [(plain,), (zoned,)], [Column("c", TIMESTAMP)], None)
    assert rows.arrays[0].to_pylist() == [plain, None]
    assert list(rows.wrong) == [1]


@pytest.mark.parametrize(
    ("type_", "good", "odd"),
    [
        (pa.date32(), date(2026, 2, 11), "0000-00-00"),
        (pa.date32(), date(2026, 2, 11), datetime(2026, 2, 11, 9, 30)),
        (TIMESTAMP, datetime(2026, 2, 11, 10), "0000-00-00 00:00:00"),
        (TIMESTAMP, datetime(2026, 2, 11, 10), "no time"),
        (pa.time64("us"), time(9, 30), "25:00"),
        (pa.decimal128(18, 2), Decimal("100.10"), Decimal("0.001")),
        (pa.decimal128(18, 2), Decimal("100.10"), "NaN"),
        (pa.int64(), 7, 2**64),
        (pa.int64(), 7, 1.5),
        (pa.int64(), 7, 9.13205940001234e17),
        (pa.int64(), 7, "12_3"),
        (pa.float64(), 1.5, "x"),
        (pa.bool_(), True, 2),
        (pa.string(), "甲公司", b"\xbc\xd7"),
        pytest.param(pa.string(), "甲公司", object(), id="string-object"),  # as a driver hands over a LOB
        pytest.param(pa.string(), "甲公司", {"甲", "乙"}, id="string-set"),
        (pa.string(), "甲公司", (1, 2)),
        (pa.binary(), b"\x01", 5),
    ],
    ids=str,
)
def test_one_odd_value_costs_one_row(type_: pa.DataType, good: Any, odd: Any) -> None:
    found, wrong = read(type_, *[good] * 500, odd, *[good] * 500, None)
    assert found == [*[good] * 500, None, *[good] * 500, None]
    assert list(wrong) == [500]


def test_a_column_of_moments_takes_no_time_without_a_zone_for_one_of_utc() -> None:
    """As the driver of Oracle gives TIMESTAMP WITH TIME ZONE: the hour of its own zone."""
    moments = pa.timestamp("us", "UTC")
    plain, zoned = datetime(2026, 10, 1), datetime(2026, 10, 1, tzinfo=CHINA)
    midnight = datetime(2026, 9, 30, 16, tzinfo=UTC)
    assert read(moments, plain, zoned)[0] == [midnight, midnight]
    rows = rows_of(1, [(plain,), (zoned,)], [Column("c", moments)], None)
    assert rows.arrays[0].to_pylist() == [None, midnight]
    assert [reason for reason, _ in rows.wrong.values()] == [
        "c is a time of which the driver leaves out the zone: declare source.clock"
    ]


def test_text_may_come_as_bytes_of_any_kind() -> None:
    assert read(pa.string(), bytearray("甲".encode()), memoryview(b"ab")) == (["甲", "ab"], {})


def test_zero_dates_by_what_is_declared() -> None:
    values = (date(2026, 2, 11), "0000-00-00")
    assert "source.zero_dates: empty" in read(pa.date32(), *values)[1][1]
    assert read(pa.date32(), *values, are_zero_dates_empty=True) == ([values[0], None], {})
    assert read(TIMESTAMP, "0000-00-00 00:00:00", are_zero_dates_empty=True) == ([None], {})
    assert read(pa.string(), "0000-00-00", are_zero_dates_empty=True) == (["0000-00-00"], {}), "text stays text"


def test_bits_of_mysql_are_true_and_false() -> None:
    assert read(arrow_type(mysql.BIT(1)), b"\x00", b"\x01", None) == ([False, True, None], {})
    assert read(arrow_type(mysql.BIT(12)), b"\x01\x02") == ([258], {})


@pytest.mark.parametrize(
    ("declared", "type_"),
    [
        (mysql.TINYINT(1), pa.int64()),
        (mysql.INTEGER(unsigned=True), pa.int64()),
        (mysql.BIGINT(unsigned=True), pa.decimal128(20, 0)),
        (mysql.DECIMAL(18, 2), pa.decimal128(18, 2)),
        (mysql.YEAR(), pa.string()),
        (mysql.DATETIME(), TIMESTAMP),
        (oracle.DATE(), TIMESTAMP),  # it has a time
        (oracle.NUMBER(), pa.string()),  # type: ignore[no-untyped-call]  # any scale: no decimal holds it
        (oracle.NUMBER(18, 2), pa.decimal128(18, 2)),  # type: ignore[no-untyped-call]
        (mssql.BIT(), pa.bool_()),
        (sa.DateTime(), TIMESTAMP),
        (mssql.DATETIMEOFFSET(), pa.timestamp("us", "UTC")),  # type: ignore[no-untyped-call]
        (mssql.MONEY(), pa.string()),
        (sa.Date(), pa.date32()),
    ],
    ids=repr,
)
def test_types_of_databases(declared: sa.types.TypeEngine[Any], type_: pa.DataType) -> None:
    assert arrow_type(declared) == type_


def test_texts_that_a_database_takes_for_latin_1() -> None:
    """MySQL's latin1 is Windows-1252, with its five empty places as control characters; PostgreSQL's is ISO 8859-1."""
    texts = ["甲公司", "€", "瀛樺偍", "plain", "镕"]
    raw = [text.encode("gbk" if text != "€" else "gb18030") for text in texts]
    mysql_texts = [
        "".join(bytes([b]).decode("cp1252") if b not in b"\x81\x8d\x8f\x90\x9d" else chr(b) for b in r) for r in raw
    ]
    assert mysql_texts[0] == "¼×¹«Ë¾"
    for given in (mysql_texts, [r.decode("latin-1") for r in raw]):
        values, wrong = read(pa.string(), *given, None, holds="gb18030")
        assert values == [*texts, None]
        assert wrong == {}
    values, wrong = read(pa.string(), "¼×", "甲", "¼", holds="gb18030")
    assert values == ["甲", None, None]
    assert wrong == dict.fromkeys((1, 2), "c holds text that is not gb18030 under the name of Latin-1 (source.holds)")
