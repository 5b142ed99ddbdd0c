"""When feeds stopped, and that their folder is for the park's account alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from warehouse.batches import (
    ROWS,
    UNREADABLE,
    Batch,
    Manifest,
    clear_stopped,
    fault,
    mark_stopped,
    stopped,
    stopped_within,
)
from warehouse.durable import write_json


def stop(raw: Path, feed: str, hours_ago: float) -> None:
    mark_stopped(raw, feed, "its columns changed")
    [path] = (raw / feed).iterdir()
    said = json.loads(path.read_text(encoding="utf-8")) | {
        "at": (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat()
    }
    said.pop("checksum")
    write_json(path, said)


@pytest.mark.parametrize(
    ("hours", "is_within"), [([1, 2], True), ([1, 30], False), ([30, 1], False), ([30, 40], False), ([], True)]
)
def test_each_feed_stopped_within_a_day(tmp_path: Path, hours: list[float], is_within: bool) -> None:
    feeds = [f"feed{number}" for number in range(len(hours))]
    for feed, ago in zip(feeds, hours, strict=True):
        stop(tmp_path / "raw", feed, ago)
    assert stopped_within(tmp_path / "raw", feeds, timedelta(days=1)) == is_within


def test_when_a_feed_stopped_is_not_known_of_a_damaged_mark(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    stop(raw, "lease", 1)
    [path] = (raw / "lease").iterdir()
    path.write_text("{", encoding="utf-8")
    assert not stopped_within(raw, ["lease"], timedelta(days=1))
    assert not stopped_within(raw, ["never"], timedelta(days=1))
    assert stopped(raw) == {"lease": f"why is not known: {path.name} is damaged. Next: run `parkbridge sync lease`"}


def test_a_mark_is_set_and_cleared_in_a_private_folder(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    clear_stopped(raw, "lease")
    mark_stopped(raw, "lease", "x")
    assert stopped(raw) == {"lease": "x"}
    assert (raw / "lease").stat().st_mode & 0o7777 == 0o700
    clear_stopped(raw, "lease")
    assert stopped(raw) == {}


NOW = datetime(2026, 3, 1, tzinfo=UTC)
DIGEST = {name: hashlib.sha256(name.encode()).hexdigest() for name in (ROWS, UNREADABLE)}
OF_BOTH = Manifest(
    *("staff", "employment", "b1", "run", "1.csv", "file_drop"), ("户号",), {}, 3, 1, 0, "", DIGEST[ROWS], None, None, None,
    *(NOW, NOW, NOW), unreadable_sha256=DIGEST[UNREADABLE],
)  # fmt: skip


@pytest.mark.parametrize(
    ("manifest", "gone", "changed", "said"),
    [
        (OF_BOTH, [], [], ""),
        (OF_BOTH, [ROWS], [], f"{ROWS} is gone"),
        (OF_BOTH, [UNREADABLE], [], f"{UNREADABLE} is gone"),
        (replace(OF_BOTH, unreadable_rows=0, unreadable_sha256=""), [UNREADABLE], [], ""),
        (OF_BOTH, [], [ROWS], f"{ROWS} is not what its manifest says (SHA-256)"),
        (OF_BOTH, [], [UNREADABLE], f"{UNREADABLE} is not what its manifest says (SHA-256)"),
        (replace(OF_BOTH, unreadable_sha256=""), [], [UNREADABLE], ""),  # of before that hash was written
    ],
)
def test_what_is_wrong_with_the_files_of_a_batch(
    tmp_path: Path, manifest: Manifest, gone: list[str], changed: list[str], said: str
) -> None:
    for name in (ROWS, UNREADABLE):
        if name not in gone:
            (tmp_path / name).write_text(name + "x" * (name in changed), encoding="utf-8")
    assert fault(Batch(tmp_path, manifest, None, None, is_discarded=False)) == said
