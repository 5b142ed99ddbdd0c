"""One writer, and settings and subjects that say what is wrong with them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Park
from warehouse import holds
from warehouse.connection import literal, prepare, quote, writer
from warehouse.errors import DeclarationError, ParkBridgeError, SourceError, WarehouseBusy
from warehouse.settings import CHECKOUT
from warehouse.subjects import Column, read_subjects, subjects

HOLD = """
import sys, time
from pathlib import Path
from warehouse.connection import writer
from warehouse.settings import Settings
home = Path(sys.argv[1])
with writer(Settings.from_environment()):
    (home / "held").touch()
    while not (home / "let_go").exists():
        time.sleep(0.01)
"""
WRITE = """
from warehouse.connection import writer
from warehouse.errors import WarehouseBusy
from warehouse.settings import Settings
try:
    with writer(Settings.from_environment(), wait_seconds=0.2):
        print("wrote")
except WarehouseBusy as error:
    print(error)
"""


def python(script: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT), "PARKBRIDGE_HOME": str(home)},
    )


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_second_writer_waits_and_then_is_told(park: Park) -> None:
    with writer(park.settings) as connection:
        connection.execute("create table staged.held as select 1")
        printed, _ = python(WRITE, park.home).communicate(timeout=60)
    who = re.escape(holds.this_process())
    assert re.fullmatch(
        rf"warehouse: another process has been writing for more than 0 s \({who}, since [-0-9]+ [0-9:]+ UTC\)\. "
        r"Next: wait for it or stop it, then run this again",
        printed.strip(),
    )


def test_a_writer_that_is_killed_leaves_the_place_free(park: Park) -> None:
    holder = python(HOLD, park.home)
    try:
        wait_for(park.home / "held")
        with pytest.raises(WarehouseBusy), writer(park.settings, wait_seconds=0.1):
            pass
        holder.kill()
        holder.wait(60)
        with writer(park.settings, wait_seconds=10) as connection:
            assert connection.execute("select count(*) from ops.batch").fetchone() == (0,)
    finally:
        holder.kill()
        holder.communicate()


def test_a_writer_gets_the_place_when_it_is_free(park: Park) -> None:
    holder = python(HOLD, park.home)
    wait_for(park.home / "held")
    (park.home / "let_go").touch()
    with writer(park.settings, wait_seconds=30):
        pass
    holder.communicate(timeout=60)
    assert holder.returncode == 0


def test_a_warehouse_that_another_program_has_open(park: Park) -> None:
    shell = (
        "import duckdb, sys, time; shell = duckdb.connect(sys.argv[1] + '/warehouse.duckdb'); "
        "open(sys.argv[1] + '/held', 'w'); time.sleep(60)"
    )
    holder = python(shell, park.home)
    try:
        wait_for(park.home / "held")
        with pytest.raises(WarehouseBusy) as busy, writer(park.settings):
            pass
        assert str(busy.value) == (
            "warehouse: another program has warehouse.duckdb open. Next: close it and run this again; for questions, "
            "open published/park.duckdb instead"
        )
    finally:
        holder.kill()
        holder.communicate()


def test_the_place_is_free_after_an_error(park: Park) -> None:
    with pytest.raises(duckdb.CatalogException), writer(park.settings) as connection:
        connection.execute("from nowhere")
    with writer(park.settings, wait_seconds=0):
        pass


def test_preparing_twice_changes_nothing() -> None:
    connection = duckdb.connect()
    prepare(connection)
    connection.execute("insert into ops.night values ('n', timestamp '2026-03-01', 'park')")
    before = connection.execute("select sql from duckdb_tables() union all select sql from duckdb_views() order by 1")
    tables = before.fetchall()
    prepare(connection)
    after = connection.execute("select sql from duckdb_tables() union all select sql from duckdb_views() order by 1")
    assert after.fetchall() == tables
    assert connection.execute("select count(*) from ops.night").fetchone() == (1,)
    assert len(tables) > 2 * len(subjects())


def test_names_and_texts_in_sql() -> None:
    name, text = 'a "quoted" 名', "it's 'so'"
    found = duckdb.sql(f"select {literal(text)} as {quote(name)}")
    assert (found.columns, found.fetchall()) == ([name], [(text,)])


# --- errors ---------------------------------------------------------------------------------------------------------


def test_an_error_says_fact_allowance_and_next_step() -> None:
    error = ParkBridgeError("staff 2026-01", "3 of 9 rows", allowed="0.5 %", next_step="ask")
    assert str(error) == "staff 2026-01: 3 of 9 rows; 0.5 % allowed. Next: ask"
    assert str(ParkBridgeError("staff", "gone", next_step="ask")) == "staff: gone. Next: ask"
    assert SourceError("staff", "slow", next_step="wait", is_passing=True).is_passing
    assert not SourceError("staff", "no login", next_step="ask").is_passing, "tried again only where it says so"


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["4GB", "1.5 GiB", "800mb"])
def test_sizes_that_settings_take_are_sizes_to_the_database(size: str) -> None:
    duckdb.connect().execute("set memory_limit = ?", [size])


# --- subjects -------------------------------------------------------------------------------------------------------

SUBJECT = """
visit:
  title: {en: Visits, zh: 走访}
  row: one visit
  about: enterprise
  silo: park
  key: [visit_no]
  period: month
  figures: {minutes: minutes}
  columns:
    source_key: varchar!
    visit_no: varchar!
    month: date
    minutes: decimal(18,2)
"""


def test_a_subject_as_declared(tmp_path: Path) -> None:
    path = tmp_path / "subjects.yml"
    path.write_text(SUBJECT, encoding="utf-8")
    visit = read_subjects(path)["visit"]
    assert (visit.title_en, visit.title_zh, visit.row, visit.key, visit.period) == (
        "Visits",
        "走访",
        "one visit",
        ("visit_no",),
        "month",
    )
    assert (visit.is_matched, visit.has_months, visit.has_periods, visit.is_expected) == (True, True, False, False)
    assert visit.key_beside_source == ("visit_no",)
    assert list(visit.columns.values()) == [
        Column("source_key", "varchar", True),
        Column("visit_no", "varchar", True),
        Column("month", "date", False),
        Column("minutes", "decimal(18,2)", False),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("minutes: decimal(18,2)", "minutes: number", "visit.minutes: 'number' is no column type. Next: use varchar|"),
        (
            "key: [visit_no]",
            "key: [visit_number]",
            "visit: key, period, since, figures, stocks or past name no column: visit_number. Next: list it",
        ),
        ("period: month", "period: year", "visit: key, period, since, figures, stocks or past name no column: year"),
        (
            "    source_key: varchar!\n",
            "",
            "visit: key, period, since, figures, stocks or past name no column: source_key",
        ),
        ("  row: one visit\n", "", "visit: row is missing. Next: use"),
        ("row:", "rows:", "visit: row is missing"),
        ("  row: one visit\n", "  row: one visit\n  unit: h\n", "visit: unit is unknown. Next: use"),
        ("minutes: decimal", "received_at: decimal", "visit: received_at is a column of every staged row"),
        ("key: [visit_no]", "key: [source_key, visit_no, month, minutes]", "visit: every column is of the key"),
        (SUBJECT.partition(":")[2], " nothing\n", "visit: about is missing"),
        (
            "about: enterprise",
            "about: person",
            "visit: about 'person' is unknown. Next: use one of enterprise, building, ",
        ),
        (
            "minutes: minutes",
            "minutes: hours",
            "visit: key, period, since, figures, stocks or past name no column: hours",
        ),
        (
            "minutes: minutes",
            '"m_{room}": minutes',
            "visit: key, period, since, figures, stocks or past name no column: room",
        ),
        ("month", "day", "visit: it has neither months nor periods"),
        ("visit:", "fact:", "fact: known.fact is the view of all subjects"),
    ],
)
def test_a_wrong_subject_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SUBJECT
    path = tmp_path / "subjects.yml"
    path.write_text(SUBJECT.replace(old, new), encoding="utf-8")
    with pytest.raises(DeclarationError) as wrong:
        read_subjects(path)
    assert str(wrong.value).startswith(f"subjects.yml: {message}")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_is_not_published_is_closed_to_others_whatever_the_umask(park: Park, umask: int) -> None:
    before = os.umask(umask)
    try:
        for folder in (
            park.raw,
            park.settings.backup,
            park.settings.data_docs,
            park.home / "airflow",
            park.settings.published,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        with writer(park.settings):
            pass
        private = [park.raw, park.settings.data_docs, park.home / "airflow"]
        assert [path.stat().st_mode & 0o777 for path in private] == [0o700] * 3
        assert park.settings.warehouse_file.stat().st_mode & 0o777 == 0o600
        assert park.settings.published.stat().st_mode & 0o777 == 0o775 & ~umask, "clients read it, and write nothing"
    finally:
        os.umask(before)


@pytest.mark.parametrize("kind", ["a link to nowhere", "a folder"])
def test_what_is_no_log_of_the_warehouse_is_said_in_a_line(park: Park, kind: str) -> None:
    with writer(park.settings) as connection:
        connection.execute("create table noted as select 1 as n")
    log = Path(f"{park.settings.warehouse_file}.wal")
    if kind == "a folder":
        log.mkdir()
    else:
        log.symlink_to(log.parent / "nowhere" / "log")
    with (
        pytest.raises(ParkBridgeError, match="wal: a link or a folder is in the place of a file"),
        writer(park.settings),
    ):
        pytest.fail("the warehouse was opened")
    log.rmdir() if kind == "a folder" else log.unlink()
    with writer(park.settings) as connection:
        assert connection.execute("from noted").fetchall() == [(1,)]
