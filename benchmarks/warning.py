"""How right the early warnings are, and how many flows are false, held against what truly happens in the demo city.

    python -m benchmarks.warning                          3,000 enterprises, seeds 2 and 3
    python -m benchmarks.warning --seed 1                 the seed that points and levels are chosen on

Each city's offices are landed, staged and accepted through the feeds, dirt and all, each row with the moment at which it
was received. Then come fifteen nights, one a month on the 20th (nothing received later is
used), and a last one on the day up to which the city is built. Two things are not as a park has them: who is who
is resolved anew every third night only, and the register shows each enterprise in its last state, so that a record that was
changed later is missing in earlier nights.

**Warnings.** What is so in truth (STATES), by enterprise and month:

    move_out      the month from which it is no longer here, having moved
    leaves        the same whatever the cause: moved, closed, revoked, merged away
    contraction   a fifth fewer people at work than a year before, and two at least; none is contraction too
    high_growth   a fifth more people at work than a year before, and ten then
    arrears       a tax that is due and never paid
    threshold     sales of twelve months from 80 up to 100 % of the industry's line, and not above it within the year before:
                  who falls through it (many on their way out) is no candidate

A **warning** is the first night of an unbroken run of nights in which an enterprise is at the level (or above). It is
right if what it warns of is so in truth within the next 12 months: of move_out and leaves from the next month on, of the rest
from the month before (they may be under way). **Precision** is right warnings / warnings; beside it the same over all nights
of all runs. A **case** is an enterprise for which it becomes so for the first time between the fourth night and a month after
the last; it is caught if a warning is in force within the 12 months before, at the latest in the month before (move_out,
leaves) or three months after (the rest). **Recall** is cases caught / cases; **lead** is from the month of the first such
night to the month from which it is so, the median over cases caught. Warnings of enterprises that cannot be placed count
as wrong. Needs (space, staff, lease, energy) have no truth in the demo city: they are only counted.

**False flows.** Of the last night, every enterprise-month for which signals.flow has a row for headcount is compared. It is
false where expand, contract, open or close is published and the truth's insured_headcount did not move that way: expand but
no more people than the month before, contract but no fewer, open though there were some before or are none, close though
there are some. The truth has no planted errors: a flow that a wrongly reported figure made is false. False flows are
listed by what befell the enterprise: renamed, new code, a month that was late or resent with corrections, a figure planted
wrongly, and by story.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from benchmarks import assessment, gaps, plausible
from benchmarks.scoring import share
from warehouse.connection import literal, open_file
from warehouse.settings import CHECKOUT

ENTERPRISES, SEEDS, MONTHS = 3000, (2, 3), 36
START, UNTIL = date(2023, 11, 1), date(2026, 11, 21)
FIRST_NIGHT, NIGHTS = 18, 15  # the first one's month, counted from START
RESOLVED_EVERY = 3  # nights; the last one is resolved too
HORIZON = 12  # months
MEMORY_LIMIT = "4GB"
LABEL = 26
# silo of the truth: the feed that it is here; taxes name the same enterprises as the register
SILOS = {
    "registration": "registration",
    "employment": "employment",
    "lease": "lease",
    "utility": "utility_use",
    "access": "access_count",
}
# kind: the alert that warns of it, from which month on it counts, how many months after it a case is still caught
KINDS = {
    "move_out": ("move_out", 1, -1),
    "leaves": ("move_out", 1, -1),
    "contraction": ("contraction", -1, 3),
    "high_growth": ("high_growth", -1, 3),
    "arrears": ("arrears", -1, 3),
    "threshold": ("threshold", -1, 3),
}
STATES = """
create or replace table truth.state as
with number as (
    select *, year(month) * 12 + month(month) as month_number from truth.enterprise_month
),
yearly as (
    select
        n.true_id, n.month_number, n.headcount, b.headcount as headcount_before,
        sum(n.sales_fen) over year as sales_fen, count(*) over year as month_count
    from number as n
    left join number as b on n.true_id = b.true_id and n.month_number - 12 = b.month_number
    window year as (partition by n.true_id order by n.month_number range between 11 preceding and current row)
)
select 'move_out' as kind, true_id, year(moved_out_month) * 12 + month(moved_out_month) as month_number
from truth.enterprise where moved_out_month is not null
union all
select 'leaves', true_id, year(gone_month) * 12 + month(gone_month) from truth.enterprise where gone_month is not null
union all
select 'contraction', true_id, month_number from yearly
where headcount * 5 <= headcount_before * 4 and headcount_before - headcount >= 2
union all
select 'high_growth', true_id, month_number from yearly where headcount * 5 >= headcount_before * 6 and headcount_before >= 10
union all
select distinct 'arrears', true_id, year(period_end) * 12 + month(period_end) from truth.tax_period
where due_fen > 0 and paid_fen = 0
union all
select 'threshold', true_id, month_number
from (
    select
        y.true_id, y.month_number, y.sales_fen / 100 >= r.line_amount * r.watch_min_pct / 100 as is_near,
        max(y.sales_fen) over year / 100 >= r.line_amount as is_above
    from yearly as y
    inner join truth.enterprise as e on y.true_id = e.true_id
    inner join rules.threshold_line as r on starts_with(regexp_replace(e.industry_code, '^[A-Z]', ''), r.industry_start)
    where y.month_count = 12
    window year as (partition by y.true_id order by y.month_number range between 12 preceding and current row)
)
where is_near and not is_above
"""


@dataclass(frozen=True)
class Measured:
    """Warnings of one kind at one level, over the nights of one or more cities; sums add up.

    `leads` are in months, one per case caught.
    """

    warnings: int
    right: int
    nights: int
    nights_right: int
    cases: int
    leads: tuple[int, ...]

    def __add__(self, other: Measured) -> Measured:
        return Measured(
            self.warnings + other.warnings,
            self.right + other.right,
            self.nights + other.nights,
            self.nights_right + other.nights_right,
            self.cases + other.cases,
            self.leads + other.leads,
        )

    @property
    def precision(self) -> float | None:
        """Right warnings of all warnings."""
        return self.right / self.warnings if self.warnings else None

    @property
    def nights_precision(self) -> float | None:
        """The same over all nights in which they were in force."""
        return self.nights_right / self.nights if self.nights else None

    @property
    def recall(self) -> float | None:
        """Cases caught of all cases."""
        return len(self.leads) / self.cases if self.cases else None

    @property
    def lead_months(self) -> float | None:
        """Median lead over the cases caught."""
        ordered = sorted(self.leads)
        middle = len(ordered) // 2
        if not ordered:
            return None
        return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2

    def as_json(self) -> dict[str, Any]:
        """Counts and the figures that follow from them."""
        shares = {"precision": self.precision, "nights_precision": self.nights_precision, "recall": self.recall}
        return {
            "warnings": self.warnings,
            "right": self.right,
            "nights": self.nights,
            "cases": self.cases,
            "caught": len(self.leads),
            **{name: None if value is None else round(value, 4) for name, value in shares.items()},
            "lead_months": self.lead_months,
        }


@dataclass(frozen=True)
class City:
    """One city's nights: warnings by kind and level, alerts in force by code and level, flows, assessments, and what it cost."""

    enterprises: int
    seed: int
    warnings: dict[tuple[str, str], Measured]
    standing: dict[str, int]
    flows: dict[str, int]
    false_stories: dict[str, int]
    assessments: assessment.Found
    planted: dict[str, plausible.Planted]
    gaps: gaps.Found
    cpu_seconds: float
    wall_seconds: float
    peak_mb: float


def land_city(folder: Path, enterprises: int, seed: int) -> None:
    """Build a city in `folder` and take in what its offices deliver, through the feeds as a park has them."""
    import demo
    from connectors.credentials import Credentials
    from connectors.landing import land
    from connectors.registry import feeds
    from warehouse import acceptance, loader
    from warehouse.batches import pending
    from warehouse.connection import prepare

    demo.build(folder / "demo", enterprises=enterprises, months=MONTHS, seed=seed, until=UNTIL, start=START)
    now = datetime(UNTIL.year, UNTIL.month, UNTIL.day, tzinfo=UTC)
    declared = feeds((CHECKOUT / "connectors" / "feeds",))
    with demo.serving(folder / "demo") as port, open_file(folder / "warehouse.duckdb", MEMORY_LIMIT) as connection:
        prepare(connection)
        acceptance.declare(connection, list(declared.values()))
        sources = demo.connections(folder / "demo", port)
        for feed in declared.values():
            source = Credentials(**json.loads(sources[f"AIRFLOW_CONN_{feed.connection.upper()}"]))
            land(
                feed,
                folder / "raw",
                run_id="benchmark",
                until=now,
                now=now,
                credentials=source,
                pseudonym_key="benchmark",
            )
            waiting = pending(folder / "raw", feed.name)
            loader.stage(connection, feed, waiting, time_zone=ZoneInfo("Asia/Shanghai"))
            acceptance.accept(connection, feed, waiting, now=now)


def nights() -> list[datetime]:
    """The moments of the nights, naive UTC; the last one is not warned of, its flows are counted."""
    first = START.year * 12 + START.month - 1 + FIRST_NIGHT
    warned = [datetime((first + n) // 12, (first + n) % 12 + 1, 20) for n in range(NIGHTS)]
    return [*warned, datetime(UNTIL.year, UNTIL.month, UNTIL.day)]


def build_nights(folder: Path) -> None:
    """Build every night of a landed city; output.* keeps what each showed and who that truly is."""
    from transforms.night import models, needed_for
    from transforms.resolution.resolve import resolve
    from warehouse.models import make

    needed = needed_for(["signals.alert", "signals.flow", "snapshots.assessment", gaps.TABLE, *plausible.TABLES])
    made = [model for model in models() if model.table in needed]
    judgements = folder / "judgements.csv"
    judgements.write_text("left,right,decision,who,when,why\n", encoding="utf-8")
    with open_file(folder / "warehouse.duckdb", MEMORY_LIMIT) as connection:
        connection.execute("create schema output")
        connection.execute("create schema truth")
        for path in sorted((folder / "demo" / "truth").glob("*.parquet")):
            connection.execute(f"create view truth.{path.stem} as from read_parquet({literal(os.fspath(path))})")
        connection.execute(
            "create table output.alert (night_number integer, enterprise_id varchar, alert_code varchar, "
            "level_code varchar, score decimal(9, 2))"
        )
        connection.execute(
            "create table output.assessment (night_number integer, enterprise_id varchar, assessment_code varchar, "
            "left_month date, successor_enterprise_id varchar, month date)"
        )
        connection.execute("create table output.owner (night_number integer, enterprise_id varchar, true_id bigint)")
        for number_of_night, moment in enumerate(nights()):
            connection.execute("delete from ops.night")
            connection.execute("insert into ops.night values (?, ?, 'demo city')", [f"{moment:%Y%m%dT%H%M%SZ}", moment])
            if number_of_night % RESOLVED_EVERY == 0:
                resolve(connection, judgements, whole=True)
            for model in made:
                connection.execute(f"create schema if not exists {model.schema}")
                make(connection, model)
            number = moment.year * 12 + moment.month
            connection.execute(
                f"insert into output.alert select {number}, enterprise_id, alert_code, level_code, score from signals.alert"
            )
            connection.execute(
                f"insert into output.assessment select {number}, enterprise_id, assessment_code, left_month, "
                "successor_enterprise_id, month from snapshots.assessment"
            )
            connection.execute(f"insert into output.owner select {number}, * from ({OWNER})")


# the firm that an enterprise is: that of most of its records, names and leases before meters
_FEED = " ".join(f"when '{silo}' then '{feed}'" for silo, feed in SILOS.items())
OWNER = f"""
select enterprise_id, true_id
from (
    select *, row_number() over (partition by enterprise_id order by records desc, true_id) as row_rank
    from (
        select l.enterprise_id, t.true_id,
            sum(case when t.silo in ('registration', 'employment', 'lease') then 3 else 1 end) as records
        from resolved.link as l
        inner join truth.link as t
            on l.source_key = t.source_key and l.feed = case t.silo {_FEED} end
        where t.true_id is not null
        group by l.enterprise_id, t.true_id
    )
)
where row_rank = 1
"""


def score(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Measured]:
    """Hold output.alert against truth.state: kind and level → what was measured."""
    connection.execute(STATES)
    first, last = (moment.year * 12 + moment.month for moment in (nights()[0], nights()[-2]))
    found = {}
    for kind, (alert, from_month, late) in KINDS.items():
        for level, levels in (("precise", "('precise')"), ("watchful", "('precise', 'watchful')")):
            connection.execute(
                f"""
                create or replace temp table standing as
                select
                    a.night_number, a.enterprise_id, o.true_id,
                    lag(a.night_number) over (partition by a.enterprise_id order by a.night_number)
                        is distinct from a.night_number - 1 as is_first,
                    exists (
                        select 1 from truth.state as s
                        where s.kind = '{kind}' and s.true_id = o.true_id
                            and s.month_number between a.night_number + {from_month} and a.night_number + {HORIZON}
                    ) as is_right
                from output.alert as a
                left join output.owner as o on a.night_number = o.night_number and a.enterprise_id = o.enterprise_id
                where a.alert_code = '{alert}' and a.level_code in {levels} and a.night_number <= {last}
                """
            )
            counts = connection.execute(
                "select count_if(is_first), count_if(is_first and is_right), count(*), count_if(is_right) from standing"
            ).fetchone()
            cases = connection.execute(
                f"""
                with begun as (
                    select true_id, min(month_number) as month_number
                    from truth.state where kind = '{kind}' group by true_id
                )
                select c.month_number - min(s.night_number)
                from begun as c
                left join standing as s
                    on c.true_id = s.true_id
                    and s.night_number between c.month_number - {HORIZON} and c.month_number + {late}
                where c.month_number between {first + 4} and {last - late}
                group by c.true_id, c.month_number
                """
            ).fetchall()
            warnings, right, standing, standing_right = (int(count or 0) for count in counts or (0, 0, 0, 0))
            leads = tuple(sorted(int(lead) for (lead,) in cases if lead is not None))
            found[kind, level] = Measured(warnings, right, standing, standing_right, len(cases), leads)
    return found


def false_flows(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, int], dict[str, int]]:
    """Flows of headcount of the last night against the truth: counts, and the false ones by story."""
    last = nights()[-1]
    connection.execute(
        f"""
        create or replace temp table compared as
        select
            f.enterprise_id, o.true_id, f.month, f.flow_code, f.earlier_value, f.value, e.story,
            b.insured_headcount as true_before, t.insured_headcount as true_now,
            case f.flow_code
                when 'expand' then not coalesce(t.insured_headcount > b.insured_headcount, false)
                when 'contract' then not coalesce(t.insured_headcount < b.insured_headcount, false)
                when 'open' then coalesce(b.insured_headcount, 0) > 0 or coalesce(t.insured_headcount, 0) = 0
                when 'close' then coalesce(t.insured_headcount, 0) > 0
                else false
            end as is_false,
            e.renamed_month is not null as is_renamed,
            e.code_changed_month is not null as has_new_code,
            exists (
                select 1 from truth.delivery as d
                where d.silo = 'employment' and d.kind in ('late', 'gap', 'correction')
                    and d.month in (f.month, cast(f.month - interval 1 month as date))
            ) as is_late,
            exists (
                select 1 from truth.planted as p
                where p.silo = 'employment' and p.true_id = o.true_id
                    and p.month in (f.month, cast(f.month - interval 1 month as date))
            ) as is_planted
        from signals.flow as f
        inner join output.owner as o on f.enterprise_id = o.enterprise_id and o.night_number = {last.year * 12 + last.month}
        inner join truth.enterprise as e on o.true_id = e.true_id
        left join truth.enterprise_month as t on o.true_id = t.true_id and f.month = t.month
        left join truth.enterprise_month as b
            on o.true_id = b.true_id and cast(f.month - interval 1 month as date) = b.month
        where f.signal_code = 'headcount'
        """
    )
    row = connection.execute(
        """
        select
            count(*), count_if(flow_code in ('expand', 'contract', 'open', 'close')), count_if(is_false),
            count_if(is_false and flow_code = 'expand'), count_if(is_false and flow_code = 'contract'),
            count_if(is_false and flow_code = 'open'), count_if(is_false and flow_code = 'close'),
            count_if(is_false and is_renamed), count_if(is_false and has_new_code),
            count_if(is_false and is_late and not is_planted), count_if(is_false and is_planted)
        from compared
        """
    ).fetchone()
    assert row is not None
    names = (
        *("compared", "flows", "false", "false: expand", "false: contract", "false: open", "false: close"),
        *(
            "false: renamed",
            "false: new code",
            "false: month late or corrected, nothing planted",
            "false: planted figure",
        ),
    )
    stories = connection.execute("select story, count(*) from compared where is_false group by 1 order by 2 desc, 1")
    return {name: int(count) for name, count in zip(names, row, strict=True)}, dict(stories.fetchall())


def run_city(enterprises: int, seed: int, scratch: Path | None = None) -> City:
    """Land, build and score one city, in a fresh process; a landed city may be given in `scratch`."""
    wall = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="parkbridge-warning-") as made:
        folder = Path(made)
        if scratch is None:
            land_city(folder, enterprises, seed)
        else:
            shutil.copyfile(scratch / "warehouse.duckdb", folder / "warehouse.duckdb")
            (folder / "demo").symlink_to(scratch / "demo")
        build_nights(folder)
        with open_file(folder / "warehouse.duckdb", MEMORY_LIMIT) as connection:
            warnings = score(connection)
            standing = connection.execute(
                "select concat(alert_code, ' ', level_code), count(*) from output.alert group by 1 order by 1"
            ).fetchall()
            flows, stories = false_flows(connection)
            assessments = assessment.score(connection)
            planted = plausible.score(connection, OWNER)
            gaps.keep(connection, OWNER)
            found_gaps = gaps.score(connection, nights()[-1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    return City(
        enterprises,
        seed,
        warnings,
        {name: round(count / (NIGHTS + 1)) for name, count in standing},
        flows,
        stories,
        assessments,
        planted,
        found_gaps,
        used.ru_utime + used.ru_stime,
        time.monotonic() - wall,
        used.ru_maxrss / 1024,
    )


def run_cities(enterprises: int, seeds: list[int], scratch: Path | None = None) -> list[City]:
    """All seeds, two at a time where there are two cores, each in a process of its own."""
    workers = min(len(seeds), os.cpu_count() or 1, 2)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as pool:
        cities = [
            pool.submit(run_city, enterprises, seed, scratch / f"city{seed}" if scratch else None) for seed in seeds
        ]
        return [one.result() for one in cities]


def table(cities: list[City]) -> Iterator[str]:
    """The lines of the table, the cities added up."""
    seeds = ", ".join(str(city.seed) for city in cities)
    sizes = ", ".join(f"{size:,}" for size in sorted({city.enterprises for city in cities}))
    yield f"early warning, demo city, seeds {seeds}, {sizes} enterprises, {NIGHTS} monthly nights each"
    yield (
        f"{'':<{LABEL}}{'level':>10}{'warnings':>10}{'right':>7}{'prec.':>8}{'nights':>8}{'prec.':>8}"
        f"{'cases':>7}{'caught':>8}{'recall':>8}{'lead':>6}"
    )
    for kind in KINDS:
        for level in ("precise", "watchful"):
            of = [city.warnings[kind, level] for city in cities]
            total = sum(of[1:], of[0])
            yield f"{kind:<{LABEL}}{level:>10}" + _cells(total)
    if len(cities) > 1:
        for city in cities:
            for level in ("precise", "watchful"):
                yield f"{f'move_out, seed {city.seed}':<{LABEL}}{level:>10}" + _cells(city.warnings["move_out", level])
    yield "alerts standing, mean of a night: " + ", ".join(
        f"{name} {round(sum(city.standing.get(name, 0) for city in cities) / len(cities))}"
        for name in sorted({name for city in cities for name in city.standing})
    )
    flows = {name: sum(city.flows[name] for city in cities) for name in cities[0].flows}
    yield (
        f"flows of headcount, last night: {flows['compared']:,} enterprise-months compared, {flows['flows']:,} flows, "
        f"{flows['false']:,} false: {100 * flows['false'] / max(flows['compared'], 1):.3f} %"
    )
    yield "  " + ", ".join(f"{name}: {count}" for name, count in flows.items() if ":" in name)
    stories: dict[str, int] = {}
    for city in cities:
        for story, count in city.false_stories.items():
            stories[story] = stories.get(story, 0) + count
    yield "  false by story: " + ", ".join(f"{s} {n}" for s, n in sorted(stories.items(), key=lambda item: -item[1]))
    yield from assessment.table(added_up(cities))
    yield from plausible.table(plausible.added_up([city.planted for city in cities]))
    yield from gaps.table(sum((city.gaps for city in cities), gaps.Found()))
    yield (
        f"  warning: CPU s {sum(c.cpu_seconds for c in cities):,.0f} in all, wall s {max(c.wall_seconds for c in cities):,.0f}, "
        f"peak MB {max(c.peak_mb for c in cities):,.0f}"
    )


def _cells(found: Measured) -> str:
    lead = "–" if found.lead_months is None else f"{found.lead_months:.1f}"
    return (
        f"{found.warnings:>10,}{found.right:>7,}{share(found.precision):>8}{found.nights:>8,}"
        f"{share(found.nights_precision):>8}{found.cases:>7,}{len(found.leads):>8,}{share(found.recall):>8}{lead:>6}"
    )


def added_up(cities: list[City]) -> assessment.Found:
    """Assessments of all cities, held against the truth."""
    return sum((city.assessments for city in cities), assessment.Found())


def as_json(cities: list[City]) -> dict[str, Any]:
    """`warnings`, `flows`, `assessments`, `planted` and `gaps` of build/truth.json: all cities together, and each."""

    def warnings(of: list[City]) -> dict[str, Any]:
        totals = {}
        for key in of[0].warnings:
            found = [city.warnings[key] for city in of]
            totals[" ".join(key)] = sum(found[1:], found[0]).as_json()
        return totals

    def flows(of: list[City]) -> dict[str, Any]:
        totals: dict[str, Any] = {name: sum(city.flows[name] for city in of) for name in of[0].flows}
        return totals | {"false_pct": round(100 * totals["false"] / max(totals["compared"], 1), 4)}

    return {
        "warnings": {
            "nights": NIGHTS,
            "horizon_months": HORIZON,
            "together": warnings(cities),
            "cities": [
                {
                    "enterprises": city.enterprises,
                    "seed": city.seed,
                    "warnings": warnings([city]),
                    "standing": city.standing,
                    "cpu_seconds": round(city.cpu_seconds, 1),
                    "wall_seconds": round(city.wall_seconds, 1),
                    "peak_mb": round(city.peak_mb),
                }
                for city in cities
            ],
        },
        "flows": {
            "together": flows(cities),
            "cities": [{"seed": city.seed, **flows([city]), "false_stories": city.false_stories} for city in cities],
        },
        "assessments": assessment.as_json(added_up(cities)),
        "gaps": gaps.as_json(sum((city.gaps for city in cities), gaps.Found())),
        "planted": {kind: of.as_json() for kind, of in plausible.added_up([city.planted for city in cities]).items()},
    }


def main() -> None:
    """Build the cities asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enterprises", type=int, default=ENTERPRISES)
    parser.add_argument("--seed", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--landed", type=Path, help="a folder of landed cities, city<seed>/, to leave out the landing")
    given = parser.parse_args()
    for line in table(run_cities(given.enterprises, given.seed, given.landed)):
        print(line)


if __name__ == "__main__":
    main()
