"""What a night's resolve costs where 1 % of the records are new, beside making all of it. Prints one table.

    python -m benchmarks.resolve                                   10,000 and 100,000 enterprises
    python -m benchmarks.resolve --enterprises 100000 --months 36  with a history of that many months

The demo city's records (benchmarks/city.py); one in a hundred is held back until the second night, either firm by firm
(`firms`: new tenants with all their records) or wherever they are (`records`: one in a hundred of every feed, which touches
about six enterprises in a hundred); or one in a hundred of the known employers adds a month (`months`). The second night is resolved
in parts, then made whole, each in a process of its own with 2 threads and 4 GB, and every row of every table is compared.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.truth import in_a_process
from warehouse.subjects import subjects

HELD_BACK = {
    "firms": "(feed, source_key) in (select (feed, source_key) from truth.record where true_id % 100 = 7)",
    "records": "substr(sha256(concat(feed, source_key)), 1, 4) < '028f'",
    "months": "false",
}


@dataclass(frozen=True)
class Cost:
    """What one resolve took, and a digest of every table of its result."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    records: int
    is_whole: bool
    digests: dict[str, tuple[int, int]]


def prepare_city(folder: Path, enterprises: int, months: int, kind: str) -> None:
    """Load a city, give it a history, and hold back one record in a hundred."""
    import duckdb

    from benchmarks import city

    city.draw(folder, enterprises, seed=1)
    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        connection.execute("set enable_progress_bar = false")
        city.load(connection, folder)
        for subject in subjects().values():
            period = subject.period
            if period and months > 1:
                columns = ", ".join(
                    f"(cast({c} as date) - to_months(n::integer))::date as {c}" if c == period else c
                    for c in connection.table(f"staged.{subject.name}").columns
                )
                connection.execute(
                    f"insert into staged.{subject.name} by name select {columns} from staged.{subject.name}, range(1, {months}) t(n)"
                )
            connection.execute(
                f"update staged.{subject.name} set received_at = case when {HELD_BACK[kind]} "
                "then timestamp '2027-06-02' else timestamp '2027-05-01' end"
            )

        if kind == "months":
            connection.execute(
                "insert into staged.employment select * replace ((month + interval 1 month)::date as month, "
                "timestamp '2027-06-02' as received_at) from staged.employment "
                "where substr(sha256(source_key), 1, 4) < '028f' "
                "qualify row_number() over (partition by source_key order by month desc) = 1"
            )


def resolve(folder: Path, as_of: str, whole: bool) -> Cost:
    """Resolve one night, in this process, which should be a fresh one."""
    import duckdb

    from transforms.resolution.resolve import resolve
    from warehouse.differences import digests

    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        connection.execute("set memory_limit = '4GB'; set threads = 2; set preserve_insertion_order = false")
        connection.execute("set enable_progress_bar = false")
        connection.execute("update ops.night set as_of = ?::timestamp", [as_of])
        judgements = folder / "judgements.csv"
        judgements.write_text("left,right,decision,who,when,why\n", encoding="utf-8")
        wall, cpu = time.monotonic(), time.process_time()
        is_whole = resolve(connection, judgements, whole=whole)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'resolved'").fetchall()
        found = digests(connection, [f"resolved.{table}" for (table,) in tables])
        return Cost(cpu, wall, peak, found["resolved.source_record"][0], is_whole, found)


def main() -> int:
    """Measure each size and kind; 1 where a night in parts came out otherwise than made whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enterprises", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--months", type=int, default=1)
    given = parser.parse_args()
    print(
        f"1 % new records, {given.months} months of history; share = CPU of a night in parts by that of one made whole"
    )
    print(
        f"{'enterprises':>12}{'records':>10}  {'held back':<10}{'whole s':>9}{'parts s':>9}{'share':>8}"
        f"{'wall s':>9}{'wall s':>8}{'peak MB':>9}{'peak MB':>9}  rows"
    )
    is_well = True
    for enterprises in given.enterprises:
        for kind in HELD_BACK:
            with tempfile.TemporaryDirectory(prefix="parkbridge-resolve-") as scratch:
                folder = Path(scratch)
                in_a_process(prepare_city, folder, enterprises, given.months, kind)
                in_a_process(resolve, folder, "2027-06-01", True)
                parts: Cost = in_a_process(resolve, folder, "2027-06-03", False)
                whole: Cost = in_a_process(resolve, folder, "2027-06-03", True)
            differ = [table for table in whole.digests if whole.digests[table] != parts.digests[table]]
            is_well &= not differ and not parts.is_whole
            print(
                f"{enterprises:>12,}{whole.records:>10,}  {kind:<10}{whole.cpu_seconds:>9.2f}{parts.cpu_seconds:>9.2f}"
                f"{100 * parts.cpu_seconds / whole.cpu_seconds:>6.1f} %{whole.wall_seconds:>9.2f}{parts.wall_seconds:>8.2f}"
                f"{whole.peak_mb:>9,.0f}{parts.peak_mb:>9,.0f}  "
                + ("made whole!" if parts.is_whole else f"differ: {', '.join(differ)}" if differ else "equal"),
                flush=True,
            )
    return 0 if is_well else 1


if __name__ == "__main__":
    raise SystemExit(main())
