"""Leftovers swept, private folders closed, editions verified.

The restore drill: a backup that can be restored, one that cannot, and how often it is tried."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Park, day, staff
from tests.report.test_swap import site
from tests.warehouse.test_editions import publish_night
from tests.warehouse.test_editions import small_policy as small_policy  # a fixture
from transforms import outcome_file
from transforms.resolution import judgement_file
from warehouse import suspected_names, upkeep
from warehouse.batches import discard, mark_stopped
from warehouse.connection import writer
from warehouse.deep import cures, deep_findings
from warehouse.errors import CheckFailed, ParkBridgeError
from warehouse.people import people_file
from warehouse.published_nights import put_in_place, rollback, show_site
from warehouse.rebuild import rebuild
from warehouse.settings import Settings
from warehouse.suspected_names import say_firm
from warehouse.upkeep import DRILL, back_up, drill, is_drill_due, last_drill, sweep, verify

Again = tuple[dict[str, tuple[int, int]], tuple[str, ...]]


@pytest.mark.nights
def test_a_drill_restores_rows_and_night_and_says_what_came_of_it(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        park.drop("staff", f"{number}.csv", staff({f"U{n}": number for n in range(5)}), day(number - 0.5))
        park.sync("staff", day(number))
    park.publish(day(2))
    asked: list[tuple[int, str]] = []
    said: Again = ({}, ())

    def again(rehearsal: Settings, night_id: str) -> Again:
        with duckdb.connect(rehearsal.warehouse_file, read_only=True) as connection:
            ((rows,),) = connection.execute("select count(*) from staged.employment").fetchall()
        asked.append((rows, night_id))
        return said

    feeds = [park.feed("staff")]
    done = drill(park.settings, feeds, again)
    assert asked == [(10, "20260303T000000Z")]
    assert (done.rows, done.night_id, done.fault) == (10, "20260303T000000Z", "")
    last = last_drill(park.settings)
    assert last
    assert "10 staged rows and night 20260303T000000Z made again from the backup, the same" in str(last)
    assert not list(park.home.glob("drill-*"))

    said = ({"snapshots.park": (1, 2)}, ())
    with pytest.raises(CheckFailed, match=r"night 20260303T000000Z: snapshots\.park: 1 rows only there, 2 only here"):
        drill(park.settings, feeds, again)
    assert is_drill_due(park.settings, datetime.fromisoformat(last.at))
    said = ({"snapshots.park": (1, 2)}, ("rules changed since: flow",))
    assert drill(park.settings, feeds, again).remarks == ("1 tables of the night differ", "rules changed since: flow")

    with duckdb.connect(park.settings.warehouse_file) as connection:
        connection.execute("update staged.employment set insured_headcount = 99 where source_key = 'U3'")
    with pytest.raises(CheckFailed, match="restore drill, employment: 4 of 10 rows differ"):
        drill(park.settings, feeds, again)
    found = last_drill(park.settings)
    assert found
    assert "4 of 10 rows differ" in found.fault

    discard(park.raw, "staff", park.batch_ids("staff")[0], who="ann", why="x")
    with pytest.raises(CheckFailed, match=r"1 batches that were discarded: staff/.*parkbridge rebuild"):
        drill(park.settings, feeds, again)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("warehouse.upkeep.shutil.disk_usage", lambda _: usage)
    with pytest.raises(ParkBridgeError, match=r"0\.0 GB are free"):
        drill(park.settings, feeds, again)


# what people may have written: the module that copies it, its copy, a line of it, a later line
WRITTEN = {
    "answers": (
        outcome_file,
        "outcomes.csv",
        "row,answer,who,when,why\nW0123456789,done,li,2026-03-02,x\n",
        "W0123456789,wrong,li,2026-03-03,y\n",
    ),
    "judgements": (
        judgement_file,
        "judgements.csv",
        "left,right,decision,who,when,why\nlease/l1,tax/t1,same,li,2026-03-02,x\n",
        "lease/l2,tax/t2,same,li,2026-03-02,y\n",
    ),
    "names of firms": (
        suspected_names,
        "firm_names.csv",
        "name,who,why,at\n金石,li,x,2026-03-02T00:00:00+00:00\n",
        "华星,li,y,2026-03-03T00:00:00+00:00\n",
    ),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_drill_takes_what_people_wrote_from_the_backup_alone(park: Park, kind: str) -> None:
    """A night made again reads the copy: one that was never made, or is old, is found by the drill."""
    module, name, text, later = WRITTEN[kind]
    settings, file, seen = park.settings, park.home / name, list[str]()
    park.drop("staff", "1.csv", staff({"U1": 1}), day(0.5))
    park.sync("staff", day(1))
    park.publish(day(1))

    def again(rehearsal: Settings, _: str) -> Again:
        there = people_file(rehearsal, name).path
        assert there.is_relative_to(rehearsal.home)
        seen.append(there.read_text(encoding="utf-8") if there.exists() else "none")
        return {}, ()

    drill(settings, [park.feed("staff")], again)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ParkBridgeError, match=re.escape(f"has no {name}, which holds")):
        drill(settings, [park.feed("staff")], again)
    last = last_drill(settings)
    assert last
    assert name in last.fault
    assert module.back_up(settings) == 1
    assert (settings.backup / name).stat().st_mode & 0o777 == 0o600
    file.write_text(text + later, encoding="utf-8")
    drill(settings, [park.feed("staff")], again)
    assert seen == ["none", text]


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_damaged_or_lost_file_of_people_never_takes_its_copy_s_place(park: Park, kind: str) -> None:
    module, name, text, later = WRITTEN[kind]
    # a blank and a quotation mark: the command of the message runs all the same
    park = dataclasses.replace(park, home=park.home.parent / "a park's home")
    park.home.mkdir()
    settings, file, copy = park.settings, park.home / name, park.settings.backup / name
    assert module.back_up(settings) == 0, "there is none yet"
    assert not copy.exists()
    file.write_text(text + later, encoding="utf-8")
    assert module.back_up(settings) == 2
    assert copy.read_bytes() == file.read_bytes()
    for damaged in ("damaged", "", text.partition("\n")[0].replace(",", ";") + "\n"):
        file.write_text(damaged, encoding="utf-8")
        with pytest.raises(ParkBridgeError, match=re.escape(name)):
            module.back_up(settings)
        assert copy.read_text(encoding="utf-8") == text + later
    file.unlink()
    with pytest.raises(ParkBridgeError, match=re.escape("it is gone; the backup has it as of")) as stop:
        module.back_up(settings)
    subprocess.run(re.findall("`(.*?)`", str(stop.value))[0], shell=True, check=True)
    assert module.back_up(settings) == 2
    # a line that was taken back is taken back in the copy, too
    file.write_text(text, encoding="utf-8")
    assert module.back_up(settings) == 1
    assert copy.read_text(encoding="utf-8") == text


def test_a_night_does_not_go_on_without_what_people_wrote(park: Park) -> None:
    """Gone while the backup has it: names would be held again, answers and decisions undone, with every check green."""
    settings = park.settings
    for module, name, text, _ in WRITTEN.values():
        (park.home / name).write_text(text, encoding="utf-8")
        module.back_up(settings)
    park.drop("staff", "1.csv", staff({"U1": 1}), day(0.5))
    park.sync("staff", day(1))
    park.publish(day(1))

    def read_answers() -> None:
        with writer(settings) as connection:
            outcome_file.load(connection, settings, datetime(2026, 3, 2))

    for name, step in (
        ("outcomes.csv", read_answers),
        ("judgements.csv", lambda: judgement_file.begin_judgements(settings)),
        ("firm_names.csv", lambda: park.publish(day(2))),
    ):
        lost = (park.home / name).rename(park.home / "elsewhere")
        with pytest.raises(ParkBridgeError, match=re.escape(f"{name}: it holds")):
            step()
        assert not (park.home / name).exists(), "no empty one is begun"
        lost.rename(park.home / name)
    park.publish(day(2))


def test_a_drill_is_due_when_the_last_good_one_is_old(park: Park) -> None:
    settings, now = park.settings, day(30)
    assert is_drill_due(settings, now), "there was none"
    content: dict[str, Any] = {"at": "", "night_id": None, "rows": 1, "seconds": 1.0, "fault": "", "remarks": []}
    for age, days, fault, is_due in (
        (6.4, 7, "", False),
        (6.6, 7, "", True),
        (7.0, 30, "", False),
        (1.0, 7, "rows differ", True),
        (-1.0, 7, "", True),
        (99, 0, "rows differ", False),
    ):
        written = content | {"at": (now - timedelta(days=age)).isoformat(), "fault": fault}
        (park.home / DRILL).write_text(json.dumps(written), encoding="utf-8")
        assert is_drill_due(dataclasses.replace(settings, drill_days=days), now) == is_due, (age, days)
    (park.home / DRILL).write_text('{"at": 3', encoding="utf-8")
    assert last_drill(settings) is None
    assert is_drill_due(settings, now)


def test_of_many_tables_that_differ_five_are_named() -> None:
    """Six differ: five are named with their rows on each side, and one is counted."""
    differing = {f"t{n}": (1000 * n, n) for n in range(6)}
    said = upkeep._tables(differing)
    assert said[:2] == ["t0: 0 rows only there, 0 only here", "t1: 1,000 rows only there, 1 only here"]
    assert said[4:] == ["t4: 4,000 rows only there, 4 only here", "1 more tables"]
    assert len(upkeep._tables({f"t{n}": (1, 1) for n in range(5)})) == 5
    assert upkeep._tables({}) == []


def aged(path: Path, days: float) -> Path:
    """A file or folder, and all above it in the park, as if written so many days ago."""
    moment = time.time() - days * 86_400
    for one in (path, path.parent):
        os.utime(one, (moment, moment))
    return path


LEFT = (
    "warehouse.rebuilt",
    "warehouse.rebuilt.wal",
    "drill-ab12_xyz/warehouse.duckdb",
    "asof-ab12_xyz/warehouse.duckdb",
    "review-ab12_xyz/a",
    "drill.json.part",
    "firm_names.part",
    "released.part",
    ".outcomes.csv.ab12_xyz",
    ".judgements.csv.ab12_xyz",
    "asof/.20260302T000000Z.duckdb.part",
    "raw/gone_feed/20260101T000000Z-1.part/rows.parquet",
    "raw/staff/{batch}/discarded.json.part",
    "../backup/raw/staff/x.part/rows.parquet",
    "../backup/released.part",
    "../backup/judgements.part",
    "published/park.json.part",
    "published/report.123.part",
    "published/nights/20260301T000000Z.part",
    "published/nights/20260301T000000Z.duckdb",
    "published/sites/20260301T000000Z-1.part/index.html",
    "published/exports/园区.part",
    "published/editions/operator/nights/20260301T000000Z.part",
    "published/editions/operator/sites/20260301T000000Z-1.part/index.html",
)


def test_what_killed_runs_left_is_swept_once_it_is_old(park: Park) -> None:
    park.drop("staff", "1.csv", staff({"U1": 1}), day(0.5))
    park.sync("staff", day(1))
    park.publish(day(1))
    (park.home / "outcomes.csv").write_text("row,answer,who,when,why\n", encoding="utf-8")
    (park.home / "warehouse.damaged-20260301T000000").write_text("kept for whoever asks why", encoding="utf-8")
    everything = {path for path in park.home.rglob("*") if path.is_file()}
    names = [name.format(batch=park.batch_ids("staff")[0]) for name in LEFT]
    for name in names:
        path = park.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half", encoding="utf-8")
    assert sweep(park.settings) == 0, "a run may be writing it"
    for name in names:
        aged(park.home / name, 1.1)
    assert sweep(park.settings) == len(names)
    assert [name for name in names if (park.home / name).exists()] == []
    assert {path for path in park.home.rglob("*") if path.is_file()} == everything
    assert verify(park.settings) == 1


def reachable(home: Path) -> list[str]:
    """What another account of this machine can read or change below a park's home."""
    found = []
    for folder, inner, files in os.walk(home):
        inner[:] = [name for name in inner if (Path(folder) / name).stat().st_mode & 0o007]
        found += [
            str((Path(folder) / name).relative_to(home))
            for name in (*inner, *files)
            if not (Path(folder) / name).is_symlink() and (Path(folder) / name).stat().st_mode & 0o007
        ]
    return found


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_no_other_account_gets_at_a_park_whatever_the_umask(park: Park, small_policy: Path, umask: int) -> None:
    """A whole life of a park from an empty home on; then every file and folder of it is looked at."""
    shutil.rmtree(park.home)
    before = os.umask(umask)
    try:
        settings = dataclasses.replace(park.settings, backup=park.home / "backup")
        mark_stopped(park.raw, "leases", "a stop")
        for number in (1, 3):
            publish_night(park, number, small_policy)
        rollback(settings)
        outcome_file.add(settings.outcomes, outcome_file.Answer("W0123456789", "done", "li", "2026-03-02", "x"))
        say_firm(settings, "金石", who="li", why="a firm")
        back_up(settings)
        for one in (outcome_file, suspected_names):
            one.back_up(settings)
        rebuild(settings, [park.feed("staff")])
        drill(settings, [park.feed("staff")])
        park.drop("staff", "4.csv", staff({"U9": 1}), day(3.5))
        park.land("staff", day(4))
        park.drop("staff", "5.csv", staff({"U9": 1}), day(3.5))
        park.land("staff", day(5))
        assert (park.home / "refused").exists()
        home = park.home.stat().st_mode & 0o777
    finally:
        os.umask(before)
    assert home == 0o777 & ~umask, "readers pass through it"
    assert reachable(park.home) == []
    published = [path for path in (park.home / "published").rglob("*") if not path.is_symlink()]
    assert {"operator", "sites"} <= {path.name for path in published}
    assert [str(path) for path in published if path.stat().st_mode & 0o022] == [], "readers of its group only read"
    for private in ("raw", "refused", "backup", "holds"):
        assert not (park.home / private).exists() or (park.home / private).stat().st_mode & 0o777 == 0o700, private
    for file in (
        "warehouse.duckdb",
        "outcomes.csv",
        "firm_names.csv",
        "drill.json",
        "backup/outcomes.csv",
        "backup/firm_names.csv",
    ):
        assert (park.home / file).stat().st_mode & 0o777 == 0o600, file


EDITION = "published/editions/operator"


@pytest.mark.parametrize(
    ("damage", "said", "cure"),
    [
        ("nights/20260304T000000Z.duckdb", "20260304T000000Z.duckdb is not what was written (SHA-256)", "rm -f"),
        ("nights/20260302T000000Z.duckdb", "20260302T000000Z.duckdb is not what was written (SHA-256)", "rm -f"),
        ("park.duckdb", "park.duckdb is not what was published (SHA-256)", "parkbridge rollback 20260304T000000Z"),
        ("park.duckdb gone", "park.duckdb is gone", "parkbridge rollback 20260304T000000Z"),
        ("report gone", "", "parkbridge report"),
        ("another night", "", "parkbridge rollback 20260304T000000Z"),
    ],
)
def test_editions_are_verified_and_what_doctor_says_puts_them_right(
    park: Park, small_policy: Path, damage: str, said: str, cure: str
) -> None:
    for number in (1, 3):
        publish_night(park, number, small_policy)
    settings, folder = park.settings, park.home / EDITION
    verify(settings)
    assert all(finding.is_well for finding in deep_findings(settings, [park.feed("staff")]))
    name, is_gone = damage.removesuffix(" gone"), damage.endswith(" gone")
    file = folder / name
    if damage == "another night":
        put_in_place(settings.of_audience("operator"), folder / "nights" / "20260302T000000Z.duckdb")
    elif name == "report":
        shutil.rmtree(folder / file.readlink())
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.unlink()
        if not is_gone:
            file.write_bytes(content)
    if said:
        with pytest.raises(CheckFailed, match=re.escape(said)):
            verify(settings)
    wrong = [finding for finding in deep_findings(settings, [park.feed("staff")]) if not finding.is_well]
    assert wrong
    assert all(finding.text.startswith("edition operator") for finding in wrong)
    assert cures(wrong)[0].startswith(cure)
    for one in cures(wrong):
        if one.startswith("rm -f"):
            subprocess.run(one, shell=True, check=True)
        elif one.startswith("parkbridge rollback"):
            rollback(settings, one.split()[-1])
        else:
            assert one == "parkbridge report"
            site(folder / "park.duckdb", settings.of_audience("operator"))
            show_site(settings.of_audience("operator"), "20260304T000000Z")
    assert [f.text for f in deep_findings(settings, [park.feed("staff")]) if not f.is_well] == []
    verify(settings)


def test_what_is_behind_the_public_s_numbers_is_read_and_put_back_from_the_backup(park: Park) -> None:
    settings = park.settings
    assert [f for f in deep_findings(settings, []) if "released" in f.text] == []
    pq.write_table(pa.table({"month": ["2026-01"] * 7}), settings.released)
    back_up(settings)

    def found() -> list[tuple[bool, str, tuple[str, ...]]]:
        return [(f.is_well, f.text, f.cures) for f in deep_findings(settings, []) if "released" in f.text]

    assert found() == [(True, "released.parquet: 7 figures behind the public's numbers", ())]
    verify(settings)
    settings.released.write_bytes(settings.released.read_bytes()[:30])
    with pytest.raises(CheckFailed, match=r"released\.parquet cannot be read"):
        verify(settings)
    ((is_well, text, (cure, _)),) = found()
    assert not is_well
    assert text.startswith("released.parquet cannot be read: ")
    subprocess.run(cure, shell=True, check=True)
    assert found()[0][0]
    settings.released.unlink()
    assert found()[0][1] == "released.parquet is gone; the backup has 7 figures"
    (settings.backup / "released.parquet").write_bytes(b"PAR1")
    assert found()[0][1:] == ("released.parquet is gone, and the backup does not have it", ())
