"""How right the resolution and the early warnings are, held against what is truly so: `make truth`; also build/truth.json.

    python -m benchmarks.truth                                     10,000 and 100,000 enterprises, seeds 2 and 3
    python -m benchmarks.truth --enterprises 1000000 --seed 2      6 to 8 GB of memory to draw that city
    python -m benchmarks.truth --seed 1                            the seed that rules are tuned on; report on others
    python -m benchmarks.truth --warning-enterprises 0             without the early warnings and flows

The demo city's offices state who is who (demo.identities, no months of figures), `transforms.resolution.resolve` ties the
records together, and benchmarks/scoring.py says what right, wrong, missed, precision, recall and "within reach" mean.
Column `reach` is F1 without the records that cannot or must not be placed and that were left alone. "1 in N" counts every
record that is in a firm's enterprise, by whatever method. Then the ties of firms to institutes by patents (benchmarks/ties.py), and
`parkbridge match` over files (benchmarks/files.py).

Then **strangers** (benchmarks/strangers.py): firms taken out of a real register and looked up in the rest of it; before
them those of a made-up city of sisters (benchmarks/sisters.py), also where there is no real data.

Then the early warnings and the false flows (benchmarks/warning.py says what they mean), of cities of their own, with offices'
deliveries that are taken in as in a park: a table of warnings, and `warnings` and `flows` in the file.

Cities of several seeds are added up; seconds and memory are the means. Each city is drawn in one process and resolved in
another; the memory shown is the highest of the latter: DuckDB's limit is 4 GB, as in a night.
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
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import sisters, strangers, warning
from benchmarks.files import Match, listed_register, match_city, match_listed
from benchmarks.scoring import GROUPS, Score
from examples.handover import data_folder
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
    match: Match | None = None
    ties: Score | None = None


def resolve_city(folder: Path, enterprises: int, seed: int) -> Outcome:
    """Resolve the city that lies in `folder`, in this process, which should be a fresh one."""
    from benchmarks import city, scoring, ties
    from transforms.resolution.resolve import resolve
    from warehouse.connection import open_file

    connection = open_file(folder / "warehouse.duckdb", MEMORY_LIMIT)
    city.load(connection, folder)
    # no judgements: what people said in this park is no business of an invented one
    judgements = folder / "judgements.csv"
    judgements.write_text("left,right,decision,who,when,why\n", encoding="utf-8")
    wall, cpu = time.monotonic(), time.process_time()
    resolve(connection, judgements)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    scores, counts = scoring.score(connection)
    found = ties.score_ties(connection, folder)
    connection.close()
    return Outcome(enterprises, seed, scores, counts, cpu, wall, peak, ties=found)


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
        return replace(outcome, match=in_a_process(match_city, Path(scratch)))


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

    def costs(what: str, runs: Callable[[Outcome], Outcome | Match]) -> Iterator[str]:
        cpu: dict[int, float] = {}
        for spelled, name, decimals in (
            ("CPU s", "cpu_seconds", 1),
            ("wall s", "wall_seconds", 1),
            ("peak MB", "peak_mb", 0),
        ):
            mean = {size: sum(float(getattr(runs(o), name)) for o in of[size]) / len(of[size]) for size in sizes}
            cpu = cpu or mean
            yield f"{f'  {what}: {spelled}':<{LABEL}}" + "".join(
                f"{mean[size]:>{BLOCK},.{decimals}f}" for size in sizes
            )
        for smaller, larger in pairwise(sizes):
            power = math.log(cpu[larger] / cpu[smaller]) / math.log(larger / smaller)
            yield f"  {what}: CPU grows as n^{power:.2f} from {smaller:,} to {larger:,}"

    if all(outcome.ties for outcome in outcomes):
        yield "firms and institutes by patents"
        pairs = [sum((outcome.ties for outcome in of[size] if outcome.ties), Score()) for size in sizes]
        yield "  research ties".ljust(LABEL) + "".join(_cells(total) for total in pairs)
    yield "all together"
    yield line("  wrong automatic matches: 1 in", _one_in)
    yield line(
        "  ceiling of recall, all records",
        lambda among: _figure(sum((outcome.scores["all records"] for outcome in among), Score()).ceiling),
    )
    for name in sorted({name for outcome in outcomes for name in outcome.counts}, key=_place):
        yield line(f"  {name}", lambda among, name=name: f"{sum(o.counts.get(name, 0) for o in among):,}")  # type: ignore[misc]
    yield from costs("resolve", lambda outcome: outcome)
    if not all(outcome.match for outcome in outcomes):
        return

    def match_of(outcome: Outcome) -> Match:
        assert outcome.match is not None
        return outcome.match

    yield "parkbridge match over files"
    totals = [sum((match_of(outcome).score for outcome in of[size]), Score()) for size in sizes]
    yield "  lease against register".ljust(LABEL) + "".join(_cells(total) for total in totals)
    yield line("  left to a person", lambda among: f"{sum(match_of(outcome).review for outcome in among):,}")
    yield from costs("match", match_of)


def listed_lines(match: Match) -> Iterator[str]:
    """What came of the real tenants, in the table's columns."""
    yield f"{f'{match.left_rows} real tenants among':<{LABEL}}" + f"{match.right_rows:,} registrations".rjust(BLOCK)
    yield "  by short name and address".ljust(LABEL) + _cells(match.score)
    for label, value in (
        ("right", f"{match.score.right / match.left_rows:.1%}"),
        ("left to a person", f"{match.review}"),
        ("right candidate first", f"{match.best_right}"),
        ("CPU s", f"{match.cpu_seconds:.1f}"),
        ("wall s", f"{match.wall_seconds:.1f}"),
        ("peak MB", f"{match.peak_mb:,.0f}"),
    ):
        yield f"  {label}".ljust(LABEL) + value.rjust(BLOCK)


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
    order = ("registrations", "branches", "out of reach", "names of several", "queued")
    return next((place for place, start in enumerate(order) if name.startswith(start)), len(order)), name


def as_json(outcome: Outcome | Match) -> dict[str, Any]:
    """What was found, with the shares that follow from the counts."""
    entry = {name: value for name, value in vars(outcome).items() if value is not None}
    for name, value in entry.items():
        if isinstance(value, Match):
            entry[name] = as_json(value)
        elif isinstance(value, Score):
            entry[name] = _shares(value)
        elif name == "scores":
            entry[name] = {group: _shares(score) for group, score in value.items()}
    return entry


def _shares(score: Score) -> dict[str, float | None]:
    figures = {name: getattr(score, name) for name in ("precision", "recall", "f1", "ceiling", "f1_reachable")}
    return asdict(score) | {name: None if math.isnan(value) else round(value, 6) for name, value in figures.items()}


def main() -> int:
    """Resolve the cities asked for, match the files, score the warnings, print the tables, write build/truth.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enterprises", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--seed", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--warning-enterprises", type=int, default=warning.ENTERPRISES)
    parser.add_argument("--out", type=Path, default=CHECKOUT / "build" / "truth.json")
    given = parser.parse_args()
    outcomes = [run_city(size, seed) for size in given.enterprises for seed in given.seed]
    for text in table(outcomes):
        print(text, flush=True)
    found: dict[str, Any] = {"cities": [as_json(outcome) for outcome in outcomes]}
    unknown = {f"sisters, seed {seed}": in_a_process(sisters.sister_city, seed) for seed in given.seed}
    data = data_folder()
    if listed_register(data).exists():
        match: Match = in_a_process(match_listed, data)
        for text in listed_lines(match):
            print(text)
        found["listed_park"] = as_json(match)
        unknown |= {
            "a third of the listed park": in_a_process(strangers.listed_third, data),
            "the whole country": in_a_process(strangers.whole_country, data),
        }
    else:
        print(f"The real tenants were skipped: there is no real data in {data}. Next: set PARKBRIDGE_SHARED_DATA")
    for text in strangers.table(unknown):
        print(text, flush=True)
    found["strangers"] = {
        park: {kind: count.as_json() for kind, count in kinds.items()} for park, kinds in unknown.items()
    }
    if given.warning_enterprises:
        warned = warning.run_cities(given.warning_enterprises, given.seed)
        for text in warning.table(warned):
            print(text, flush=True)
        found |= warning.as_json(warned)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
