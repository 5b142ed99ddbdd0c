"""Editions: whatever is planted where an audience may not look must not be found again in its file, its site, its sums."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from report.site import build as make_site
from tests.conftest import LAYERS, Park, at, day, empty_warehouse, naive, staff
from tests.report.test_swap import begin_second_night, broken_site, site
from tests.warehouse.test_faults import KINDS, Faults, Killed, step
from tests.warehouse.test_publish import storage_version
from warehouse.connection import open_read_only, quote, writer
from warehouse.errors import DeclarationError, ParkBridgeError
from warehouse.models import Model, read_layers
from warehouse.policy import read_policy
from warehouse.publish import publish
from warehouse.published_file import OPS_COMMENTS
from warehouse.published_nights import current_manifest, editions, rollback
from warehouse.settings import POLICY, Settings
from warehouse.upkeep import back_up

ALL = ("director", "operator", "public")
VIEWS = LAYERS / "views"
# two rows of each table: one that every row condition of the policy lets through, one of what it must keep back
CODES: tuple[dict[str, str], ...] = (
    {
        "signal_code": "leased_area",
        "alert_code": "move_out",
        "changed_column": "status_code",
        "gap_code": "lease_unused",
        "action_code": "introduce",
        "hint_level_code": "fits",
    },
    {
        "signal_code": "tax",
        "alert_code": "arrears",
        "changed_column": "tax_paid_amount",
        "gap_code": "tax_only",
        "action_code": "introduce",
        "hint_level_code": "several",
    },
)
SHARED = {"enterprise_id": "E0000000000000000", "building_code": "B1", "feed": "office"}
# written down here once more, and not taken from the policy
SECRET_OF_OPERATOR = re.compile(
    r"tax_|_tax|sales|wage|paid|payment_count|refunded|received_amount|kendall|burden|headcount|evidence|reasons|detail_|words_|"
    r"source_key|candidate|runner_up|stated_|confirmed_|decided_|owner|occupier|row_json|observed|message|vat_|cit_|mu_points|"
    r"lift_|missing_|mu_rank|indicator_value|numerator_value|suspect|total_value$"
)


@dataclass(frozen=True)
class Plant:
    """One value that occurs nowhere else."""

    table: str
    column: str
    row: int
    value: Any


@dataclass(frozen=True)
class Planted:
    """A night with planted values, published for every audience."""

    settings: Settings
    plants: list[Plant]
    connection: duckdb.DuckDBPyConnection
    models: list[Model]


def plant(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> Iterator[Plant]:
    """Two rows for every published table, each text and number in them unique."""
    number = itertools.count(1)
    for table in [model.table for model in models] + [f"ops.{name}" for name in OPS_COMMENTS if name != "night"]:
        columns = connection.execute(f"describe {table}").fetchall()
        connection.execute(f"delete from {table}")
        for row, codes in enumerate(CODES):
            values = []
            for column, kind, *_ in columns:
                n = next(number)
                value: Any = {
                    "VARCHAR": f"zq{n:06d}x",
                    "DATE": date(2026, 10, 1),
                    # before the night: what it put forward itself is not in its ops.work_shown
                    "TIMESTAMP": datetime(2026, 11, 9, 18),
                    "BOOLEAN": True,
                }.get(kind, 70_000_000 + 7 * n)
                narrow = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
                if narrow and int(narrow[1]) - int(narrow[2]) < 9:
                    value = 1  # too narrow for a number that occurs nowhere else
                elif column in SHARED or column in codes:
                    value = f"office{row}" if column == "feed" else {**SHARED, **codes}[column]
                elif kind in ("VARCHAR", "BIGINT", "INTEGER", "DOUBLE") or kind.startswith("DECIMAL"):
                    yield Plant(table, column, row, value)
                values.append(value)
            names = ", ".join(quote(column) for column, *_ in columns)
            connection.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(columns))})", values)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("planted")
    settings = replace(at(folder).settings, audiences=ALL)
    models = read_layers(LAYERS)
    with empty_warehouse("2026-11-10 18:00") as connection:
        plants = list(plant(connection, models))
        publish(connection, settings, models, VIEWS, make_site, read_policy(POLICY))
        yield Planted(settings, plants, connection, models)


def values_of(file: Path) -> set[Any]:
    """Every text and number of every table and view, and every comment."""
    found: set[Any] = set()
    with open_read_only(file) as connection:
        names = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal union all "
            "select schema_name, view_name from duckdb_views() where not internal"
        ).fetchall()
        for schema, name in names:
            for row in connection.execute(f"select * from {quote(schema)}.{quote(name)}").fetchall():
                found |= set(row)
        for table in ("duckdb_tables()", "duckdb_views()", "duckdb_columns()"):
            found |= {text for (text,) in connection.execute(f"select comment from {table}").fetchall()}
            if table == "duckdb_views()":
                found |= {text for (text,) in connection.execute(f"select sql from {table}").fetchall()}
    return found


def pages_of(settings: Settings) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (settings.published / "report").rglob("*.html"))


def recovered(planted: Planted, audience: str) -> set[Plant]:
    """Which planted values are found again in an edition: as values, within texts, in the bytes of the file, on pages."""
    settings = planted.settings.of_audience(audience)
    values = values_of(settings.published_file)
    found = {value for value in values if isinstance(value, int | float | Decimal) and not isinstance(value, bool)}
    texts = "\n".join(value for value in values if isinstance(value, str)) + pages_of(settings)
    found |= set(re.findall(r"zq\d{6}x", texts))
    found |= {text.decode() for text in re.findall(rb"zq\d{6}x", settings.published_file.read_bytes())}
    found |= {int(number.replace(",", "")) for number in re.findall(r"7\d(?:,?\d{3}){2}", texts)}
    return {one for one in planted.plants if one.value in found}


@pytest.mark.nights
def test_the_director_sees_every_planted_value(planted: Planted) -> None:
    assert recovered(planted, "director") == set(planted.plants)
    assert len(planted.plants) > 1500


def test_an_operator_finds_no_secret_and_everything_of_leases(planted: Planted) -> None:
    found = recovered(planted, "operator")
    assert (
        sorted({f"{p.table}.{p.column}" for p in found if SECRET_OF_OPERATOR.search(p.column)} - OPEN_TO_OPERATORS)
        == []
    )
    # figures of tax, in tables where a figure may be of any signal
    figures = {"signals.signal", "signals.flow", "snapshots.park_month", "snapshots.group_month", "snapshots.change"}
    figures |= {"signals.alert", "snapshots.alert_change", "snapshots.presence_gap"}
    assert [p for p in found if p.table in figures and p.row == 1] == []
    # who trades with which firm, and what follows from it: no column of such a table, and no row of the work list
    of_trade = {"monthly.trade", "monthly.trade_side", "monthly.trade_party", "industry.partner", "industry.dependence"}
    of_trade |= {
        "industry.purchase",
        "industry.partner_silence",
        "industry.gap",
        "industry.offer_demand",
        "industry.opportunity",
    }
    assert [p for p in found if p.table in of_trade] == []
    assert {p.row for p in found if p.table == "snapshots.work_list"} == {0}
    shown = {(p.table, p.column) for p in found}
    assert {
        ("snapshots.enterprise_current", "enterprise_name"),
        ("snapshots.enterprise_current", "leased_area_m2"),
        ("monthly.lease_building", "monthly_rent_amount"),
        ("signals.signal", "value"),
        ("snapshots.change", "before_text"),
        ("signals.alert", "score"),
    } <= shown


# rows of the park's own books alone
OPEN_TO_OPERATORS = {
    "snapshots.park_month.total_value",
    "snapshots.group_month.total_value",
    "snapshots.park_month.suspect_count",
    "snapshots.group_month.suspect_count",
    # needs that were stated to the park itself
    "snapshots.need_service.stated_count",
}


def test_the_public_finds_nothing_of_any_enterprise(planted: Planted) -> None:
    assert recovered(planted, "public") == set()
    with open_read_only(planted.settings.of_audience("public").published_file) as connection:
        names = connection.execute("select distinct column_name from duckdb_columns() where not internal").fetchall()
        assert not [name for (name,) in names if "enterprise_id" in name or "uscc" in name or "企业编号" in name]
        assert connection.execute("select count(*) from statistics.month").fetchone() == (0,), (
            "two enterprises are too few"
        )


def test_an_operator_sees_bands_in_tables_views_and_pages(planted: Planted) -> None:
    with open_read_only(planted.settings.of_audience("operator").published_file) as connection:
        ask = connection.execute
        assert ask("select distinct insured_headcount_band from snapshots.enterprise_month").fetchall() == [("250+",)]
        assert ask("select distinct 参保人数档 from 园区.企业月度").fetchall() == [("250+",)]
        listed = {name for (name,) in ask("select 视图 from 园区.目录").fetchall()} | {"目录"}
        made = {name for (name,) in ask("select view_name from duckdb_views() where schema_name = '园区'").fetchall()}
        assert listed == made
        assert {"企业现状", "租约到期", "预警与机会", "园区概况"} <= made
        assert not {"入库税额月度", "四上培育", "待核匹配"} & made
        rows = dict(ask("select 指标, 单位 from 园区.园区概况").fetchall())
        assert "在租面积" in rows
        assert not [name for name in rows if "税" in name or "销售" in name or "参保" in name]
    assert "250+" in pages_of(planted.settings.of_audience("operator"))


@pytest.mark.parametrize("audience", ALL[1:])
def test_an_edition_opens_where_the_director_s_does(planted: Planted, audience: str) -> None:
    settings = planted.settings.of_audience(audience)
    assert storage_version(settings.published_file) == 64, "DuckDB 1.0 and later"
    manifest = current_manifest(settings)
    assert manifest is not None
    assert (manifest["audience"], manifest["night_id"]) == (audience, "night")
    with open_read_only(settings.published_file) as connection:
        for name, table in manifest["tables"].items():
            assert connection.execute(f"select count(*) from {name}").fetchone() == (table["rows"],)
            assert [c for c, *_ in connection.execute(f"describe {name}").fetchall()] == table["columns"]
        without = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal and comment is null "
            "and schema_name not in ('rules', 'ops')"
        ).fetchall()
        assert without == []


def state(settings: Settings) -> dict[str, bytes]:
    """Everything that readers of any audience have."""
    return {
        str(path.relative_to(settings.home)): path.read_bytes()
        for path in sorted((settings.home / "published").rglob("*"))
        if path.is_file()
    }


def test_a_new_column_stops_the_publish_and_names_what_to_do(planted: Planted) -> None:
    before = state(planted.settings)
    planted.connection.execute("alter table snapshots.presence add column bank_account varchar")
    try:
        with pytest.raises(DeclarationError) as error:
            publish(planted.connection, planted.settings, planted.models, VIEWS, make_site, read_policy(POLICY))
    finally:
        planted.connection.execute("alter table snapshots.presence drop column bank_account")
    assert str(error.value) == (
        "snapshots.presence.bank_account: this column has no class in policy.yml. Next: add its name to a class under `columns:`, "
        "which says who may see it, then run `parkbridge sync`. Published data is unchanged"
    )
    assert state(planted.settings) == before


@pytest.mark.nights
def test_an_unknown_audience_and_a_lost_record_stop_the_publish(planted: Planted) -> None:
    before = state(planted.settings)
    strange = replace(planted.settings, audiences=("director", "press"))
    with pytest.raises(DeclarationError, match=r"audience .press.: policy\.yml has no edition of that name"):
        publish(planted.connection, strange, planted.models, VIEWS, make_site, read_policy(POLICY))
    kept = planted.settings.released.read_bytes()
    planted.settings.released.write_bytes(kept[:40])
    try:
        with pytest.raises(ParkBridgeError, match="put it back from the backup"):
            publish(planted.connection, planted.settings, planted.models, VIEWS, make_site, read_policy(POLICY))
    finally:
        planted.settings.released.write_bytes(kept)
    assert state(planted.settings) == before


# --- statistics over two nights ---------------------------------------------------------------------------------------


READ_BY_STATISTICS = {
    "monthly.building",
    "monthly.lease_building",
    "monthly.main_building",
    "monthly.month",
    "monthly.tax_receipt",
    "resolved.enterprise",
    "signals.plausibility",
    "signals.signal",
    "snapshots.enterprise_label",
    "snapshots.park_month",
}


def staff_month(connection: duckdb.DuckDBPyConnection, month: date, values: dict[str, int]) -> None:
    """A month of headcounts, of enterprises I… (industry I) and C… (industry C)."""
    connection.executemany(
        "insert into signals.signal (enterprise_id, signal_code, month, month_number, period_months, value, is_provisional) "
        "values (?, 'headcount', ?, ?, 1, ?, false)",
        [[name, month, month.year * 12 + month.month, value] for name, value in values.items()],
    )
    connection.execute(
        "insert into snapshots.park_month (month, signal_code, period_months, total_value, is_provisional) "
        "values (?, 'headcount', 1, ?, false)",
        [month, sum(values.values())],
    )


def public_figures(settings: Settings) -> dict[tuple[date, str], int]:
    with open_read_only(settings.of_audience("public").published_file) as connection:
        return {
            (month, part): int(value)
            for month, part, value in connection.execute(
                "select month, part_code, total_value from statistics.month where signal_code = 'headcount'"
            ).fetchall()
        }


@pytest.mark.nights
def test_a_late_filing_is_not_found_by_subtracting_two_nights(tmp_path: Path) -> None:
    """June is published without C9, who files late: the next night knows C9 and must go on showing June without it."""
    settings = replace(at(tmp_path).settings, audiences=("director", "public"))
    policy = read_policy(POLICY)
    models = [model for model in read_layers(LAYERS) if model.table in READ_BY_STATISTICS]

    def make(file: Path, of: Settings) -> Path:
        return (make_site if of.audience == "public" else site)(file, of)

    june = {f"I{n}": 10 + n for n in range(12)} | {f"C{n}": 30 + n for n in range(12) if n != 9}
    with empty_warehouse("2026-11-10 18:00") as connection:
        connection.execute("delete from monthly.month")
        connection.execute("insert into monthly.month (month, month_number) values ('2026-09-01', 24321)")
        for name in [*june, "C9"]:
            connection.execute(
                "insert into snapshots.enterprise_label (enterprise_id, industry_section_code) values (?, ?)",
                [name, name[0]],
            )
        staff_month(connection, date(2026, 6, 1), june)
        publish(connection, settings, models, None, make, policy)
        first = public_figures(settings)
        assert first == {
            (date(2026, 6, 1), "park"): sum(june.values()),
            (date(2026, 6, 1), "I"): sum(v for n, v in june.items() if n[0] == "I"),
            (date(2026, 6, 1), "C"): sum(v for n, v in june.items() if n[0] == "C"),
        }
        assert settings.released.stat().st_mode & 0o777 == 0o600
        assert "387" in pages_of(settings.of_audience("public")), "the sum of C0 to C11 without C9"

        # the next night: C9's 4,321 people arrive for June; in July only C9 is new
        connection.execute("update ops.night set as_of = as_of + interval 1 day, night_id = 'next'")
        staff_month(connection, date(2026, 7, 1), june | {"C9": 4321})
        connection.execute(
            "insert into signals.signal (enterprise_id, signal_code, month, month_number, period_months, value, is_provisional) "
            "values ('C9', 'headcount', '2026-06-01', 24318, 1, 4321, false)"
        )
        publish(connection, settings, models, None, make, policy)
        assert public_figures(settings) == first, "July would show C9 by subtraction, and June anew would too"
        # in August many change
        august = {name: value + 1 + n % 3 for n, (name, value) in enumerate(june.items())}
        staff_month(connection, date(2026, 8, 1), august)
        connection.execute("insert into monthly.month (month, month_number) values ('2026-10-01', 24322)")
        connection.execute("update ops.night set as_of = as_of + interval 1 day, night_id = 'third'")
        publish(connection, settings, models, None, make, policy)
        third = public_figures(settings)
        assert third.items() >= first.items()
        assert third[date(2026, 8, 1), "C"] == sum(v for n, v in august.items() if n[0] == "C")

        # the private record is part of the backup; where it is lost, no public edition is published
        back_up(settings)
        shutil.move(settings.released, tmp_path / "lost.parquet")
        before = state(settings)
        connection.execute("delete from signals.signal where month < '2026-08-01'")
        with pytest.raises(
            ParkBridgeError, match=r"released.parquet: it lacks 3 of 6 numbers that the public edition shows"
        ):
            publish(connection, settings, models, None, make, policy)
        assert state(settings) == before
        shutil.copy2(settings.backup / "released.parquet", settings.released)
        publish(connection, settings, models, None, make, policy)
        assert public_figures(settings) == third


# --- in place, or not -------------------------------------------------------------------------------------------------

SMALL_POLICY = """
version: policy-1
classes:
  open: {operator: as_is, basis: none, purpose: test}
  staff: {operator: absent, basis: none, purpose: test}
editions:
  operator:
    title: {en: Operator, zh: 运营版}
    tables: {ops.night: {}, ops.feed: {}, monthly.staff: {}}
schemas: {ops: open}
columns:
  open: as_of month unit_count
  staff: insured_headcount source_key unit_name wage_amount
"""


def night_of(settings: Settings) -> tuple[str, set[str]]:
    """The night of an edition's file, and what its pages say."""
    with open_read_only(settings.published_file) as connection:
        row = connection.execute("select night_id from ops.night").fetchone()
    assert row is not None
    pages = {path.read_text(encoding="utf-8") for path in (settings.published / "report").rglob("*.html")}
    return row[0], pages


def publish_night(
    park: Park, number: int, policy: Path, make: Any = site, audiences: tuple[str, ...] = ALL[:2]
) -> None:
    park.drop("staff", f"{number}.csv", staff({"U1": number}, at=f"2026-03-0{number} 12:00:00"), day(number - 0.5))
    park.sync("staff", day(number))
    park.begin(day(number), ("staff", "leases", "payments"))
    with writer(park.settings) as connection:
        park.build(connection)
        settings = replace(park.settings, audiences=audiences)
        publish(connection, settings, park.models, None, make, read_policy(policy))


@pytest.fixture
def small_policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(SMALL_POLICY, encoding="utf-8")
    return path


def test_editions_move_with_the_night_forward_and_back_and_go_when_they_are_not_named(
    park: Park, small_policy: Path
) -> None:
    first, second = "20260302T000000Z", "20260303T000000Z"
    operator = park.settings.of_audience("operator")
    publish_night(park, 1, small_policy)
    assert night_of(park.settings) == night_of(operator) == (first, {first})

    def fails_for_operators(file: Path, settings: Settings) -> Path:
        return (broken_site if settings.audience == "operator" else site)(file, settings)

    before = state(park.settings)
    with pytest.raises(ParkBridgeError, match="No space left on device"):
        publish_night(park, 2, small_policy, fails_for_operators)
    after = state(park.settings)
    assert {name: text for name, text in after.items() if name in before} == before
    assert {name.split("/")[1] for name in after.keys() - before.keys()} <= {"sites"}, (
        "a finished site that nothing shows"
    )

    publish_night(park, 3, small_policy)
    rollback(park.settings)
    assert night_of(park.settings) == night_of(operator) == (first, {first})
    rollback(park.settings, "20260304T000000Z")
    assert night_of(park.settings) == night_of(operator) == ("20260304T000000Z", {"20260304T000000Z"})
    publish_night(park, 4, small_policy, audiences=ALL[:1])
    assert not operator.published.exists(), "an old edition would go on to be read"
    assert editions(park.settings) == []
    assert second not in state(park.settings)


@pytest.mark.nights
@KINDS
def test_publishing_fails_anywhere_and_each_edition_is_of_one_night(
    park: Park, small_policy: Path, tmp_path: Path, kind: str
) -> None:
    """Killed, or out of disk, at every operation on the edition's folder that writes its file or puts file and site in place."""
    publish_night(park, 1, small_policy)
    begin_second_night(park)
    prepared = tmp_path / "before"
    shutil.copytree(park.home, prepared, symlinks=True)
    settings = replace(park.settings, audiences=ALL[:2])
    operator = park.settings.of_audience("operator")

    def run() -> None:
        with writer(park.settings) as connection:
            publish(connection, settings, park.models, None, site, read_policy(small_policy))

    count = Faults(park.home / "published" / "editions")
    with count.injected():
        run()
    placed = [n for n, what in enumerate(count.seen) if re.search(r"park\.|report|-1\.part|Z\.part", what)]
    assert len(placed) >= 6, count.seen
    for number in placed[:: step(kind)]:
        shutil.rmtree(park.home)
        shutil.copytree(prepared, park.home, symlinks=True)
        faults = Faults(park.home / "published" / "editions", number, kind)
        with faults.injected(), contextlib.suppress(Killed, OSError, ParkBridgeError):
            run()
        for place in (park.settings, operator):
            current_manifest(place)  # any command, or the next night
            night, pages = night_of(place)
            assert pages == {night}, f"{kind} at {count.seen[number]}"
        run()
        for place in (park.settings, operator):
            assert night_of(place) == ("20260303T000000Z", {"20260303T000000Z"}), f"{kind} at {count.seen[number]}"


def test_a_backfill_leaves_other_audiences_alone(park: Park, small_policy: Path) -> None:
    publish_night(park, 3, small_policy)
    operator = park.settings.of_audience("operator")
    before = operator.published_file.read_bytes()
    park.begin(day(2), ("staff", "leases", "payments"))
    with writer(park.settings) as connection:
        park.build(connection)
        settings = replace(park.settings, audiences=ALL[:2])
        assert not publish(connection, settings, park.models, None, site, read_policy(small_policy)).is_in_place
    assert operator.published_file.read_bytes() == before
    with open_read_only(operator.published_file) as connection:
        assert [name for name, *_ in connection.execute("describe monthly.staff").fetchall()] == ["as_of", "month"]
        assert connection.execute("select max(as_of) from monthly.staff").fetchone() == (naive(3),)
