"""The warehouse made again from its accepted batches holds the same rows, in every column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import LEASES_HEADER, Park, day, lease_row, leases, naive, staff, staff_file, staff_row
from warehouse.acceptance import show_raw
from warehouse.batches import discard
from warehouse.connection import alone, open_file, writer
from warehouse.errors import DeclarationError, ParkBridgeError, WarehouseBusy
from warehouse.rebuild import rebuild

TABLES = (
    "staged.employment",
    "staged.lease",
    "staged.tax_payment",
    "ops.batch",
    "ops.feed",
    "ops.quarantine",
    "ops.night",
    "ops.night_begun",
    "raw.staff",
)
UNITS = {f"U{n}": n for n in range(1, 11)}
NOT_ASKED = ("leases", "payments")


def everything(park: Park) -> dict[str, list[tuple[Any, ...]]]:
    return dict(zip(TABLES, park.ask_each(f"from {table} order by all" for table in TABLES), strict=True))


def rebuild_park(park: Park) -> dict[str, int]:
    return rebuild(park.settings, [park.feed(name) for name in ("leases", "payments", "staff")])


def live(park: Park) -> None:
    """Days of a park: several files in a run, corrections, quarantine, withdrawals, nights between, late and repeated."""
    park.drop("staff", "1.csv", staff(UNITS, month="2026-01"), day(0.2))
    park.drop(
        "staff", "2.csv", staff_file([*(staff_row(u, n, month="2026-02") for u, n in UNITS.items()), "x,y"]), day(0.3)
    )
    park.drop("leases", "1.csv", leases(range(20)), day(0.4))
    for n in range(5):
        park.pay(f"P{n}", 100 * n, f"2026-03-01 0{n}:00:00")
    for name in ("staff", "leases", "payments"):
        park.sync(name, day(1))
    park.begin(day(1))
    park.drop("staff", "1b.csv", staff(UNITS | {"U1": 99}, month="2026-01", at="2026-03-02 20:00:00"), day(1.6))
    rows = [lease_row(n) for n in range(1, 20)]
    rows[3] = rows[3].replace("2025-01-01", "unknown")
    park.drop("leases", "2.csv", "\n".join([LEASES_HEADER, *rows]) + "\n", day(1.6))
    park.pay("P1", 999, "2026-03-02 09:00:00")
    for name in ("staff", "leases", "payments"):
        park.sync(name, day(2))
    park.begin(day(4))
    park.drop("staff", "1c.csv", staff({u: n for u, n in UNITS.items() if u != "U2"}, month="2026-01"), day(2.5))
    park.sync("staff", day(3), now=day(4.5))  # its interval ended before the night, it was accepted after
    park.drop("staff", "0.csv", staff(UNITS, month="2025-12"), day(0.1))
    park.sync("staff", day(0.5), now=day(5))  # a past interval, filled in
    park.pay("P0", 1, "2026-02-01 09:00:00")
    park.sync("payments", day(5))
    with writer(park.settings) as connection:
        show_raw(connection, "staff", [park.raw / "staff" / batch_id for batch_id in park.batch_ids("staff")])


@pytest.mark.nights
def test_a_rebuild_gives_identical_rows_and_runs_go_on_as_if_there_had_been_none(park: Park) -> None:
    live(park)
    before = everything(park)
    assert [len(before[t]) for t in ("staged.employment", "ops.batch", "ops.quarantine")] == [32, 10, 2]
    for _ in range(2):
        assert rebuild_park(park) == {"leases": 2, "payments": 3, "staff": 5}
        assert everything(park) == before
    assert park.land("staff", day(6)) == []
    park.drop("staff", "1d.csv", staff(UNITS, month="2026-01", at="2026-03-06 09:00:00"), day(5.5))
    assert park.sync("staff", day(6)) == [{"new": 1, "changed": 0, "unchanged": 9, "withdrawn": 0}], "U2 is back"
    park.drop("staff", "2b.csv", staff(UNITS | {"U3": 33}, month="2026-02", at="2026-03-02 09:00:00"), day(3.2))
    park.begin(day(8), NOT_ASKED)
    park.sync("staff", day(7), now=day(8.5))
    assert park.ask("select max(received_at) from staged.employment") == [(naive(8.5),)]
    known = park.ask("select source_key, insured_headcount from known.employment where month = '2026-02-01'")
    assert ("U3", 3) in known


def test_discarded_batches_are_left_out(park: Park) -> None:
    park.change(
        "staff", "rejected_pct: 10", "rejected_pct: 10, restated_pct: 100, changed_pct: 100, figure_factor: 9999"
    )
    park.drop("staff", "1.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    before = park.staged()
    park.drop("staff", "2.csv", staff({u: 1000 + n for u, n in UNITS.items()}, at="2026-03-02 20:00:00"), day(1.5))
    park.sync("staff", day(2))
    wrong = park.batch_ids("staff")[-1]
    discard(park.raw, "staff", wrong, who="ann", why="in thousands")
    assert rebuild_park(park)["staff"] == 1
    assert park.staged() == before
    assert park.land("staff", day(3)) == [], "the discarded file is not asked for again"


def test_a_declaration_that_no_longer_fits_leaves_the_warehouse_as_it_was(park: Park) -> None:
    park.drop("staff", "1.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    before = park.settings.warehouse_file.read_bytes()
    path = park.feed_folder / "staff" / "stage.sql"
    path.write_text(path.read_text(encoding="utf-8").replace("单位编号", "单位号"), encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"staff/stage.sql: it does not run"):
        rebuild_park(park)
    assert park.settings.warehouse_file.read_bytes() == before
    assert sorted(p.name for p in park.home.glob("warehouse*")) == ["warehouse.duckdb", "warehouse.lock"]


def test_a_mended_stage_sql_takes_effect_on_all_that_was_landed(park: Park) -> None:
    park.drop("staff", "1.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    path = park.feed_folder / "staff" / "stage.sql"
    path.write_text(
        path.read_text(encoding="utf-8").replace("to_count(参保人数)", "to_count(参保人数) * 2"), encoding="utf-8"
    )
    rebuild_park(park)
    assert park.current("insured_headcount") == [(2 * n,) for n in range(1, 11)]


def test_what_a_killed_rebuild_left_does_no_harm(park: Park) -> None:
    park.drop("staff", "1.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    before = park.staged()
    for name in ("warehouse.rebuilt", "warehouse.rebuilt.wal"):
        (park.home / name).write_bytes(b"left behind")
    rebuild_park(park)
    assert park.staged() == before


def test_a_rebuild_waits_for_nobody_long(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.rebuild.alone", lambda settings: alone(settings, wait_seconds=0.1))
    with writer(park.settings), pytest.raises(WarehouseBusy):
        rebuild_park(park)


@pytest.mark.nights
@pytest.mark.parametrize("full_at", ["opening", "checkpoint", "writing the new one"])
def test_a_full_disk_is_no_damage(park: Park, monkeypatch: pytest.MonkeyPatch, full_at: str) -> None:
    """The good warehouse keeps its place and its rows, and the next rebuild, with room, is as if there had been none."""
    live(park)
    before = everything(park)
    no_space = duckdb.IOException('Could not write file "warehouse.duckdb": No space left on device')

    class Full:
        """A connection on a full disk: reads, and writes nothing."""

        def __init__(self, real: duckdb.DuckDBPyConnection) -> None:
            self.real = real

        def execute(self, statement: str, *args: Any) -> Any:
            if statement.startswith(("checkpoint", "create table staged", "insert", "copy")):
                raise no_space
            return self.real.execute(statement, *args)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

    def opened(path: Path, memory_limit: str) -> Any:
        is_old = path == park.settings.warehouse_file
        if full_at == "opening" and is_old:
            raise no_space
        is_full = is_old if full_at == "checkpoint" else not is_old
        return Full(open_file(path, memory_limit)) if is_full else open_file(path, memory_limit)

    with monkeypatch.context() as patch:
        patch.setattr("warehouse.rebuild.open_file", opened)
        with pytest.raises((ParkBridgeError, duckdb.IOException), match=r"disk is full|No space left"):
            rebuild_park(park)
    assert sorted(p.name for p in park.home.glob("warehouse*")) == ["warehouse.duckdb", "warehouse.lock"]
    assert everything(park) == before
    rebuild_park(park)
    assert everything(park) == before
