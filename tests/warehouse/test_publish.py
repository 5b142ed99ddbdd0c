"""Publishing: readers never wait, never see half a night, and can be given an earlier one."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from tests.conftest import Park, day, naive, staff
from warehouse.connection import open_read_only, reader, writer
from warehouse.errors import ParkBridgeError
from warehouse.models import build
from warehouse.night import begin_night
from warehouse.publish import publish
from warehouse.published_nights import current_manifest, forget_old_sites, nights, rollback, site_of
from warehouse.settings import CHECKOUT, Settings

# Reads in a loop, as a dashboard would: a new connection each time. Prints how often, what went wrong, and what it saw.
LOOP = """
import json, sys, time
from pathlib import Path
from typing import Any
import duckdb
path, stop, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
reads, errors, mixed, seen = 0, [], [], []
while not stop.exists():
    try:
        if kind == "attach":
            connection = duckdb.connect()
            connection.execute(f"attach '{path}' as park (read_only)")
            connection.execute("use park")
        else:
            connection = duckdb.connect(str(path), read_only=True)
        with connection:
            night = connection.execute("select as_of, night_id from ops.night").fetchall()
            time.sleep(0.005)
            units = connection.execute("select as_of, sum(insured_headcount), count(*) from monthly.staff group by 1").fetchall()
            park = connection.execute("select as_of, insured_headcount, unit_count from snapshots.park").fetchall()
            if len(night) != 1 or units != park or park[0][0] != night[0][0]:
                mixed.append(str((night, units, park)))
        reads += 1
        if not seen or seen[-1] != night[0][1]:
            seen.append(night[0][1])
    except Exception as error:
        errors.append(repr(error))
print(json.dumps({"reads": reads, "errors": errors, "mixed": mixed, "seen": seen}))
"""


def three_units(park: Park) -> None:
    park.drop("staff", "a.csv", staff({"U1": 10, "U2": 20, "U3": 30}), day(0.5))
    park.sync("staff", day(1))


def ask_published(park: Park, sql: str) -> list[tuple[Any, ...]]:
    with reader(park.settings) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.nights
def test_readers_in_other_processes_see_no_error_and_one_night_at_a_time(park: Park, tmp_path: Path) -> None:
    park.keep_nights = 5
    three_units(park)
    park.publish(day(2))
    script, stop = tmp_path / "loop.py", tmp_path / "stop"
    script.write_text(LOOP, encoding="utf-8")
    readers = [
        subprocess.Popen(
            [sys.executable, str(script), str(park.settings.published_file), str(stop), kind],
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
        )
        for kind in ("attach", "open")
    ]
    try:
        published = [park.settings.published_file.stat().st_ino]
        with writer(park.settings) as connection:
            for number in range(3, 23):
                begin_night(connection, park.settings, [], day(number))
                connection.execute("update staged.employment set insured_headcount = insured_headcount + 1")
                park.build(connection)
                publish(connection, park.settings, park.models)
                published.append(park.settings.published_file.stat().st_ino)
                time.sleep(0.02)
    finally:
        stop.touch()
        printed = [json.loads(process.communicate(timeout=60)[0]) for process in readers]
    assert len(published) == 21
    for of_one in printed:
        assert of_one["errors"] == []
        assert of_one["mixed"] == []
        assert of_one["seen"] == sorted(of_one["seen"]), "never back to an earlier night"
    assert sum(of_one["reads"] for of_one in printed) > 20
    assert max(len(of_one["seen"]) for of_one in printed) > 3, "the readers looked on while nights changed"
    assert [manifest["night_id"] for manifest in nights(park.settings)] == [
        f"202603{d}T000000Z" for d in range(23, 18, -1)
    ]


def test_an_open_reader_keeps_its_night(park: Park) -> None:
    three_units(park)
    park.publish(day(2))
    with reader(park.settings) as connection:
        before = connection.execute("select sum(insured_headcount), max(as_of) from monthly.staff").fetchone()
        park.drop("staff", "b.csv", staff({"U1": 11, "U2": 20, "U3": 30}, at="2026-03-03 12:00:00"), day(2.5))
        park.sync("staff", day(3))
        park.publish(day(3))
        assert connection.execute("select sum(insured_headcount), max(as_of) from monthly.staff").fetchone() == before
    assert before == (60, naive(2))
    assert ask_published(park, "select sum(insured_headcount), max(as_of) from monthly.staff") == [(61, naive(3))]


def storage_version(file: Path) -> int:
    """The version number in a DuckDB file's header: 64 is what DuckDB 0.10 to the newest read, 68 needs 1.5."""
    header = file.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    return int.from_bytes(header[12:20], "little")


def test_old_clients_open_what_is_published_and_the_warehouse_is_newer(park: Park) -> None:
    three_units(park)
    park.publish(day(2))
    files = [park.settings.published_file, *(park.settings.published / "nights").glob("*.duckdb")]
    assert [storage_version(file) for file in files] == [64, 64]
    assert storage_version(park.settings.warehouse_file) == 68


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("HUGEINT", "sum(insured_headcount)"),
        ("TIMESTAMP WITH TIME ZONE", "max(as_of)::timestamptz"),
        ("INTEGER[]", "[1]"),
    ],
)
def test_a_column_that_clients_cannot_read_stops_the_publish(park: Park, kind: str, value: str) -> None:
    three_units(park)
    park.publish(day(2))
    path = park.transforms / "6_snapshots" / "park.sql"
    path.write_text(path.read_text(encoding="utf-8").replace("sum(insured_headcount)::bigint", value), encoding="utf-8")
    before = {p: p.read_bytes() for p in park.settings.published.rglob("*") if p.is_file()}
    with pytest.raises(ParkBridgeError) as caught:
        park.publish(day(3))
    assert f"snapshots.park.insured_headcount: its type is {kind}" in str(caught.value).replace("核对.园区月度", "")
    assert {p: p.read_bytes() for p in park.settings.published.rglob("*") if p.is_file()} == before


VIEW = """
-- title: Units by month | 单位人数
-- one row is: one unit and month | 一个单位的一个月
-- answers: how many | 多少人？
-- key: 月份
-- rules: none | 无
-- known gaps: none | 无
select s.month as 月份, s.insured_headcount as 参保人数 from monthly.staff as s
"""


def test_a_workbook_comes_and_goes_with_its_night(park: Park, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    views, book = tmp_path / "views", park.settings.published / "exports" / "园区.xlsx"
    views.mkdir()
    (views / "010_units.sql").write_text(VIEW.lstrip(), encoding="utf-8")
    given = replace(park.settings, exports=True)

    def night(number: int, settings: Settings = given) -> None:
        park.begin(day(number), ("staff", "leases", "payments"))
        with writer(park.settings) as connection:
            for folder in ("3_monthly", "6_snapshots"):
                build(connection, park.transforms / folder)
            publish(connection, settings, park.models, views)

    def shown() -> tuple[list[str], str]:
        opened = openpyxl.load_workbook(book)
        return opened.sheetnames, str(opened["说明"]["C2"].value)

    three_units(park)
    night(2)
    sheets, note = shown()
    assert sheets == ["目录", "单位人数", "说明"]
    assert "20260303T000000Z" in note
    night(3)
    assert "20260304T000000Z" in shown()[1]
    night(2)
    assert "20260304T000000Z" in shown()[1], "a reconstructed past night is not what readers see"
    rollback(given)
    assert "20260303T000000Z" in shown()[1]
    before = {p: p.read_bytes() for p in (book, park.settings.published_file)}
    with monkeypatch.context() as patched:
        patched.setattr(
            "warehouse.export.put", lambda part, target: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        with pytest.raises(ParkBridgeError, match="No space left"):
            night(4)
    assert {p: p.read_bytes() for p in before} == before, "readers keep yesterday's file and workbook"
    night(4)
    assert "20260305T000000Z" in shown()[1]
    night(5, park.settings)
    assert not book.exists(), "a workbook of an earlier night would mislead"
    assert not list(book.parent.iterdir())


def test_what_is_in_the_file(park: Park) -> None:
    three_units(park)
    with writer(park.settings) as connection:
        connection.execute("create table rules.flow as select 1 as version, 5 as expand_min_pct")
    published = park.publish(day(2))
    tables = "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'park' order by 1"
    assert [name for (name,) in ask_published(park, tables)] == [
        "monthly.staff",
        "ops.batch",
        "ops.confirmation",
        "ops.feed",
        "ops.night",
        "ops.quarantine",
        "ops.validation_result",
        "ops.work_shown",
        "rules.flow",
        "snapshots.park",
    ], "nothing raw or staged, nothing of how we work inside"
    assert published.manifest["tables"]["snapshots.park"] == {
        "rows": 1,
        "columns": ["as_of", "month", "insured_headcount", "unit_count"],
    }
    assert ask_published(park, "select night_id, as_of, park_name from ops.night") == [
        ("20260303T000000Z", naive(2), "Test park")
    ]


def test_comments_and_the_operators_views(park: Park) -> None:
    three_units(park)
    park.publish(day(2))
    comments = dict(
        ask_published(
            park, "select schema_name || '.' || table_name, comment from duckdb_tables() where database_name = 'park'"
        )
    )
    assert str(comments["monthly.staff"]).splitlines() == [
        "title: Staff by unit and month | 单位月度人数",
        "one row is: one unit and month",
        "answers: how many people a unit insured",
        "key: source_key, month",
        "rules: none",
        "known gaps: none",
        "checked by: tests/warehouse",
    ]
    assert str(comments["ops.quarantine"]).startswith("one row is: one row of a delivery that could not be used")
    columns = dict(
        ask_published(
            park,
            "select column_name, comment from duckdb_columns() "
            "where database_name = 'park' and schema_name = 'monthly' and table_name = 'staff'",
        )
    )
    assert columns["source_key"] == "the office's number of the unit | 单位编号：社保局的编号", (
        "the model's own meaning"
    )
    assert "|" in str(columns["insured_headcount"]), "the meaning in columns.yml"
    ((names,),) = ask_published(park, 'select list(column_name) from (describe 核对."单位月度人数")')
    assert isinstance(names, list)
    assert names[1] == "单位编号"
    assert not any(name.isascii() for name in names)
    english = ask_published(park, "select source_key, insured_headcount from monthly.staff order by 1")
    assert ask_published(park, f'select 单位编号, "{names[3]}" from 核对."单位月度人数" order by 1') == english
    ((comment,),) = ask_published(
        park, "select comment from duckdb_views() where database_name = 'park' and view_name = '园区月度'"
    )
    assert comment == "来源表：snapshots.park"
    ((note,),) = ask_published(
        park,
        "select comment from duckdb_columns() where database_name = 'park' and schema_name = '核对' "
        "and table_name = '单位月度人数' and column_name = '单位编号'",
    )
    assert note == "社保局的编号"


def test_the_manifest_tells_what_changed(park: Park) -> None:
    """U1 goes from 10 to 12, U2 is gone, U4 is new, U3 stays: and the park's one month has other totals."""
    three_units(park)
    first = park.publish(day(2)).manifest
    assert "changes" not in first
    park.drop("staff", "b.csv", staff({"U1": 12, "U3": 30, "U4": 5}, at="2026-03-03 12:00:00"), day(2.5))
    park.sync("staff", day(3))
    second = park.publish(day(3)).manifest
    assert second["previous_night_id"] == first["night_id"] == "20260303T000000Z"
    assert second["changes"] == {
        "monthly.staff": {"added": 1, "removed": 1, "changed": 1},
        "snapshots.park": {"added": 0, "removed": 0, "changed": 1},
    }
    assert park.publish(day(4)).manifest["changes"] == {}, "another night of the same facts"
    assert (
        json.loads((park.settings.published / "park.json").read_text(encoding="utf-8"))["night_id"]
        == "20260305T000000Z"
    )


def test_a_table_of_another_shape_is_left_out_of_the_changes(park: Park) -> None:
    three_units(park)
    park.publish(day(2))
    path = park.transforms / "6_snapshots" / "park.sql"
    path.write_text(
        path.read_text(encoding="utf-8").replace("count(*) as unit_count", "7 as unit_count"), encoding="utf-8"
    )
    assert park.publish(day(3)).manifest["changes"] == {}


def test_the_manifest_s_hash_is_the_file_s(park: Park) -> None:
    three_units(park)
    published = park.publish(day(2))
    assert published.manifest["sha256"] == hashlib.sha256(published.path.read_bytes()).hexdigest()
    assert published.path.stat().st_mode & 0o222 == 0, "it cannot be written by mistake"
    left = sorted(p.name for p in park.settings.published.rglob("*") if p.is_file())
    assert left == ["20260303T000000Z.duckdb", "20260303T000000Z.json", "park.duckdb", "park.json"]


def test_only_the_last_nights_are_kept(park: Park) -> None:
    three_units(park)
    for number in range(2, 7):
        park.publish(day(number))
    assert [m["night_id"][:8] for m in nights(park.settings)] == ["20260307", "20260306", "20260305"]
    assert len(list((park.settings.published / "nights").iterdir())) == 6


def test_the_same_night_again_takes_its_own_place(park: Park) -> None:
    three_units(park)
    park.publish(day(2))
    park.publish(day(2))
    assert [m["night_id"] for m in nights(park.settings)] == ["20260303T000000Z"]
    assert ask_published(park, "select count(*) from monthly.staff") == [(3,)]


def test_a_past_night_told_again_is_kept_and_readers_keep_the_later_one(park: Park) -> None:
    three_units(park)
    park.publish(day(3))
    past = park.publish(day(2))
    assert not past.is_in_place
    assert past.path == park.settings.published / "nights" / "20260303T000000Z.duckdb"
    assert "changes" not in past.manifest, "what readers see is no night before it"
    assert ask_published(park, "select night_id from ops.night") == [("20260304T000000Z",)]
    assert [m["night_id"] for m in nights(park.settings)] == ["20260304T000000Z", "20260303T000000Z"]
    rollback(park.settings, "20260303T000000Z")
    assert ask_published(park, "select night_id from ops.night") == [("20260303T000000Z",)]
    assert park.publish(day(4)).is_in_place, "the next night follows on one that was put back"


# --- rollback -------------------------------------------------------------------------------------------------------


def three_nights(park: Park) -> None:
    park.keep_nights = 5
    for number in range(1, 4):
        park.drop("staff", f"{number}.csv", staff({"U1": number}, at=f"2026-03-0{number} 12:00:00"), day(number - 0.5))
        park.sync("staff", day(number))
        park.publish(day(number))


def shown(park: Park) -> object:
    return ask_published(park, "select insured_headcount from monthly.staff")[0][0]


def test_rollback_to_the_night_before_and_to_one_by_name(park: Park) -> None:
    three_nights(park)
    assert shown(park) == 3
    assert rollback(park.settings)["night_id"] == "20260303T000000Z"
    assert shown(park) == 2
    assert (current_manifest(park.settings) or {})["night_id"] == "20260303T000000Z"
    assert rollback(park.settings)["night_id"] == "20260302T000000Z"
    assert shown(park) == 1
    with pytest.raises(
        ParkBridgeError, match=r"rollback: there is no earlier night. Next: choose one that is kept: 20260304"
    ):
        rollback(park.settings)
    assert rollback(park.settings, "20260304T000000Z")["night_id"] == "20260304T000000Z"
    assert shown(park) == 3
    rollback(park.settings, "20260304T000000Z")
    assert shown(park) == 3, "the night that is in place already"
    assert not list(park.settings.published.rglob("*.part"))


def test_rollback_refuses_what_is_not_there_or_damaged_and_nights_go_on(park: Park) -> None:
    three_nights(park)
    with pytest.raises(ParkBridgeError, match=r"rollback: there is no night 20200101. Next: choose one that is kept"):
        rollback(park.settings, "20200101")
    night = park.settings.published / "nights" / "20260302T000000Z.duckdb"
    night.chmod(0o644)
    with night.open("r+b") as file:
        file.seek(20_000)
        file.write(b"\xff\x00\xff")
    damaged = r"night 20260302T000000Z: its file is missing or not what its manifest says. Next: choose another"
    with pytest.raises(ParkBridgeError, match=damaged):
        rollback(park.settings, "20260302T000000Z")
    night.unlink()
    with pytest.raises(ParkBridgeError, match=damaged):
        rollback(park.settings, "20260302T000000Z")
    assert shown(park) == 3
    rollback(park.settings, "20260303T000000Z")
    manifest = park.publish(day(5)).manifest
    assert manifest["previous_night_id"] == "20260303T000000Z", "what was published, not what was built last"
    assert manifest["changes"]["monthly.staff"] == {"added": 0, "removed": 0, "changed": 1}
    assert shown(park) == 3


# --- what fails leaves yesterday in place ---------------------------------------------------------------------------


def test_a_failed_write_leaves_what_was_published(park: Park) -> None:
    three_units(park)
    park.publish(day(2))
    before = {p: p.read_bytes() for p in park.settings.published.rglob("*") if p.is_file()}
    park.begin(day(3), without=["staff", "leases", "payments"])
    with writer(park.settings) as connection:
        connection.execute("drop table snapshots.park")
        with pytest.raises(duckdb.CatalogException):
            publish(connection, park.settings, park.models)
        assert connection.execute("select current_database()").fetchone() == ("warehouse",)
    assert {p: p.read_bytes() for p in park.settings.published.rglob("*") if p.is_file()} == before
    assert park.publish(day(3)).manifest["previous_night_id"] == "20260303T000000Z"


def test_what_a_killed_publish_left_does_no_harm(park: Park) -> None:
    three_units(park)
    folder = park.settings.published / "nights"
    folder.mkdir(parents=True)
    for name in ("20260303T000000Z.part", "20260303T000000Z.part.wal"):
        (folder / name).write_bytes(b"left behind")
    park.publish(day(2))
    assert ask_published(park, "select count(*) from monthly.staff") == [(3,)]
    assert sorted(p.name for p in folder.iterdir()) == ["20260303T000000Z.duckdb", "20260303T000000Z.json"]


def test_a_place_without_hard_links_will_do(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    three_units(park)
    park.publish(day(2))
    park.publish(day(3))
    assert ask_published(park, "select max(as_of) from monthly.staff") == [(naive(3),)]


# --- what readers cannot do -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from '{warehouse}'",
        "attach '{warehouse}' as w",
        "attach ':memory:' as w; copy (select 1) to '{home}/x.csv'",
        "copy (select 1) to '{home}/x.csv'",
        "export database '{home}/x'",
        "create table park.ops.x as select 1",
        "delete from park.monthly.staff",
        "set enable_external_access = true",
        "set memory_limit = '1TB'",
        "install httpfs",
        "load postgres",
    ],
)
def test_a_reader_reads_the_published_file_and_nothing_else(park: Park, statement: str) -> None:
    three_units(park)
    park.publish(day(2))
    before = sorted(p for p in park.home.rglob("*"))
    with reader(park.settings) as connection, pytest.raises(duckdb.Error):
        connection.execute(statement.format(warehouse=park.settings.warehouse_file, home=park.home))
    assert sorted(p for p in park.home.rglob("*")) == before


def test_any_file_can_be_opened_so(park: Park) -> None:
    with (
        open_read_only(park.settings.warehouse_file) as connection,
        pytest.raises(duckdb.Error, match="disabled"),
    ):
        connection.execute("select * from read_text('/etc/passwd')")


def test_before_the_first_night(park: Park) -> None:
    with pytest.raises(ParkBridgeError, match=r"published data: nothing is published yet in .* Next: run `make run`"):
        ask_published(park, "select 1")
    assert current_manifest(park.settings) is None
    assert nights(park.settings) == []
    with pytest.raises(ParkBridgeError, match=r"there is no earlier night. Next: choose one that is kept: \(none\)"):
        rollback(park.settings)


def test_the_newest_site_of_a_night_goes_by_its_number(park: Park) -> None:
    sites = park.settings.published / "sites"
    for name in ("20260302T000000Z-2", "20260302T000000Z-10", "20260303T000000Z-1", "20260302T000000Z-x", "other"):
        (sites / name).mkdir(parents=True)
    assert site_of(park.settings, "20260302T000000Z") == sites / "20260302T000000Z-10"
    assert site_of(park.settings, "20260304T000000Z") is None
    forget_old_sites(park.settings, {"20260302T000000Z"})
    assert sorted(path.name for path in sites.iterdir()) == ["20260302T000000Z-10", "20260302T000000Z-x", "other"]
