"""True deliveries of the demo's feeds in several rhythms, and which of them are stopped: `python -m benchmarks.true_deliveries`.

A check that stops true deliveries is worse than one that misses a wrong one. Each feed is pulled as a park pulls it: everything
up to a day, then every so many days what is new. What is stopped is printed with its reason and let through, so that the next
delivery has the whole history before it. A delivery that only rejects rows is counted as accepted; rejected rows are printed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

import demo
from benchmarks.mutations import DATABASES, FEEDS, FOLDERS, UNTIL, trial_settings
from connectors.credentials import Credentials
from connectors.feed import Feed
from connectors.landing import land
from connectors.registry import feed_named
from demo.city import build_city
from demo.silos import patent
from demo.silos.books import Books
from warehouse import acceptance, loader
from warehouse.batches import pending
from warehouse.connection import writer
from warehouse.errors import ParkBridgeError
from warehouse.settings import CHECKOUT

ZONE = ZoneInfo("Asia/Shanghai")
# days between two pulls, and days before the end at which the first one takes all that there is
RHYTHMS = {
    "daily": (1, 62),
    "weekly": (7, 366),
    "monthly": (31, 1000),
    "quarterly": (92, 1000),
    "half-yearly": (183, 1000),
}


@dataclass(frozen=True)
class Pull:
    """One pull of true deliveries: until when, how many rows came and were put aside, and why it was stopped (empty: it was not)."""

    until: date
    batches: int
    rows: int
    rejected: int
    stopped: str


@contextmanager
def _source(name: str, city: Path) -> Iterator[Credentials]:
    if name in FOLDERS:
        yield Credentials("fs", extra={"path": str(city / "silos" / FOLDERS[name])})
    elif name in DATABASES:
        yield Credentials("sqlite", host=str(city / "silos" / DATABASES[name]))
    else:
        with demo.serving(city) as port:
            yield Credentials("http", host="http://127.0.0.1", port=port, password=demo.token(city))


def pulls(name: str, city: Path, home: Path, *, every: int, begin: date) -> Iterator[Pull]:
    """Pull a feed's true deliveries every so many days, from the first pull at `begin` to `UNTIL`."""
    feed = feed_named((CHECKOUT / "connectors" / "feeds",), name)
    options = dict(feed.options)
    if feed.protocol == "file_drop":
        options["settle_seconds"] = 0
    feed = replace(feed, options=options)
    home.mkdir(parents=True)
    if name != "registration":
        # what the register knows of codes and names, now or later, may stop no true delivery
        with _source("registration", city) as credentials:
            _pull(feed_named((CHECKOUT / "connectors" / "feeds",), "registration"), home, UNTIL, credentials)
    with _source(name, city) as credentials:
        day = begin
        while day <= UNTIL:
            yield _pull(feed, home, day, _office_on(day, name, city, credentials))
            day += timedelta(days=every)


def _office_on(day: date, name: str, city: Path, credentials: Credentials) -> Credentials:
    """The office's whole table as it is on that day: what has no cursor would give rows that are not there yet."""
    if name == "patent":
        plan = json.loads((city / "city.json").read_text(encoding="utf-8"))
        built = build_city(plan["seed"], plan["enterprises"], np.datetime64(plan["start"], "M"), plan["months"])
        patent.write(Books(built, city / "silos", np.datetime64(day, "s")))
    if name != "trade":
        return credentials
    path = city / "trade on the day.sqlite"
    shutil.copyfile(str(credentials.host), path)
    with sqlite3.connect(path) as office:
        office.execute("delete from 发票 where 记录时间 >= ?", [str(day)])
    office.close()
    return replace(credentials, host=str(path))


def _pull(feed: Feed, home: Path, day: date, credentials: Credentials) -> Pull:
    settings = trial_settings(home)
    moment = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
    land(feed, settings.raw, run_id="true", until=moment, now=moment, credentials=credentials)
    waiting = pending(settings.raw, feed.name)
    stopped = ""
    with writer(settings) as connection:
        try:
            staged = loader.stage(connection, feed, waiting, time_zone=ZONE)
        except ParkBridgeError as error:
            stopped = str(error)
            staged = loader.stage(connection, feed, waiting, time_zone=ZONE, is_rebuild=True)
        acceptance.accept(connection, feed, waiting, now=moment)
    return Pull(day, len(waiting), sum(s.manifest.rows for s in staged), sum(s.rejected for s in staged), stopped)


def main() -> None:
    """Print one line for each feed and rhythm, and each stop below it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--feed", nargs="*", default=list(FEEDS), choices=FEEDS)
    asked.add_argument("--rhythm", nargs="*", default=list(RHYTHMS), choices=RHYTHMS)
    asked.add_argument("--seed", type=int, nargs="*", default=[1, 2, 3])
    asked.add_argument("--enterprises", type=int, default=300)
    given = asked.parse_args()
    for seed in given.seed:
        with tempfile.TemporaryDirectory(prefix="parkbridge-true-") as scratch:
            city = Path(scratch) / "city"
            demo.build(city, enterprises=given.enterprises, months=36, seed=seed, until=UNTIL)
            for name in given.feed:
                for rhythm in given.rhythm:
                    every, before = RHYTHMS[rhythm]
                    started = time.process_time()
                    home = Path(scratch) / f"{name} {rhythm}"
                    found = list(pulls(name, city, home, every=every, begin=UNTIL - timedelta(days=before)))
                    stops = [p for p in found if p.stopped]
                    print(
                        f"seed {seed} {name:<20}{rhythm:<12} {len(found):4} pulls {sum(p.rows for p in found):8,} rows "
                        f"{sum(p.rejected for p in found):5} rejected {len(stops):4} stopped  "
                        f"{time.process_time() - started:.0f} s",
                        flush=True,
                    )
                    for p in stops:
                        print(f"    {p.until} {p.rows:,} rows: {p.stopped.partition('. Next:')[0]}", flush=True)


if __name__ == "__main__":
    main()
