"""A small park in a temporary folder: three feeds of three offices, two models, and what the DAGs do with them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import settings

from connectors.credentials import Credentials
from connectors.feed import Feed, read_feed
from connectors.landing import land
from connectors.registry import feed_named
from tests.browser import browser as browser  # fixtures of every test
from tests.mariadb_server import mariadb as mariadb
from tests.postgres_server import _postgres_lives as _postgres_lives
from tests.postgres_server import postgres as postgres
from transforms.night import build_all
from transforms.resolution.resolve import resolve
from warehouse import acceptance, incoming, loader
from warehouse.batches import REJECTED, Manifest, batches, pending
from warehouse.comparison import findings, measure
from warehouse.confirmation import Confirmation, Finding
from warehouse.connection import prepare, settle_before_landing, writer
from warehouse.models import Model, build, load_rules, make, read_layers
from warehouse.night import begin_night
from warehouse.publish import Published, publish
from warehouse.settings import CHECKOUT, DIRECTOR, Settings

# a busy machine is slow, and no test depends on time
settings.register_profile("park", deadline=None)
settings.load_profile("park")

# Folders of tests that share a costly fixture: one process runs them all. pytest 9.2 takes no node id from pytest-xdist 3.8, so
# that its mark xdist_group groups nothing. A file goes to one process, too: what it makes once for its tests would otherwise be
# made in each.
SHARED = {"tests/system/": "demo park", "tests/expectations/": "gx"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With --dist loadgroup, send the tests of a folder of SHARED to one process, and those of any other file."""
    from xdist.scheduler import LoadGroupScheduling

    class FolderScheduling(LoadGroupScheduling):  # type: ignore[misc]  # the base class is untyped
        def _split_scope(self, nodeid: str) -> str:
            shared = [group for folder, group in SHARED.items() if nodeid.startswith(folder)]
            return shared[0] if shared else nodeid.partition("::")[0]

    return FolderScheduling(config, log) if config.getvalue("dist") == "loadgroup" else None


FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)
JULY = "2026-07-01"
LAYERS = CHECKOUT / "transforms"

STAFF = """
feed: staff
subject: employment
title: {en: Insured staff, zh: 参保人数}
office: Social insurance bureau
owner: data-engineering
description: One row is the insured staff of one unit in one month.
schedule: "30 0 * * *"
source: {protocol: file_drop, connection: none, folder: staff, pattern: "*", settle_seconds: 0}
replaces: period
recorded_at: 受理时间
columns:
  单位编号: source_key
  单位名称: enterprise_name
  所属期: month
  参保人数: insured_headcount
  缴费基数: wage_amount
  经办人: personal
  手机: personal
  备注: ignored
  受理时间: ignored
optional: [备注]
aliases: {单位代码: 单位编号}
missing: ["-"]
allow: {rejected_pct: 10, rows_min_pct: 60, rows_max_factor: 5, stale_days: 40}
"""
STAFF_SQL = """
select
    row_number,
    单位编号 as source_key,
    单位名称 as enterprise_name,
    to_month(所属期) as month,
    to_count(参保人数) as insured_headcount,
    to_amount(缴费基数) as wage_amount
from delivery
"""
STAFF_HEADER = "单位编号,单位名称,所属期,参保人数,缴费基数,经办人,手机,受理时间"

LEASES = """
feed: leases
subject: lease
title: {en: Leases, zh: 租赁台账}
office: Property company
owner: data-engineering
description: One row is one lease.
schedule: "35 0 * * *"
source:
  protocol: file_drop
  connection: none
  folder: leases
  settle_seconds: 0
  totals: {column: 合同编号, values: [合计]}
replaces: everything
missing: [无]
columns:
  合同编号: lease_no
  客户编号: source_key
  承租人: enterprise_name
  统一社会信用代码: uscc
  面积: leased_area_m2
  起租日: start_date
  到期日: end_date
  联系人: personal
  备注: ignored
allow: {rejected_pct: 10, rows_min_pct: 60, rows_max_factor: 5, stale_days: 40}
"""
LEASES_SQL = """
select
    row_number,
    客户编号 as source_key,
    合同编号 as lease_no,
    承租人 as enterprise_name,
    统一社会信用代码 as uscc,
    to_amount(面积) as leased_area_m2,
    to_date(起租日) as start_date,
    to_date(到期日) as end_date
from delivery
"""
LEASES_HEADER = "合同编号,客户编号,承租人,统一社会信用代码,面积,起租日,到期日,联系人,备注"

PAYMENTS = """
feed: payments
subject: tax_payment
title: {en: Tax payments, zh: 税款入库}
office: Tax bureau
owner: data-engineering
description: One row is one payment into the treasury.
schedule: "10 0 * * *"
source:
  protocol: database
  connection: none
  table: 入库
  cursor_column: 记录时间
  overlap: 2 days
  clock: Asia/Shanghai
  order_by: [税票号码]
replaces: nothing
recorded_at: 记录时间
columns:
  税票号码: payment_no
  纳税人识别号: [source_key, taxpayer_no]
  征收项目: tax_kind_code
  所属期起: period_start
  所属期止: period_end
  入库日期: paid_date
  金额_分: paid_amount
  经办人: personal
  记录时间: ignored
codes:
  征收项目: {增值税: vat, 企业所得税: cit}
allow: {rejected_pct: 10, stale_days: 40}
"""
PAYMENTS_SQL = """
select
    row_number,
    税票号码 as payment_no,
    纳税人识别号 as source_key,
    纳税人识别号 as taxpayer_no,
    征收项目 as tax_kind_code,
    to_date(所属期起) as period_start,
    to_date(所属期止) as period_end,
    to_date(入库日期) as paid_date,
    try_cast(金额_分 as bigint) * 0.01 as paid_amount
from delivery
"""

HEADCOUNT_MODEL = """
-- title: Staff by unit and month | 单位月度人数
-- one row is: one unit and month
-- answers: how many people a unit insured
-- key: source_key, month
-- rules: none
-- known gaps: none
-- checked by: tests/warehouse
-- column source_key: the office's number of the unit | 单位编号 社保局的编号
select n.as_of, e.source_key, e.month, e.insured_headcount
from known.employment as e cross join ops.night as n
"""
TOTAL_MODEL = """
-- title: The park by month | 园区月度
-- one row is: one month
-- answers: how many people were insured in the park
-- key: month
-- rules: none
-- known gaps: none
-- checked by: tests/warehouse
select as_of, month, sum(insured_headcount)::bigint as insured_headcount, count(*) as unit_count
from monthly.staff group by as_of, month
"""


def day(number: float) -> datetime:
    """The moment `number` days into the park's life, aware UTC."""
    return FIRST_DAY + timedelta(days=number)


def naive(number: float) -> datetime:
    """The same as the warehouse keeps it."""
    return day(number).replace(tzinfo=None)


def staff_row(unit: str, headcount: object = 10, *, month: str = "2026-01", at: str = "2026-02-05 09:00:00") -> str:
    """One row of the staff feed's files."""
    return f"{unit},{unit}公司,{month},{headcount},{5000 if headcount else 0},张三,13800138000,{at}"


def staff_file(rows: Iterable[str]) -> str:
    """A file of the staff feed."""
    return "\n".join([STAFF_HEADER, *rows]) + "\n"


def staff(units: dict[str, int], *, month: str = "2026-01", at: str = "2026-02-05 09:00:00") -> str:
    """A file of the staff feed for one month: unit → headcount."""
    return staff_file(staff_row(unit, count, month=month, at=at) for unit, count in units.items())


def lease_row(number: int, *, start: str = "2025-01-01", end: str = "2027-12-31", note: str = "") -> str:
    """One row of the leases feed's files."""
    return f"ZL{number:04d},KH{number:04d},{number}号公司,无,100.5,{start},{end},李四,{note}"


def leases(numbers: Iterable[int], **given: str) -> str:
    """A whole register of leases."""
    return "\n".join([LEASES_HEADER, *(lease_row(n, **given) for n in numbers)]) + "\n"


@cache
def _read_feed(folder: Path, content: bytes) -> Feed:
    return read_feed(folder)


@dataclass
class Park:
    """A park's folders and feeds, and the steps of its DAGs, without Airflow and without the feed's own checks."""

    home: Path
    offices: Path
    feed_folder: Path
    transforms: Path
    pseudonym_key: str = ""
    keep_nights: int = 3
    counts: dict[str, list[dict[str, int]]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        given: dict[str, Any] = dict.fromkeys(Settings.__dataclass_fields__, "")
        return Settings(
            **given
            | {
                "home": self.home,
                "outcomes": self.home / "outcomes.csv",
                "judgements": self.home / "judgements.csv",
                "backup": self.home.parent / "backup",
                "feed_folders": (self.feed_folder,),
                "park_name": "Test park",
                "time_zone": ZoneInfo("Asia/Shanghai"),
                "keep_nights": self.keep_nights,
                "memory_limit": "1GB",
                "pseudonym_key": self.pseudonym_key,
                "audience": DIRECTOR,
                "audiences": (DIRECTOR,),
            }
        )

    @property
    def raw(self) -> Path:
        return self.settings.raw

    @property
    def models(self) -> list[Model]:
        return read_layers(self.transforms)

    def declare(self, name: str, declaration: str, stage_sql: str) -> None:
        """Write a feed's folder."""
        folder = self.feed_folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "feed.yml").write_text(declaration.lstrip(), encoding="utf-8")
        (folder / "stage.sql").write_text(stage_sql.lstrip(), encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        """Change a feed's declaration."""
        path = self.feed_folder / name / "feed.yml"
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {path}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def feed(self, name: str) -> Feed:
        folder = self.feed_folder / name
        return _read_feed(folder, (folder / "feed.yml").read_bytes())

    def drop(self, feed: str, name: str, content: str | bytes, at: datetime) -> Path:
        """An office drops a file."""
        path = self.offices / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (at.timestamp(), at.timestamp()))
        return path

    def tax_database(self, sql: str, parameters: Sequence[Sequence[object]] = ()) -> None:
        """Run a statement in the tax bureau's database."""
        with sqlite3.connect(self.offices / "tax.db") as database:
            database.executemany(sql, parameters) if parameters else database.execute(sql)
        database.close()

    def pay(
        self,
        number: str,
        fen: object,
        recorded: str,
        *,
        kind: str = "增值税",
        payer: str = "T1",
        month: date = date(2026, 1, 1),
    ) -> None:
        """A payment of one month's tax as the tax bureau records it; the same number again is a change of it."""
        end = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        row = (number, payer, kind, f"{month}", f"{end}", f"{end + timedelta(days=10)}", fen, "王五", recorded)
        self.tax_database("insert or replace into 入库 values (?, ?, ?, ?, ?, ?, ?, ?, ?)", [row])

    def land(self, name: str, until: datetime, now: datetime | None = None) -> list[Manifest]:
        feed = self.feed(name)
        settle_before_landing(self.settings, name)
        credentials = (
            Credentials("sqlite", host=str(self.offices / "tax.db"))
            if feed.protocol == "database"
            else Credentials("fs", extra={"path": str(self.offices)})
        )
        return land(
            feed,
            self.raw,
            run_id=f"run {until:%Y-%m-%d}",
            until=until,
            now=now or until,
            credentials=credentials,
            pseudonym_key=self.pseudonym_key,
        )

    def stage(self, name: str) -> list[loader.Staged]:
        with writer(self.settings) as connection:
            return loader.stage(
                connection, self.feed(name), pending(self.raw, name), time_zone=ZoneInfo("Asia/Shanghai")
            )

    def accept(self, name: str, now: datetime) -> list[dict[str, int]]:
        with writer(self.settings) as connection:
            return acceptance.accept(connection, self.feed(name), pending(self.raw, name), now=now)

    def sync(
        self, name: str, until: datetime, now: datetime | None = None, confirmation: Confirmation | None = None
    ) -> list[dict[str, int]]:
        """Land, stage and accept what a feed has up to `until`; `now` is the moment it happens, `until` by default."""
        if not self.land(name, until, now):
            return []
        feed, waiting = self.feed(name), pending(self.raw, name)
        with writer(self.settings) as connection:
            zone = ZoneInfo("Asia/Shanghai")
            loader.stage(connection, feed, waiting, time_zone=zone, confirmation=confirmation)
            return acceptance.accept(connection, feed, waiting, now=now or until)

    def rejected(self, name: str) -> list[tuple[int, str]]:
        """The row numbers and reasons of the last batch's quarantined rows."""
        *_, batch = batches(self.raw, name)
        return duckdb.sql(
            f"select row_number, reason from read_parquet('{batch.folder / REJECTED}') order by all"
        ).fetchall()

    def batch_ids(self, name: str) -> list[str]:
        """Accepted batches, in order."""
        return [b.manifest.batch_id for b in batches(self.raw, name) if b.accepted_at]

    def begin(self, as_of: datetime, without: Sequence[str] = ()) -> str:
        with writer(self.settings) as connection:
            declared = [self.feed(path.parent.name) for path in sorted(self.feed_folder.glob("*/feed.yml"))]
            return begin_night(connection, self.settings, declared, as_of, without)

    def build(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Build the models of a night that was begun."""
        for folder in sorted(self.transforms.glob("[0-9]_*")):
            build(connection, folder)

    def publish(
        self,
        as_of: datetime,
        without: Sequence[str] = ("staff", "leases", "payments"),
        make_site: Callable[[Path, Settings], Path] | None = None,
    ) -> Published:
        """A night: begin, build the models, publish."""
        self.begin(as_of, without)
        with writer(self.settings) as connection:
            self.build(connection)
            return publish(connection, self.settings, self.models, make_site=make_site)

    def ask(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Ask the private warehouse."""
        with duckdb.connect(self.settings.warehouse_file) as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def ask_each(self, questions: Iterable[str]) -> list[list[tuple[Any, ...]]]:
        """Ask the private warehouse several things over one connection."""
        with duckdb.connect(self.settings.warehouse_file) as connection:
            return [connection.execute(sql).fetchall() for sql in questions]

    def staged(self, subject: str = "employment") -> list[tuple[Any, ...]]:
        """Every staged row with every column, in an order of its own."""
        return self.ask(f"select * from staged.{subject} order by all")

    def current(self, columns: str, subject: str = "employment") -> list[tuple[Any, ...]]:
        """Columns of the current rows, ordered."""
        return self.ask(f"select {columns} from staged.{subject} where superseded_at is null order by all")


@pytest.fixture(scope="session")
def _empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with its empty tables: made once, copied for each test."""
    home = tmp_path_factory.mktemp("empty")
    park = Park(home, home, home, home)
    with writer(park.settings):
        pass
    return park.settings.warehouse_file


def at(folder: Path) -> Park:
    """The park in a folder."""
    return Park(folder / "home", folder / "offices", folder / "feeds", folder / "transforms")


def new_park(folder: Path, _empty_warehouse: Path) -> Park:
    """A park in a folder, with its feeds declared and its models written."""
    park = at(folder)
    park.home.mkdir()
    shutil.copyfile(_empty_warehouse, park.settings.warehouse_file)
    for office in ("staff", "leases"):
        (park.offices / office).mkdir(parents=True)
    park.declare("staff", STAFF, STAFF_SQL)
    park.declare("leases", LEASES, LEASES_SQL)
    park.declare("payments", PAYMENTS, PAYMENTS_SQL)
    park.tax_database(
        "create table 入库 (税票号码 text primary key, 纳税人识别号 text, 征收项目 text, 所属期起 text, 所属期止 text, "
        "入库日期 text, 金额_分 integer, 经办人 text, 记录时间 timestamp)"
    )
    for layer, name, sql in (("3_monthly", "staff", HEADCOUNT_MODEL), ("6_snapshots", "park", TOTAL_MODEL)):
        (park.transforms / layer).mkdir(parents=True)
        (park.transforms / layer / f"{name}.sql").write_text(sql.lstrip(), encoding="utf-8")
    return park


@pytest.fixture
def park(tmp_path: Path, _empty_warehouse: Path) -> Park:
    return new_park(tmp_path, _empty_warehouse)


@cache
def _prepared_file() -> tempfile.TemporaryDirectory[str]:
    """A folder with prepared.duckdb, a warehouse with its empty tables."""
    folder = tempfile.TemporaryDirectory()
    with duckdb.connect(f"{folder.name}/prepared.duckdb") as connection:
        prepare(connection)
    return folder


def in_memory() -> duckdb.DuckDBPyConnection:
    """A database in memory: in the small tables of a test a second thread would only wait, and costs a third of the CPU."""
    return duckdb.connect(config={"threads": 1})


def prepared() -> duckdb.DuckDBPyConnection:
    """A warehouse of its own in memory, with its empty tables, macros and views: a copy costs a quarter of making them."""
    connection = in_memory()
    connection.execute(f"attach '{_prepared_file().name}/prepared.duckdb' as prepared (read_only)")
    connection.execute("copy from database prepared to memory")
    connection.execute("detach prepared")
    return connection


def empty_night(night: str) -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    """An empty warehouse made step by step as a night makes it, and its tables that have rows without any silo, in order."""
    connection = in_memory()
    prepare(connection)
    connection.execute("insert into ops.night values ('night', ?::timestamp, '示范园区')", [night])
    resolve(connection)
    load_rules(connection, LAYERS / "rules")
    made = [one.table for one in build_all(connection)[1]]
    return connection, [table for table in made if connection.execute(f"from {table} limit 1").fetchone()]


@cache
def _empty_july() -> tuple[tempfile.TemporaryDirectory[str], list[str]]:
    """A folder with july.duckdb, and the tables of it that have rows."""
    folder = tempfile.TemporaryDirectory()
    connection, has_rows = empty_night(JULY)
    with connection:
        connection.execute(f"attach '{folder.name}/july.duckdb' as july")
        connection.execute("copy from database memory to july")
    return folder, has_rows


def empty_warehouse(night: str) -> duckdb.DuckDBPyConnection:
    """Every table of every layer, with its columns and rules, of a night in which no silo has said anything yet.

    A copy of July's, in which only the calendar and the park as a whole are made anew: all else is empty in every night
    (tests/transforms/test_layers.py).
    """
    folder, has_rows = _empty_july()
    connection = in_memory()
    connection.execute(f"attach '{folder.name}/july.duckdb' as july (read_only)")
    connection.execute("copy from database july to memory")
    connection.execute("detach july")
    for table in ("night", "measured", "resolution"):
        connection.execute(f"update ops.{table} set as_of = ?::timestamp", [night])
    if night != JULY:
        for model in read_layers(LAYERS):
            if model.table in has_rows:
                make(connection, model)
    return connection


@pytest.fixture(scope="session")
def _july() -> Iterator[duckdb.DuckDBPyConnection]:
    with empty_warehouse(JULY) as connection:
        yield connection


@pytest.fixture
def july(_july: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse of July 2026: made once for a process, and empty again after each test."""
    _july.begin()
    yield _july
    _july.rollback()


def stopping(connection: duckdb.DuckDBPyConnection, name: str, known: str, new: str) -> list[Finding]:
    """What a delivery of July to a demo feed is stopped for, after rows that are known; both given as SQL."""
    feed = feed_named((CHECKOUT / "connectors" / "feeds",), name)
    table = incoming.open_incoming(connection, feed)
    connection.execute(f"insert into staged.{feed.subject.name} by name {known}")
    connection.execute(f"insert into {table} by name select *, 0 as batch_number from ({new})")
    return findings(measure(connection, feed, table, 0, JULY), feed)
