"""parkbridge: run the feeds and the night, ask what is published, undo what went wrong.

It runs the same DAGs that Airflow's scheduler runs, in this process, and asks the published file. It has no logic of its own.

exit codes: 0 done · 1 stopped: the message says what and what to do next · 2 the command is not understood
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
import traceback
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.answers import FORMS
from warehouse.errors import ParkBridgeError
from warehouse.settings import CHECKOUT, FEEDS, IS_CHECKOUT, Settings
from warehouse.terminal import Progress, coloured, running
from warehouse.text import shown

if TYPE_CHECKING:
    from connectors.feed import Feed

NIGHT = "operating_snapshots"


def sync(
    settings: Settings,
    names: list[str],
    *,
    until: datetime | None,
    without: list[str],
    is_quiet: bool,
    said: dict[str, str] | None = None,
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
    return 0 if all(is_well for _, is_well in run([NIGHT], until, {"without": without, **(said or {})})) else 1


_progress = Progress()


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
    print(
        f"The demo park: {built['enterprises']} enterprises, {built['start']} to {built['until']}, in {_short(silos)}"
    )
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


def command_summary(settings: Settings, given: argparse.Namespace) -> int:
    """Say what the last night came to."""
    from warehouse.summary import TRY_THESE, summary, summary_figures

    if getattr(given, "json", False):
        return _print_json(summary_figures(settings))
    for line in summary(settings):
        print(line)
    program = ".venv/bin/parkbridge" if IS_CHECKOUT else "parkbridge"
    print("Try")
    for query in TRY_THESE:
        print(f"  {program} sql {_quoted(query)}")
    if (page := settings.published / "report" / "index.html").exists():
        print(f"Report       {_short(page)}")
    return 0


def command_report(settings: Settings, given: argparse.Namespace) -> int:
    """Make the report of the published night again."""
    from report.site import build
    from warehouse.connection import alone
    from warehouse.publish import current_manifest, editions, forget_old_sites, nights, show_site

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
        print(_short(link / "index.html"))
    return 0


def command_status(settings: Settings, given: argparse.Namespace) -> int:
    """Say what is fresh, late, stopped, quarantined and waiting."""
    from warehouse.batches import stopped
    from warehouse.summary import status, status_figures

    if given.json:
        _print_json(status_figures(settings))
        return 1 if stopped(settings.raw) else 0
    colours = {"STOPPED": "red", "LATE": "yellow", "QUARANTINED": "yellow"}
    for line in status(settings):
        word, _, rest = line.partition("  ")
        print(f"{coloured(word, colours[word])}  {rest}" if word in colours else line)
    return 1 if stopped(settings.raw) else 0


def command_feeds(settings: Settings, given: argparse.Namespace) -> int:
    """List the declared feeds."""
    from connectors.registry import declared_feeds

    code = 0
    if given.json:
        found = [_feed_figures(name, feed) for name, feed in declared_feeds(settings.feed_folders).items()]
        _print_json(found)
        return 1 if any(feed["error"] for feed in found) else 0
    for name, feed in declared_feeds(settings.feed_folders).items():
        if isinstance(feed, ParkBridgeError):
            print(f"{name:<20} {coloured('✗', 'red')} {feed}")
            code = 1
        else:
            print(
                f"{name:<20} {feed.subject.name:<20} {feed.protocol:<10} {feed.title_zh}  {feed.title_en}, {feed.office}"
            )
    return code


def _feed_figures(name: str, feed: Feed | ParkBridgeError) -> dict[str, str | None]:
    keys = ("subject", "protocol", "title_zh", "title_en", "office", "owner")
    if isinstance(feed, ParkBridgeError):
        return {"feed": name, **dict.fromkeys(keys), "error": str(feed)}
    values = (feed.subject.name, feed.protocol, feed.title_zh, feed.title_en, feed.office, feed.owner)
    return {"feed": name, **dict(zip(keys, values, strict=True)), "error": None}


def _print_json(figures: object) -> int:
    from warehouse.answers import json_text

    print(json.dumps(json.loads(json_text(figures)), ensure_ascii=False, indent=2))
    return 0


def command_subjects(settings: Settings, given: argparse.Namespace) -> int:
    """List what feeds can report: one subject per line, then its key, time and columns."""
    from warehouse.subjects import subjects

    for subject in subjects().values():
        print(f"{subject.name} {subject.title_zh}: {subject.row}")
        print(f"    key {', '.join(subject.key)}; period {subject.period or '–'}; {subject.about}; silo {subject.silo}")
        print(f"    {', '.join(c.name + ('!' if c.is_required else '') for c in subject.columns.values())}")
    return 0


def command_feed_check(settings: Settings, given: argparse.Namespace) -> int:
    """Hold a feed's sample against its expected rows."""
    from connectors.registry import declared_feeds, feed_named
    from connectors.rehearsal import check, write_expected

    code = 0
    names = given.name or list(declared_feeds(settings.feed_folders))
    if given.json and not given.write:
        with running("feed check"):
            every = {name: check(feed_named(settings.feed_folders, name)) for name in names}
        _print_json([{"feed": name, "is_as_expected": not said, "differences": said} for name, said in every.items()])
        return 1 if any(every.values()) else 0
    for name in names:
        feed = feed_named(settings.feed_folders, name)
        if given.write:
            print(f"{name}: wrote {_short(write_expected(feed))}; read it through before you believe it")
            continue
        with running(f"feed check {name}"):
            differences = check(feed)
        print(f"{name}: {'as expected' if not differences else f'{len(differences)} differences'}")
        for difference in differences:
            print(f"  {difference}")
        code = 1 if differences else code
    return code


def command_feed_try(settings: Settings, given: argparse.Namespace) -> int:
    """Read an office's file as a feed would, and keep nothing of it."""
    from connectors.registry import feed_named
    from connectors.trial import allowance, report, try_file

    feed = feed_named(settings.feed_folders, given.name)
    stops = False
    for found in try_file(feed, Path(given.file)):
        for line in report(feed, found):
            print("".join(sign if sign.isprintable() else "·" for sign in line))
        problem = allowance(feed, found)
        print(f"  {problem or 'it would be accepted as far as its rows go; nothing was kept'}")
        stops = stops or problem is not None
    return 1 if stops else 0


def command_feed_new(settings: Settings, given: argparse.Namespace) -> int:
    """Begin a feed's folder."""
    from connectors.feed import Feed
    from connectors.guess import guess
    from connectors.registry import declared_feeds
    from connectors.scaffold import scaffold
    from warehouse.subjects import subjects

    if not IS_CHECKOUT and settings.feed_folders[0] == FEEDS:
        raise ParkBridgeError(
            "feed new",
            "the feeds of an installed ParkBridge are replaced with its next version",
            next_step="make a folder for this park's feeds and set PARKBRIDGE_FEEDS to it",
        )
    guessed = None
    if given.sheet and given.subject in subjects():
        known = [feed for feed in declared_feeds(settings.feed_folders).values() if isinstance(feed, Feed)]
        guessed = guess(Path(given.sheet), subjects()[given.subject], known)
    folder = scaffold(settings.feed_folders[0], given.name, given.subject, guessed)
    for name, targets in guessed.columns.items() if guessed else ():
        print(f"  {name} → {', '.join(targets)}")
    if guessed and guessed.missing:
        print(f"  nothing seems to be {', '.join(guessed.missing)}, without which no row is accepted")
    print(
        f"{_short(folder)} is there and passes `parkbridge feed check {given.name}`. Next: make feed.yml say what the office sends"
    )
    return 0


def command_rebuild(settings: Settings, given: argparse.Namespace) -> int:
    """Make the warehouse again from the accepted batches."""
    from connectors.registry import feeds
    from warehouse.confirmation import Confirmation
    from warehouse.rebuild import rebuild

    confirmation = Confirmation.given(given.who, given.accept_change, "--accept-change")
    with running("rebuild"):
        counts = rebuild(settings, list(feeds(settings.feed_folders).values()), confirmation)
    print(
        f"Rebuilt from {sum(counts.values())} batches of {len(counts)} feeds. Next: `parkbridge sync` publishes a night from it"
    )
    return 0


def command_snapshot(settings: Settings, given: argparse.Namespace) -> int:
    """Reconstruct a past snapshot, in a file of its own."""
    from transforms.as_of import in_words, reconstruct

    with running(f"snapshot as of {given.as_of}"):
        snapshot = reconstruct(settings, given.as_of, given.out)
    for line in in_words(snapshot, _short(snapshot.path)):
        print(line)
    return 0


def command_rollback(settings: Settings, given: argparse.Namespace) -> int:
    """Put an earlier night back."""
    from warehouse.publish import nights, rollback

    if given.list:
        for manifest in nights(settings):
            print(f"{manifest['night_id']}  as known at {manifest['as_of']}, published {manifest['published_at']}")
        return 0
    with running("rollback"):
        manifest = rollback(settings, given.night)
    print(
        f"Readers now see night {manifest['night_id']}. The next sync publishes a new one; `parkbridge rollback NIGHT` goes back"
    )
    return 0


def command_discard(settings: Settings, given: argparse.Namespace) -> int:
    """Leave a batch out for good."""
    from warehouse.batches import clear_stopped, discard

    batch = discard(settings.raw, given.feed, given.batch, who=given.who, why=given.why)
    clear_stopped(settings.raw, given.feed)
    after = "; `parkbridge rebuild` takes its rows out" if batch.accepted_at else ""
    print(
        f"{given.feed} {given.batch} ({batch.manifest.delivery}) is left out{after}. Next: `parkbridge sync {given.feed}`"
    )
    return 0


def command_match(settings: Settings, given: argparse.Namespace) -> int:
    """Link the rows of one table to those of another, without touching the park."""
    from transforms.matching.files import match_files

    with running("match"):
        matched = match_files(given.left, given.right, given.out, given.mapping)
    found = matched.decisions
    print(
        f"{matched.left_rows:,} rows against {matched.right_rows:,}: {found['matched']:,} matched, "
        f"{found['review']:,} for a person to look at, {found['none']:,} without a match. {_short(matched.out)}"
    )
    return 0


def command_sql(settings: Settings, given: argparse.Namespace) -> int:
    """Ask the published file, read-only."""
    from warehouse.shell import sql

    return sql(
        settings,
        given.query,
        file=given.file,
        form=given.format,
        rows=given.rows,
        bom=given.bom,
        out=given.output,
        example=given.example,
    )


def command_export(settings: Settings, given: argparse.Namespace) -> int:
    """Write views into files for others."""
    from warehouse.export import export

    with running("export"):
        written = export(settings, given.view, to=given.to, form=given.format, as_is=given.as_is, file=given.file)
    for path, rows in written:
        print(f"{_short(path)}: {rows:,} {'row' if rows == 1 else 'rows'}")
    return 0


def command_serve_to(settings: Settings, given: argparse.Namespace) -> int:
    """Copy the published file into PostgreSQL."""
    from dags.local import prepare_airflow

    prepare_airflow(settings)
    from connectors.credentials import Credentials
    from connectors.sources.database import libpq_settings
    from warehouse.postgres_edition import Audience, Server, read_groups, serve

    if given.file is None and not settings.published_file.exists():
        raise ParkBridgeError(
            "published data",
            "nothing is published yet",
            next_step="run `make run` for the demo park, or `parkbridge sync`",
        )
    groups = read_groups(given.policy) if given.policy else {}
    credentials = Credentials.from_airflow(given.connection)
    server = Server(
        given.connection, libpq_settings(credentials, f"connection {given.connection!r}"), credentials.redact
    )
    with running("serve-to"):
        served = serve(
            server,
            given.file or settings.published_file,
            Audience(given.role_prefix, groups, has_roles=not given.no_roles),
            wait_seconds=given.wait,
        )
    if served.is_changed:
        print(f"{given.connection}: readers see night {served.night_id}: {served.tables} tables, {served.rows:,} rows")
    else:
        print(f"{given.connection}: readers see night {served.night_id} already; nothing changed")
    return 0


def command_review(settings: Settings, given: argparse.Namespace) -> int:
    """Decide the doubtful matches, one by one."""
    from transforms.review import review

    review(
        settings,
        _asked,
        print,
        who=given.who,
        feed=given.feed,
        reason=given.reason,
        limit=given.limit,
        is_list=given.list,
        undo=given.undo,
        why=given.why,
        is_preview=not given.no_preview,
    )
    return 0


def _asked(prompt: str) -> str:
    answer = input(prompt)
    if not sys.stdin.isatty():
        print(answer)
    return answer


def command_names(settings: Settings, given: argparse.Namespace) -> int:
    """List names that may be persons', or say that one is a firm's."""
    from warehouse.connection import writer
    from warehouse.suspected_names import in_words, say_firm, suspected

    if given.firm:
        say_firm(settings, given.firm, who=given.who, why=given.why)
    with writer(settings) as connection:
        names = suspected(connection, settings)
    for line in in_words(names):
        print(line)
    return 0


def command_doctor(settings: Settings, given: argparse.Namespace) -> int:
    """Say what this machine lacks."""
    from warehouse.doctor import findings

    found = list(findings(settings))
    for is_well, text in found:
        _show_finding(is_well, text)
    return (0 if all(is_well for is_well, _ in found) else 1) | (_look_deep(settings) if given.deep else 0)


def _show_finding(is_well: bool, text: str) -> None:
    print(f"{coloured('✓', 'green') if is_well else coloured('✗', 'red')} {text}", flush=True)


def _look_deep(settings: Settings) -> int:
    """Hold raw/, warehouse, published night and judgements against each other; say what to run."""
    from connectors.registry import feeds
    from transforms.judgement_file import read_judgements
    from warehouse.deep import Finding, cures, deep_findings

    found = []
    for finding in deep_findings(settings, list(feeds(settings.feed_folders).values())):
        _show_finding(finding.is_well, finding.text)
        found.append(finding)
    try:
        count = len(read_judgements(settings.judgements))
        found.append(Finding(True, f"{count:,} judgements in {settings.judgements.name}"))
    except ParkBridgeError as error:
        found.append(Finding(False, str(error)))
    _show_finding(found[-1].is_well, found[-1].text)
    for number, cure in enumerate(cures(found), 1):
        print(f"Next {number}: {cure}")
    return 0 if all(finding.is_well for finding in found) else 1


def command_env(settings: Settings, given: argparse.Namespace) -> int:
    """Print what a shell or a service needs in its environment."""
    from dags.environment import as_service, as_shell, environment

    if given.json:
        return _print_json(environment(settings))
    print(as_service(settings) if given.service else as_shell(settings))
    return 0


def command_completion(settings: Settings, given: argparse.Namespace) -> int:
    """Print what a shell needs to complete our commands."""
    from warehouse.completion import script

    print(script(parser(), given.shell), end="")
    return 0


class _Version(argparse.Action):
    """The version of what is installed, looked up when asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"parkbridge {version('parkbridge')} (duckdb {version('duckdb')}, Python {sys.version.split()[0]})")
        parser.exit(0)


def _edition(settings: Settings, audience: str) -> Settings:
    """The settings of an audience, which has an edition that is published."""
    from warehouse.policy import read_policy

    if audience != settings.audience:
        read_policy(settings.policy).edition(audience)
    settings = settings.of_audience(audience)
    if not settings.published_file.exists():
        raise ParkBridgeError(
            f"audience {audience!r}",
            "its edition is not published",
            next_step=f"set PARKBRIDGE_AUDIENCES=director,{audience} and run `parkbridge sync`",
        )
    return settings


def _short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)


def _quoted(query: str) -> str:
    return f"'{query}'" if "'" not in query else f'"{query}"'


# long: the grammar of every command, one after the other
def parser() -> argparse.ArgumentParser:  # noqa: PLR0915 - as above
    """The command line's grammar, with examples."""
    top = argparse.ArgumentParser(
        prog="parkbridge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--debug", action="store_true", help="show tracebacks and Airflow's own log")
    top.add_argument("--version", action=_Version, nargs=0, help="the version, and that of DuckDB and Python")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, work: object, text: str, example: str) -> argparse.ArgumentParser:
        one = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=f"example:\n{example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.set_defaults(work=work)
        return one

    one = command(
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

    _may_confirm(
        one, "accept-change", "publish although the night shows much less than the one before, or raw/ lacks batches"
    )
    _may_confirm(one, "accept-delivery", "accept a delivery that differs from those before it in many rows")
    _may_confirm(
        one, "confirm-date", "run although the date looks wrong: ahead of the sources, or behind the last night"
    )

    one = command(
        "demo",
        command_demo,
        "build the demo park and run everything over it",
        "  parkbridge demo\n  PARKBRIDGE_HOME=build/other/park parkbridge demo --enterprises 2000 --seed 2",
    )
    one.add_argument("--enterprises", type=int, default=300)
    one.add_argument("--months", type=int, default=36)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--until", type=date.fromisoformat, metavar="DATE", default=None, help="the demo park's today")

    one = command("summary", command_summary, "what the last night came to", "  parkbridge summary")
    _may_be_json(one)
    command(
        "report",
        command_report,
        "make the pages of the published night again, and say where they are",
        "  parkbridge report",
    )
    one = command("status", command_status, "what is fresh, late, stopped, quarantined", "  parkbridge status --json")
    _may_be_json(one)
    one = command("feeds", command_feeds, "the declared feeds", "  parkbridge feeds")
    _may_be_json(one)
    command("subjects", command_subjects, "what feeds can report", "  parkbridge subjects")

    feed = commands.add_parser("feed", help="check, begin or try a feed")
    under = feed.add_subparsers(dest="feed_command", required=True, metavar="check|new|try")
    one = under.add_parser("check", help="sample.csv through stage.sql against expected.csv")
    one.set_defaults(work=command_feed_check)
    one.add_argument("name", nargs="*", help="feeds to check; all by default")
    _may_be_json(one)
    one.add_argument("--write", action="store_true", help="write expected.csv from what stage.sql gives now")
    one = under.add_parser("try", help="read an office's own file as the feed would, and keep nothing")
    one.set_defaults(work=command_feed_try)
    one.add_argument("name")
    one.add_argument("file", help="the file as the office sent it")
    one = under.add_parser("new", help="begin a folder that passes its check")
    one.set_defaults(work=command_feed_new)
    one.add_argument("name")
    one.add_argument("--from", dest="sheet", metavar="FILE", help="a file of the office; its columns are guessed")
    one.add_argument("--subject", required=True, help="an entry of warehouse/subjects.yml")

    one = command(
        "rebuild", command_rebuild, "make the warehouse again from the landed batches", "  parkbridge rebuild"
    )
    _may_confirm(one, "accept-change", "go on although raw/ lacks batches that were accepted")
    one = command(
        "snapshot",
        command_snapshot,
        "reconstruct a past snapshot, as known at a moment, in a file of its own",
        "  parkbridge snapshot --as-of 2026-10-31\n  parkbridge snapshot --as-of 20261122T180000Z --out /tmp/then.duckdb\n"
        "  parkbridge snapshot --as-of 2026-11-01T09:30",
    )
    one.add_argument(
        "--as-of",
        required=True,
        metavar="DATE",
        help="the end of this day in the park, an ISO time, or a night's id",
    )
    one.add_argument(
        "--out", type=Path, metavar="FILE", help="a file that is not there yet; asof/ in the park's folder by default"
    )
    one = command(
        "rollback",
        command_rollback,
        "put an earlier night back in place",
        "  parkbridge rollback\n  parkbridge rollback --list",
    )
    one.add_argument("night", nargs="?", help="which night; the one before by default")
    one.add_argument("--list", action="store_true", help="the nights that are kept")
    one = command(
        "discard",
        command_discard,
        "leave a landed batch out for good",
        '  parkbridge discard lease 20261101T160000Z-0000 --why "sent by mistake"',
    )
    one.add_argument("feed")
    one.add_argument("batch")
    one.add_argument("--why", required=True)
    one.add_argument("--who", default=getpass.getuser())
    one = command(
        "match",
        command_match,
        "link any two tables (CSV, Parquet) as the night links its silos: what to try before adopting a new one",
        "  parkbridge match tenants.csv register.parquet --mapping columns.yml --out pairs.csv",
    )
    one.add_argument("left", type=Path, help="the rows to find a match for")
    one.add_argument("right", type=Path, help="the enterprises that are known")
    one.add_argument("--mapping", type=Path, help="YAML: which column plays which role; docs/matching.md")
    one.add_argument("--out", type=Path, required=True, metavar="PAIRS", help="one row per left row; .csv or .parquet")
    one = command(
        "sql",
        command_sql,
        "ask the published file, read-only: one query, or a shell",
        '  parkbridge sql "select * from 园区.企业现状 limit 5"\n  parkbridge sql .tables\n  parkbridge sql ".columns 园区.企业现状"\n'
        '  parkbridge sql "from snapshots.park_month" -o park.csv\n  parkbridge sql < questions.sql',
    )
    one.add_argument(
        "query", nargs="?", help="statements with ; between them, or a command of the shell, such as .tables"
    )
    one.add_argument(
        "--format",
        choices=FORMS,
        help="auto, the default, is a table, or one line per value where the table is wider than the terminal; csv-excel has a "
        "byte order mark; json is a list, jsonl one object per row",
    )
    one.add_argument(
        "--example",
        type=int,
        nargs="?",
        const=0,
        metavar="N",
        help="run question N of the cookbook docs/questions.md; without N list the questions",
    )
    one.add_argument("--rows", type=int, default=100, metavar="N", help="show at most N rows of a table; 0 shows all")
    one.add_argument("--bom", action="store_true", help="begin CSV with a byte order mark, by which Excel knows UTF-8")
    one.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write to a file; its ending (.csv, .json, .jsonl, .xlsx, .parquet, .arrow) says the format",
    )
    _may_read_another(one)
    one = command(
        "export",
        command_export,
        "write views into a workbook, CSV, Parquet or Arrow; all operators' views by default",
        "  parkbridge export --to park.xlsx\n  parkbridge export 企业现状 企业月度 --to folder --format csv\n"
        "  parkbridge export snapshots.enterprise_month --to folder --format parquet",
    )
    one.add_argument(
        "view", nargs="*", help="views or tables, such as 企业现状 or snapshots.park_month; schema 园区 by default"
    )
    one.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER|FILE", help="a folder that is there, or a file by its ending"
    )
    one.add_argument(
        "--format",
        choices=("xlsx", "csv", "parquet", "arrow"),
        help="of the files in a folder; xlsx by default. Parquet is divided by month where a view has one",
    )
    one.add_argument(
        "--as-is",
        action="store_true",
        help="CSV for programs: no apostrophe before a text that Excel would run as a formula",
    )
    _may_read_another(one)
    one = command(
        "serve-to",
        command_serve_to,
        "copy the published file into PostgreSQL for BI servers, in one transaction",
        "  parkbridge serve-to bi\n  parkbridge serve-to bi --policy groups.yml\n  parkbridge serve-to bi --no-roles",
    )
    one.add_argument("connection", metavar="CONNECTION", help="an Airflow connection of type postgres, AIRFLOW_CONN_…")
    who = one.add_mutually_exclusive_group()
    who.add_argument("--policy", type=Path, metavar="FILE", help="YAML: building codes by group, `east: [B00001]`")
    who.add_argument("--no-roles", action="store_true", help="make no roles and grant nothing")
    one.add_argument("--role-prefix", default="parkbridge", metavar="P", help="roles are P_reader and P_<group>")
    one.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="how long to wait for readers' queries")
    _may_read_another(one)
    one = command(
        "review",
        command_review,
        "decide the doubtful matches, one by one",
        "  parkbridge review\n  parkbridge review --list\n  parkbridge review --feed lease --limit 20\n"
        "  parkbridge review --undo lease/K0123",
    )
    one.add_argument("--feed", help="only this feed's records")
    one.add_argument("--reason", help="only this reason_code, such as contradiction")
    one.add_argument("--limit", type=int, metavar="N", help="only the first N")
    one.add_argument("--list", action="store_true", help="print the queue and end")
    one.add_argument(
        "--undo",
        nargs="?",
        const="",
        metavar="RECORD|LINE",
        help="take back what holds for a record, or one line; the last one of yours by default",
    )
    one.add_argument("--why", default="", help="why it is taken back")
    one.add_argument("--who", default=getpass.getuser())
    one.add_argument("--no-preview", action="store_true", help="do not work out what the decisions change")
    one = command(
        "names",
        command_names,
        "names of firms that may be persons', held back from what is published",
        "  parkbridge names\n  parkbridge names --firm 金石 --why 'short for 金石机械厂'",
    )
    one.add_argument("--firm", metavar="NAME", help="this name is a firm's: the next night shows it")
    one.add_argument("--why", default="", help="how you know")
    one.add_argument("--who", default=getpass.getuser(), help="who says so; you by default")
    one = command(
        "doctor", command_doctor, "what this machine lacks", "  parkbridge doctor\n  parkbridge doctor --deep"
    )
    one.add_argument(
        "--deep",
        action="store_true",
        help="also read every batch and night, hold raw/, warehouse and published night against each other, and say what to run",
    )
    one = command(
        "env",
        command_env,
        "the environment that shells, services and Airflow need, without secrets",
        '  eval "$(parkbridge env)"\n  parkbridge env --service > /etc/parkbridge.env',
    )
    one.add_argument("--service", action="store_true", help='NAME="value" lines, for a systemd EnvironmentFile')
    _may_be_json(one)
    one = command(
        "completion",
        command_completion,
        "completion of commands and options for a shell",
        "  source <(parkbridge completion bash)",
    )
    one.add_argument("shell", choices=("bash", "zsh"))
    return top


def _may_be_json(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--json", action="store_true", help="for programs: one JSON value; its keys are in docs/runbook.md"
    )


def _may_read_another(one: argparse.ArgumentParser) -> None:
    one.add_argument("--file", type=Path, help="another DuckDB file, such as an earlier night")
    one.add_argument("--audience", help="the edition of this audience, such as operator; the director's by default")


def _may_confirm(one: argparse.ArgumentParser, option: str, text: str) -> None:
    """An option that takes a person's reason, beside `--who`; both are kept in ops.confirmation."""
    one.add_argument(f"--{option}", default="", metavar="WHY", help=text)
    if "--who" not in one.format_usage():
        one.add_argument("--who", default=getpass.getuser(), help="who says so; you by default")


def main() -> int:
    """Run one command."""
    given = parser().parse_args()
    try:
        settings = Settings.from_environment()
        if audience := getattr(given, "audience", None):
            settings = _edition(settings, audience)
        code: int = given.work(settings, given)
    except ParkBridgeError as error:
        if given.debug:
            traceback.print_exc()
        print(f"{coloured('parkbridge:', 'red', sys.stderr)} {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # whoever read has gone: nothing more can be said, nor is there anything left to flush at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
