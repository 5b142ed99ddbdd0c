"""Real registers through the same DAGs as the demo park: `make real`, or `python -m examples.real --only listed_park`.

Each example is a park of its own: its feeds in examples/<name>/feeds, its home in build/real/<name>. A second run does only
what is new.

exit codes: 0 done, or there is no real data here (one line says where it was looked for) · 1 something stopped
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from examples import handover
from examples.findings import findings
from warehouse.settings import CHECKOUT, Settings

# the premises' last delivery is of August 2019, the day that is looked at of January 2020: without a word that is a wrong clock
PAST = {"confirm_date": "the deliveries of this register end before the day that is looked at", "who": "examples"}


@dataclass(frozen=True)
class Park:
    """One example.

    Attributes:
        name: Its folder here, its connection's name, its home under build/real.
        title: The park's name, as readers see it.
        time_zone: Its offices'.
        until: The day; its end is the moment looked at: all deliveries are in.
        hand_over: Puts the offices' files into a folder.
        has_night: Whether the night is run over it; if not, its feeds alone.
        memory_limit: DuckDB's; what it cannot hold it writes to disk meanwhile.
    """

    name: str
    title: str
    time_zone: str
    until: date
    hand_over: Callable[[Path, Path], None]
    has_night: bool
    memory_limit: str = "4GB"

    @property
    def home(self) -> Path:
        """Where everything of this park lies."""
        return CHECKOUT / "build" / "real" / self.name

    def environment(self) -> dict[str, str]:
        """What its settings and its one connection are read from."""
        connection = {"conn_type": "fs", "extra": {"path": str(self.home / "office")}}
        return {
            "PARKBRIDGE_HOME": str(self.home),
            "PARKBRIDGE_FEEDS": str(CHECKOUT / "examples" / self.name / "feeds"),
            "PARKBRIDGE_PARK_NAME": self.title,
            "PARKBRIDGE_TIME_ZONE": self.time_zone,
            "PARKBRIDGE_MEMORY_LIMIT": self.memory_limit,
            f"AIRFLOW_CONN_{self.name.upper()}": json.dumps(connection),
        }


PARKS = {
    park.name: park
    for park in (
        Park("listed_park", "310 listed tenants", "Asia/Shanghai", date(2022, 12, 31), handover.listed_park, True),
        # The DAGs begin with 2020: the deliveries of 2019 are looked at from its first month on.
        Park(
            "premises_register",
            "Premises of Hambleton",
            "Europe/London",
            date(2020, 1, 31),
            handover.premises_register,
            True,
        ),
        Park(
            "national_register",
            "Register of the whole country",
            "Asia/Shanghai",
            date(2020, 1, 31),
            handover.national_register,
            False,
            "2GB",
        ),
    )
}


@dataclass(frozen=True)
class Run:
    """What a park's run cost: seconds by the clock and of the processor, and the most memory it held, in MB."""

    code: int
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


def run(park: Park) -> Run:
    """Run a park's DAGs in this process, which must be a fresh one: Airflow reads its settings once."""
    os.environ.update(park.environment())
    settings = Settings.from_environment()
    until = datetime.combine(park.until + timedelta(days=1), datetime.min.time(), ZoneInfo(park.time_zone))
    started = time.monotonic()
    code = _sync(settings, until) if park.has_night else _feeds(settings, until)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Run(code, time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _sync(settings: Settings, until: datetime) -> int:
    from cli.runs import sync

    return sync(settings, [], until=until, without=[], is_quiet=True, said=PAST)


def _feeds(settings: Settings, until: datetime) -> int:
    from connectors.registry import feeds
    from dags import local

    local.prepare_airflow(settings)
    from dags import runs

    runs.watcher = _show_step
    names = [f"feed_{name}" for name in feeds(settings.feed_folders)]
    failed = [name for name, is_well in local.run(names, until, PAST) if not is_well]
    return 1 if failed else 0


def _show_step(feed: str | None, step: str, seconds: float, text: str, is_well: bool) -> None:
    say(f"  {'✓' if is_well else '✗'} {feed or 'night':<20} {step:<18} {seconds:5.1f} s  {text}")


def say(line: str) -> None:
    """Show a line at once."""
    print(line, file=sys.__stdout__, flush=True)


def main() -> int:
    """Run the examples, or those named by --only, and show what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARKS, action="append", help="this example; may be given more than once")
    chosen = [PARKS[name] for name in parser.parse_args().only or PARKS]
    data = handover.data_folder()
    if not data.is_dir():
        say(f"There is no real data in {data}, so nothing was run. Next: put it there, or set PARKBRIDGE_SHARED_DATA")
        return 0
    codes = []
    for park in chosen:
        say(f"\n{park.title}: {park.name}, as known at the end of {park.until}")
        park.hand_over(data, park.home / "office")
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
            done = pool.submit(run, park).result()
        codes.append(done.code)
        os.environ.update(park.environment())
        settings = Settings.from_environment()
        if settings.warehouse_file.exists():
            for line in findings(settings, park.name, data):
                say(line)
        say(
            f"Took {done.wall_seconds:.0f} s ({done.cpu_seconds:.0f} s of the processor) and at most {done.peak_mb:,.0f} MB"
        )
        if settings.published_file.exists():
            say(f"Published: {settings.published_file}")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
