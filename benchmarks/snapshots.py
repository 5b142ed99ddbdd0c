"""What it costs to measure, signal and snapshot a park of any size: `make bench`. Prints one table; build/bench.json has the same.

    python -m benchmarks.snapshots                                  10,000 and 100,000 enterprises, 36 months
    python -m benchmarks.snapshots --enterprises 1000000 --core     only snapshots.enterprise_month and what it is made of
    python -m benchmarks.snapshots --enterprises 1000000 --nights firms      every model, of the corrected nights the first

The park is benchmarks/panel.py's: four silos, who is who given. Every step runs in a process of its own, so that its highest
memory is its own; DuckDB has two threads and a limit (--memory).

    full            a night made whole: every model behind the resolution; of it the core, snapshots.enterprise_month
                    with all that it is made of
    by hand         the same rows as the core's in one SQL statement, in pandas, in polars (benchmarks/by_hand.*). What months are
                    provisional and which values are suspect is given to all of them and counted for none
    corrected       a night in which 1 % of the firms have corrected all their figures; 1 % of all returns were corrected (which
                    touches a quarter of the firms); a new month has come for all and 1 % of the firms have corrected theirs
    checks, publish the checks before publishing, and writing the published file

Each corrected night is held against the same night made whole: every row of every table must be the same.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.truth import in_a_process
from warehouse.settings import CHECKOUT

MONTHS = 36
# what both sides are given
GIVEN = {"monthly.month", "monthly.report", "monthly.coverage", "monthly.provisional_month", "signals.plausibility"}
NIGHTS = {
    "firms": ("1 % of the firms corrected", "firms", False),
    "returns": ("1 % of the returns corrected", "filings", False),
    "month": ("a new month, 1 % of the firms corrected", "firms", True),
}


@dataclass(frozen=True)
class Cost:
    """What one step took, in its own process."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    rows: int = 0
    core_cpu_seconds: float = 0
    touched: int | None = None
    differing: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)


def core() -> set[str]:
    """snapshots.enterprise_month and every model that it is made of, but for what is given to both sides."""
    from transforms.night import needed_for

    return needed_for(["snapshots.enterprise_month"], GIVEN)


def open_park(folder: Path, memory: str) -> Any:
    """The park's warehouse, with the limits of the benchmark."""
    from warehouse.connection import open_file

    connection = open_file(folder / "warehouse.duckdb", memory)
    connection.execute("set threads = 2")
    return connection


def fill(folder: Path, enterprises: int, memory: str) -> None:
    """Draw the park, with one month more than the first night knows."""
    from benchmarks import panel

    with open_park(folder, memory) as connection:
        panel.fill(connection, enterprises, MONTHS + 1)
        panel.night(connection, MONTHS - 1)


def export(folder: Path, memory: str) -> None:
    """What is known, as Parquet, for those who cannot read the warehouse; money as floating-point numbers."""
    selects = {
        "employment": "select feed, source_key, month, insured_headcount from known.employment",
        "utility_use": "select feed, source_key, month, utility_code, used_quantity::double as used_quantity from known.utility_use",
        "tax_filing": "select feed, source_key, tax_kind_code, period_start, period_end, sales_amount::double as sales_amount "
        "from known.tax_filing",
        "tax_payment": "select feed, source_key, tax_kind_code, period_start, period_end, paid_amount::double as paid_amount "
        "from known.tax_payment",
        "lease": "select feed, source_key, lease_no, building_code, room, start_date, end_date, "
        "leased_area_m2::double as leased_area_m2 from known.lease",
        "link": "select feed, source_key, enterprise_id from resolved.link",
        "enterprise": "select enterprise_id, registered_capital_amount::double as registered_capital_amount from resolved.enterprise",
        "month": "select month, month_number, month_end_date from monthly.month",
    }
    with open_park(folder, memory) as connection:
        for name, select in selects.items():
            connection.execute(f"copy ({select}) to '{folder / name}.parquet' (format parquet)")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def night(folder: Path, memory: str, is_core: bool, corrected: str | None, has_new_month: bool) -> tuple[Cost, Any]:
    """One night to its end, with a digest of every table; whole where nothing is corrected."""
    from benchmarks import panel
    from transforms import night as steps
    from warehouse.differences import digests as digests_of

    # at a size where only the core is made, no value is called suspect: the table is there, and empty
    only = core() | GIVEN - {"signals.plausibility"} if is_core else None
    with open_park(folder, memory) as connection:
        if corrected is None:
            connection.execute("delete from ops.measured")
        else:
            nights = connection.execute("select count(distinct received_at) from staged.tax_filing").fetchone()[0]
            month = MONTHS - 1 + has_new_month
            days = 3 * (nights - MONTHS)
            panel.restate(connection, corrected, month, days)
            panel.night(connection, month, days + 1)
    # what was corrected was written by other processes: nothing of it is in this one's memory
    with open_park(folder, memory) as connection:
        wall, cpu = time.monotonic(), time.process_time()
        touched = steps.begin(connection)
        made = steps.build(connection, only=only)
        steps.finish(connection)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        peak = _peak()
        given = GIVEN - {"monthly.month"}
        core_cpu = sum(one.cpu_seconds for one in made if one.table in core() | {"monthly.month"})
        digests = digests_of(connection, {one.table for one in made})
        slowest = sorted(made, key=lambda one: -one.cpu_seconds)[:12]
        cost = Cost(
            cpu - (sum(one.cpu_seconds for one in made if one.table in given) if is_core else 0),
            wall,
            peak,
            rows=digests["snapshots.enterprise_month"][0],
            core_cpu_seconds=core_cpu,
            touched=touched,
            slowest={one.table: round(one.cpu_seconds, 2) for one in slowest},
        )
    return cost, digests


def by_hand(folder: Path, memory: str) -> Cost:
    """The core in one statement; the tables that differ are named."""
    sql = (Path(__file__).parent / "by_hand.sql").read_text(encoding="utf-8")
    with open_park(folder, memory) as connection:
        connection.execute(
            "create or replace temp macro growth(now, before) as cast(case when now = 0 and before = 0 then 0 "
            "else (now - before) / nullif((abs(now) + abs(before)) / 2, 0) end as decimal(9, 4))"
        )
        connection.execute(
            "create or replace temp macro change(now, before) as case when before > 0 then "
            "try_cast(100 * (now::double - before::double) / before as decimal(18, 2)) end"
        )
        wall, cpu = time.monotonic(), time.process_time()
        connection.execute(f"create or replace table panel.by_hand as {sql}")
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        peak = _peak()
        columns = ", ".join(connection.table("panel.by_hand").columns)
        ours, theirs = (
            connection.execute(
                f"select count(*), sum(hash(t)::hugeint) from (select {columns} from {table}) as t"
            ).fetchone()
            for table in ("snapshots.enterprise_month", "panel.by_hand")
        )
        connection.execute("drop table panel.by_hand")
    return Cost(cpu, wall, peak, rows=theirs[0], differing=[] if ours == theirs else ["snapshots.enterprise_month"])


def in_frames(folder: Path, memory: str, library: str) -> Cost:
    """The core in pandas or polars; the columns with sums that differ from ours are named."""
    from benchmarks import by_hand as hand

    make: Callable[[Path, Path], None] = getattr(hand, f"in_{library}")
    out = folder / f"{library}.out.parquet"
    __import__(library)
    wall, cpu = time.monotonic(), time.process_time()
    make(folder, out)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = _peak()
    differing = []
    with open_park(folder, memory) as connection:
        theirs = connection.read_parquet(str(out))
        columns = [name for name in theirs.columns if name not in ("enterprise_id", "month")]
        sums = ", ".join(f"count({name}), sum({name}::double)" for name in columns)
        left = connection.execute(f"select count(*), {sums} from snapshots.enterprise_month").fetchone()
        right = connection.execute(f"select count(*), {sums} from '{out}'").fetchone()
        for place, name in enumerate(["rows", *(name for name in columns for _ in range(2))]):
            one, other = left[place] or 0, right[place] or 0
            # the last decimal of a growth may be rounded another way from a floating-point number
            last_decimal = 1e-6 if "growth" in name else 1e-4 if "change" in name else 0
            tolerance = last_decimal * right[0] + 1e-9 * abs(one) + 1e-6
            if abs(one - other) > tolerance:
                differing.append(f"{name}: {one} and {other}")
    return Cost(cpu, wall, peak, rows=right[0], differing=differing)


def checks(folder: Path, memory: str) -> Cost:
    """The checks before publishing; those that fail on an invented park are named."""
    from expectations.runner import validate
    from warehouse.errors import ParkBridgeError

    with open_park(folder, memory) as connection:
        (night_id,) = connection.execute("select night_id from ops.night").fetchone()
        wall, cpu = time.monotonic(), time.process_time()
        with suppress(ParkBridgeError):
            validate(connection, "snapshots", night_id)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        found = connection.execute("select check_name from ops.validation_result where not success").fetchall()
        (count,) = connection.execute("select count(*) from ops.validation_result").fetchone()
    return Cost(cpu, wall, _peak(), rows=count, differing=[name for (name,) in found])


def publishing(folder: Path, memory: str) -> Cost:
    """Writing the file that readers open."""
    from transforms import night as steps
    from warehouse.published_file import write
    from warehouse.views import read_views

    with open_park(folder, memory) as connection:
        part = folder / "published.duckdb"
        wall, cpu = time.monotonic(), time.process_time()
        models = steps.models()
        tables = write(connection, part, models, read_views(steps.LAYERS / "views", models, ZoneInfo("Asia/Shanghai")))
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        part.unlink()
    return Cost(cpu, wall, _peak(), rows=sum(table["rows"] for table in tables.values()))


def measure(enterprises: int, memory: str, is_core: bool, nights: list[str]) -> Iterator[tuple[str, Cost]]:
    """Every step for a park of this size; of the corrected nights those named."""
    with tempfile.TemporaryDirectory(prefix="parkbridge-bench-") as scratch:
        folder = Path(scratch)
        in_a_process(fill, folder, enterprises, memory)
        full, _ = in_a_process(night, folder, memory, is_core, None, False)
        yield "full", full
        yield "by hand, SQL", in_a_process(by_hand, folder, memory)
        in_a_process(export, folder, memory)
        for library in ("polars", "pandas"):
            try:
                yield f"by hand, {library}", in_a_process(in_frames, folder, memory, library)
            except Exception as error:  # out of memory is a finding, not the end
                print(f"{library}: {type(error).__name__}: {error}", file=sys.stderr)
        for path in folder.glob("*.parquet"):
            path.unlink()
        if not is_core:
            yield "checks", in_a_process(checks, folder, memory)
            yield "publish", in_a_process(publishing, folder, memory)
        for name, corrected, has_new_month in (NIGHTS[key] for key in nights):
            cost, digests = in_a_process(night, folder, memory, is_core, corrected, has_new_month)
            whole, expected = in_a_process(night, folder, memory, is_core, None, False)
            differing = [table for table in expected if expected[table] != digests[table]]
            yield name, replace(cost, differing=differing)
            yield f"{name}: made whole", whole


def lines(found: dict[int, dict[str, Cost]]) -> Iterator[str]:
    """The table."""
    yield f"{'':<54}{'CPU s':>9}{'of full':>9}{'wall s':>9}{'peak MB':>9}{'core CPU':>10}{'of core':>9}  rows"
    for size, costs in found.items():
        yield f"{size:,} enterprises × {MONTHS} months"
        full = costs["full"]
        for name, cost in costs.items():
            by = "by hand" in name
            base = costs.get(f"{name}: made whole", full)
            core_cpu = cost.cpu_seconds if by else cost.core_cpu_seconds
            yield (
                f"  {name:<52}{cost.cpu_seconds:>9.1f}"
                + (f"{'':>9}" if by else f"{100 * cost.cpu_seconds / base.cpu_seconds:>7.1f} %")
                + f"{cost.wall_seconds:>9.1f}{cost.peak_mb:>9,.0f}"
                + (f"{core_cpu:>10.1f}{100 * core_cpu / base.core_cpu_seconds:>7.1f} %" if core_cpu else f"{'':>19}")
                + f"  {cost.rows:,}"
                + (f"; touched {cost.touched:,}" if cost.touched is not None else "")
                + (f"; DIFFER: {', '.join(cost.differing)}" if cost.differing else "")
            )
    sizes = sorted(found)
    for smaller, larger in pairwise(sizes):
        power = math.log(found[larger]["full"].core_cpu_seconds / found[smaller]["full"].core_cpu_seconds) / math.log(
            larger / smaller
        )
        yield f"core CPU grows as n^{power:.2f} from {smaller:,} to {larger:,}"


def main() -> int:
    """Measure the sizes asked for, print the table, write build/bench.json; 1 where a corrected night came out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enterprises", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--core", action="store_true", help="only snapshots.enterprise_month and what it is made of")
    parser.add_argument("--nights", choices=NIGHTS, nargs="+", default=list(NIGHTS), help="which corrected nights")
    parser.add_argument("--memory", default="3GB", help="DuckDB's limit; Python and what it cannot count come on top")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "build" / "bench.json")
    given = parser.parse_args()
    found: dict[int, dict[str, Cost]] = {}
    for size in given.enterprises:
        found[size] = {}
        for name, cost in measure(size, given.memory, given.core, given.nights):
            found[size][name] = cost
            print(f"{size:,}: {name}: {cost.cpu_seconds:.1f} CPU s", file=sys.stderr, flush=True)
    for text in lines(found):
        print(text)
    before = json.loads(given.out.read_text(encoding="utf-8")) if given.out.exists() else {}
    entries = {str(size): {name: asdict(cost) for name, cost in costs.items()} for size, costs in found.items()}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(before | entries, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    differ = [
        name for costs in found.values() for name, cost in costs.items() if cost.differing and name not in ("checks",)
    ]
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
