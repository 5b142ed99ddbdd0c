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
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Park, day, staff
from warehouse import loader
from warehouse.batches import ACCEPTED, ACCEPTING, batches
from warehouse.connection import open_read_only, writer
from warehouse.durable import write_json
from warehouse.errors import ParkBridgeError, WarehouseBusy
from warehouse.publish import current_manifest, nights, rollback
from warehouse.rebuild import rebuild

OPERATIONS = ("open", "replace", "rename", "link", "unlink", "fsync", "mkdir", "rmdir")
KINDS = pytest.mark.parametrize("kind", ["killed", pytest.param("full", marks=pytest.mark.slow)])
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
        if self.kind == "killed":
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


def fails_at_every_operation(
    folder: Path, prepared: Path, run: Callable[[], object], then: Callable[[str], None], kind: str
) -> list[str]:
    """Run once to count, then once for every operation; `then` is the next run and holds it to what there should be.

    Args:
        folder: Everything that the run touches.
        prepared: A copy of it as it is before the run.
        run: What fails.
        then: Called after each failure, with its description.
        kind: killed, or full (the disk).
    """

    def restore() -> None:
        shutil.rmtree(folder)
        shutil.copytree(prepared, folder, symlinks=True)

    restore()
    count = Faults(folder)
    with count.injected():
        run()
    for at, what in enumerate(count.seen):
        restore()
        faults = Faults(folder, at, kind)
        with faults.injected(), contextlib.suppress(Killed, OSError):
            run()
        then(f"{kind} at {what}")
    return count.seen


def disagreement(park: Park) -> str:
    """What park.json says of park.duckdb that is not so."""
    said = current_manifest(park.settings)
    if said is None:
        return ""
    written = json.loads((park.settings.published / "park.json").read_text(encoding="utf-8"))
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

    real = loader.transaction
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
    monkeypatch.setattr(loader, "transaction", transaction)
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
            patch.setattr(loader, "settle", lambda *given: (_ for _ in ()).throw(Killed))
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
    assert json.loads(path.read_text(encoding="utf-8")) == good
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
    for at in range(20):
        for kind in ("killed", "full"):
            faults = Faults(tmp_path, at, kind)
            with faults.injected(), contextlib.suppress(Killed, OSError):
                write_json(path, {"a": 2})
            assert json.loads(path.read_text(encoding="utf-8"))["a"] in (1, 2)
            write_json(path, {"a": 1})
