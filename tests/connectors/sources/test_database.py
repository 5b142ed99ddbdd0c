"""The database protocol against a real PostgreSQL and real SQLite files."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import sqlite3
import tempfile
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from connectors.credentials import Credentials
from connectors.sources import Delivery, Window, protocol
from connectors.sources.database.postgres_fast_road import FastRoadClosed, fast_road
from connectors.sources.database.reaching import sqlalchemy_url
from connectors.sources.database.values import Column
from tests.connectors.sources.consuming import only, table_of
from tests.postgres_server import Postgres
from warehouse.errors import DeclarationError, SourceError

ALWAYS = Window(since=None, until=datetime(2100, 1, 1, tzinfo=UTC))


def pull(
    credentials: Credentials, window: Window = ALWAYS, exclude: frozenset[str] = frozenset(), **options: Any
) -> Delivery:
    return only(protocol("database").deliveries(options, credentials, window, "tax_filing", exclude=exclude))


def rows(delivery: Delivery) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table_of(delivery).to_pylist()
    return found


@pytest.fixture
def filings(postgres: Postgres) -> Iterator[str]:
    """A table as a Chinese tax office has it: every kind of column, NULLs, and values at the edge."""
    name = "税务.申报表"
    postgres.admin.execute(
        """create schema "税务"; create domain "税务"."元" as numeric(12,4);
        create type "税务"."种类" as enum ('增值税', '企业所得税')"""
    )
    postgres.admin.execute(
        """create table "税务"."申报表" (
            "编号" bigint primary key, "纳税人名称" text, "金额" numeric(18,2), "税率(%)" numeric(5,3), "份数" integer,
            "任意精度" numeric, "超长" numeric(50,10), "负标度" numeric(3,-2), "代码" char(6), "短" varchar(20),
            "申报时间" timestamp, "入库时间" timestamptz, "所属期" date, "时刻" time, "有效" boolean, "键" uuid,
            "明细" jsonb, "浮点" double precision, "半精度" real, "附件" bytea, "标签" text[], "间隔" interval,
            "row:status" smallint, "元" "税务"."元", "种类" "税务"."种类")"""
    )
    postgres.admin.execute(
        """insert into "税务"."申报表" values
        (1, '苏州工业园区"甲"公司''s', 9999999999999999.99, 0.130, 2147483647,
         1.10, 1234567890123456789012345678901234567890.1, 12300, 'ab', '短文',
         '2026-01-31 08:00:00.123456', '2026-01-31 08:00:00.123456+08', '2026-01-31', '23:59:59.999999', true,
         '6ecd8c99-4036-403d-bf84-cf8400f67836', '{"税额": 1.10, "n": [1, null]}', 0.1, 0.1, '\\x00ff', '{甲,"乙,丙"}',
         '1 day 02:00', -5, 1.2345, '增值税'),
        (2, '', -0.01, 0, -2147483648, 0, 0, -100, '', '',
         '1900-01-01', '1900-01-01 00:00+00', '1900-01-01', '00:00', false,
         '00000000-0000-0000-0000-000000000000', 'null', -1e300, -131071.99, '', '{}',
         '0', 0, -0.0001, '企业所得税')"""
    )
    postgres.admin.execute('insert into "税务"."申报表" ("编号") values (3)')
    yield name
    postgres.admin.execute('drop schema "税务" cascade')


def test_both_roads_give_the_same_schema_and_the_same_rows(postgres: Postgres, filings: str) -> None:
    general = table_of(pull(postgres.credentials, table=filings, road="general"))
    fast = table_of(pull(postgres.credentials, table=filings, road="fast"))
    assert fast.schema == general.schema
    assert fast.to_pylist() == general.to_pylist()


@pytest.mark.parametrize("road", ["general", "fast"])
def test_values_arrive_as_they_stand_in_the_database(postgres: Postgres, filings: str, road: str) -> None:
    delivery = pull(postgres.credentials, table=filings, road=road)
    table = table_of(delivery)
    assert delivery.label == "税务.申报表"
    assert delivery.header[:3] == ("编号", "纳税人名称", "金额")
    assert table.column_names == ["row_number", *delivery.header]
    types = {name: table.schema.field(name).type for name in table.column_names}
    assert types["金额"] == pa.decimal128(18, 2)
    assert types["税率(%)"] == pa.decimal128(5, 3)
    assert types["申报时间"] == pa.timestamp("us")
    assert types["入库时间"] == pa.timestamp("us", "UTC")
    assert types["任意精度"] == types["超长"] == types["负标度"] == pa.string(), "never floating point"
    first, second, third = table.to_pylist()
    assert first["row_number"] == 1
    assert first["纳税人名称"] == '苏州工业园区"甲"公司\'s'
    assert first["金额"] == Decimal("9999999999999999.99")
    assert first["税率(%)"] == Decimal("0.130")
    assert first["任意精度"] == "1.10"
    assert first["超长"] == "1234567890123456789012345678901234567890.1000000000"
    assert first["负标度"] == "12300"
    assert first["申报时间"] == datetime(2026, 1, 31, 8, 0, 0, 123456)
    assert first["入库时间"] == datetime(2026, 1, 31, 0, 0, 0, 123456, tzinfo=UTC)
    assert first["所属期"] == date(2026, 1, 31)
    assert first["明细"] == '{"n": [1, null], "税额": 1.10}'
    assert first["半精度"] == pytest.approx(0.1)
    assert first["附件"] == b"\x00\xff"
    assert first["标签"] == '{甲,"乙,丙"}'
    assert first["间隔"] == "P1DT2H"
    assert (first["元"], types["元"]) == (Decimal("1.2345"), pa.decimal128(12, 4)), "a domain is what it is made of"
    assert first["种类"] == "增值税"
    assert second["纳税人名称"] == "", "an empty text is not NULL"
    assert set(third.values()) == {3, None}


@pytest.mark.parametrize("road", ["general", "fast"])
def test_no_rows_are_a_delivery_of_no_rows_with_its_schema(postgres: Postgres, filings: str, road: str) -> None:
    postgres.admin.execute('truncate "税务"."申报表"')
    table = table_of(pull(postgres.credentials, table=filings, road=road))
    assert table.num_rows == 0
    assert table.schema.field("金额").type == pa.decimal128(18, 2)


@pytest.mark.parametrize("road", ["general", "fast"])
def test_values_without_an_equal_make_their_row_unreadable_and_only_theirs(postgres: Postgres, road: str) -> None:
    """DuckDB's extension would read NaN as 0.00 and psycopg would stop at an infinite date."""
    postgres.admin.execute(
        """create temp table strange as select * from (values
            (1, 'NaN'::numeric(18,2), date '2026-01-01', timestamp '2026-01-01', time '01:00'),
            (2, 1.5, 'infinity', timestamp '2026-01-01', time '01:00'),
            (3, 2.5, date '2026-01-01', '-infinity', '01:00'),
            (4, 3.5, date '0044-03-15 BC', timestamp '2026-01-01', '01:00'),
            (5, 4.5, date '2026-01-01', timestamp '2026-01-01', '24:00'),
            (6, 5.5, date '9999-12-31', timestamp '2026-01-01', '01:00'),
            (7, 1234567.89, date '2026-01-01', timestamp '2026-01-01', '01:00')) as v (n, amount, d, ts, t)"""
    )
    postgres.admin.execute(
        "create table strange_values as select n, amount::numeric(18,2), d, ts, t, nullif(amount, 'NaN')::real as single from strange"
    )
    try:
        delivery = pull(postgres.credentials, table="strange_values", order_by=["n"], road=road)
        kept = rows(delivery)
    finally:
        postgres.admin.execute("drop table strange_values; drop table strange")
    assert [(row["row_number"], row["amount"], row["d"]) for row in kept] == [(6, Decimal("5.50"), date(9999, 12, 31))]
    assert [(piece.row_number, piece.reason.split()[0]) for piece in delivery.unreadable] == [
        (1, "amount"),
        (2, "d"),
        (3, "ts"),
        (4, "d"),
        (5, "t"),
        (7, "single"),
    ]


@pytest.mark.parametrize("road", ["general", "fast"])
def test_an_odd_value_of_an_ignored_column_costs_no_row(postgres: Postgres, road: str) -> None:
    """`infinity` is how PostgreSQL says: until further notice."""
    postgres.admin.execute(
        """create table open_ended (n int, upto timestamptz, share numeric(9,2), day date);
        insert into open_ended values (1, 'infinity', 'NaN', '-infinity'), (2, '2026-01-01', 1.25, '2026-01-01')"""
    )
    try:
        options = {"table": "open_ended", "order_by": ["n"], "road": road}
        uses = dict.fromkeys(("upto", "share", "day"), "ignored")
        delivery = only(protocol("database").deliveries(options, postgres.credentials, ALWAYS, "leases", uses=uses))
        found = table_of(delivery)
    finally:
        postgres.admin.execute("drop table open_ended")
    assert delivery.unreadable == []
    assert found["share"].type == pa.decimal128(9, 2)
    assert [tuple(row.values())[2:] for row in found.to_pylist()] == [
        (None, None, None),
        (datetime(2026, 1, 1, tzinfo=UTC), Decimal("1.25"), date(2026, 1, 1)),
    ]


@pytest.mark.parametrize("road", ["general", "fast"])
def test_a_query_keeps_the_types_of_its_columns(postgres: Postgres, filings: str, road: str) -> None:
    query = """select "编号" as n, sum("金额")::numeric(18,2) as amount, '50%' as note, time '08:00:00' as at
               from "税务"."申报表" where "短" = '短文' group by "编号";"""
    table = table_of(pull(postgres.credentials, query=query, road=road))
    assert table.schema.field("amount").type == pa.decimal128(18, 2)
    assert table.select(["n", "amount", "note"]).to_pylist() == [
        {"n": 1, "amount": Decimal("9999999999999999.99"), "note": "50%"}
    ]


@pytest.mark.parametrize("road", ["general", "fast"])
def test_an_excluded_column_is_not_even_asked_for(postgres: Postgres, road: str) -> None:
    """The office grants every column but the personal one: asking for it would fail."""
    postgres.admin.execute(
        """create table staff (id int primary key, unit text, identity_no text);
        insert into staff values (1, '甲', '320102199001011234');
        create role narrow login password 'narrow-password'; grant select (id, unit) on staff to narrow"""
    )
    credentials = dataclasses.replace(postgres.credentials, login="narrow", password="narrow-password")
    try:
        delivery = pull(credentials, table="staff", exclude=frozenset({"identity_no"}), road=road)
        assert rows(delivery) == [{"row_number": 1, "id": 1, "unit": "甲"}]
        assert delivery.header == ("id", "unit", "identity_no")
        with pytest.raises(SourceError, match="permission denied"):
            rows(pull(credentials, table="staff", road=road))
    finally:
        postgres.admin.execute("drop table staff; drop role narrow")


@pytest.fixture
def events(postgres: Postgres) -> Iterator[str]:
    postgres.admin.execute(
        """create table event (id int primary key, recorded timestamp, recorded_tz timestamptz, day date, note text);
        insert into event
        select n, timestamp '2026-01-01 00:00' + n * interval '1 hour',
            timestamptz '2026-01-01 00:00+08' + n * interval '1 hour',
            date '2026-01-01' + n / 24, 'n' || lpad(n::text, 4, '0')
        from generate_series(1, 240) n;
        insert into event values (1000, null, null, null, null)"""
    )
    yield "event"
    postgres.admin.execute("drop table event")


def ids(delivery: Delivery) -> list[int]:
    return [row["id"] for row in rows(delivery)]


@pytest.mark.parametrize("road", ["general", "fast"])
@pytest.mark.parametrize("cursor", ["recorded", "recorded_tz"])
def test_a_timestamp_cursor_takes_from_the_overlap_to_the_end_of_the_interval(
    postgres: Postgres, events: str, road: str, cursor: str
) -> None:
    options: dict[str, Any] = {
        "table": events,
        "cursor_column": cursor,
        "overlap": "2 hours",
        "clock": "Asia/Shanghai",
        "road": road,
    }
    # 2026-01-03 00:00 in Shanghai is hour 48 of the office's clock, in both columns
    first = pull(postgres.credentials, Window(since=None, until=datetime(2026, 1, 2, 16, tzinfo=UTC)), **options)
    assert ids(first) == [*range(1, 49), 1000], "a row without a time is never lost"
    second = pull(
        postgres.credentials,
        Window(
            since=datetime(2026, 1, 2, 16, tzinfo=UTC), until=datetime(2026, 1, 3, 16, tzinfo=UTC), cursor=first.cursor
        ),
        **options,
    )
    assert ids(second) == [*range(46, 73), 1000], "two hours are pulled again"


@pytest.mark.parametrize(
    ("cursor", "options"),
    [
        ("recorded", {"overlap": "2 hours", "clock": "Asia/Shanghai"}),
        ("recorded_tz", {"overlap": "2 hours"}),
        ("day", {"overlap": "1 day"}),
        ("id", {"overlap": 2}),
        ("id", {}),
        ("note", {}),
    ],
)
def test_a_row_that_comes_late_below_the_cursor_brings_all(
    postgres: Postgres, events: str, cursor: str, options: dict[str, Any]
) -> None:
    """Numbers are given before they are committed, and clocks go back: what is below the last cursor would never come."""
    postgres.admin.execute("delete from event where id in (100, 1000)")
    first = pull(postgres.credentials, table=events, cursor_column=cursor, **options)
    assert len(ids(first)) == 239
    again = dataclasses.replace(ALWAYS, cursor=first.cursor, rows_below=first.rows_below)
    assert len(ids(pull(postgres.credentials, again, table=events, cursor_column=cursor, **options))) < 100
    postgres.admin.execute(
        "insert into event select 100, recorded + interval '1 hour', recorded_tz + interval '1 hour', day, 'n0100' "
        "from event where id = 99"
    )
    late = pull(postgres.credentials, again, table=events, cursor_column=cursor, **options)
    assert len(ids(late)) == 240
    assert "there are 1 rows more than at the last pull" in late.notes[0]
    now = dataclasses.replace(ALWAYS, cursor=late.cursor, rows_below=late.rows_below)
    assert len(ids(pull(postgres.credentials, now, table=events, cursor_column=cursor, **options))) < 100


@pytest.mark.parametrize(
    ("kind", "odd"),
    [
        ("numeric(18, 2)", "0"),
        ("numeric", "'NaN'"),
        ("numeric(50, 2)", "1e40"),
        ("real", "'Infinity'"),
        ("double precision", "'-Infinity'"),
        ("double precision", "1e300"),
    ],
)
def test_a_figure_that_changes_below_a_cursor_that_does_not_brings_all(postgres: Postgres, kind: str, odd: str) -> None:
    """The office corrects a row, and the cursor is a number, or a time that no trigger sets."""
    postgres.admin.execute("drop table if exists entered")
    postgres.admin.execute(f"create table entered (id int primary key, amount {kind}, odd {kind}, day date)")
    postgres.admin.execute("insert into entered select n, n, n, '2026-01-01' from generate_series(1, 20) as n")
    postgres.admin.execute(f"update entered set odd = {odd} where id = 3")
    options: dict[str, Any] = {"table": "entered", "cursor_column": "id"}
    first = pull(postgres.credentials, **options)
    readable = ids(first)
    assert set(range(1, 21)) - set(readable) <= {3}
    again = dataclasses.replace(
        ALWAYS, cursor=first.cursor, rows_below=first.rows_below, figures_below=first.figures_below
    )
    assert ids(pull(postgres.credentials, again, **options)) == [20]
    postgres.admin.execute("update entered set day = '2026-01-02' where id = 7")  # of days nothing is added up
    assert ids(pull(postgres.credentials, again, **options)) == [20]
    postgres.admin.execute("update entered set amount = 700 where id = 7")
    late = pull(postgres.credentials, again, **options)
    assert ids(late) == readable
    assert "changed without a new id. All of it is pulled" in late.notes[0]
    old = dataclasses.replace(again, figures_below={})  # of a pull before they were added up
    assert ids(pull(postgres.credentials, old, **options)) == [20]


@pytest.mark.parametrize("road", ["general", "fast"])
def test_cursors_by_number_date_and_text(postgres: Postgres, events: str, road: str) -> None:
    def again(highest: str | None, until: datetime = ALWAYS.until, **options: Any) -> list[int]:
        window = Window(since=None, until=until, cursor=highest)
        return [n for n in ids(pull(postgres.credentials, window, table=events, road=road, **options)) if n != 1000]

    by_id = pull(postgres.credentials, table=events, cursor_column="id", road=road)
    assert len(ids(by_id)) == 241
    assert by_id.cursor == "1000"
    assert again("238", cursor_column="id", overlap=1) == [237, 238, 239, 240]
    by_day = pull(postgres.credentials, table=events, cursor_column="day", road=road)
    rows(by_day)
    assert by_day.cursor == "2026-01-11"
    assert again("2026-01-11", cursor_column="day", overlap="1 day")[0] == 9 * 24
    assert again(None, datetime(2026, 1, 1, 20, tzinfo=UTC), cursor_column="day", clock="Asia/Shanghai")[-1] == 47
    by_text = pull(postgres.credentials, table=events, cursor_column="note", road=road)
    rows(by_text)
    assert by_text.cursor == "n0240"
    assert again("n0239", cursor_column="note") == [239, 240]
    assert again("n' or '1'='1\\", cursor_column="note") == [*range(1, 241)]
    assert again("n0239' or '1'='1", cursor_column="note") == [240]


@pytest.mark.parametrize(
    "values",
    [
        ("8", "9", "10"),
        ("2026-9-8", "2026-9-9", "2026-10-1"),
        ("2026-9-28", "2026-9-30", "2026-10-1"),
        ("28/09/2026", "30/09/2026", "01/10/2026"),
        ("28-SEP-2026", "30-SEP-2026", "01-OCT-2026"),
        ("2026-09-30T23:59:00+08:00", "2026-09-30T16:30:00+00:00", "2026-09-30T23:59:30+08:00"),
        ("A17", "B18", "A19"),
        ("6ecd8c99-4036-403d", "f00d8c99-4036-403d", "00ff8c99-4036-403d"),
    ],
)
def test_a_text_whose_order_is_not_that_of_time_is_no_cursor(
    books: sqlite3.Connection, values: tuple[str, ...]
) -> None:
    books.execute("create table entry (no integer, at text)")
    books.executemany("insert into entry values (?, ?)", [*enumerate(values), (9, None)])
    with pytest.raises(SourceError, match="'at': as texts its values are not in the order of time"):
        pull(sqlite(books), table="entry", cursor_column="at")
    cast = pull(
        sqlite(books), query="select no, rowid as place from entry", cursor_column="place", types={"place": "bigint"}
    )
    assert [row["no"] for row in rows(cast)] == ["0", "1", "2", "9"]


@pytest.mark.parametrize("road", ["general", "fast"])
def test_a_numeric_without_a_scale_is_a_cursor(postgres: Postgres, road: str) -> None:
    postgres.admin.execute("drop table if exists numbered; create table numbered (no numeric, name text)")
    postgres.admin.execute("insert into numbered values (9.5, 'a'), (10, 'b'), ('NaN', 'odd'), (null, 'none')")
    first = pull(postgres.credentials, table="numbered", cursor_column="no", road=road)
    assert [row["name"] for row in rows(first)] == ["a", "b", "odd", "none"]
    assert first.cursor == "10"
    postgres.admin.execute("insert into numbered values (10, 'c'), (100, 'd')")
    window = dataclasses.replace(ALWAYS, cursor="10", rows_below=first.rows_below)
    second = pull(postgres.credentials, window, table="numbered", cursor_column="no", overlap=0, road=road)
    assert {row["name"] for row in rows(second)} >= {"b", "c", "d", "none"}
    assert second.cursor == "100"


def test_a_number_of_a_query_that_is_not_declared_is_no_text_cursor(books: sqlite3.Connection) -> None:
    books.execute("create table entry (no integer)")
    books.executemany("insert into entry values (?)", [(9,), (10,)])
    with pytest.raises(SourceError, match=r"'no': it would be read as text, .* \(int\).*types: {no: bigint}"):
        pull(sqlite(books), query="select no from entry", cursor_column="no")


def test_a_text_cursor_in_the_future_hides_no_rows(books: sqlite3.Connection) -> None:
    books.execute("create table entry (no integer, at text)")
    books.executemany("insert into entry values (?, ?)", [(1, "2026-01-31 10:00"), (2, "2099-01-01 00:00")])
    window = Window(since=None, until=datetime(2026, 2, 1, tzinfo=UTC))
    with pytest.raises(SourceError, match="it holds 2099-01-01 00:00, which is in the future"):
        pull(sqlite(books), window, table="entry", cursor_column="at")
    books.execute("update entry set at = '2026-02-02 07:59' where no = 2")  # the office's clock is ahead of UTC
    assert len(rows(pull(sqlite(books), window, table="entry", cursor_column="at"))) == 2


@pytest.mark.parametrize(
    "values",
    [
        ("2026-09-08", "2026-10-01"),
        ("20260930 235959", "20261001 000000"),
        ("TX0009", "TX0010"),
        ("2026年09月", "2026年10月"),
        ("2026-09-30T23:59:00+08:00", "2026-10-01T00:00:00+08:00"),
    ],
)
def test_a_text_in_the_order_of_time_is_a_cursor(books: sqlite3.Connection, values: tuple[str, str]) -> None:
    books.execute("create table entry (at text)")
    books.execute("insert into entry values (?)", values[:1])
    first = pull(sqlite(books), table="entry", cursor_column="at")
    assert [row["at"] for row in rows(first)] == [values[0]]
    books.execute("delete from entry")
    books.executemany("insert into entry values (?)", [values[:1], values[1:], values[1:]])
    second = pull(sqlite(books), dataclasses.replace(ALWAYS, cursor=values[1]), table="entry", cursor_column="at")
    assert [row["at"] for row in rows(second)] == [values[1]] * 2


@pytest.mark.parametrize(
    ("kind", "before", "now"),
    [
        ("integer", [8, 9], [1, 2]),
        ("text", ["TX08", "TX09"], ["TX01", "TX02"]),
        ("timestamp", ["2026-10-08 10:00:00", "2026-10-09 10:00:00"], ["2026-09-01 10:00:00", "2026-09-02 10:00:00"]),
    ],
)
def test_a_source_that_has_gone_back_is_pulled_whole(
    books: sqlite3.Connection, kind: str, before: list[Any], now: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A database that was restored or numbers anew has nothing from the last cursor on: its new rows would never come."""
    books.execute(f"create table entry (at {kind})")
    books.executemany("insert into entry values (?)", [(value,) for value in before])
    first = pull(sqlite(books), table="entry", cursor_column="at")
    assert len(rows(first)) == 2
    again = dataclasses.replace(ALWAYS, cursor=first.cursor)
    assert len(rows(pull(sqlite(books), again, table="entry", cursor_column="at"))) == 1
    assert not caplog.text
    books.execute("delete from entry")
    assert rows(pull(sqlite(books), again, table="entry", cursor_column="at")) == []
    books.executemany("insert into entry values (?)", [(value,) for value in now])
    assert len(rows(pull(sqlite(books), again, table="entry", cursor_column="at"))) == 2
    assert "All of it is pulled" in caplog.text


def test_a_cursor_is_filled_batch_by_batch(postgres: Postgres) -> None:
    postgres.admin.execute("create table long_one as select n as id from generate_series(1, 25000) n")
    try:
        delivery = pull(postgres.credentials, table="long_one", cursor_column="id", road="general")
        batches = delivery.batches
        assert delivery.cursor is None
        sizes = [next(batches).num_rows]
        assert delivery.cursor == str(sizes[0])
        sizes += [batch.num_rows for batch in batches]
        assert sum(sizes) == 25000
        assert max(sizes) <= 10_000, "the memory that a pull takes is bounded by its batches"
        assert delivery.cursor == "25000"
    finally:
        postgres.admin.execute("drop table long_one")


@pytest.mark.parametrize("road", ["auto", "general", "fast"])
def test_a_table_that_vanished_stops_with_what_there_is(postgres: Postgres, filings: str, road: str) -> None:
    with pytest.raises(SourceError, match=r"no table 税务\.申报; the database has 申报表.*Next: ask the office"):
        pull(postgres.credentials, table="税务.申报", road=road)


def test_a_cursor_column_that_vanished_stops(postgres: Postgres, events: str) -> None:
    postgres.admin.execute("alter table event rename column recorded to recorded_at")
    with pytest.raises(SourceError, match=r"no column 'recorded', which source\.cursor_column names; id, recorded_at"):
        pull(postgres.credentials, table=events, cursor_column="recorded")


@pytest.mark.parametrize("road", ["general", "fast"])
def test_a_column_that_vanishes_between_looking_and_reading_stops(postgres: Postgres, events: str, road: str) -> None:
    delivery = pull(postgres.credentials, table=events, road=road)
    postgres.admin.execute("alter table event drop column note")
    with pytest.raises(SourceError, match="note"):
        table_of(delivery)


def test_a_column_that_vanished_is_missing_from_the_header(postgres: Postgres, events: str) -> None:
    postgres.admin.execute("alter table event drop column day")
    assert pull(postgres.credentials, table=events).header == ("id", "recorded", "recorded_tz", "note")


def test_auto_takes_the_general_road_where_the_fast_one_is_closed(
    postgres: Postgres, events: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a machine without the extension's wheel."""
    monkeypatch.setitem(__import__("sys").modules, "duckdb_extension_postgres", None)
    with caplog.at_level(logging.INFO):
        assert len(ids(pull(postgres.credentials, table=events, road="auto"))) == 241
    assert "taking the general one" in caplog.text
    with pytest.raises(SourceError, match="the fast road is closed"):
        rows(pull(postgres.credentials, table=events, road="fast"))


@pytest.mark.parametrize("road", ["general", "fast"])
def test_the_source_is_only_read(postgres: Postgres, events: str, road: str) -> None:
    postgres.admin.execute("grant all on event to reader")
    postgres.admin.execute(
        """create function erase() returns int language plpgsql as $$begin delete from event; return 1; end$$"""
    )
    try:
        with pytest.raises(SourceError, match="read-only"):
            rows(pull(postgres.credentials, query="select erase() as n", road=road))
        assert postgres.admin.execute("select count(*) from event").fetchone() == (241,)
    finally:
        postgres.admin.execute("drop function erase; revoke all on event from reader")


@pytest.mark.parametrize("road", ["auto", "general", "fast"])
def test_a_wrong_password_is_in_no_message(postgres: Postgres, road: str, caplog: pytest.LogCaptureFixture) -> None:
    credentials = dataclasses.replace(postgres.credentials, password="wr0ng'p@ss/")
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError, match="password authentication failed") as stop:
        rows(pull(credentials, table="event", road=road))
    assert not stop.value.is_passing
    shown = "".join([str(stop.value), repr(stop.value), repr(credentials), caplog.text])
    assert "wr0ng" not in shown
    seen, chain = set(), [stop.value.__cause__, stop.value.__context__]
    while chain:
        error = chain.pop()
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            assert "wr0ng" not in f"{error} {error!r}"
            chain += [error.__cause__, error.__context__]


def test_the_password_is_in_no_sql_and_no_process_list(
    postgres: Postgres, events: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import duckdb

    said: list[str] = []
    connect = duckdb.connect

    class Listening:
        def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
            self.connection = connection

        def __enter__(self) -> Listening:
            return self

        def __exit__(self, *_: object) -> None:
            self.connection.close()

        def execute(self, sql: str, *values: Any) -> duckdb.DuckDBPyConnection:
            said.append(sql)
            result = self.connection.execute(sql, *values)
            if sql.startswith("create secret"):
                said.append(str(self.connection.execute("from duckdb_secrets()").fetchall()))
            return result

    monkeypatch.setattr(duckdb, "connect", lambda *args, **named: Listening(connect(*args, **named)))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    batches = pull(postgres.credentials, table=events, road="fast").batches
    next(batches)
    processes = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            processes.append(path.read_bytes())
    assert list(tmp_path.iterdir()) == [], "no file holds the login while rows are read"
    list(batches)
    assert any("create secret" in sql for sql in said)
    assert not any("w'ord" in sql or "w''ord" in sql for sql in said)
    assert not any(b"w'ord" in command for command in processes)


def test_an_unreachable_server_is_passing(tmp_path: Path) -> None:
    credentials = Credentials("postgres", host=str(tmp_path), login="u", password="secret-word", schema="d")
    with pytest.raises(SourceError, match="the run tries again by itself") as stop:
        pull(credentials, table="t")
    assert stop.value.is_passing
    assert "secret-word" not in str(stop.value)


# --- SQLite ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def books(tmp_path: Path) -> sqlite3.Connection:
    path = tmp_path / "台账 100%?.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(
        """create table lease ("合同号" text primary key, area numeric(18,2), rooms integer, ratio real, signed date,
        recorded timestamp, noted_text text, valid boolean, plan blob, loose numeric, untyped)"""
    )
    return connection


def sqlite(connection: sqlite3.Connection) -> Credentials:
    return Credentials("sqlite", host=connection.execute("pragma database_list").fetchone()[2])


def test_sqlite_values_keep_every_digit(books: sqlite3.Connection) -> None:
    books.execute(
        """insert into lease values
        ('A1', 1234567.89, 3, 0.1, '2026-01-31', '2026-01-31 08:00:00', '2026-01-31 08:00', 1, x'00ff', 1.5, 'x'),
        ('A2', 100, null, null, null, '2026-01-31T08:00:00.5', null, 0, null, 12345678901234567890, 7),
        ('A3', '0.10', 0, 0, '2026-01-31 00:00:00', null, '', null, null, 'n/a', null),
        ('A4', 0.1 + 0.2, 0, 0, null, null, null, null, null, null, 2.5)"""
    )
    delivery = pull(sqlite(books), table="lease")
    table = table_of(delivery)
    assert delivery.unreadable == []
    types = {field.name: field.type for field in table.schema}
    assert types["area"] == pa.decimal128(18, 2)
    assert types["recorded"] == pa.timestamp("us")
    assert types["noted_text"] == types["loose"] == types["untyped"] == pa.string()
    first, second, third, fourth = table.to_pylist()
    assert [row["area"] for row in (first, second, third, fourth)] == [
        Decimal("1234567.89"),
        Decimal("100.00"),
        Decimal("0.10"),
        Decimal("0.30"),
    ]
    assert (first["signed"], first["recorded"], first["valid"]) == (date(2026, 1, 31), datetime(2026, 1, 31, 8), True)
    assert first["noted_text"] == "2026-01-31 08:00", "text stays text"
    assert first["plan"] == b"\x00\xff"
    assert second["recorded"] == datetime(2026, 1, 31, 8, 0, 0, 500000)
    assert (first["loose"], third["loose"], second["untyped"]) == ("1.5", "n/a", "7")
    assert third["noted_text"] == ""


def test_latin_1_that_holds_gbk(books: sqlite3.Connection) -> None:
    books.execute("create table office (no text primary key, name text)")
    books.executemany("insert into office values (?, ?)", [("1", "¼×¹«Ë¾"), ("2", "甲公司"), ("3", "plain")])
    delivery = pull(sqlite(books), table="office", holds="gbk")
    assert [(row["no"], row["name"]) for row in rows(delivery)] == [("1", "甲公司"), ("3", "plain")]
    assert [piece.reason for piece in delivery.unreadable] == [
        "name holds text that is not gb18030 under the name of Latin-1 (source.holds)"
    ]
    with pytest.raises(DeclarationError, match="holds is 'latin1'"):
        pull(sqlite(books), table="office", holds="latin1")


def test_sqlite_values_that_do_not_fit_their_column_are_unreadable(books: sqlite3.Connection) -> None:
    books.execute(
        """insert into lease (合同号, area, rooms, signed, recorded, valid) values ('1', 1.005, 1, null, null, null),
        ('2', 'viel', 1, null, null, null), ('3', 1, 1.5, null, null, null), ('4', 1, 1, '31.01.2026', null, null),
        ('5', 1, 1, null, 1769846400, null), ('6', 1, 1, null, null, 'ja'), ('7', 1e30, 1, null, null, null),
        ('8', 1, 1, '2026-01-31 08:00:00', null, null), ('9', 1.01, 1, '2026-01-31', null, 1)"""
    )
    delivery = pull(sqlite(books), table="lease")
    assert [row["合同号"] for row in rows(delivery)] == ["9"]
    assert [(piece.row_number, piece.reason.split()[0]) for piece in delivery.unreadable] == [
        (1, "area"),
        (2, "area"),
        (3, "rooms"),
        (4, "signed"),
        (5, "recorded"),
        (6, "valid"),
        (7, "area"),
        (8, "signed"),
    ]
    assert "viel" in str(delivery.unreadable[1].text)
    assert not any("viel" in piece.reason for piece in delivery.unreadable), "a reason names no values"


@pytest.mark.parametrize("column", ["recorded", "noted_text"])
@pytest.mark.parametrize("separator", [" ", "T"])
def test_sqlite_times_are_compared_as_times(books: sqlite3.Connection, column: str, separator: str) -> None:
    start = datetime(2026, 1, 1)
    books.executemany(
        f"insert into lease (合同号, {column}) values (?, ?)",
        [(f"{n:03}", (start + timedelta(hours=n)).isoformat(separator)) for n in range(1, 73)],
    )
    options: dict[str, Any] = {"table": "lease", "cursor_column": column, "overlap": "1 hour", "clock": "Asia/Shanghai"}
    first = pull(sqlite(books), Window(since=None, until=datetime(2026, 1, 1, 16, tzinfo=UTC)), **options)
    assert [row["合同号"] for row in rows(first)][-1] == "024"
    second = pull(
        sqlite(books), Window(since=None, until=datetime(2026, 1, 2, 16, tzinfo=UTC), cursor=first.cursor), **options
    )
    assert [row["合同号"] for row in rows(second)] == [f"{n:03}" for n in range(23, 49)]


@pytest.mark.parametrize("zone", ["+08:00", "Z", ""])
def test_sqlite_times_with_a_zone_go_by_the_clock(books: sqlite3.Connection, zone: str) -> None:
    """SQLite's own functions give them in UTC, and a cursor is in the time of the declared clock."""
    shift = timedelta(hours=0 if zone == "Z" else 8)
    books.execute("create table entry (no integer, at timestamp)")

    def record(no: int, at: datetime) -> None:
        books.execute("insert into entry values (?, ?)", (no, f"{at + shift:%Y-%m-%d %H:%M:%S}{zone}"))

    options: dict[str, Any] = {"table": "entry", "cursor_column": "at", "clock": "Asia/Shanghai"}
    record(1, datetime(2026, 1, 31, 5))
    first = pull(sqlite(books), dataclasses.replace(ALWAYS, until=datetime(2026, 1, 31, 6, tzinfo=UTC)), **options)
    assert [row["no"] for row in rows(first)] == [1]
    record(2, datetime(2026, 1, 31, 7))
    record(3, datetime(2026, 1, 31, 20))
    record(4, datetime(2026, 2, 1, 1))
    window = Window(None, until=datetime(2026, 2, 1, tzinfo=UTC), cursor=first.cursor, rows_below=first.rows_below)
    second = pull(sqlite(books), window, **options)
    assert [row["no"] for row in rows(second)] == [1, 2, 3]
    assert second.notes == []


def test_a_time_of_recording_that_is_none_is_pulled(books: sqlite3.Connection) -> None:
    """SQLite reads 329901 as a day of 3,809 BC: before every pull. The row is pulled, and put aside where it is staged."""
    books.execute("create table entry (no text, at timestamp)")
    books.execute(
        "insert into entry values ('a', '2026-01-05 10:00:00'), ('b', '329901'), ('c', '2025-12-01 10:00:00')"
    )
    window = Window(since=None, until=datetime(2026, 1, 6, tzinfo=UTC), cursor="2026-01-01T00:00:00")
    delivery = pull(sqlite(books), window, table="entry", cursor_column="at")
    found = [row["no"] for batch in delivery.batches for row in batch.to_pylist()]
    assert len(found) + len(delivery.unreadable) == 2
    assert "a" in found
    assert "c" not in found


def test_a_query_on_sqlite_is_text_but_for_what_is_declared(books: sqlite3.Connection) -> None:
    books.execute("insert into lease (合同号, area, rooms) values ('A:1', 12.50, 3)")
    delivery = pull(
        sqlite(books),
        query="select 合同号 as no, area, rooms * 2 as rooms from lease where 合同号 = 'A:1' -- the one",
        types={"area": "decimal(18,2)"},
    )
    assert rows(delivery) == [{"row_number": 1, "no": "A:1", "area": Decimal("12.50"), "rooms": "6"}]


def test_a_missing_sqlite_file_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "gone.db"
    for credentials in (
        Credentials("sqlite", host=str(path)),
        Credentials("generic", extra={"sqlalchemy_url": f"sqlite:///{path}"}),
    ):
        with pytest.raises(SourceError, match="no SQLite file"):
            pull(credentials, table="t")
        assert not path.exists()


def test_sqlite_is_opened_read_only(books: sqlite3.Connection) -> None:
    assert sqlalchemy_url(sqlite(books), "f").query["mode"] == "ro"


def test_text_in_another_encoding_stops_without_showing_it(books: sqlite3.Connection) -> None:
    books.execute("insert into lease (合同号) values (cast(x'd5c5c8fd' as text))")
    with pytest.raises(SourceError, match="decode") as stop:
        rows(pull(sqlite(books), table="lease"))
    assert not stop.value.is_passing
    assert "with text" not in str(stop.value)


def test_memory_does_not_grow_with_the_table(books: sqlite3.Connection) -> None:
    books.execute(
        """insert into lease (合同号, area, noted_text) with recursive n(i) as (select 1 union all select i + 1 from n
        where i < 60000) select printf('%06d', i), i * 0.01, printf('%.100c', 'x') from n"""
    )
    tracemalloc.start()
    try:
        total = sum(batch.num_rows for batch in pull(sqlite(books), table="lease").batches)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 60000
    assert peak < 25_000_000, "the rows as Python objects would be 45 MB"


# --- options and connections ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of them is needed"),
        ({"table": "t", "query": "select 1"}, "one of them is needed"),
        ({"table": "t", "tabel": "t"}, "source.tabel is not an option"),
        ({"table": 5}, "source.table is 5; a text allowed"),
        ({"table": "t", "overlap": "3 days"}, "overlap needs source.cursor_column"),
        ({"table": "t", "cursor_column": "c", "overlap": "3 moons"}, "overlap is '3 moons'"),
        ({"table": "t", "cursor_column": "c", "clock": "Asia/Suzhou"}, "clock is 'Asia/Suzhou'"),
        ({"table": "t", "cursor_column": "secret"}, "personal and never fetched"),
        ({"table": "t", "road": "scenic"}, "road is 'scenic'; one of auto, general, fast allowed"),
        ({"query": "select 1", "types": {"a": "float"}}, r"types\.a is 'float'"),
        ({"table": "t", "order_by": []}, r"order_by is \[\]"),
    ],
)
def test_wrong_options_stop_before_anything_is_fetched(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        protocol("database").deliveries(options, Credentials("sqlite"), ALWAYS, "f", exclude=frozenset({"secret"}))


def test_an_overlap_that_does_not_fit_its_column_stops(postgres: Postgres, events: str) -> None:
    with pytest.raises(SourceError, match="overlap does not fit the cursor column 'recorded'"):
        pull(postgres.credentials, table=events, cursor_column="recorded", overlap=5)
    with pytest.raises(SourceError, match="overlap does not fit the cursor column 'note'"):
        pull(postgres.credentials, table=events, cursor_column="note", overlap="3 days")


def test_a_cursor_of_another_type_than_the_column_stops(postgres: Postgres, events: str) -> None:
    window = dataclasses.replace(ALWAYS, cursor="n0001")
    for column in ("id", "recorded"):
        with pytest.raises(SourceError, match="'n0001', does not fit the cursor column"):
            pull(postgres.credentials, window, table=events, cursor_column=column)


def test_a_query_with_two_columns_of_one_name_stops(postgres: Postgres) -> None:
    with pytest.raises(SourceError, match="two columns called 'a'"):
        pull(postgres.credentials, query="select 1 as a, 2 as a")
    with pytest.raises(SourceError, match="a column called 'row_number'"):
        pull(postgres.credentials, query="select 1 as row_number")


def test_urls_of_other_databases() -> None:
    mysql = sqlalchemy_url(Credentials("mysql", "h", 3306, "u", "p@ss", "db"), "f")
    assert mysql.drivername == "mysql+pymysql"
    assert mysql.password == "p@ss"
    given = Credentials("generic", login="u", password="pw", extra={"sqlalchemy_url": "oracle+oracledb://h:1521/x"})
    assert sqlalchemy_url(given, "f").render_as_string(hide_password=False) == "oracle+oracledb://u:pw@h:1521/x"
    plain = Credentials("generic", extra={"sqlalchemy_url": "postgresql://u:pw@h/d"})
    assert sqlalchemy_url(plain, "f").drivername == "postgresql+psycopg"
    secure = sqlalchemy_url(Credentials("postgres", "h", extra={"sslmode": "verify-full", "cursor": "x"}), "f")
    assert dict(secure.query) == {"sslmode": "verify-full", "connect_timeout": "15"}


def test_connections_that_cannot_be_used_say_what_to_do() -> None:
    broken = Credentials("generic", extra={"sqlalchemy_url": "u:hunter2@h"})
    with pytest.raises(SourceError, match="no SQLAlchemy URL") as stop:
        pull(broken, table="t")
    assert "hunter2" not in f"{stop.value!r} {stop.value.__context__!r}"
    with pytest.raises(SourceError, match="type 'ftp' is no database"):
        pull(Credentials("ftp"), table="t")
    with pytest.raises(SourceError, match=r"no driver for mysql\+pymysql is installed|the database answers"):
        pull(Credentials("mysql", "127.0.0.1", 1, "u", "p"), table="t")


def test_the_fast_road_is_for_postgres_only(books: sqlite3.Connection) -> None:
    with pytest.raises(SourceError, match="fast road"):
        rows(pull(sqlite(books), table="lease", road="fast"))


def test_the_fast_road_closes_where_duckdb_would_read_a_numeric_as_floating_point(postgres: Postgres) -> None:
    url = sqlalchemy_url(postgres.credentials, "f")
    numeric: sa.Select[Any] = sa.select(sa.literal_column("0.1::numeric").label("n"))
    with pytest.raises(FastRoadClosed, match="reads n as double"):
        next(fast_road([Column("n", pa.decimal128(18, 2))], numeric, url))
