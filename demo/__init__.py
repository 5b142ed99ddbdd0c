"""The demo park: a seeded city with known truth, and its offices' silos as real sources.

It knows nothing of the system that reads it. `build` writes a city, `connections` names its sources to Airflow,
`serving` runs the registration API while a block of code runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import registry_api
from demo.city import FEWEST_FIRMS, FEWEST_MONTHS, MONTHS_AHEAD, build_city
from demo.silos import OFFICES, patent, registration, write_silos
from demo.truth import enterprise_table, write_truth

__all__ = ["CityError", "build", "connections", "identities", "serving", "token"]


class CityError(ValueError):
    """There is no such city: the words say what can be asked for."""


def build(
    folder: Path,
    *,
    enterprises: int = 300,
    months: int = 36,
    seed: int = 1,
    until: date | None = None,
    start: date | None = None,
) -> dict[str, Any]:
    """Write a city's silos as of before the day `until` began, and the truth about it.

    Args:
        folder: Where to; `silos/` and `truth/` are made in it. A folder built before goes on from the same first month,
            so that a later build only adds to it.
        enterprises: How many, branches among them.
        months: Months of history before the month of `until`; six more are drawn, and come true in later builds.
        seed: Same seed, same city.
        until: Nothing recorded or delivered on or after this day is there (park time). Default today.
        start: First month of the history; by default `months` before the month of `until`.

    Returns:
        What was built: seed, enterprises, months, start, until, the last day that a later build can reach, and by which
        program.

    Raises:
        CityError: The city is too small, another one (or one of another version of this program) lives in the folder, the
            folder is this program's own, or `until` lies outside its history.
    """
    if folder.resolve() == Path(__file__).resolve().parent:
        # a home directly below the checkout has its offices beside it: a built city was committed twice that way
        raise CityError("the folder holds the program that builds it")
    if enterprises < FEWEST_FIRMS:
        raise CityError(f"a city of {enterprises} enterprises cannot hold every story; take {FEWEST_FIRMS} or more")
    if months < FEWEST_MONTHS:
        raise CityError(f"{months} months of history cannot hold every story; take {FEWEST_MONTHS} or more")
    until = until or datetime.now(registry_api.PARK_CLOCK).date()
    plan = folder / "city.json"
    before = json.loads(plan.read_text(encoding="utf-8")) if plan.exists() else None
    asked = {"seed": seed, "enterprises": enterprises, "months": months}
    if before is not None and (held := {key: before[key] for key in asked}) != asked:
        # its offices would deliver two cities into one park
        raise CityError(f"the folder holds another city: {_words(held)}, not {_words(asked)}")
    if before is not None and before.get("program") != program():
        # its offices would deliver another past than what the park already holds
        raise CityError("the folder holds a city that another version of the demo built")
    if start is not None:
        first = np.datetime64(start, "M")
    elif before is not None:
        first = np.datetime64(before["start"], "M")
    else:
        first = np.datetime64(until, "M") - months
    last = (first + months + MONTHS_AHEAD).astype("datetime64[D]")
    if not first < np.datetime64(until, "M") <= last.astype("datetime64[M]"):
        raise CityError(f"until {until} lies outside the history of {first} to {last}")
    city = build_city(seed, enterprises, first, months)
    books = write_silos(city, folder / "silos", np.datetime64(until, "s"))
    write_truth(books, folder / "truth")
    facts = {
        "seed": seed,
        "enterprises": enterprises,
        "months": months,
        "start": str(first),
        "until": str(until),
        "history_ends": str(last),
        "program": program(),
    }
    plan.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def program() -> str:
    """What the demo's own source comes to: a city goes on only under the source that began it."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _words(city: dict[str, int]) -> str:
    return ", ".join(f"{key} {value}" for key, value in city.items())


def identities(seed: int, enterprises: int, months: int = 36, start: date = date(2023, 11, 1)) -> dict[str, pa.Table]:
    """Only who is who in a city: what each office states last of each firm it knows, without writing a single month.

    Args:
        seed: Same seed, same city.
        enterprises: How many, branches among them.
        months: Months of history; six more are drawn.
        start: A day of the first month.

    Returns:
        Per office its keys with code, name and address as it writes them last in the horizon, who that truly is, and what
        is wrong with them (README.md, link); the register's also hold the whole `record`; at the gates `alike` counts
        the firms that a short name may mean, `alike_there` those of them in the same building. Besides, `event`: the
        register's changes; `patent`: the applications that are published at the end, `patent_truth`: who truly applied;
        `enterprise`: the truth.
    """
    city = build_city(seed, enterprises, np.datetime64(start, "M"), months)
    known = {name: office.known(city) for name, office in OFFICES.items()}
    last: date = city.day(city.horizon).item()
    end = np.datetime64(last, "s")
    applied = patent.truth(city)
    published = pc.less(applied["published_date"], pa.scalar(last, pa.date32()))
    return known | {
        "event": registration.events(city),
        "patent": patent.delivery(city, end),
        "patent_truth": applied.append_column("is_published", published),
        "enterprise": enterprise_table(city),
    }


def token(folder: Path) -> str:
    """The registration API's bearer token for the city in this folder."""
    seed = json.loads((folder / "city.json").read_text(encoding="utf-8"))["seed"]
    return hashlib.sha256(f"registration office of city {seed}".encode()).hexdigest()[:32]


def connections(folder: Path, port: int) -> dict[str, str]:
    """The environment in which Airflow finds the city's sources: AIRFLOW_CONN_… as JSON.

    Args:
        folder: The city's folder.
        port: Where `serve` or `serving` answers.
    """
    silos = folder.resolve() / "silos"
    found: dict[str, dict[str, Any]] = {
        "demo_registration": {
            "conn_type": "http",
            "host": "http://127.0.0.1",
            "port": port,
            "password": token(folder),
        },
        "demo_tax": {"conn_type": "sqlite", "host": str(silos / "tax" / "税务.sqlite")},
        "demo_trade": {"conn_type": "sqlite", "host": str(silos / "trade" / "发票.sqlite")},
        "demo_outside": {"conn_type": "sqlite", "host": str(silos / "outside" / "园外企业.sqlite")},
        "demo_patent": {"conn_type": "sqlite", "host": str(silos / "patent" / "专利.sqlite")},
        "demo_service": {"conn_type": "sqlite", "host": str(silos / "service" / "服务台.sqlite")},
    }
    for silo in ("employment", "lease", "building", "utility", "access", "statistics"):
        found[f"demo_{silo}"] = {"conn_type": "fs", "extra": {"path": str(silos / silo)}}
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(entry, ensure_ascii=False) for name, entry in found.items()}


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Run the registration API in a thread; gives its port."""
    with registry_api.running(folder / "silos" / "registration", token(folder)) as port:
        yield port
