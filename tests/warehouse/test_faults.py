"""Killed, or out of disk, at every file operation of accepting, publishing, rolling back and rebuilding.

What the operating system does is counted first, in a run that comes to its end. Then the same run is made once for every
operation, and fails there: with a full disk (the operation does nothing and says so, or writes half), or killed (nothing
that follows is done, not even what cleans up). The next run must end by itself with the rows that there would have been.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Park, at, day, staff
from warehouse import acceptance
from warehouse.batches import ACCEPTED, ACCEPTING, batches, discard, mark_stopped
from warehouse.connection import open_read_only, writer
from warehouse.connection import transaction as transaction_of_ours
from warehouse.durable import read_json, write_json
from warehouse.errors import CheckFailed, ParkBridgeError, WarehouseBusy
from warehouse.published_nights import current_manifest, nights, rollback
from warehouse.rebuild import rebuild
from warehouse.settings import CHECKOUT
from warehouse.upkeep import back_up, verify

OPERATIONS = ("open", "replace", "rename", "link", "unlink", "fsync", "mkdir", "rmdir")
# `make test` tries every third operation, `make test-nights` each, and `make test-slow` a full disk likewise
NOW_AND_THEN = "killed now and then"
KINDS = pytest.mark.parametrize(
    "kind",
    [NOW_AND_THEN, pytest.param("killed", marks=pytest.mark.nights), pytest.param("full", marks=pytest.mark.slow)],
)
WITHOUT = ("staff", "leases", "payments")


class Killed(BaseException):
    """The process is gone: whoever catches it may only pass it on."""


class Faults:
    """Counts the operations on files below a folder, and fails at one of them."""

    def __init__(self, folder: Path, at: int | None = None, kind: str = "") -> None:
        self.folder, self.at, self.kind = str(folder), at, kind
        self.seen: list[str] = []
        self.is_dead = False

    def meet(self, name: str, where: object) -> bool:
        """Whether the operation is to be left out: after this one nothing is done any more, or the disk is full."""
        if self.is_dead:
            raise Killed
        path = str(where) if isinstance(where, str | os.PathLike) else f"descriptor {where}"
        if not path.startswith((self.folder, "descriptor")) or path.endswith(".lock"):
            return False
        self.seen.append(f"{name} {Path(path).name}")
        if len(self.seen) - 1 != self.at:
            return False
        if self.kind != "full":
            self.is_dead = True
            raise Killed
        if name in ("unlink", "rmdir"):
            return False  # a full disk does not keep anybody from deleting
        raise OSError(errno.ENOSPC, "No space left on device", path)

    @contextlib.contextmanager
    def injected(self) -> Iterator[None]:
        """Every operation of this process goes by here meanwhile."""
        real: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in OPERATIONS}
        real_open = io.open

        def wrapped(name: str) -> Callable[..., Any]:
            def operation(path: Any, *args: Any, **kwargs: Any) -> Any:
                self.meet(name, path)
                return real[name](path, *args, **kwargs)

            return operation

        def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if set(mode) & set("wax+"):
                self.meet("write", file)
            return real_open(file, mode, *args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            for name in OPERATIONS:
                patch.setattr(os, name, wrapped(name))
            patch.setattr(io, "open", opened)
            patch.setattr("builtins.open", opened)
            yield


def step(kind: str) -> int:
    """Which operations are tried: every so many."""
    return 3 if kind == NOW_AND_THEN else 1


def fails_at_every_operation(
    folder: Path, prepared: Path, run: Callable[[], object], then: Callable[[str], None], kind: str
) -> list[str]:
    """Run once to count, then once for every operation; `then` is the next run and holds it to what there should be.

    Args:
        folder: Everything that the run touches.
        prepared: A copy of it as it is before the run.
        run: What fails.
        then: Called after each failure, with its description.
        kind: killed, killed now and then, or full (the disk).
    """

    def restore() -> None:
        shutil.rmtree(folder)
        shutil.copytree(prepared, folder, symlinks=True)

    restore()
    count = Faults(folder)
    with count.injected():
        run()
    for number, what in list(enumerate(count.seen))[:: step(kind)]:
        restore()
        faults = Faults(folder, number, kind)
        with faults.injected(), contextlib.suppress(Killed, OSError):
            run()
        then(f"{kind} at {what}")
    return count.seen


def disagreement(park: Park) -> str:
    """What park.json says of park.duckdb that is not so."""
    said = current_manifest(park.settings)
    if said is None:
        return ""
    written = read_json(park.settings.published / "park.json", next_step="")
    with open_read_only(park.settings.published_file) as connection:
        ((night_id,),) = connection.execute("select night_id from ops.night").fetchall()
    return (
        ""
        if said == written and night_id == said["night_id"]
        else f"{night_id} is published, {written['night_id']} said"
    )


def prepared(park: Park, tmp_path: Path) -> Path:
    target = tmp_path / "prepared"
    shutil.copytree(park.home, target)
    return target


@pytest.mark.nights
@KINDS
def test_accepting_fails_anywhere_and_the_next_run_has_everything(
    park: Park, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    park.drop("staff", "a.csv", staff({"U1": 1}), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "b.csv", staff({"U1": 2, "U2": 2}, at="2026-03-02 12:00:00"), day(1.5))
    park.drop("staff", "c.csv", staff({"U3": 3, "U4": 4}, month="2026-02"), day(1.6))
    park.land("staff", day(2))
    park.stage("staff")
    before = prepared(park, tmp_path)
    park.accept("staff", day(2))
    whole = park.ask("select * exclude (batch_id) from staged.employment order by all")

    real = transaction_of_ours
    is_dying_at: list[str] = []

    @contextlib.contextmanager
    def transaction(connection: Any) -> Iterator[None]:
        """The commit is an operation too: killed right before and right after it."""
        with real(connection):
            yield
            if is_dying_at == ["before the commit"]:
                raise Killed
        if is_dying_at == ["after the commit"]:
            raise Killed

    def run() -> None:
        park.accept("staff", day(2))

    def then(what: str) -> None:
        park.sync("staff", day(2), now=day(2))
        assert park.ask("select * exclude (batch_id) from staged.employment order by all") == whole, what
        assert not list(park.raw.glob(f"*/{ACCEPTING}")), what
        held = {batch_id for (batch_id,) in park.ask("select batch_id from ops.batch")}
        assert held == set(park.batch_ids("staff")), what
        assert len(held) == 3, what

    seen = fails_at_every_operation(park.home, before, run, then, kind)
    assert {"replace accepting.json.part", "replace accepted.json.part", "unlink accepting.json"} <= set(seen)
    monkeypatch.setattr(acceptance, "transaction", transaction)
    for moment in ("before the commit", "after the commit"):
        shutil.rmtree(park.home)
        shutil.copytree(before, park.home)
        is_dying_at[:] = [moment]
        with pytest.raises(Killed):
            run()
        is_dying_at.clear()
        then(moment)
    rebuild(park.settings, [park.feed("staff")])
    assert park.ask("select * exclude (batch_id) from staged.employment order by all") == whole


def test_an_announcement_that_is_damaged_or_lost_costs_nothing(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a power cut can leave of it: empty, cut, or not there, while the warehouse has the batch."""
    park.begin(day(0.25), WITHOUT)
    for number, content in enumerate(("", '{"batches": ["2', "[]", None)):
        park.drop("staff", f"{number}.csv", staff({f"U{number}": 1}, month=f"2026-0{number + 1}"), day(number + 0.5))
        with monkeypatch.context() as patch:
            patch.setattr(acceptance, "settle", lambda *given: (_ for _ in ()).throw(Killed))
            with pytest.raises(Killed):
                park.sync("staff", day(number + 1))
        journal = park.raw / "staff" / ACCEPTING
        if content is None:
            journal.unlink()
        else:
            journal.write_text(content, encoding="utf-8")
        assert park.land("staff", day(number + 1.2)) == [], "the warehouse has it"
        last = batches(park.raw, "staff")[-1]
        assert (last.accepted_at, last.night_before) == (day(number + 1), day(0.25).replace(tzinfo=None))
    before = park.staged()
    rebuild(park.settings, [park.feed("staff")])
    assert park.staged() == before


@pytest.mark.nights
@KINDS
def test_publishing_fails_anywhere_and_the_next_night_is_whole(park: Park, tmp_path: Path, kind: str) -> None:
    park.keep_nights = 2
    for number in (1, 2, 3):
        park.drop("staff", f"{number}.csv", staff({"U1": number}, at=f"2026-03-0{number} 12:00:00"), day(number - 0.5))
        park.sync("staff", day(number))
        if number < 3:
            park.publish(day(number))
    before = prepared(park, tmp_path)

    def then(what: str) -> None:
        assert disagreement(park) == "", what
        found = current_manifest(park.settings)
        assert found, what
        with open_read_only(park.settings.published_file) as connection:
            shown = connection.execute("select insured_headcount from monthly.staff").fetchall()
        assert shown == [({"20260303T000000Z": 2, "20260304T000000Z": 3}[found["night_id"]],)], what
        park.publish(day(3))
        assert disagreement(park) == "", what
        assert [m["night_id"] for m in nights(park.settings)] == ["20260304T000000Z", "20260303T000000Z"], what
        left = sorted(p.name for p in park.settings.published.rglob("*") if p.is_file())
        kept = [f"{m['night_id']}{end}" for m in nights(park.settings)[::-1] for end in (".duckdb", ".json")]
        assert left == sorted([*kept, "park.duckdb", "park.json"]), what
        assert park.ask("select as_of from ops.night_published order by 1") == [
            (day(n).replace(tzinfo=None),) for n in (1, 2, 3)
        ], what
        rollback(park.settings)
        assert (current_manifest(park.settings) or {})["night_id"] == "20260303T000000Z", what

    seen = fails_at_every_operation(park.home, before, lambda: park.publish(day(3)), then, kind)
    assert {"replace park.duckdb.part", "replace park.json.part"} <= set(seen)


@KINDS
def test_rolling_back_fails_anywhere_and_readers_have_one_night_or_the_other(
    park: Park, tmp_path: Path, kind: str
) -> None:
    for number in (1, 2):
        park.drop("staff", f"{number}.csv", staff({"U1": number}, at=f"2026-03-0{number} 12:00:00"), day(number - 0.5))
        park.sync("staff", day(number))
        park.publish(day(number))
    before = prepared(park, tmp_path)

    def then(what: str) -> None:
        assert disagreement(park) == "", what
        rollback(park.settings, "20260302T000000Z")
        assert disagreement(park) == "", what
        assert (current_manifest(park.settings) or {})["night_id"] == "20260302T000000Z", what

    fails_at_every_operation(park.home, before, lambda: rollback(park.settings), then, kind)


@pytest.mark.nights
@KINDS
def test_rebuilding_fails_anywhere_and_nothing_is_lost(park: Park, tmp_path: Path, kind: str) -> None:
    park.drop("staff", "a.csv", staff({"U1": 1}), day(0.5))
    park.sync("staff", day(1))
    park.begin(day(1), WITHOUT)
    whole = park.staged()
    before = prepared(park, tmp_path)

    def run() -> None:
        rebuild(park.settings, [park.feed("staff")])

    def then(what: str) -> None:
        assert park.staged() == whole, what
        run()
        assert park.staged() == whole, what
        assert len(park.ask("from ops.night_begun")) == 1, what
        assert sorted(p.name for p in park.home.glob("warehouse*")) == ["warehouse.duckdb", "warehouse.lock"], what

    fails_at_every_operation(park.home, before, run, then, kind)


# --- what is damaged ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "one byte", "text"])
def test_a_damaged_manifest_of_readers_is_written_anew(park: Park, damage: str) -> None:
    park.drop("staff", "1.csv", staff({"U1": 1}), day(0.5))
    park.sync("staff", day(1))
    park.publish(day(1))
    good = park.publish(day(2)).manifest
    path = park.settings.published / "park.json"
    broken(path, damage)
    assert current_manifest(park.settings) == good
    assert read_json(path, next_step="") == good
    broken(path, damage)
    assert rollback(park.settings)["night_id"] == "20260302T000000Z"
    broken(path, damage)
    assert park.publish(day(3)).manifest["previous_night_id"] == "20260302T000000Z"


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "one byte", "text"])
def test_a_damaged_warehouse_is_put_aside_and_made_again(park: Park, damage: str) -> None:
    park.begin(day(0.25), WITHOUT)
    park.drop("staff", "1.csv", staff({f"U{n}": n for n in range(5)}), day(0.5))
    park.sync("staff", day(1))
    park.publish(day(1))
    whole = park.staged()
    broken(park.settings.warehouse_file, damage)
    if damage in ("one byte", "text"):  # DuckDB takes an empty file for a new one, and finds a cut where it reads there
        with pytest.raises(ParkBridgeError, match="Next: `parkbridge rebuild`") as said, writer(park.settings):
            pass
        assert not isinstance(said.value, WarehouseBusy), "a damaged block is no lock"
    rebuild(park.settings, [park.feed("staff")])
    assert park.staged() == whole
    begun = [moment for (moment,) in park.ask("select as_of from ops.night_begun order by 1")]
    assert begun == [day(0.25).replace(tzinfo=None), day(1).replace(tzinfo=None)]


@pytest.mark.parametrize("name", ["manifest.json", ACCEPTED])
@pytest.mark.parametrize("damage", ["empty", "cut", "text"])
def test_a_damaged_state_file_of_a_batch_is_named_with_its_cure(park: Park, name: str, damage: str) -> None:
    park.drop("staff", "1.csv", staff({"U1": 1}), day(0.5))
    park.sync("staff", day(1))
    ((folder),) = [p for p in (park.raw / "staff").iterdir() if p.is_dir()]
    broken(folder / name, damage)
    with pytest.raises(ParkBridgeError, match=rf"{name}: it is .*backup"):
        park.sync("staff", day(2))


def broken(path: Path, damage: str) -> None:
    """Damage a file as disks and people do."""
    content = path.read_bytes()
    path.unlink()
    if damage == "gone":
        return
    middle = len(content) // 2
    path.write_bytes(
        {
            "empty": b"",
            "cut": content[:middle],
            "one byte": content[:40] + bytes([content[40] ^ 0xFF]) + content[41:],
            "text": b"hello\n",
        }[damage]
    )


def test_half_a_json_is_never_seen(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_json(path, {"a": 1})
    for number in range(20):
        for kind in ("killed", "full"):
            faults = Faults(tmp_path, number, kind)
            with faults.injected(), contextlib.suppress(Killed, OSError):
                write_json(path, {"a": 2})
            assert json.loads(path.read_text(encoding="utf-8"))["a"] in (1, 2)
            write_json(path, {"a": 1})


# --- a process of its own, killed for real, or without room for its files --------------------------------------------

RUN = """
import resource, signal, sys
from pathlib import Path
from tests.conftest import at, day
from warehouse.rebuild import rebuild
park, step, size = at(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
steps = {
    "accept": lambda: park.sync("staff", day(2)),
    "publish": lambda: park.publish(day(2)),
    "rebuild": lambda: rebuild(park.settings, [park.feed("staff")]),
}
if size:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
print("ready", flush=True)
steps[step]()
print("done", flush=True)
"""


def run_apart(folder: Path, step: str, *, size: int = 0, seconds: float = 60) -> bool:
    """Run a step in a process of its own. Returns whether it came to its end.

    Args:
        folder: The park's.
        step: accept, publish or rebuild.
        size: No file may grow beyond so many bytes; 0 for no limit. DuckDB's own writes fail then, as on a full disk.
        seconds: After so long, counted from its first step, it is killed.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), step, str(size)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own group, which this test started
        said, _ = process.communicate()
    return said == "done\n"


def test_a_rebuild_without_room_for_its_last_write_changes_nothing(park: Park, tmp_path: Path) -> None:
    """DuckDB closes a file without a word when its rows stay in the log, which the rename of the file would leave behind."""
    park.drop("staff", "a.csv", staff({f"U{n}": n for n in range(2000)}), day(0.5))
    park.sync("staff", day(1))
    rebuild(park.settings, [park.feed("staff")])
    rows = park.ask("select * exclude (batch_id) from staged.employment order by all")
    size = park.settings.warehouse_file.stat().st_size
    assert not run_apart(tmp_path, "rebuild", size=size - 1)
    assert park.ask("select * exclude (batch_id) from staged.employment order by all") == rows
    assert not list(park.home.glob("warehouse.rebuilt*"))
    assert run_apart(tmp_path, "rebuild", size=2 * size)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["accept", "publish", "rebuild"])
def test_a_process_that_is_killed_or_out_of_disk_is_followed_by_one_that_has_everything(
    park: Park, tmp_path: Path, step: str
) -> None:
    folder, copy = tmp_path / "park", tmp_path / "copy"
    folder.mkdir()
    for name in ("home", "offices", "feeds", "transforms"):
        shutil.copytree(tmp_path / name, folder / name)
    park = at(folder)
    units = {f"U{n}": n for n in range(2000)}
    park.drop("staff", "a.csv", staff(units), day(0.5))
    park.sync("staff", day(1))
    park.publish(day(1))
    park.drop("staff", "b.csv", staff(units | {"U1": 99, "V": 5}, at="2026-03-02 12:00:00"), day(1.5))
    if step != "accept":
        park.sync("staff", day(2))
    shutil.copytree(folder, copy)
    started = time.monotonic()
    assert run_apart(folder, step)
    whole = max(time.monotonic() - started - 2, 0.3)  # a process takes some two seconds to begin
    park.sync("staff", day(2))
    rows = park.ask("select * exclude (batch_id) from staged.employment order by all")
    size = park.settings.warehouse_file.stat().st_size
    chance, ended = random.Random(15), []
    for number in range(24):
        shutil.rmtree(folder)
        shutil.copytree(copy, folder)
        if number % 2:
            ended.append(run_apart(folder, step, seconds=chance.uniform(0, whole)))
        else:
            ended.append(run_apart(folder, step, size=chance.randrange(20_000, 2 * size)))
        assert disagreement(park) == "", number
        park.sync("staff", day(2))
        assert park.ask("select * exclude (batch_id) from staged.employment order by all") == rows, number
        assert park.publish(day(2)).is_in_place, number
        assert disagreement(park) == "", number
        with open_read_only(park.settings.published_file) as connection:
            assert connection.execute("select count(*), sum(insured_headcount) from monthly.staff").fetchall() == [
                (2001, sum(units.values()) + 98 + 5)
            ], number
    assert False in ended, "none was stopped"
    rebuild(park.settings, [park.feed("staff")])
    assert park.ask("select * exclude (batch_id) from staged.employment order by all") == rows


# --- a power cut ------------------------------------------------------------------------------------------------------


class Trace:
    """What a run does to files below a folder, in order: writes, renames, and what of it was brought to the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: list[tuple[str, Path]] = []

    @contextlib.contextmanager
    def recorded(self) -> Iterator[None]:
        real = {name: getattr(os, name) for name in ("replace", "rename", "fsync", "unlink")}

        def renamed(source: Any, target: Any, *args: Any, **kwargs: Any) -> None:
            self.done.append(("rename", Path(source)))
            real["replace"](source, target, *args, **kwargs)
            self.done.append(("renamed", Path(target)))

        def synced(descriptor: int) -> None:
            real["fsync"](descriptor)
            self.done.append(("synced", Path(f"/proc/self/fd/{descriptor}").readlink()))

        def unlinked(path: Any, *args: Any, **kwargs: Any) -> None:
            real["unlink"](path, *args, **kwargs)
            self.done.append(("unlinked", Path(path)))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "replace", renamed)
            patch.setattr(os, "rename", renamed)
            patch.setattr(os, "fsync", synced)
            patch.setattr(os, "unlink", unlinked)
            yield

    def faults(self) -> list[str]:
        """Renames of what is not on disk, and names that are not on disk when the next rename begins."""
        found: list[str] = []
        on_disk: set[Path] = set()
        loose: set[Path] = set()
        for what, path in self.done:
            if self.folder not in path.parents and path != self.folder:
                continue
            if what == "synced":
                on_disk.add(path)
                loose = {name for name in loose if name.parent != path}
            elif what == "rename":
                if path not in on_disk:
                    found.append(f"{path.name} is renamed before it is on disk")
                if behind := {p for p in loose if p.parent != path.parent}:
                    found.append(
                        f"{path.name} is renamed before {', '.join(p.name for p in behind)} has its name on disk"
                    )
            elif what == "renamed":
                loose.add(path)
        return found + [f"{p.name} never has its name on disk" for p in loose]


def test_everything_is_on_disk_before_the_next_step_begins(park: Park, tmp_path: Path) -> None:
    trace = Trace(tmp_path)
    with trace.recorded():
        park.drop("staff", "1.csv", staff({"U1": 1}) + "x,y\n", day(0.5))
        park.change("staff", "rejected_pct: 10", "rejected_pct: 60")
        park.sync("staff", day(1))
        park.publish(day(1))
        park.publish(day(2))
        rollback(park.settings)
        rebuild(park.settings, [park.feed("staff")])
        mark_stopped(park.raw, "leases", "x")
        discard(park.raw, "staff", park.batch_ids("staff")[0], who="ann", why="x")
        back_up(park.settings)
    assert trace.faults() == []
    renamed = {path.name for what, path in trace.done if what == "renamed"}
    assert {
        ACCEPTED, ACCEPTING, "manifest.json", "stopped.json", "discarded.json", "park.duckdb", "park.json",
        "warehouse.duckdb", "20260302T000000Z.duckdb", "20260302T000000Z.json", park.batch_ids("staff")[0],
    } <= renamed  # fmt: skip
    synced = {path for what, path in trace.done if what == "synced"}
    assert {park.raw, park.raw / "staff", park.settings.published, park.home} <= synced, "folders, too"


def cut_marker(park: Park) -> None:
    """The warehouse has the batch; neither marker nor announcement came to the disk."""
    (park.raw / "staff" / park.batch_ids("staff")[-1] / ACCEPTED).unlink()


def cut_folder_empty(park: Park) -> None:
    """The name of a batch that was being landed, with nothing or half of it behind."""
    for name, content in (("20260309T000000Z-0000.part", b"PAR1"), ("20260310T000000Z-0000.part", None)):
        (park.raw / "staff" / name).mkdir()
        if content:
            (park.raw / "staff" / name / "rows.parquet").write_bytes(content)


def cut_json_parts(park: Park) -> None:
    """Neighbours of state files that never got their names."""
    for name in ("accepting.json.part", "stopped.json.part"):
        (park.raw / "staff" / name).write_bytes(b"")
    (park.raw / "staff" / park.batch_ids("staff")[-1] / "accepted.json.part").write_bytes(b'{"acc')


def cut_announcement(park: Park) -> None:
    """The announcement came to the disk, the commit did not: the batch is an attempt, and its source is asked again."""
    batch_id = park.batch_ids("staff")[-1]
    marker = read_json(park.raw / "staff" / batch_id / ACCEPTED, next_step="")
    (park.raw / "staff" / batch_id / ACCEPTED).unlink()
    write_json(park.raw / "staff" / ACCEPTING, {"markers": {batch_id: marker}})
    with duckdb.connect(park.settings.warehouse_file) as connection:
        connection.execute("delete from ops.batch where batch_id = ?", [batch_id])
        connection.execute("delete from staged.employment where batch_id = ?", [batch_id])


def cut_publish(park: Park) -> None:
    """The new night has its name, its manifest and park.json do not."""
    shutil.copyfile(park.settings.published_file, park.settings.published / "nights" / "20260305T000000Z.duckdb")
    (park.settings.published / "park.json").write_bytes(b"")
    (park.settings.published / "park.duckdb.part").write_bytes(b"\0" * 100)


def cut_rebuild(park: Park) -> None:
    """Half a new warehouse beside the old one."""
    (park.home / "warehouse.rebuilt").write_bytes(b"\0" * 4096)
    (park.home / "warehouse.rebuilt.wal").write_bytes(b"")


@pytest.mark.parametrize(
    "cut", [cut_marker, cut_folder_empty, cut_json_parts, cut_announcement, cut_publish, cut_rebuild]
)
def test_what_a_power_cut_leaves_is_followed_by_a_run_that_has_everything(
    park: Park, cut: Callable[[Park], None]
) -> None:
    park.begin(day(0.25), WITHOUT)
    for number in (1, 2):
        park.drop("staff", f"{number}.csv", staff({f"U{number}": number}), day(number - 0.5))
        park.change("staff", "replaces: period", "replaces: nothing") if number == 1 else None
        park.sync("staff", day(number))
    park.publish(day(2))
    rows = park.ask("select source_key, insured_headcount, recorded_at from staged.employment order by all")
    cut(park)
    park.sync("staff", day(3))
    park.publish(day(4))
    assert park.ask("select source_key, insured_headcount, recorded_at from staged.employment order by all") == rows
    assert disagreement(park) == ""
    assert verify(park.settings) == 2
    rebuild(park.settings, [park.feed("staff")])
    assert park.ask("select source_key, insured_headcount, recorded_at from staged.employment order by all") == rows
    assert not [p for p in park.home.rglob("*.part*") if "staff" not in p.parts], "swept"


def test_upkeep_names_every_batch_and_night_that_is_not_what_was_written(park: Park) -> None:
    for number in (1, 2, 3, 4):
        park.drop("staff", f"{number}.csv", staff({"U1": number}, month=f"2026-0{number}"), day(number - 0.5))
        park.sync("staff", day(number))
    park.publish(day(4))
    assert back_up(park.settings) == 4
    assert verify(park.settings) == 8
    first, second, third, fourth = (park.raw / "staff" / batch_id for batch_id in park.batch_ids("staff"))
    broken(first / "rows.parquet", "one byte")
    broken(second / "manifest.json", "one byte")
    shutil.rmtree(third)
    broken(park.settings.backup / "raw" / "staff" / fourth.name / "rows.parquet", "cut")
    (park.settings.published / "nights" / "20260305T000000Z.duckdb").chmod(0o644)
    broken(park.settings.published / "nights" / "20260305T000000Z.duckdb", "gone")
    with pytest.raises(CheckFailed) as said:
        verify(park.settings)
    for fact in (
        "hashes: 5 damaged or gone",
        f"raw/staff/{first.name}: rows.parquet is not what its manifest says (SHA-256)",
        f"raw/staff/{second.name}: manifest.json: it is damaged",
        f"raw/staff/{third.name}: it is gone",
        f"backup/raw/staff/{fourth.name}: rows.parquet is not what its manifest says (SHA-256)",
        "published/nights/20260305T000000Z.duckdb is gone",
    ):
        assert fact in str(said.value)
    shutil.rmtree(park.settings.backup)
    assert back_up(park.settings) == 1, "a damaged batch takes the place of no copy"
