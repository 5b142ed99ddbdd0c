"""How right the resolution is, held against what is truly so: `make truth`. Prints one table; build/truth.json has the same.

    python -m benchmarks.truth                                     10,000 and 100,000 enterprises, seeds 2 and 3
    python -m benchmarks.truth --enterprises 1000000 --seed 2      6 to 8 GB of memory to draw that city
    python -m benchmarks.truth --seed 1                            the seed that rules are tuned on; report on others

The demo city's offices state who is who (demo.identities, no months of figures), `transforms.resolution.resolve` ties the
records together, and benchmarks/scoring.py says what right, wrong, missed, precision, recall and "within reach" mean.
Cities of several seeds are added up; seconds and memory are the means. Each city is drawn in one process and resolved in
another, whose highest memory is the one shown: DuckDB's limit is 4 GB, as in a night. Column `reach` is F1 without the records
that nobody can or may place and that were left alone. "1 in N" counts every record that is in a firm's enterprise, by
whatever method.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.scoring import GROUPS, Score
from warehouse.settings import CHECKOUT

LABEL = 37
BLOCK = 48  # width of one scale's columns
MEMORY_LIMIT = "4GB"


@dataclass(frozen=True)
class Outcome:
    """One city resolved: its scores by row of the table, counts that are no share, and what it cost."""

    enterprises: int
    seed: int
    scores: dict[str, Score]
    counts: dict[str, int]
    cpu_seconds: float
    wall_seconds: float
    peak_mb: float


def resolve_city(folder: Path, enterprises: int, seed: int) -> Outcome:
    """Resolve the city that lies in `folder`, in this process, which should be a fresh one."""
    import duckdb

    from benchmarks import city, scoring
    from transforms.resolution import resolve

    connection = duckdb.connect(folder / "warehouse.duckdb")
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("set preserve_insertion_order = false")
    connection.execute("set enable_progress_bar = false")
    city.load(connection, folder)
    # no judgements: what people said in this park is no business of an invented one
    judgements = folder / "judgements.csv"
    judgements.write_text("left,right,decision,who,when,why\n", encoding="utf-8")
    wall, cpu = time.monotonic(), time.process_time()
    resolve(connection, judgements)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    scores, counts = scoring.score(connection)
    connection.close()
    return Outcome(enterprises, seed, scores, counts, cpu, wall, peak)


def in_a_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function in a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        return pool.submit(function, *arguments).result()


def run_city(enterprises: int, seed: int) -> Outcome:
    """Draw and resolve one city, each in a process of its own."""
    from benchmarks import city

    with tempfile.TemporaryDirectory(prefix="parkbridge-truth-") as scratch:
        in_a_process(city.draw, Path(scratch), enterprises, seed)
        outcome: Outcome = in_a_process(resolve_city, Path(scratch), enterprises, seed)
        return outcome


def table(outcomes: list[Outcome]) -> Iterator[str]:
    """The lines of the table: a block of columns per size of city, its seeds added up."""
    sizes = sorted({outcome.enterprises for outcome in outcomes})
    of = {size: [outcome for outcome in outcomes if outcome.enterprises == size] for size in sizes}
    seeds = ", ".join(str(seed) for seed in sorted({outcome.seed for outcome in outcomes}))
    yield f"{f'demo city, seeds {seeds}':<{LABEL}}" + "".join(f"{f'{size:,} enterprises':>{BLOCK}}" for size in sizes)
    head = f"{'rows':>8}{'wrong':>6}{'prec.':>8}{'recall':>8}{'F1':>8}{'reach':>8}"
    yield f"{'':<{LABEL}}" + "".join(f"{head:>{BLOCK}}" for _ in sizes)
    last = ""
    for section, label, _ in GROUPS:
        if section != last:
            yield section
            last = section
        key = f"{section}: {label}" if section else label
        totals = [sum((outcome.scores[key] for outcome in of[size]), Score()) for size in sizes]
        yield f"{'  ' if section else ''}{label}".ljust(LABEL) + "".join(_cells(total) for total in totals)

    def line(label: str, value: Callable[[list[Outcome]], str]) -> str:
        return f"{label:<{LABEL}}" + "".join(f"{value(of[size]):>{BLOCK}}" for size in sizes)

    def mean(name: str) -> Callable[[list[Outcome]], float]:
        return lambda among: sum(float(getattr(outcome, name)) for outcome in among) / len(among)

    yield "all together"
    yield line("  wrong automatic matches: 1 in", _one_in)
    yield line(
        "  ceiling of recall, all records",
        lambda among: _figure(sum((outcome.scores["all records"] for outcome in among), Score()).ceiling),
    )
    for name in sorted({name for outcome in outcomes for name in outcome.counts}, key=_place):
        yield line(f"  {name}", lambda among, name=name: f"{sum(o.counts.get(name, 0) for o in among):,}")  # type: ignore[misc]
    for name, spelled, form in (
        ("cpu_seconds", "resolve: CPU s", ",.1f"),
        ("wall_seconds", "resolve: wall s", ",.1f"),
        ("peak_mb", "resolve: peak MB", ",.0f"),
    ):
        yield line(f"  {spelled}", lambda among, n=name, f=form: format(mean(n)(among), f))  # type: ignore[misc]
    for smaller, larger in pairwise(sizes):
        times = mean("cpu_seconds")(of[larger]) / mean("cpu_seconds")(of[smaller])
        power = math.log(times) / math.log(larger / smaller)
        yield f"  resolve: CPU grows as n^{power:.2f} from {smaller:,} to {larger:,}"


def _cells(total: Score) -> str:
    return (
        f"{total.rows:>8,}{total.wrong:>6,}{_figure(total.precision):>8}{_figure(total.recall):>8}"
        f"{_figure(total.f1):>8}{_figure(total.f1_reachable):>8}"
    ).rjust(BLOCK)


def _figure(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.4f}"


def _one_in(among: list[Outcome]) -> str:
    total = sum((outcome.scores["all records"] for outcome in among), Score())
    return f"{(total.right + total.wrong) // total.wrong:,}" if total.wrong else f"none of {total.right:,}"


def _place(name: str) -> tuple[int, str]:
    order = ("registrations", "branches", "out of reach", "queued")
    return next((place for place, start in enumerate(order) if name.startswith(start)), len(order)), name


def as_json(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """The outcomes with the shares that follow from the counts."""
    shares = ("precision", "recall", "f1", "ceiling", "f1_reachable")
    found = []
    for outcome in outcomes:
        entry = asdict(outcome)
        for name, score in outcome.scores.items():
            figures = {share: getattr(score, share) for share in shares}
            entry["scores"][name] |= {k: None if math.isnan(v) else round(v, 6) for k, v in figures.items()}
        found.append(entry)
    return found


def main() -> int:
    """Resolve the cities asked for, print the table, write build/truth.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enterprises", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--seed", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--out", type=Path, default=CHECKOUT / "build" / "truth.json")
    given = parser.parse_args()
    outcomes = [run_city(size, seed) for size in given.enterprises for seed in given.seed]
    for text in table(outcomes):
        print(text)
    found = {"city": as_json(outcomes)}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
