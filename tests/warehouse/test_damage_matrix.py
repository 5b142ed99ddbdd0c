"""Every kind of our own files × gone, empty, cut, one byte, another version: a line with the cure, never a traceback.

And nothing wrong is published: the published file stays as it was, whatever is asked meanwhile.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import parkbridge
from tests.conftest import Park, at, day, new_park, staff
from transforms import outcome_file
from transforms.outcome_file import Answer
from transforms.resolution import judgement_file
from transforms.resolution.judgement_file import HEADER
from warehouse import suspected_names
from warehouse.batches import clear_stopped, discard
from warehouse.connection import open_read_only, writer
from warehouse.errors import ParkBridgeError, of_a_file
from warehouse.reconcile import hold_to_raw
from warehouse.suspected_names import say_firm
from warehouse.upkeep import back_up

DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "gone": lambda _: None,
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "one byte": lambda content: content[: len(content) // 2] + b"\xc3" + content[len(content) // 2 + 1 :],
    "a list": lambda _: b"[1]",
    "another version": lambda _: b'{"version": 99, "feed": "staff"}',
}
FILES = {
    "park.json": "published/park.json",
    "night's manifest": "published/nights/*.json",
    "night": "published/nights/*.duckdb",
    "warehouse": "warehouse.duckdb",
    "batch's manifest": "raw/staff/*/manifest.json",
    "marker": "raw/staff/*/accepted.json",
    "rows": "raw/staff/*/rows.parquet",
    "stop": "raw/staff/stopped.json",
    "announcement": "raw/staff/accepting.json",
    "judgements": "judgements.csv",
    "answers": "outcomes.csv",
    "names of firms": "firm_names.csv",
    "quarantined rows": "raw/staff/*/rejected.parquet",
    "pieces that are no row": "raw/staff/*/unreadable.parquet",
    "discarded marker": "raw/staff/*/discarded.json",
    "backup's manifest": "backup/raw/staff/*/manifest.json",
    "backup's rows": "backup/raw/staff/*/rows.parquet",
    "hold": "holds/feed_staff.lock",
    "writer's lock": "warehouse.lock",
    "alert mark": "alerts/0123456789abcdef01234567",
}
# the others are rarer, and like one of these
OFTEN = ("gone", "empty", "one byte")
# what cannot be made again from something else
DEAREST = ("warehouse", "batch's manifest", "rows", "judgements", "backup's rows")
MARKS = {name: () if name in OFTEN else (pytest.mark.slow,) for name in DAMAGES} | dict.fromkeys(
    ("gone", "empty"), (pytest.mark.nights,)
)
DAMAGED = pytest.mark.parametrize("damage", [pytest.param(name, marks=marks) for name, marks in MARKS.items()])
# what `doctor --deep` says to run repairs a kind of file whatever became of it; that it says so of each damage is asked of one kind
CURED = [
    *(pytest.param(kind, "one byte", marks=() if kind in DEAREST else pytest.mark.nights) for kind in FILES),
    *(pytest.param("rows", damage) for damage in OFTEN if damage != "one byte"),
    *(
        pytest.param(kind, damage, marks=pytest.mark.slow)
        for kind in FILES
        for damage in DAMAGES
        if damage != "one byte" and not (kind == "rows" and damage in OFTEN)
    ),
]
COMMANDS: tuple[list[str], ...] = (
    ["status"],
    ["doctor"],
    ["doctor", "--deep"],
    ["export", "snapshots.park", "--to", "EXPORTS/park.csv"],
    ["feeds"],
    ["sql", "select count(*) from snapshots.park"],
    ["review", "--list"],
    ["worklist"],
    ["worklist", "--answer", "W0123456789", "done"],
    ["rebuild"],
    ["rollback"],
)


# what `parkbridge status` reads beside the books of the loader
COVERAGE_MODEL = """\
-- title: Coverage | 覆盖率
-- one row is: one feed and month | 一个数据源的一个月
-- answers: how much of it came? | 收到多少？
-- key: feed, month
-- rules: none
-- known gaps: none
-- checked by: tests/warehouse/test_damage_matrix.py
select feed, month, 100.0 as coverage_pct, false as is_provisional from staged.employment group by feed, month
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, _empty_warehouse: Path) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    park = new_park(folder, _empty_warehouse)
    (park.transforms / "3_monthly" / "coverage.sql").write_text(COVERAGE_MODEL, encoding="utf-8")
    for number in (1, 2):
        park.drop("staff", f"{number}.csv", staff({f"U{n}": 10 * number for n in range(5)}), day(number - 0.5))
        park.sync("staff", day(number))
        park.publish(day(number))
    park.drop("staff", "3.csv", staff({f"U{n}": n for n in range(5)}) + "x,y\n", day(3))
    park.change("staff", "rejected_pct: 10", "rejected_pct: 60")
    (manifest,) = park.land("staff", day(4))
    park.stage("staff")
    discard(park.raw, "staff", manifest.batch_id, who="ann", why="a trial")
    back_up(dataclasses.replace(park.settings, backup=park.home / "backup"))
    for number in range(2):
        line = Answer(f"W012345678{number}", "done", "li", "2026-03-01 10:00:00", "spoke to them")
        outcome_file.add(park.home / "outcomes.csv", line)
    (park.home / "judgements.csv").write_text(HEADER, encoding="utf-8")
    say_firm(park.settings, "金石", who="li", why="short for 金石机械厂")
    for one in (judgement_file, outcome_file, suspected_names):
        one.back_up(dataclasses.replace(park.settings, backup=park.home / "backup"))
    for name in ("holds/feed_staff.lock", "alerts/0123456789abcdef01234567"):
        (park.home / name).parent.mkdir(exist_ok=True)
        (park.home / name).write_text("", encoding="utf-8")
    (park.raw / "staff" / "stopped.json").write_text(
        '{"at": "2026-03-03T00:00:00+00:00", "problem": "x"}', encoding="utf-8"
    )
    return folder


def _digest(park: Park) -> str:
    return hashlib.sha256((park.home / "published" / "park.duckdb").read_bytes()).hexdigest()


def _content(park: Park) -> list[tuple[Any, ...]]:
    """What readers see, whichever file holds it."""
    with open_read_only(park.settings.published_file) as connection:
        return connection.execute("select as_of, month, insured_headcount from snapshots.park").fetchall()


def _copy(whole: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Park:
    shutil.copytree(whole, folder, dirs_exist_ok=True, symlinks=True)
    park = at(folder)
    monkeypatch.setenv("PARKBRIDGE_HOME", str(park.home))
    monkeypatch.setenv("PARKBRIDGE_FEEDS", str(park.feed_folder))
    monkeypatch.setenv("PARKBRIDGE_JUDGEMENTS", str(park.home / "judgements.csv"))
    return park


def _damage(park: Park, kind: str, damage: str) -> None:
    pattern = FILES[kind]
    found = sorted(park.home.glob(pattern))
    # what was discarded matters to no figure
    matters = [path for path in found if not (path.parent / "discarded.json").exists()]
    target = (matters or found or [park.home / pattern])[-1]
    content = DAMAGES[damage](target.read_bytes() if target.is_file() else b'{"batch_ids": ["x"], "night": "y"}')
    target.unlink(missing_ok=True)
    if content is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


@DAMAGED
@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_of_ours(
    whole: Path,
    tmp_path: Path,
    kind: str,
    damage: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    park = _copy(whole, tmp_path, monkeypatch)
    before = _digest(park)
    for command in COMMANDS:
        _damage(park, kind, damage)
        monkeypatch.setattr(sys, "argv", ["parkbridge", *(word.replace("EXPORTS", str(tmp_path)) for word in command)])
        code = parkbridge.main()
        said = capsys.readouterr()
        assert code in (0, 1), command
        assert "Traceback" not in said.out + said.err, command
        if code and said.err:
            assert said.err.startswith("parkbridge: "), command
            assert "Next: " in said.err, command
        if command == ["rebuild"] and kind in ("batch's manifest", "rows"):
            assert code == 1, "rows would be lost"
        if command != ["rollback"]:
            assert _digest(park) == before, command
    # and a night, whatever the commands have left
    _damage(park, kind, damage)
    shown = _content(park)
    fault = _fault_of_night(park)
    assert not fault or "Next: " in fault
    assert [row[2] for row in _content(park)] == ([row[2] for row in shown] if fault else [100])


@pytest.mark.parametrize("damage", ["a folder", "a link to nowhere", "a link to itself"])
@pytest.mark.parametrize(
    "kind",
    [
        "writer's lock",
        "rows",
        "announcement",
        *(
            pytest.param(kind, marks=pytest.mark.slow)
            for kind in FILES
            if kind not in ("writer's lock", "rows", "announcement")
        ),
    ],
)
def test_something_else_in_the_place_of_a_file_of_ours(
    whole: Path,
    tmp_path: Path,
    kind: str,
    damage: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    park = _copy(whole, tmp_path, monkeypatch)
    shown = _content(park)
    for command in (["status"], ["doctor", "--deep"], ["rebuild"], ["rollback"]):
        _replace(park, kind, damage)
        monkeypatch.setattr(sys, "argv", ["parkbridge", *command])
        code = parkbridge.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err, command
        assert code in (0, 1), command
        if code and said.err:
            assert said.err.startswith("parkbridge: "), command
            assert "Next: " in said.err, command
    _replace(park, kind, damage)
    if not (fault := _fault_of_night(park)):
        assert [row[2] for row in _content(park)] == [row[2] for row in shown]
    assert not fault or "Next: " in fault


def _replace(park: Park, kind: str, damage: str) -> None:
    found = sorted(path for path in park.home.glob(FILES[kind]) if not (path.parent / "discarded.json").exists())
    target = (found or [park.home / FILES[kind]])[-1]
    if target.is_dir() and not target.is_symlink():
        return
    target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if damage == "a folder":
        target.mkdir()
    else:
        target.symlink_to("/nowhere/file" if damage == "a link to nowhere" else target.name)


def test_a_file_in_the_place_of_a_folder_of_ours(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    park = _copy(whole, tmp_path, monkeypatch)
    for folder, command in (("published/nights", "publish"), ("holds", "rebuild"), ("", "rebuild")):
        shutil.rmtree(park.home / folder)
        (park.home / folder).write_text("", encoding="utf-8")
        if command == "publish":
            assert "it is not a folder; a folder belongs here. Next: move away" in _fault_of_night(park)
            continue
        monkeypatch.setattr(sys, "argv", ["parkbridge", command])
        assert parkbridge.main() == 1
        assert "Next: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (IsADirectoryError(21, "x", "/a"), "/a: Is a directory. Next: move away what is in its place"),
        (
            PermissionError(13, "x", "/a"),
            "/a: Permission denied. Next: let the user who runs ParkBridge read and write it",
        ),
        (OSError(28, "x", "/a"), "/a: No space left on device. Next: make room"),
        (OSError(21, "x", "/a.part", None, "/a"), "/a: Is a directory. Next: "),
        (OSError(5, "x", "/a"), "/a: Input/output error. Next: look at its disk"),
        (OSError("x"), "None"),
        (ConnectionResetError(104, "x"), "None"),
    ],
)
def test_a_system_s_error_about_a_file_is_one_line_with_its_cure(error: OSError, said: str) -> None:
    assert str(of_a_file(error)).startswith(said)


def _fault_of_night(park: Park) -> str:
    """A night as its DAG makes one; what stopped it."""
    try:
        with writer(park.settings) as connection:
            hold_to_raw(connection, park.settings, [park.feed("staff")], "20260306T000000Z")
        park.publish(day(5))
    except ParkBridgeError as error:
        return str(error)
    except OSError as error:  # as the DAG says it
        return str(of_a_file(error))
    return ""


@pytest.mark.parametrize(("kind", "damage"), CURED)
def test_what_doctor_deep_says_to_run_puts_it_right(
    whole: Path,
    tmp_path: Path,
    kind: str,
    damage: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    park = _copy(whole, tmp_path, monkeypatch)
    (park.raw / "staff" / "stopped.json").unlink()

    def look() -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "argv", ["parkbridge", "doctor", "--deep"])
        code, said = parkbridge.main(), capsys.readouterr()
        assert said.err == ""
        return code, said.out.splitlines()

    assert look()[0] == 0
    staged, shown = park.staged(), _content(park)
    _damage(park, kind, damage)
    code, lines = look()
    cures = [line.partition(": ")[2] for line in lines if line.startswith("Next ")]
    assert bool(code) == any(line.startswith("✗") for line in lines)
    assert bool(cures) == bool(code), lines
    for cure in cures:
        words = shlex.split(cure)
        if words[:2] == ["parkbridge", "sync"]:  # what the DAGs do
            with contextlib.suppress(ParkBridgeError):
                park.sync("staff", day(5))
            clear_stopped(park.raw, "staff")
            park.publish(day(5))
        elif words[0] == "parkbridge":
            monkeypatch.setattr(sys, "argv", words)
            assert parkbridge.main() == 0, cure
        else:
            subprocess.run(cure, shell=True, check=True)
    code, again = look()
    assert code == 0, [lines, again]
    assert park.staged() == staged
    assert [row[1:] for row in _content(park)] == [row[1:] for row in shown]
