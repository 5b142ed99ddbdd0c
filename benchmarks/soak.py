"""Many simulated nights of a small park: `make soak NIGHTS=365`.

Every night offices deliver, correct, withdraw or send nothing, by chance; some steps are killed (SIGKILL) and run again;
readers are rolled back now and then. Held every night: what is known against a second account kept here in Python, what
readers see, and the rows of every batch against where they went. Every fifth night: the warehouse made again from raw/ in a
copy, row for row. At the end: CPU seconds and bytes per night, early and late.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from expectations.rule import read_rule
from tests.conftest import Park, at, day, lease_row, leases, new_park, staff
from warehouse.connection import writer
from warehouse.publish import nights, rollback
from warehouse.rebuild import rebuild
from warehouse.settings import CHECKOUT

FEEDS = ("staff", "leases", "payments")
SUBJECTS = ("employment", "lease", "tax_payment")
ACCOUNTS = read_rule(CHECKOUT / "expectations" / "rules" / "delivered_rows_are_accounted_for.sql").check.wrong_rows


@dataclass
class Account:
    """What must be known, kept apart from the warehouse."""

    staff: dict[tuple[str, str], int] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    payments: dict[str, int] = field(default_factory=dict)


def deliver(park: Park, account: Account, night: int, draw: random.Random) -> None:
    """What the offices send before a night."""
    moment = day(night - 0.5)
    stamp = f"{moment:%Y-%m-%d %H:%M:%S}"
    if night == 1 or draw.random() < 0.5:
        latest = (night - 1) // 30
        back = draw.choice([0, 0, 0, 1, 2]) if night > 60 else 0  # a correction of an earlier month
        year, month = divmod(latest - back, 12)
        stated = f"{2026 + year}-{month + 1:02}"
        units = {
            f"U{n:03}": draw.randint(1, 90) if draw.random() < 0.1 else account.staff.get((f"U{n:03}", stated), n + 1)
            for n in range(120)
            if draw.random() < 0.97
        }
        park.drop("staff", f"{night}.csv", staff(units, month=stated, at=stamp), moment)
        account.staff = {key: count for key, count in account.staff.items() if key[1] != stated}
        account.staff |= {(unit, stated): count for unit, count in units.items()}
    if night == 1 or draw.random() < 0.3:
        numbers = [n for n in range(200) if draw.random() < 0.97]
        park.drop("leases", f"{night}.csv", leases(numbers), moment)
        account.leases = {lease_row(n).split(",")[0]: n for n in numbers}
    for _ in range(draw.randint(0, 3)):
        number = f"P{draw.randint(1, 40 + 2 * night)}"
        fen = draw.randint(-50_000, 900_000)
        park.pay(number, fen, f"{moment:%Y-%m-%d %H:%M:%S}")
        account.payments[number] = fen


def killed(step: Callable[[], object], seconds: float) -> bool:
    """Run a step in a process that is killed after so long. Returns whether it was killed before its end."""
    child = os.fork()
    if not child:
        try:
            step()
        finally:
            os._exit(0)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        ended, _ = os.waitpid(child, os.WNOHANG)
        if ended:
            return False
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def wrong(park: Park, account: Account) -> list[str]:
    """What is not as it must be, of what is known, seen and accounted for."""
    found = []
    known = {
        (key, f"{month:%Y-%m}"): count for key, month, count in park.current("source_key, month, insured_headcount")
    }
    if known != account.staff:
        found.append(f"staff: {len(known.items() ^ account.staff.items())} figures differ")
    if {number for (number,) in park.current("lease_no", "lease")} != set(account.leases):
        found.append("leases differ")
    paid = {number: round(amount * 100) for number, amount in park.current("payment_no, paid_amount", "tax_payment")}
    if paid != account.payments:
        found.append(f"payments: {len(paid.items() ^ account.payments.items())} differ")
    with duckdb.connect(park.settings.published_file, read_only=True) as connection:
        seen = dict(connection.execute("select month, insured_headcount from snapshots.park").fetchall())
    stated: dict[date, int] = {}
    for (_, month), count in account.staff.items():
        first = date.fromisoformat(f"{month}-01")
        stated[first] = stated.get(first, 0) + count
    if seen != stated:
        found.append(f"readers see {seen}, stated are {stated}")
    with writer(park.settings) as connection:
        if rows := connection.execute(str(ACCOUNTS)).fetchall():
            found.append(f"rows that are not accounted for: {rows[:2]}")
    return found


def rebuilt_differs(park: Park, scratch: Path) -> list[str]:
    """What a warehouse made from raw/ alone has otherwise."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(park.home.parent, scratch, symlinks=True)
    again = at(scratch)
    rebuild(again.settings, [again.feed(name) for name in FEEDS])
    listed = "select * from staged.{} order by all"
    asked = [listed.format(subject) for subject in SUBJECTS]
    return [
        subject
        for subject, one, other in zip(SUBJECTS, park.ask_each(asked), again.ask_each(asked), strict=True)
        if one != other
    ]


def size(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def cpu() -> float:
    """CPU seconds of this process and its children."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def main() -> None:
    """Run the nights and print what was found and what they cost."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--nights", type=int, default=365)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    draw = random.Random(given.seed)  # noqa: S311 - a draw must be repeatable
    kills = rollbacks = rebuilds = 0
    costs: list[tuple[float, int, int, int]] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        nothing = Path(folder) / "empty"
        nothing.mkdir()
        empty = Park(nothing, nothing, nothing, nothing)
        with writer(empty.settings):
            pass
        home = Path(folder) / "park"
        home.mkdir()
        park, account = new_park(home, empty.settings.warehouse_file), Account()
        for night in range(1, given.nights + 1):
            deliver(park, account, night, draw)
            begun = cpu()
            moment = day(night)
            for name in FEEDS:
                if draw.random() < 0.1:
                    kills += killed(functools.partial(park.sync, name, moment), draw.uniform(0, 0.6))
                park.sync(name, moment)
            if draw.random() < 0.1:
                kills += killed(functools.partial(park.publish, moment), draw.uniform(0, 0.6))
            park.publish(moment)
            cost = cpu() - begun
            if found := wrong(park, account):
                faults.append(f"night {night}: {'; '.join(found)}")
            if len(nights(park.settings)) > 1 and draw.random() < 0.1:
                rollback(park.settings)
                rollbacks += 1
            if night % 5 == 0:
                rebuilds += 1
                if differing := rebuilt_differs(park, Path(folder) / "scratch"):
                    faults.append(f"night {night}: made again from raw/, {', '.join(differing)} differ")
            rows = sum(len(park.staged(subject)) for subject in SUBJECTS)
            costs.append((cost, size(park.raw), size(park.home) - size(park.raw), rows))
    print(f"{given.nights} nights, {kills} kills, {rollbacks} rollbacks, {rebuilds} made again; {len(faults)} wrong")
    print("\n".join(faults))
    part = max(len(costs) // 4, 1)
    for words, chosen in (("first quarter", costs[:part]), ("last quarter", costs[-part:])):
        mean = [sum(each) / len(chosen) for each in zip(*chosen, strict=True)]
        print(
            f"{words}: {mean[0]:.2f} CPU s a night, raw {mean[1] / 1e6:.1f} MB, rest {mean[2] / 1e6:.1f} MB, {mean[3]:.0f} staged rows"
        )
    print(f"{cpu():.0f} CPU s in all")
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
