"""Every kind of our own files × gone, empty, cut, one byte, another version: a line with the cure, never a traceback.

And nothing wrong is published: the published file stays as it was, whatever is asked meanwhile.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import parkbridge
from tests.conftest import Park, at, day, new_park, staff

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
}
COMMANDS = (
    ["status"],
    ["doctor"],
    ["sql", "select count(*) from snapshots.park_month"],
    ["review", "--list"],
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
    (park.raw / "staff" / "stopped.json").write_text(
        '{"at": "2026-03-03T00:00:00+00:00", "problem": "x"}', encoding="utf-8"
    )
    return folder


def _digest(park: Park) -> str:
    return hashlib.sha256((park.home / "published" / "park.duckdb").read_bytes()).hexdigest()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_of_ours(
    whole: Path,
    tmp_path: Path,
    kind: str,
    damage: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True, symlinks=True)
    park = at(tmp_path)
    monkeypatch.setenv("PARKBRIDGE_HOME", str(park.home))
    monkeypatch.setenv("PARKBRIDGE_FEEDS", str(park.feed_folder))
    pattern = FILES[kind]
    found = sorted(park.home.glob(pattern))
    target = found[-1] if found else park.home / pattern
    before = _digest(park)
    for command in COMMANDS:
        content = DAMAGES[damage](target.read_bytes() if target.is_file() else b'{"batch_ids": ["x"], "night": "y"}')
        target.unlink(missing_ok=True)
        if content is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        monkeypatch.setattr(sys, "argv", ["parkbridge", *command])
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
