"""`parkbridge match` as somebody would run it before adopting a silo: two files, the command line, what it cost, what was right.

Of a demo city, the lease book's tenants against the register. Of real firms, 310 listed tenants by short name and two addresses
(the last year's row of each; full names hidden) against 2.63 million registrations, scored with truth_links.csv; these
files lie beside the checkout or where PARKBRIDGE_SHARED_DATA says (examples/README.md).

right: matched to the very registration. wrong: matched to another one, or matched though the register does not know the firm.
missed: not matched though the register knows it; left to a person or without a match. alone: rightly not matched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.scoring import Score
from warehouse.connection import literal
from warehouse.settings import CHECKOUT

CITY_MAPPING = """
left: {id: source_key, code: code, name: name, address: address}
right: {id: source_key, code: code, name: name, former_name: former_name, address: address}
"""
LISTED_MAPPING = """
left: {id: short_name, short_name: short_name, address: [注册地址, 办公地址]}
right: {id: code, code: code, name: name, address: address, city: [province, city]}
"""


@dataclass(frozen=True)
class Match:
    """One run of the command: rows on both sides, how the left ones were decided, its score and what it cost."""

    left_rows: int
    right_rows: int
    review: int
    best_right: int  # the first candidate is the right one, decided or not
    score: Score
    cpu_seconds: float
    wall_seconds: float
    peak_mb: float


def match_city(folder: Path) -> Match:
    """Match the tenants of the city that lies in `folder` (benchmarks.city.draw) with its register."""
    left, right, truth = (folder / name for name in ("tenants.parquet", "register.parquet", "true_pairs.parquet"))
    lease, register = (
        f"read_parquet({literal(str(folder / name))})" for name in ("lease.parquet", "registration.parquet")
    )
    with duckdb.connect() as connection:
        for query, path in (
            (f"select source_key, code, name, address from {lease}", left),
            (
                f"select source_key, code, name, record.oldname as former_name, address from {register}",
                right,
            ),
            (
                f"select l.source_key as left_id, r.source_key as true_right_id from {lease} as l "
                f"left join {register} as r on l.true_id = r.true_id",
                truth,
            ),
        ):
            connection.execute(f"copy ({query}) to {literal(str(path))} (format parquet)")
    return _match(folder, left, right, CITY_MAPPING, f"read_parquet({literal(str(truth))})")


def match_listed(data: Path) -> Match:
    """Match the listed tenants by short name and addresses with the register of the whole country."""
    with tempfile.TemporaryDirectory(prefix="parkbridge-truth-") as scratch:
        folder = Path(scratch)
        left = write_listed(data, folder)
        truth = f"(select short_name as left_id, uscc as true_right_id from {listed_file(data, 'truth_links')})"
        return _match(folder, left, listed_register(data), LISTED_MAPPING, truth)


def listed_file(data: Path, name: str) -> str:
    """One of the listed park's files, as SQL."""
    return f"read_csv({literal(str(data / 'listed_park' / f'{name}.csv'))}, all_varchar = true)"


def write_listed(data: Path, folder: Path) -> Path:
    """Write the listed tenants, by short name and the last year's addresses, into a file of the folder."""
    written = folder / "tenants.csv"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select distinct on (short_name) short_name, 注册地址, 办公地址 from {listed_file(data, 'feed_employment')} "
            f"order by short_name, year desc) to {literal(str(written))} (format csv, header)"
        )
    return written


def listed_register(data: Path) -> Path:
    """Where the registrations of the whole country lie."""
    return data / "registry" / "registry_cn.parquet"


def run_match(folder: Path, left: Path, right: Path, columns: str) -> tuple[float, float, float]:
    """Run the command line over two files into pairs.parquet: CPU and wall seconds, peak MB."""
    mapping, out = folder / "columns.yml", folder / "pairs.parquet"
    mapping.write_text(columns, encoding="utf-8")
    command = [sys.executable, "-m", "parkbridge", "match", left, right, "--mapping", mapping, "--out", out]
    began = time.monotonic()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(list(map(str, command)), cwd=CHECKOUT, stdout=quiet) as child:  # noqa: S603 - our own command
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    if child.returncode:
        raise SystemExit(f"parkbridge match ended with {child.returncode}; its own message is above")
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024


def _match(folder: Path, left: Path, right: Path, columns: str, truth: str) -> Match:
    """Run the command line over two files and hold what it wrote against `truth` (SQL: left_id, true_right_id)."""
    cpu, wall, peak_mb = run_match(folder, left, right, columns)
    out = folder / "pairs.parquet"
    with duckdb.connect() as connection:
        row = connection.execute(
            f"""
            with judged as (
                select
                    p.*, t.true_right_id,
                    case
                        when p.decision = 'matched' and p.right_id = t.true_right_id then 'right'
                        when p.decision = 'matched' then 'wrong'
                        when t.true_right_id is not null then 'missed'
                        else 'alone'
                    end as verdict
                from read_parquet({literal(str(out))}) as p
                inner join {truth} as t on p.left_id = t.left_id
            )
            select
                count(*), count_if(verdict = 'right'), count_if(verdict = 'wrong'), count_if(verdict = 'missed'),
                count_if(verdict = 'alone'), count_if(true_right_id is not null), count_if(decision = 'review'),
                count_if(right_id = true_right_id),
                (select count(*) from {"read_parquet" if right.suffix == ".parquet" else "read_csv"}({literal(str(right))}))
            from judged
            """
        ).fetchone()
    assert row is not None
    rows, right_rows = int(row[0]), int(row[8])
    score = Score(rows, *(int(count) for count in row[1:6]))
    return Match(rows, right_rows, int(row[6]), int(row[7]), score, cpu, wall, peak_mb)
