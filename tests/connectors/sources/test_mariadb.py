"""The database protocol against a real MariaDB: every type, and one odd value costs one row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from connectors.sources import Delivery, Window, protocol
from tests.connectors.sources.consuming import only, table_of
from tests.mariadb_server import MariaDB
from warehouse.errors import SourceError

ALWAYS = Window(since=None, until=datetime(2100, 1, 1, tzinfo=UTC))


def pull(mariadb: MariaDB, window: Window = ALWAYS, **options: Any) -> tuple[Delivery, pa.Table]:
    delivery = only(protocol("database").deliveries(options, mariadb.credentials, window, "filings"))
    return delivery, table_of(delivery)


def table(mariadb: MariaDB, name: str, columns: str, *rows: str) -> None:
    mariadb.execute(f"drop table if exists {name}", f"create table {name} ({columns})")
    for row in rows:
        mariadb.execute(f"insert into {name} values {row}")


EVERY_TYPE: list[tuple[str, str, Any]] = [
    ("tinyint", "-5", -5),
    ("tinyint(1)", "1", 1),
    ("boolean", "2", 2),
    ("smallint", "-32766", -32766),
    ("mediumint unsigned", "16777214", 16777214),
    ("int unsigned", "4294967294", 4294967294),
    ("int(6) zerofill", "42", 42),
    ("bigint", "-9223372036854775808", -(2**63)),
    ("bigint unsigned", "18446744073709551615", Decimal(2**64 - 1)),
    ("decimal(18,2)", "9999999999999999.98", Decimal("9999999999999999.98")),
    ("decimal(20,0)", "12345678901234567890", Decimal("12345678901234567890")),
    (
        "decimal(65,10)",
        "1234567890123456789012345678901234567890.1",
        "1234567890123456789012345678901234567890.1000000000",
    ),
    ("numeric(5,3)", "0.13", Decimal("0.130")),
    ("float", "0.5", 0.5),
    ("double", "0.1", 0.1),
    ("bit(1)", "b'1'", True),
    ("bit(12)", "b'100000010'", 258),
    ("bit(64)", "b'1'", 1),
    ("year", "2026", "2026"),
    ("date", "'2026-10-01'", date(2026, 10, 1)),
    ("datetime", "'2026-10-01 08:00:00'", datetime(2026, 10, 1, 8)),
    ("datetime(6)", "'2026-10-01 08:00:00.123456'", datetime(2026, 10, 1, 8, 0, 0, 123456)),
    ("timestamp null", "'2026-10-01 08:00:00'", datetime(2026, 10, 1, 8)),
    ("time", "'23:59:59'", "23:59:59"),
    ("time", "'-12:30:00'", "-12:30:00"),
    ("time(3)", "'838:59:58.125'", "838:59:58.125000"),
    ("char(6)", "'ab'", "ab"),
    ("varchar(20)", "'甲公司'", "甲公司"),
    ("text", "'𠮷野家'", "𠮷野家"),
    ("longtext", "''", ""),
    ("enum('增值税', '所得税')", "'所得税'", "所得税"),
    ("set('a', 'b', 'c')", "'c,a'", "a,c"),
    ("json", """'{"a": 1.10}'""", '{"a": 1.10}'),
    ("binary(3)", "x'00ff'", b"\x00\xff\x00"),
    ("varbinary(9)", "x'00ff'", b"\x00\xff"),
    ("blob", "x'00ff'", b"\x00\xff"),
    ("uuid", "'6ecd8c99-4036-403d-bf84-cf8400f67836'", "6ecd8c99-4036-403d-bf84-cf8400f67836"),
    ("inet6", "'::ffff:10.0.0.1'", "::ffff:10.0.0.1"),
    ("varchar(20) character set gbk", "'甲公司'", "甲公司"),
    ("varchar(20) character set latin1", "'café €'", "café €"),
]


@pytest.mark.parametrize(("type_", "written", "expected"), EVERY_TYPE, ids=[f"{t} {w}" for t, w, _ in EVERY_TYPE])
def test_a_value_of_every_type(mariadb: MariaDB, type_: str, written: str, expected: Any) -> None:
    table(mariadb, "typed", f"k int primary key, v {type_}", f"(1, {written})", "(2, null)")
    delivery, found = pull(mariadb, table="typed", clock="UTC")
    assert delivery.unreadable == []
    assert found["v"].to_pylist() == [expected, None]


ODD_VALUES = [
    ("date", "'2026-10-01'", "'0000-00-00'", {}),
    ("date", "'2026-10-01'", "'2026-10-00'", {"zero_dates": "empty"}),
    ("date", "'2026-10-01'", "'2026-02-31'", {"zero_dates": "empty"}),
    ("datetime", "'2026-10-01 08:00:00'", "'0000-00-00 00:00:00'", {}),
    ("timestamp null", "'2026-10-01 08:00:00'", "0", {}),
    ("text character set latin1", "unhex(hex(convert('甲公司' using gbk)))", "unhex('BCD7B9AB81')", {"holds": "gbk"}),
]


@pytest.mark.parametrize(("type_", "good", "odd", "options"), ODD_VALUES, ids=[f"{t} {o}" for t, _, o, _ in ODD_VALUES])
def test_one_odd_value_among_10_000_costs_one_row(
    mariadb: MariaDB, type_: str, good: str, odd: str, options: dict[str, Any]
) -> None:
    mariadb.execute("set sql_mode = 'ALLOW_INVALID_DATES'")
    table(mariadb, "odd", f"k int primary key, v {type_}", f"(7777, {odd})")
    mariadb.execute(f"insert into odd select seq, {good} from seq_1_to_10000 where seq <> 7777")
    delivery, found = pull(mariadb, table="odd", clock="UTC", **options)
    assert found.num_rows == 9_999
    assert found["v"].null_count == 0
    (unreadable,) = delivery.unreadable
    assert unreadable.row_number == 7777
    assert unreadable.reason.startswith("v ")


def test_zero_dates_are_no_value_where_declared(mariadb: MariaDB) -> None:
    mariadb.execute("set sql_mode = ''")
    table(
        mariadb,
        "zero",
        "k int primary key, a date, b datetime, c timestamp null",
        "(1, '0000-00-00', '0000-00-00', 0)",
        "(2, '2026-10-01', '2026-10-01', '2026-10-01')",
    )
    delivery, found = pull(mariadb, table="zero", clock="UTC", zero_dates="empty")
    assert delivery.unreadable == []
    assert [found[name].null_count for name in "abc"] == [1, 1, 1]


def test_gbk_in_latin1_columns_is_read_by_its_bytes(mariadb: MariaDB) -> None:
    names = ["甲公司", "苏州工业园区科技有限公司", "café", "碁銹镕喆", "€"]
    table(mariadb, "held", "k int primary key, v varchar(50) character set latin1")
    for number, name in enumerate(names):
        with mariadb.admin.cursor() as cursor:
            cursor.execute("insert into held values (%s, unhex(%s))", (number, name.encode("gb18030").hex()))
    delivery, found = pull(mariadb, table="held", holds="gbk")
    assert delivery.unreadable == []
    assert found["v"].to_pylist() == names


def test_only_new_rows_by_a_number_of_20_digits(mariadb: MariaDB) -> None:
    table(mariadb, "big", "k bigint unsigned primary key", "(18446744073709551613)", "(18446744073709551615)")
    delivery, found = pull(mariadb, Window(since=None, until=ALWAYS.until), table="big", cursor_column="k")
    assert delivery.cursor == "18446744073709551615"
    window = Window(since=None, until=ALWAYS.until, cursor=delivery.cursor)
    _, found = pull(mariadb, window, table="big", cursor_column="k", overlap=1)
    assert [int(k) for k in found["k"].to_pylist()] == [2**64 - 1]


def test_only_new_rows_by_a_time_of_the_databases_own_clock(mariadb: MariaDB) -> None:
    table(mariadb, "timed", "k int primary key, t datetime", "(1, '2026-10-01 07:59:59')", "(2, '2026-10-01 08:00:01')")
    window = Window(since=None, until=datetime(2026, 10, 1, tzinfo=UTC))
    _, found = pull(mariadb, window, table="timed", cursor_column="t", clock="Asia/Shanghai")
    assert found["k"].to_pylist() == [1], "midnight in UTC is eight in China"


@pytest.mark.parametrize(("type_", "value"), [("year", "2026"), ("time", "'23:59:59'")])
def test_what_is_read_as_text_and_is_none_is_no_cursor(mariadb: MariaDB, type_: str, value: str) -> None:
    table(mariadb, "odd_cursor", f"k int primary key, at {type_}", f"(1, {value})")
    with pytest.raises(
        SourceError, match="it would be read as text, and the database answers with values of another type"
    ):
        pull(mariadb, table="odd_cursor", cursor_column="at")


def test_a_timestamp_is_read_in_the_declared_clock(mariadb: MariaDB) -> None:
    """It is a moment: MySQL writes it in the session's zone, which of a server in a container is UTC."""
    table(mariadb, "stamped", "k int primary key, t timestamp null, d datetime")
    mariadb.execute("set time_zone = '+08:00'", "insert into stamped values (1, '2026-10-01', '2026-10-01')")
    with pytest.raises(SourceError, match=r"stamped\.t is a TIMESTAMP.*source\.clock"):
        pull(mariadb, table="stamped")
    _, found = pull(mariadb, table="stamped", clock="Asia/Shanghai")
    assert found.to_pylist() == [{"row_number": 1, "k": 1, "t": datetime(2026, 10, 1), "d": datetime(2026, 10, 1)}]


def test_a_float_of_four_bytes_keeps_its_digits_or_costs_its_row(mariadb: MariaDB) -> None:
    """MySQL itself writes six digits of it: 1234567.89 as 1234570, 12345.67 as 12345.7."""
    table(mariadb, "single", "k int primary key, v float", "(1, 12345.67)", "(2, 1234567.89)", "(3, null)")
    delivery, found = pull(mariadb, table="single")
    assert [str(pa.scalar(v, pa.float32())) for v in found["v"].to_pylist()] == ["12345.669921875", "None"]
    assert [(u.row_number, "keeps no cents" in u.reason) for u in delivery.unreadable] == [(2, True)]


def test_values_of_a_query(mariadb: MariaDB) -> None:
    """A query's columns are text unless declared; what is no text costs its row."""
    table(
        mariadb,
        "asked",
        "k int primary key, n decimal(20,4), b bit(1), d date, t time",
        "(1, 12345678901234.5678, b'1', '2026-10-01', '-12:30')",
    )
    _, found = pull(mariadb, query="select k, n, d, t, b + 0 as b from asked")
    assert found.to_pylist() == [
        {"row_number": 1, "k": "1", "n": "12345678901234.5678", "d": "2026-10-01", "t": "-12:30:00", "b": "1"}
    ]
    delivery, _ = pull(mariadb, query="select k, b from asked")
    assert "b holds bytes, which does not fit the column's type string" in delivery.unreadable[0].reason
    _, found = pull(mariadb, query="select k, b from asked", types={"b": "boolean"})
    assert found["b"].to_pylist() == [True]


@pytest.mark.parametrize(
    ("type_", "values", "cut"),
    [
        ("decimal(8,2)", ["999999.98", "123456789.00", "-123456789.00"], {2, 3}),
        ("smallint", ["32766", "40000", "-40000"], {2, 3}),
        ("mediumint unsigned", ["16777214", "20000000", "0"], {2}),
        ("int", ["2147483646", "3000000000", "1"], {2}),
        ("int unsigned", ["4294967294", "5000000000", "1"], {2}),
        ("tinyint", ["127", "126", "1"], set()),
        ("decimal(4,2)", ["99.99", "1", "2"], set()),
    ],
)
def test_a_number_that_was_cut_to_its_columns_largest_costs_its_row(
    mariadb: MariaDB, type_: str, values: list[str], cut: set[int]
) -> None:
    """Without its strict mode, MySQL writes 999999.99 for 123456789."""
    mariadb.execute("set sql_mode = ''")
    table(mariadb, "cut", f"k int primary key, v {type_}", *[f"({n}, {v})" for n, v in enumerate(values, 1)])
    delivery, found = pull(mariadb, table="cut")
    assert {u.row_number for u in delivery.unreadable if "to which MySQL cuts larger ones" in u.reason} == cut
    assert {*found["k"].to_pylist()} == {1, 2, 3} - cut
    ignored = {"v": "ignored"}
    kept = only(protocol("database").deliveries({"table": "cut"}, mariadb.credentials, ALWAYS, "filings", uses=ignored))
    assert table_of(kept).num_rows == 3


def test_a_name_that_was_cut_to_its_columns_length_costs_its_row(mariadb: MariaDB) -> None:
    """Of codes, and of kinds such as 企业所得税 in a column of five, each fills its column; a strict server cuts none."""
    mariadb.execute("set sql_mode = ''")
    names = ["江屿甲辰精密机械制造有限公司", "江屿乙辰有限公司", "江屿丙辰精密机械制造有限"]
    values = [f"({n}, '{name}', '企业所得税', '9132059400000000{n:02}')" for n, name in enumerate(names, 1)]
    table(mariadb, "short", "k int primary key, name varchar(12), kind varchar(5), code char(18)", *values)
    delivery, found = pull(mariadb, table="short")
    assert (found.num_rows, delivery.unreadable) == (3, [])
    mariadb.execute("set @was = @@global.sql_mode", "set global sql_mode = ''")
    try:
        delivery, found = pull(mariadb, table="short")
    finally:
        mariadb.execute("set global sql_mode = @was")
    assert found["name"].to_pylist() == [names[1]]
    assert ["to which MySQL cuts longer texts" in u.reason for u in delivery.unreadable] == [True, True]


def test_a_value_outside_of_a_columns_list_costs_its_row(mariadb: MariaDB) -> None:
    """Without its strict mode MySQL keeps it as the empty text, unless that is in the list."""
    mariadb.execute("set sql_mode = ''")
    kinds = "k int primary key, kind enum('增值税', '企业所得税'), state enum('', '作废')"
    table(mariadb, "listed", kinds, "(1, '增值税', '')", "(2, '印花税', '作废')", "(3, null, null)")
    delivery, found = pull(mariadb, table="listed")
    assert found.select(["k", "kind", "state"]).to_pylist() == [
        {"k": 1, "kind": "增值税", "state": ""},
        {"k": 3, "kind": None, "state": None},
    ]
    assert ["kind has a value that is not in its column's list" in u.reason for u in delivery.unreadable] == [True]


def test_an_odd_value_of_an_ignored_column_costs_no_row(mariadb: MariaDB) -> None:
    mariadb.execute("set sql_mode = ''")
    table(
        mariadb,
        "odd",
        "k int primary key, place point, day date, note varchar(9) character set latin1",
        "(1, st_geomfromtext('point(120.6 31.3)'), '0000-00-00', unhex('BCD7B9AB81'))",
    )
    for uses, rows in (({}, 0), (dict.fromkeys(("place", "day", "note"), "ignored"), 1)):
        options = {"table": "odd", "holds": "gbk"}
        delivery = only(protocol("database").deliveries(options, mariadb.credentials, ALWAYS, "filings", uses=uses))
        assert table_of(delivery).num_rows == rows
        assert len(delivery.unreadable) == 1 - rows
