"""Run the feeds and the night, and say what came of it."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date, datetime, time, timedelta

from cli.options import Commands, may_be_json, may_confirm, print_json, short
from warehouse.errors import ParkBridgeError
from warehouse.holds import NIGHT
from warehouse.settings import IS_CHECKOUT, Settings
from warehouse.terminal import Progress, coloured
from warehouse.text import shown

_progress = Progress()


def sync(
    settings: Settings,
    names: list[str],
    *,
    until: datetime | None,
    without: list[str],
    is_quiet: bool,
    said: dict[str, str],
) -> int:
    """Run the DAGs of the named feeds (all by default), then the night; the night only where every feed came through.

    `said` is what a person confirms with this run: who, and why under accept_change, accept_delivery or confirm_date.
    """
    from connectors.registry import declared_feeds, feed_named
    from dags.local import prepare_airflow, run

    for name in (*names, *without):
        feed_named(settings.feed_folders, name)
    chosen = names or list(declared_feeds(settings.feed_folders))
    prepare_airflow(settings, is_quiet=is_quiet)
    from dags import runs

    runs.beginner, runs.watcher = _begin_step, _show_step
    failed = [dag_id for dag_id, is_well in run([f"feed_{name}" for name in chosen], until, said) if not is_well]
    if blocking := [dag_id for dag_id in failed if dag_id.removeprefix("feed_") not in without]:
        print(
            f"\nStopped: {', '.join(blocking)}. The night was not run; what is published is unchanged.", file=sys.stderr
        )
        return 1
    [(_, is_well)] = run([NIGHT], until, {"without": without, **said})
    return 0 if is_well else 1


def _begin_step(feed: str | None, step: str) -> None:
    _progress.begin(f"{feed or 'night'} {step}")


def _show_step(feed: str | None, step: str, seconds: float, text: str, is_well: bool) -> None:
    _progress.end()
    stream = sys.__stdout__ if is_well else sys.__stderr__
    mark = coloured("✓", "green", stream) if is_well else coloured("✗", "red", stream)
    print(f"  {mark} {feed or 'night':<20} {step:<18} {seconds:5.1f} s  {shown(text)}", file=stream, flush=True)


def command_sync(settings: Settings, given: argparse.Namespace) -> int:
    """Fetch, check and publish."""
    until = datetime.combine(given.until + timedelta(days=1), time.min, settings.time_zone) if given.until else None
    said = {
        "accept_change": given.accept_change,
        "accept_delivery": given.accept_delivery,
        "confirm_date": given.confirm_date,
        "who": given.who,
    }
    return sync(settings, given.feed, until=until, without=given.without, is_quiet=not given.debug, said=said)


def command_demo(settings: Settings, given: argparse.Namespace) -> int:
    """Build the demo park's offices, run everything over them, and sum up."""
    import demo

    silos = settings.home.parent / "demo"
    try:
        built = demo.build(
            silos, enterprises=given.enterprises, months=given.months, seed=given.seed, until=given.until
        )
    except demo.CityError as error:
        home = "an empty home (PARKBRIDGE_HOME=build/other/park)"
        raise ParkBridgeError(
            "demo",
            str(error),
            next_step=f"ask for a city that can be, give this one {home}, or remove the demo (`make forget-demo`)",
        ) from None
    print(f"The demo park: {built['enterprises']} enterprises, {built['start']} to {built['until']}, in {short(silos)}")
    # the demo's own key: a real park keeps one in its scheduler's environment
    os.environ.setdefault("PARKBRIDGE_PSEUDONYM_KEY", "demo park, not a secret")
    with demo.serving(silos) as port:
        os.environ.update(demo.connections(silos, port))
        said = {"confirm_date": "the demo park's offices have a calendar of their own", "who": "demo"}
        code = sync(settings, [], until=None, without=[], is_quiet=not given.debug, said=said)
    if code == 0:
        print()
        command_summary(settings, given)
    return code


def _quoted(query: str) -> str:
    return f"'{query}'" if "'" not in query else f'"{query}"'


def command_summary(settings: Settings, given: argparse.Namespace) -> int:
    """Say what the last night came to."""
    from report.summary import TRY_THESE, summary, summary_figures

    if getattr(given, "json", False):
        return print_json(summary_figures(settings))
    for line in summary(settings):
        print(line)
    program = ".venv/bin/parkbridge" if IS_CHECKOUT else "parkbridge"
    print("Try")
    for query in TRY_THESE:
        print(f"  {program} sql {_quoted(query)}")
    if (page := settings.published / "report" / "index.html").exists():
        print(f"Report       {short(page)}")
    return 0


def command_report(settings: Settings, given: argparse.Namespace) -> int:
    """Make the report of the published night again."""
    from report.site import build
    from warehouse.connection import alone
    from warehouse.published_nights import current_manifest, editions, forget_old_sites, nights, show_site

    with alone(settings):
        manifest = current_manifest(settings)
        if manifest is None:
            raise ParkBridgeError(
                "report",
                "nothing is published yet",
                next_step="run `make run` for the demo park, or `parkbridge sync`",
            )
        links = []
        for place in (settings, *editions(settings)):
            own = current_manifest(place)
            assert own is not None
            build(place.published_file, place)
            links.append(show_site(place, own["night_id"]))
            forget_old_sites(place, {str(night["night_id"]) for night in nights(place)} | {own["night_id"]})
    for link in links:
        assert link is not None
        print(short(link / "index.html"))
    return 0


def command_status(settings: Settings, given: argparse.Namespace) -> int:
    """Say what is fresh, late, stopped, quarantined and waiting."""
    from report.summary import status, status_figures
    from warehouse.batches import stopped

    if given.json:
        print_json(status_figures(settings))
        return 1 if stopped(settings.raw) else 0
    colours = {"STOPPED": "red", "LATE": "yellow", "QUARANTINED": "yellow"}
    for line in status(settings):
        word, _, rest = line.partition("  ")
        print(f"{coloured(word, colours[word])}  {rest}" if word in colours else line)
    return 1 if stopped(settings.raw) else 0


def add(commands: Commands) -> None:
    """Declare these commands."""
    one = commands(
        "sync",
        command_sync,
        "run feeds (all by default), then the night",
        "  parkbridge sync\n  parkbridge sync tax_filing\n  parkbridge sync --without lease\n  parkbridge sync --until 2026-10-31",
    )
    one.add_argument("feed", nargs="*", help="feeds to run; all by default")
    one.add_argument(
        "--until", type=date.fromisoformat, metavar="DATE", help="as at the end of this day; now by default"
    )
    one.add_argument(
        "--without", action="append", default=[], metavar="FEED", help="publish although this feed has stopped"
    )

    may_confirm(
        one, "accept-change", "publish although the night shows much less than the one before, or raw/ lacks batches"
    )
    may_confirm(one, "accept-delivery", "accept a delivery that differs from those before it in many rows")
    may_confirm(
        one, "confirm-date", "run although the date looks wrong: ahead of the sources, or behind the last night"
    )
    one = commands(
        "demo",
        command_demo,
        "build the demo park and run everything over it",
        "  parkbridge demo\n  PARKBRIDGE_HOME=build/other/park parkbridge demo --enterprises 2000 --seed 2",
    )
    one.add_argument("--enterprises", type=int, default=300)
    one.add_argument("--months", type=int, default=36)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--until", type=date.fromisoformat, metavar="DATE", default=None, help="the demo park's today")
    one = commands("summary", command_summary, "what the last night came to", "  parkbridge summary")
    may_be_json(one)
    commands(
        "report",
        command_report,
        "make the pages of the published night again, and say where they are",
        "  parkbridge report",
    )
    one = commands("status", command_status, "what is fresh, late, stopped, quarantined", "  parkbridge status --json")
    may_be_json(one)
