"""The PostgreSQL edition against a real server, asked as each role."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import psycopg
import pytest
from psycopg import errors

from connectors.credentials import Credentials
from connectors.sources.database.reaching import libpq_settings
from tests.postgres_server import Postgres
from tests.warehouse.test_command_line import Run
from tests.warehouse.test_command_line import run as run
from warehouse.connection import literal
from warehouse.errors import DeclarationError, SourceError
from warehouse.postgres_access import Audience, read_groups
from warehouse.postgres_edition import Server, serve
from warehouse.postgres_tables import ServeError

PASSWORD = "p@ss w'ord/%1\\ö"
GROUPS = Audience(groups={"east": ["B1"], "o'k\"x": ["B2", "B'3"]})
EVIL = 'a"; drop schema ops cascade; --'
# E1 and E2 are in B1 and B2; E3 is in B2 and rents in B1 too; E4 is nowhere; E5 rented in B1 once
PARK = f"""
create schema ops; create schema monthly; create schema snapshots; create schema signals; create schema "园区";
create schema "核对";
create table ops.night as select 'n$N' as night_id, timestamp '2026-11-01 01:02:03.000004' as as_of, '示范' as park_name;
create table monthly.building as from (values ('B1', '甲楼'), ('B2', '乙楼'), ('B''3', '丙楼')) as t(building_code, building_name);
create table monthly.lease_building as from (values
    ('E1', 'B1', date '2026-10-01', 10.00::decimal(30, 2)), ('E3', 'B1', date '2026-10-01', 5.00),
    ('E5', 'B1', date '2026-09-01', 7.00), ('E5', 'B2', date '2026-10-01', 0.00))
    as t(enterprise_id, building_code, month, leased_area_m2);
create table snapshots.enterprise_label as from (values
    ('E1', '一厂', 'B1'), ('E2', '二厂', 'B2'), ('E3', '三厂', 'B2'), ('E4', '四厂', null), ('E5', '五厂', null))
    as t(enterprise_id, enterprise_name, building_code);
create table snapshots.enterprise_month as select e as enterprise_id, m as month, $N::bigint as night,
    (1000000000000000000 + i)::bigint as insured_headcount, (i * -9999999999999999999999999.99)::decimal(30, 2) as sales_amount,
    (i / 10000000000)::decimal(38, 10) as share, if(i = 2, null, i % 2 = 0) as is_provisional,
    [0.1, 1e300, 'nan', '-inf', null][i]::double as growth, timestamp '1900-01-01 23:59:59.999999' as as_of,
    ['', null, 'a"b,c\n\r\\.', '\\N', '税\\额''%s😀'][i] as note
    from (select 'E' || i as e, i, unnest([date '2026-09-01', date '2026-10-01']) as m from range(1, 6) as t(i));
comment on table snapshots.enterprise_month is 'one row is: it''s "one" \\ %s; --\n一行是：一家企业';
comment on column snapshots.enterprise_month.note is '备注 | it''s a note';
create table signals.flow as from (values ('E1', 'E3'), ('E1', 'E2'), ('E1', null)) as t(enterprise_id, other_enterprise_id);
create table signals.succession as from (values ('E1', 'E3'), ('E1', 'E2'), (null, null))
    as t(predecessor_enterprise_id, successor_enterprise_id);
create table snapshots.park_month as select date '2026-10-01' as month, 5 as enterprise_count;
create table snapshots.shapes as select [1, 2] as listed, {{'a': 1.10::decimal(4, 2)}} as named, map {{'k': 'v'}} as mapped,
    'b'::enum ('a', 'b') as chosen, '6ecd8c99-4036-403d-bf84-cf8400f67836'::uuid as id, 7::tinyint as small,
    timestamptz '2026-01-01 00:00:00+00' as at, '\\x00\\xFF'::blob as bytes, '{{"x":null}}'::json as said, 'a' || chr(0) as nul;
create table signals."{EVIL.replace('"', '""')}" as select 1 as "{EVIL.replace('"', '""')}";
create view "园区"."企业现状" as select enterprise_id as "企业编号", enterprise_name as "企业名称" from snapshots.enterprise_label;
comment on view "园区"."企业现状" is '一行是：一家企业';
comment on column "园区"."企业现状"."企业名称" is '登记名称';
create view "园区"."进出与增减" as select f.enterprise_id as "企业编号", l.enterprise_name as "对方企业名称" from signals.flow as f
    left join snapshots.enterprise_label as l on l.enterprise_id = f.other_enterprise_id;
create view "园区"."待人工核对" as select enterprise_name as "候选企业名称" from snapshots.enterprise_label;
create view "园区"."楼栋月度" as select building_code as "楼栋编号", date '2026-10-01' as "月份" from monthly.building;
create view "核对"."楼栋" as select building_code as "楼栋" from monthly.building;
"""


def made(file: Path, night: int = 1, sql: str = PARK) -> Path:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach {literal(str(file))} as fresh (storage_version 'v1.0.0'); use fresh")
        connection.execute(sql.replace("$N", str(night)))
        connection.execute("use memory; detach fresh")
    return file


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("published") / "park.duckdb")


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> Iterator[psycopg.Connection[Any]]:
    """A database of its own, and logins: one that serves, one that may make no roles, and readers."""
    admin = postgres.admin
    admin.execute("create database edition encoding 'UTF8' template template0")
    hidden = PASSWORD.replace("'", "''")
    for login, rights in {"loader": "createrole", "plain": "", "bi": "", "east_bi": "", "both_bi": ""}.items():
        admin.execute(f"create role {login} login {rights} password '{hidden}'".encode())
    with psycopg.connect(host=admin.info.host, user="postgres", dbname="edition", autocommit=True) as inside:
        yield inside
    admin.execute("drop database edition with (force)")


@pytest.fixture
def server(database: psycopg.Connection[Any]) -> Iterator[Server]:
    database.execute("grant create on database edition to loader")
    credentials = Credentials("postgres", host=database.info.host, login="loader", password=PASSWORD, schema="edition")
    yield Server("bi", libpq_settings(credentials, "test"), credentials.redact)
    database.execute("drop owned by loader, plain cascade")
    for (name,) in database.execute("select rolname from pg_roles where rolname like 'parkbridge%'").fetchall():
        database.execute(f'drop role "{name.replace(chr(34), chr(34) * 2)}"'.encode())


@pytest.fixture
def asked(database: psycopg.Connection[Any]) -> Callable[..., list[tuple[Any, ...]]]:
    """Ask as a login that is a member of some roles."""

    def asked(sql: str, *roles: str) -> list[tuple[Any, ...]]:
        login = {(): "postgres", ("parkbridge_reader",): "bi"}.get(roles, "both_bi" if len(roles) > 1 else "east_bi")
        for role in roles:
            database.execute(f'grant "{role.replace(chr(34), chr(34) * 2)}" to {login}'.encode())
        try:
            with psycopg.connect(
                host=database.info.host, user=login, password=PASSWORD, dbname="edition"
            ) as connection:
                return connection.execute(sql.encode()).fetchall()
        finally:
            for role in roles:
                database.execute(f'revoke "{role.replace(chr(34), chr(34) * 2)}" from {login}'.encode())

    return asked


Asked = Callable[..., list[tuple[Any, ...]]]


def schemas(database: psycopg.Connection[Any]) -> set[str]:
    found = database.execute("select nspname from pg_namespace where nspname !~ '^(pg_|information|public)'").fetchall()
    return {name for (name,) in found}


def test_every_row_is_there_as_it_is_in_the_file(server: Server, file: Path, asked: Asked) -> None:
    served = serve(server, file)
    assert served.night_id == "n1"
    assert served.is_changed
    with duckdb.connect(str(file), read_only=True) as park:
        names = park.execute(
            "select table_schema, table_name from information_schema.tables where table_schema <> '核对'"
        ).fetchall()
        for schema, name in names:
            if name == "shapes":
                continue
            table = f'"{schema}"."{name.replace(chr(34), chr(34) * 2)}"'
            there = asked(f"select * from {table}", "parkbridge_reader")
            assert sorted(map(repr, there)) == sorted(map(repr, park.execute(f"from {table}").fetchall())), table
        assert served.rows == sum(
            len(park.execute(f'from "{s}"."{n.replace(chr(34), chr(34) * 2)}"').fetchall()) for s, n in names
        )
    shapes = asked("select * from snapshots.shapes", "parkbridge_reader")[0]
    assert shapes == (
        [1, 2],
        {"a": 1.1},
        {"k": "v"},
        "b",
        UUID("6ecd8c99-4036-403d-bf84-cf8400f67836"),
        7,
        datetime(2026, 1, 1, tzinfo=UTC),
        b"\x00\xff",
        {"x": None},
        "a\N{REPLACEMENT CHARACTER}",
    )
    assert asked("select share, sales_amount, as_of from snapshots.enterprise_month where enterprise_id = 'E1'")[0] == (
        Decimal("0.0000000001"),
        Decimal("-9999999999999999999999999.99"),
        datetime(1900, 1, 1, 23, 59, 59, 999999),
    )
    assert asked("select night_id, as_of from ops.night") == asked("select night_id, as_of from ops.edition")


def test_types_comments_and_indices_are_there(server: Server, file: Path, asked: Asked) -> None:
    serve(server, file)
    types = asked(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = 'snapshots.enterprise_month'::regclass and attnum > 0"
    )
    assert dict(types) == {
        "enterprise_id": "text",
        "month": "date",
        "night": "bigint",
        "insured_headcount": "bigint",
        "sales_amount": "numeric(30,2)",
        "share": "numeric(38,10)",
        "is_provisional": "boolean",
        "growth": "double precision",
        "as_of": "timestamp without time zone",
        "note": "text",
    }
    assert asked("select obj_description('snapshots.enterprise_month'::regclass)") == [
        ('one row is: it\'s "one" \\ %s; --\n一行是：一家企业',)
    ]
    assert asked("select col_description('snapshots.enterprise_month'::regclass, 10)") == [("备注 | it's a note",)]
    assert asked("select col_description('园区.企业现状'::regclass, 2)") == [("登记名称",)]
    assert asked("select indexdef from pg_indexes where tablename = 'enterprise_month'")[0][0].endswith(
        "(enterprise_id, month)"
    )
    assert asked("select count(*) from pg_class where relname = 'enterprise_month' and reltuples = 10") == [(1,)]


def test_the_same_night_again_changes_nothing(server: Server, file: Path, asked: Asked, tmp_path: Path) -> None:
    serve(server, file)
    before = asked("select oid from pg_class where relname = 'enterprise_month' order by 1")
    assert not serve(server, file).is_changed
    assert asked("select oid from pg_class where relname = 'enterprise_month' order by 1") == before
    assert serve(server, file, GROUPS).is_changed, "who may read is part of an edition"
    assert serve(server, made(tmp_path / "next.duckdb", 2), GROUPS).night_id == "n2"
    assert asked("select distinct night from snapshots.enterprise_month") == [(2,)]


def test_a_group_sees_its_buildings_alone(server: Server, file: Path, asked: Asked) -> None:
    serve(server, file, GROUPS)
    east, west = "parkbridge_east", "parkbridge_o'k\"x"

    def ids(table: str, *roles: str, column: str = "enterprise_id") -> list[str]:
        return sorted({row[0] for row in asked(f'select "{column}" from {table}', *roles)})

    assert ids("snapshots.enterprise_month", east) == ["E1", "E3"]
    assert ids("snapshots.enterprise_month", west) == ["E2", "E3"]
    assert ids("snapshots.enterprise_month", east, west) == ["E1", "E2", "E3"]
    assert ids("snapshots.enterprise_month", "parkbridge_reader") == ["E1", "E2", "E3", "E4", "E5"]
    assert ids("园区.企业现状", east, column="企业编号") == ["E1", "E3"]
    assert asked("select * from monthly.building", east) == [("B1", "甲楼")]
    assert {row[0] for row in asked('select "楼栋编号" from 园区.楼栋月度', west)} == {"B2", "B'3"}
    assert ids("monthly.lease_building", east) == ["E1", "E3", "E5"], "a row of this building's own past"
    assert set(asked("select * from signals.flow", east)) == {("E1", "E3"), ("E1", None)}
    assert asked("select * from signals.succession", east) == [("E1", "E3")]
    assert asked("select * from 园区.进出与增减", east) == [("E1", None)], "another's name alone is of no building"
    assert ids("ops.enterprise_building", east) == ["E1", "E3"]
    assert asked("select night_id from ops.night", east) == [("n1",)]
    for closed in ("snapshots.park_month", "园区.待人工核对", f'signals."{EVIL.replace(chr(34), chr(34) * 2)}"'):
        with pytest.raises(errors.InsufficientPrivilege):
            asked(f"select * from {closed}", east)
    for written in ("delete from snapshots.enterprise_month", "drop table ops.night", "create table ops.mine (i int)"):
        for role in (east, "parkbridge_reader"):
            with pytest.raises(errors.InsufficientPrivilege):
                asked(written, role)
    with pytest.raises(errors.InsufficientPrivilege):
        asked("select * from ops.night", "pg_monitor")


def test_a_group_that_is_dropped_sees_nothing(server: Server, file: Path, asked: Asked) -> None:
    serve(server, file, GROUPS)
    serve(server, file, replace(GROUPS, groups={"o'k\"x": ["B1"]}))
    with pytest.raises(errors.InsufficientPrivilege):
        asked("select * from snapshots.enterprise_month", "parkbridge_east")


def test_a_reader_sees_one_night_through_twenty_swaps(
    server: Server, database: psycopg.Connection[Any], tmp_path: Path
) -> None:
    small = """create schema ops; create table ops.night as select 'n$N' as night_id, timestamp '2026-11-01' as as_of;
        create schema a; create schema b; create table a.t as select $N as n from range(1000);
        create table b.t as select $N as n from range(1000)"""
    files = [made(tmp_path / f"{night}.duckdb", night, small) for night in range(21)]
    serve(server, files[0])
    database.execute("grant parkbridge_reader to bi")
    seen: set[tuple[Any, ...]] = set()
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        try:
            with psycopg.connect(host=database.info.host, user="bi", password=PASSWORD, dbname="edition") as connection:
                while not done.is_set():
                    one = connection.execute(
                        "select 'n' || min(a.n), 'n' || max(b.n), min(night_id) from b.t as b, a.t as a, ops.night where b.n = a.n "
                        "and b.ctid = a.ctid"
                    ).fetchone()
                    two = connection.execute("select 'n' || min(n), 'n' || max(n), null from a.t").fetchone()
                    connection.commit()
                    assert one
                    assert two
                    seen.add(one)
                    if len({*one, *two[:2]}) != 1:
                        wrong.append((one, two))
                    done.wait(0.005)
        except Exception as error:
            wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for night in files[1:]:
            assert serve(server, night).is_changed
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert len(seen) >= 10, "the readers must have seen most nights for this to show anything"


def test_a_long_reader_keeps_yesterday(
    server: Server, file: Path, database: psycopg.Connection[Any], tmp_path: Path, asked: Asked
) -> None:
    serve(server, file)
    database.execute("grant parkbridge_reader to bi")
    with psycopg.connect(
        host=database.info.host, user="bi", password=PASSWORD, dbname="edition", application_name="仪表盘 sheet"
    ) as reader:
        reader.execute("select 1 from snapshots.park_month")
        with pytest.raises(ServeError, match=r"for 0\.2 s a reader .* pid \d+, bi, .*sheet\. Next"):
            serve(server, made(tmp_path / "next.duckdb", 2), wait_seconds=0.2)
        assert reader.execute("select night_id from ops.night").fetchone() == ("n1",)
    assert not [name for name in schemas(database) if name.startswith("parkbridge_next_")]
    assert serve(server, tmp_path / "next.duckdb").is_changed


def test_a_connection_that_breaks_in_the_middle_leaves_yesterday(
    server: Server, file: Path, database: psycopg.Connection[Any], tmp_path: Path, asked: Asked
) -> None:
    serve(server, file)
    before = schemas(database)

    def cut(table: str) -> None:
        if table == "snapshots.enterprise_month":
            database.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'loader'")

    with pytest.raises(ServeError, match=r"the connection broke: .*unchanged") as stop:
        serve(server, made(tmp_path / "next.duckdb", 2), on_table=cut)
    assert PASSWORD not in str(stop.value)
    assert schemas(database) == before
    assert asked("select distinct night from snapshots.enterprise_month") == [(1,)]
    assert serve(server, tmp_path / "next.duckdb").is_changed


@pytest.mark.parametrize(
    ("changed", "fact"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"host": "/nowhere"}, "cannot be reached"),
        ({"dbname": "absent"}, "does not exist"),
    ],
)
def test_a_server_that_refuses_is_one_line_without_the_password(
    server: Server, file: Path, changed: dict[str, str], fact: str
) -> None:
    other = replace(server, settings={**server.settings, **changed})
    with pytest.raises(ServeError, match=fact) as stop:
        serve(other, file)
    for text in (str(stop.value), repr(other), repr(stop.value)):
        assert PASSWORD not in text
        assert "\n" not in text
    assert stop.value.__context__ is None, "a traceback must not show the driver's own error"


def test_a_login_with_few_rights_reads_what_to_ask_for(
    server: Server, file: Path, database: psycopg.Connection[Any]
) -> None:
    plain = replace(server, settings={**server.settings, "user": "plain"})
    with pytest.raises(ServeError, match='create role "parkbridge_reader" nologin; or use --no-roles'):
        serve(plain, file)
    with pytest.raises(ServeError, match='grant create on database "edition" to "plain"'):
        serve(plain, file, Audience(has_roles=False))
    database.execute("grant create on database edition to plain")
    assert serve(plain, file, Audience(has_roles=False)).is_changed
    found = database.execute("select count(*) from pg_roles where rolname like 'parkbridge%'").fetchone()
    assert found == (0,)
    database.execute("revoke create on database edition from plain")


def test_what_is_not_ours_is_left_alone(server: Server, file: Path, database: psycopg.Connection[Any]) -> None:
    database.execute("create schema signals")
    with pytest.raises(ServeError, match="schema 'signals' is there and is not ParkBridge's"):
        serve(server, file)
    assert schemas(database) == {"signals"}
    database.execute("drop schema signals")
    serve(server, file)
    database.execute("create view public.mine as select * from snapshots.park_month")
    try:
        with pytest.raises(ServeError, match=r"view public\.mine reads tables"):
            serve(server, file, GROUPS)
    finally:
        database.execute("drop view public.mine")


def test_a_role_above_row_level_security_is_refused(
    server: Server, file: Path, database: psycopg.Connection[Any]
) -> None:
    database.execute("create role parkbridge_east bypassrls")
    with pytest.raises(ServeError, match="passes over row-level security"):
        serve(server, file, GROUPS)
    database.execute("alter role parkbridge_east nobypassrls; create role parkbridge_reader")
    database.execute("grant parkbridge_reader to parkbridge_east")
    with pytest.raises(ServeError, match="it is a member of 'parkbridge_reader'"):
        serve(server, file, GROUPS)


@pytest.mark.parametrize(
    ("sql", "fact"),
    [
        ("create table ops.t as select 1::hugeint as i", "its type is HUGEINT"),
        (f"create table ops.t as select 1 as {'企' * 22}", "66 bytes"),
    ],
)
def test_what_postgresql_cannot_hold_exactly_is_refused(server: Server, tmp_path: Path, sql: str, fact: str) -> None:
    with pytest.raises(ServeError, match=fact):
        serve(server, made(tmp_path / "odd.duckdb", sql=PARK + sql))


def test_an_unknown_building_is_refused(server: Server, file: Path) -> None:
    with pytest.raises(ServeError, match=r"there is no building 'B9'; B'3, B1, B2 allowed"):
        serve(server, file, Audience(groups={"east": ["B1", "B9"]}))


@pytest.mark.parametrize(
    "text", ["", "- B1", "east: B1", "east: []", "east: [1]", "1: [B1]", "reader: [B1]", "east: [B1", "\x00"]
)
def test_a_policy_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    policy = tmp_path / "groups.yml"
    policy.write_text(text)
    with pytest.raises(DeclarationError, match=r"groups\.yml"):
        read_groups(policy)


def test_the_command_says_what_readers_see(
    server: Server, file: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = Credentials(
        "postgres", host=server.settings["host"], login="loader", password=PASSWORD, schema="edition"
    )
    monkeypatch.setattr("dags.local.prepare_airflow", lambda settings: None)
    monkeypatch.setattr(Credentials, "from_airflow", lambda name: credentials)
    policy = tmp_path / "groups.yml"
    policy.write_text("east: [B1]")
    words = ("serve-to", "bi", "--file", str(file), "--policy", str(policy))
    outcomes = [run(*words), run(*words), run("serve-to", "bi")]
    assert outcomes[0][:2] == (0, "bi: readers see night n1: 16 tables, 48 rows\n")
    assert outcomes[1][:2] == (0, "bi: readers see night n1 already; nothing changed\n")
    assert outcomes[2][0] == 1
    assert "nothing is published yet" in outcomes[2][2]
    assert PASSWORD not in str(outcomes)


def test_another_database_than_postgresql_is_refused() -> None:
    with pytest.raises(SourceError, match="mysql; postgres allowed"):
        libpq_settings(Credentials("mysql", host="h", schema="d"), "connection 'bi'")
