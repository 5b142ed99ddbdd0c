"""Files of ours: whole or not at all, on disk in the order in which they were written, and writable by us alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from warehouse.durable import (
    as_json,
    from_json,
    make_folder,
    put,
    read_json,
    remove,
    sync,
    writable_by_us_alone,
    write_json,
)
from warehouse.errors import ParkBridgeError


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each fsync and rename, in order: a power cut keeps what was synced before it."""
    found: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        found.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def renamed(path: Path, target: Any) -> Path:
        found.append(f"rename {path.name} {Path(target).name}")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    return found


def test_bytes_are_on_disk_before_the_name(tmp_path: Path, steps: list[str]) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    write_json(folder / "a.json", {"b": 1})
    assert steps == ["sync a.json.part", "rename a.json.part a.json", "sync state"]
    assert [path.name for path in folder.iterdir()] == ["a.json"]
    steps.clear()
    part = folder / "batch.part"
    part.mkdir()
    (part / "rows").write_bytes(b"1")
    put(part, folder / "batch")
    assert steps == ["sync rows", "sync batch.part", "rename batch.part batch", "sync state"]
    steps.clear()
    remove(folder / "a.json")
    assert steps == ["sync state"]
    assert not (folder / "a.json").exists()
    remove(folder / "a.json")  # once more
    remove(tmp_path / "gone" / "a.json")


def test_folders_are_made_with_their_names_on_disk(tmp_path: Path, steps: list[str]) -> None:
    before = os.umask(0o022)
    try:
        make_folder(tmp_path / "a" / "b", 0o700)
        assert steps == [f"sync {tmp_path.name}", "sync a"], "from above"
        assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b")] == [0o700, 0o700]
        make_folder(tmp_path / "c")
        assert (tmp_path / "c").stat().st_mode & 0o777 == 0o755
        steps.clear()
        make_folder(tmp_path / "a" / "b")
        assert steps == []
    finally:
        os.umask(before)


@pytest.mark.parametrize(("umask", "mode"), [(0o000, 0o644), (0o002, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_what_readers_get_is_writable_by_us_alone(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with writable_by_us_alone():
            (tmp_path / "a").touch()
        (tmp_path / "b").touch()
        assert os.umask(umask) == umask, "as before"
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_mapping_is_read_as_it_was_written(tmp_path: Path) -> None:
    content: dict[str, Any] = {"名": "企业", "n": [1, {"x": None}], "path": Path("/a")}
    assert from_json(as_json(content)) == content | {"path": "/a"}
    assert "企业" in as_json(content), "for people to read"
    assert list(json.loads(as_json(content)))[-1] == "checksum"
    assert from_json('{"n": 1}') == {"n": 1}, "of before there were checksums"
    write_json(tmp_path / "a", content)
    assert read_json(tmp_path / "a", next_step="") == content | {"path": "/a"}


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "it is empty"),
        ("{", "it is damaged: not valid JSON"),
        ("[" * 100_000, "it is damaged: not valid JSON"),
        ("[1]", "it is damaged: not a mapping"),
        (as_json({"n": 1}).replace('"n": 1', '"n": 2'), "it is damaged: not what was written (checksum)"),
        (as_json({"n": 1}).replace('"n"', '"m"'), "it is damaged: not what was written (checksum)"),
        ('{"n": 1, "checksum": ""}', "it is damaged: not what was written (checksum)"),
        ("\ud800", "it is damaged: not valid JSON"),
        (None, "it cannot be read: No such file or directory"),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, text: str | None, fact: str) -> None:
    path = tmp_path / "a.json"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ParkBridgeError) as stopped:
        read_json(path, next_step="run x")
    assert (stopped.value.where, stopped.value.fact, stopped.value.next_step) == (str(path), fact, "run x")


def test_a_file_that_cannot_be_written_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_json(tmp_path / "a.json", {"n": 1})

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("warehouse.durable.sync", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(tmp_path / "a.json", {"n": 2})
    monkeypatch.setattr("warehouse.durable.sync", sync)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert read_json(tmp_path / "a.json", next_step="") == {"n": 1}
