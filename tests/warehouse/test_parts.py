"""Nights made in parts are, row for row, the nights made whole: on a park of four silos, whatever is corrected or arrives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks import panel
from tests.conftest import in_memory, prepared
from transforms import night
from warehouse import parts
from warehouse.differences import digests
from warehouse.models import Model, read_layers
from warehouse.settings import CHECKOUT
from warehouse.subjects import subjects, views

LAYERS = CHECKOUT / "transforms"
MODELS = [model for model in read_layers(LAYERS) if model.schema != "resolved"]
FIRMS, MONTHS = 120, 16
LAST = MONTHS - 2  # the month of the first night; one more comes after it


def rows(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """How many rows each table has, and a digest of them that no order changes."""
    return digests(connection, [model.table for model in MODELS])


def live_night(connection: duckdb.DuckDBPyConnection) -> tuple[int | None, dict[str, bool]]:
    """One night to its end: the enterprises that it touched, and which tables it made whole."""
    touched, made = night.build_all(connection)
    return touched, {table.table: table.is_whole for table in made}


def columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Every column with its type, in order."""
    return connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal and "
        "schema_name in ('monthly', 'signals', 'industry', 'snapshots') order by schema_name, table_name, column_index"
    ).fetchall()


def gaps(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """How many enterprises have which gaps."""
    return connection.execute("select gap_codes, count(*) from snapshots.presence group by all order by all").fetchall()


def is_as_made_whole(connection: duckdb.DuckDBPyConnection) -> None:
    """Nothing is other than when the same night is made from nothing."""
    in_parts = rows(connection)
    connection.execute("delete from ops.measured")
    touched, made = live_night(connection)
    assert touched is None
    assert all(made.values())
    whole = rows(connection)
    assert {table for table in whole if whole[table] != in_parts[table]} == set()


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A park after its first night."""
    path = tmp_path_factory.mktemp("panel") / "warehouse.duckdb"
    with duckdb.connect(path, config={"threads": 1}) as connection:
        panel.fill(connection, FIRMS, MONTHS)
        # meters are read: a corrected reading changes its own month's use and the next one's
        connection.execute(
            "update staged.utility_use as u set used_quantity = r.reading from (select source_key, month, "
            "sum(used_quantity) over (partition by source_key order by month) as reading from staged.utility_use) as r "
            "where u.source_key = r.source_key and u.month = r.month"
        )
        connection.execute(
            "insert into ops.figure_kind values ('utility_use', 'utility_use', 'used_quantity', 'reading', null)"
        )
        panel.night(connection, LAST)
        assert live_night(connection)[0] is None
        made = rows(connection)
        assert made["snapshots.enterprise_month"][0] > FIRMS * 10
        assert made["signals.wage_level"][0]
    return path


@pytest.fixture
def park(first_night: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """That park, for one test to go on with."""
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(first_night.read_bytes())
    with duckdb.connect(copy, config={"threads": 1}) as connection:
        yield connection


@pytest.mark.parametrize(
    ("enterprises", "is_by_enterprise", "reads", "sizes"),
    [
        (0, True, "monthly.a", [0]),
        (10, True, "monthly.a", [10]),  # a slice has room for ten
        (11, True, "monthly.a", [6, 5]),
        (21, True, "monthly.a", [7, 7, 7]),
        (10, True, "known.a", [4, 3, 3]),  # of a table with many rows for each enterprise slices are smaller
        (4, True, "staged.a", [4]),
        (5, False, "monthly.a", [3, 2]),
    ],
)
def test_a_large_park_is_cut_into_slices(
    enterprises: int, is_by_enterprise: bool, reads: str, sizes: list[int]
) -> None:
    """Before the nights, which take long: what memory allows is no matter of results."""
    header = {"rebuild": "by_enterprise" if is_by_enterprise else "in_slices"}
    model = replace(MODELS[0], header=header, reads=frozenset({reads}))
    with in_memory() as connection:
        connection.execute("create schema resolved; create schema rules")
        connection.execute(
            "create table rules.rebuild as select 0.5 as touched_share_max, 10 as slice_enterprises, "
            "4 as large_slice_enterprises"
        )
        connection.execute(
            "create table resolved.enterprise as select format('E{:03}', range) as enterprise_id from range(?)",
            [enterprises],
        )
        slices = parts._slices(connection, model)
        count = "select count(*) from resolved.enterprise where "
        assert [connection.execute(count + one).fetchall()[0][0] for one in slices] == sizes
    assert (slices == ["true"]) == (len(sizes) == 1)


@pytest.mark.parametrize(("touched", "is_whole"), [(0, False), (5, False), (6, True)])
def test_above_half_of_the_park_all_is_made(monkeypatch: pytest.MonkeyPatch, touched: int, is_whole: bool) -> None:
    monkeypatch.setattr(parts, "_fingerprint", lambda _: "f")
    monkeypatch.setattr(parts, "declared_kinds", lambda _: "k")
    monkeypatch.setattr(parts, "_touch_received", lambda *_: None)
    with prepared() as connection:
        connection.execute("create schema if not exists rules")
        connection.execute(
            "create table rules.rebuild as select 0.5 as touched_share_max, 10 as slice_enterprises, 4 as large_slice_enterprises"
        )
        connection.execute("insert into ops.night values ('n', timestamp '2026-01-02', 'park')")
        connection.execute("insert into ops.built values ('monthly.a')")
        assert parts.begin(connection, LAYERS) is None, "no night was made before"
        connection.execute("insert into ops.measured values (timestamp '2026-01-02', 'fk')")
        connection.execute(
            "insert into ops.measured_enterprise by name select 'E' || range as enterprise_id from range(10)"
        )
        connection.execute("insert into ops.touched select 'E' || range from range(?)", [touched])
        assert parts.begin(connection, LAYERS) == (None if is_whole else touched)
        connection.execute("update ops.measured set as_of = timestamp '2026-01-03'")
        assert parts.begin(connection, LAYERS) is None, "a later night than this one"


@pytest.mark.nights
def test_a_night_without_anything_new_touches_nobody(park: duckdb.DuckDBPyConnection) -> None:
    panel.night(park, LAST, days=1)
    touched, made = live_night(park)
    assert touched == 0
    assert not made["snapshots.enterprise_month"]
    assert (
        park.execute("select distinct as_of from snapshots.enterprise_month").fetchall()
        == park.execute("select as_of from ops.night").fetchall()
    ), "rows that stay are of tonight too"
    is_as_made_whole(park)


@pytest.mark.nights
@pytest.mark.parametrize(
    ("kind", "share"),
    [
        pytest.param("firms", parts.DELETE_MEMORY_SHARE, id="firms-deleted"),
        pytest.param("filings", 0, id="filings-written anew"),
        # what is corrected and how it is put in place are apart: the two above have each of both
        pytest.param("firms", 0, id="firms-written anew", marks=pytest.mark.slow),
        pytest.param("filings", parts.DELETE_MEMORY_SHARE, id="filings-deleted", marks=pytest.mark.slow),
    ],
)
def test_corrections_remake_the_rows_of_whom_they_are_about(
    park: duckdb.DuckDBPyConnection, kind: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether rows are deleted and inserted, or the table is written anew, as at a size at which deletes take too much memory."""
    monkeypatch.setattr(parts, "DELETE_MEMORY_SHARE", share)
    before, as_before = rows(park), columns(park)
    panel.restate(park, kind, LAST)
    panel.night(park, LAST, days=3)
    touched, made = live_night(park)
    assert touched
    assert touched < FIRMS
    assert not any(made[model.table] for model in MODELS if parts.is_by_enterprise(model))
    assert rows(park)["snapshots.revision"] != before["snapshots.revision"]
    assert columns(park) == as_before
    is_as_made_whole(park)


@pytest.mark.nights
def test_a_new_month_is_everybodys(park: duckdb.DuckDBPyConnection) -> None:
    panel.night(park, LAST + 1)
    live_night(park)
    assert park.execute(
        "select max(month) = (select max(month) from monthly.month) from snapshots.enterprise_month"
    ).fetchone() == (True,)
    is_as_made_whole(park)


@pytest.mark.nights
def test_a_silo_that_speaks_for_the_first_time_opens_gaps_for_all(park: duckdb.DuckDBPyConnection) -> None:
    """One record of the gates, of one enterprise, touches no other's facts; a lease without staff is everybody's gap."""
    park.execute("create temp table staff as from resolved.source_record where subject = 'employment'")
    park.execute("delete from resolved.source_record where subject = 'employment'")
    panel.night(park, LAST, days=1)
    live_night(park)
    without = gaps(park)
    park.execute("insert into resolved.source_record from staff limit 1")
    panel.night(park, LAST, days=2)
    live_night(park)
    assert gaps(park) != without
    is_as_made_whole(park)


@pytest.mark.nights
def test_who_is_linked_otherwise_is_made_anew_on_both_sides(
    park: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "limits", lambda _: parts.Limits(10, FIRMS, FIRMS))
    one, other = park.execute("select enterprise_id from panel.firm order by firm limit 2").fetchall()
    park.execute(
        "update resolved.link set enterprise_id = ? where feed = 'employment' and enterprise_id = ?", [*one, *other]
    )
    park.execute("delete from resolved.enterprise where enterprise_id = (select max(enterprise_id) from panel.firm)")
    park.execute("delete from resolved.link where enterprise_id = (select max(enterprise_id) from panel.firm)")
    panel.night(park, LAST, days=1)
    touched, made = live_night(park)
    assert touched == 3
    assert not made["monthly.headcount"]
    found = park.execute("select max(unit_count) from monthly.headcount where enterprise_id = ?", one).fetchone()
    assert found == (2,)
    is_as_made_whole(park)


@pytest.mark.nights
def test_a_night_that_was_broken_off_is_made_up_for(park: duckdb.DuckDBPyConnection) -> None:
    """Killed after the months were made: the signals of the enterprises that it touched are remade by the next night."""
    panel.restate(park, "firms", LAST)
    panel.night(park, LAST, days=2)
    parts.begin(park, LAYERS)
    night.build(park, ["3_monthly"])
    panel.night(park, LAST, days=3)
    touched, _ = live_night(park)
    assert touched
    is_as_made_whole(park)


@pytest.mark.nights
def test_where_memory_does_not_allow_a_part_all_is_made(
    park: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a delete from a table of a very large park may run out of it, half way."""
    narrowed = parts._narrowed

    def without_memory(
        connection: duckdb.DuckDBPyConnection, sql: str, condition: str, kept: Mapping[str, str] | None = None
    ) -> str:
        if "ops.touched" in condition and "lead(" in sql:
            raise duckdb.OutOfMemoryException("no more")
        return narrowed(connection, sql, condition, kept or {})

    monkeypatch.setattr(parts, "_narrowed", without_memory)
    panel.restate(park, "firms", LAST)
    panel.night(park, LAST, days=3)
    touched, made = live_night(park)
    assert touched
    assert made["monthly.report"], "it looks ahead with lead, and could not be made in part"
    assert not made["monthly.headcount"]
    is_as_made_whole(park)


@pytest.mark.nights
def test_a_building_stated_anew_changes_the_land_of_all(park: duckdb.DuckDBPyConnection) -> None:
    """It is about no enterprise, so it touches none: what reads it is made whole."""
    (building,) = park.execute("select min(building_code) from monthly.building").fetchone() or (None,)
    assert building
    land = "select round(sum(land_mu), 4) from snapshots.enterprise_year"
    before = park.execute(land).fetchone()
    park.execute(
        "insert into staged.building (feed, building_code, plot_ratio, received_at, batch_id, row_number) "
        "select 'building', ?, 3, as_of + interval 1 hour, '1', 1 from ops.night",
        [building],
    )
    panel.night(park, LAST, days=1)
    touched, made = live_night(park)
    assert touched == 0
    assert made["snapshots.enterprise_year"]
    assert not made["snapshots.enterprise_month"]
    assert park.execute(land).fetchone() != before
    is_as_made_whole(park)


def test_other_rules_make_all_of_it(park: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_fingerprint", lambda layers: "other")
    panel.night(park, LAST, days=1)
    assert live_night(park)[0] is None


@pytest.mark.nights
def test_an_earlier_night_is_made_whole(park: duckdb.DuckDBPyConnection) -> None:
    panel.night(park, LAST - 1)
    assert live_night(park)[0] is None
    is_as_made_whole(park)


@pytest.mark.nights
def test_slices_of_a_park_are_the_park(park: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows(park)
    assert all(whole[model.table][0] for model in MODELS if model.header.get("rebuild") == "nightly"), (
        "else nothing is cut"
    )
    park.execute("update rules.rebuild set slice_enterprises = 17, large_slice_enterprises = 50")
    park.execute("delete from ops.measured")
    live_night(park)
    assert rows(park) == whole


@pytest.mark.parametrize(
    "model", [model for model in MODELS if parts.is_by_enterprise(model)], ids=lambda model: model.table
)
def test_parts_are_by_enterprise(model: Model) -> None:
    """A part can be put in the place of another only where the key says to which enterprise rows belong.

    What a night may have changed before its layers is known of facts, links and enterprises, and of nothing else. Versions
    and batches (snapshots.revision) are facts with their two clocks.
    """
    assert model.key[0] == "enterprise_id"
    before = {
        read for read in model.reads if not read.startswith(("monthly.", "signals.", "snapshots.", "known.", "rules."))
    }
    facts = {read for read in before if read.startswith("staged.")} | {"ops.batch"}
    # a new building does not say which enterprises it touches: it belongs into a model of its own
    matched = {f"known.{name}" for name, subject in subjects().items() if subject.is_matched} | set(views())
    assert {read for read in model.reads if read.startswith("known.")} <= matched
    allowed = {"resolved.link", "resolved.enterprise", "ops.night"}
    assert before <= allowed | (facts if model.name == "revision" else set())
    assert "monthly.coverage" not in model.reads, "one late report changes it: every night would make this model whole"
