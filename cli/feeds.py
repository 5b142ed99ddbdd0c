"""What is fed: the declared feeds, and feeds to come."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cli.options import Commands, may_be_json, print_json, short
from warehouse.errors import ParkBridgeError
from warehouse.settings import FEEDS, IS_CHECKOUT, Settings
from warehouse.terminal import coloured, running

if TYPE_CHECKING:
    from connectors.feed import Feed
    from connectors.guess import Guess


def _feed_figures(name: str, feed: Feed | ParkBridgeError) -> dict[str, str | None]:
    keys = ("subject", "protocol", "title_zh", "title_en", "office", "owner")
    if isinstance(feed, ParkBridgeError):
        return {"feed": name, **dict.fromkeys(keys), "error": str(feed)}
    values = (feed.subject.name, feed.protocol, feed.title_zh, feed.title_en, feed.office, feed.owner)
    return {"feed": name, **dict(zip(keys, values, strict=True)), "error": None}


def command_feeds(settings: Settings, given: argparse.Namespace) -> int:
    """List the declared feeds."""
    from connectors.registry import declared_feeds

    code = 0
    if given.json:
        found = [_feed_figures(name, feed) for name, feed in declared_feeds(settings.feed_folders).items()]
        print_json(found)
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
        print_json([{"feed": name, "is_as_expected": not said, "differences": said} for name, said in every.items()])
        return 1 if any(every.values()) else 0
    for name in names:
        feed = feed_named(settings.feed_folders, name)
        if given.write:
            print(f"{name}: wrote {short(write_expected(feed))}; read it through before you believe it")
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
    for found in try_file(feed, Path(given.file), settings.time_zone):
        for line in report(feed, found):
            print("".join(sign if sign.isprintable() else "·" for sign in line))
        problem = allowance(feed, found)
        print(f"  {problem or 'it would be accepted as far as its rows go; nothing was kept'}")
        stops = stops or problem is not None
    return 1 if stops else 0


def _print_guess(guessed: Guess) -> None:
    for name, targets in guessed.columns.items():
        print(f"  {name} → {', '.join(targets)}")
    for target, names in guessed.doubts.items():
        taken = next((name for name in names if target in guessed.columns[name]), "none")
        print(
            f"  {' and '.join(names)} could each be {target}; taken: {taken}. Correct feed.yml and stage.sql if another one is right"
        )
    if guessed.missing:
        print(f"  nothing seems to be {', '.join(guessed.missing)}, without which no row is accepted")


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
    if guessed:
        _print_guess(guessed)
    print(
        f"{short(folder)} is there and passes `parkbridge feed check {given.name}`. Next: make feed.yml say what the office sends"
    )
    return 0


def add(commands: Commands) -> None:
    """Declare these commands."""
    one = commands("feeds", command_feeds, "the declared feeds", "  parkbridge feeds")
    may_be_json(one)
    commands("subjects", command_subjects, "what feeds can report", "  parkbridge subjects")
    feed = commands.group("feed", "check, begin or try a feed", "check|new|try")
    one = feed(
        "check",
        command_feed_check,
        "sample.csv through stage.sql against expected.csv",
        "  parkbridge feed check\n  parkbridge feed check lease",
    )
    one.add_argument("name", nargs="*", help="feeds to check; all by default")
    may_be_json(one)
    one.add_argument("--write", action="store_true", help="write expected.csv from what stage.sql gives now")
    one = feed(
        "try",
        command_feed_try,
        "read an office's own file as the feed would, and keep nothing",
        "  parkbridge feed try lease 2026-11.xlsx",
    )
    one.add_argument("name")
    one.add_argument("file", help="the file as the office sent it")
    one = feed(
        "new",
        command_feed_new,
        "begin a folder that passes its check",
        "  parkbridge feed new water_meters --subject utility_use --from sample.xlsx",
    )
    one.add_argument("name")
    one.add_argument("--from", dest="sheet", metavar="FILE", help="a file of the office; its columns are guessed")
    one.add_argument("--subject", required=True, help="an entry of warehouse/subjects.yml")
