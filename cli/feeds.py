"""What is fed: the declared feeds, and feeds to come."""

from __future__ import annotations

import argparse
import shlex
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
    from connectors.guess import hints, named

    for name, targets in guessed.columns.items():
        print(f"  {name} → {', '.join(targets)}")
    for target, code in guessed.constants.items():
        print(f"  all rows → {target} {code}")
    for target, names in guessed.doubts.items():
        taken = next((name for name in names if target in guessed.columns[name]), "none")
        print(f"  {' and '.join(names)} could each be {target}; taken: {taken}")
    if guessed.missing:
        print(f"  nothing seems to be {named(guessed.missing)}, without which no row is accepted")
    if guessed.left_over and guessed.unfed:
        print(
            f"  not used: {', '.join(guessed.left_over)}; nothing seems to be {named(guessed.unfed)}, which may be missing"
        )
    for text in hints(guessed):
        print(f"  {text}")


def _said(given: argparse.Namespace) -> dict[str, str]:
    """What `--column` says, by the subject's column."""
    pairs = [text.partition("=") for text in given.column]
    for target, sign, name in pairs:
        if not (target and sign and name):
            raise ParkBridgeError(
                f"--column {target}{sign}{name}",
                "it does not say which column feeds which",
                next_step="write the subject's column, =, and the file's column: --column month=抄表月份",
            )
    return {target: name for target, _, name in pairs}


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
        known = [
            feed
            for name, feed in declared_feeds(settings.feed_folders).items()
            if isinstance(feed, Feed) and name != given.name
        ]
        guessed = guess(Path(given.sheet), subjects()[given.subject], known, _said(given))
    folder = scaffold(settings.feed_folders[0], given.name, given.subject, guessed, again=given.again)
    if not guessed:
        print(
            f"{short(folder)} is there and passes `parkbridge feed check {given.name}`. Next: make feed.yml say what the office sends"
        )
        return 0
    _print_guess(guessed)
    sheet = shlex.quote(given.sheet)
    print(f"{short(folder)} is there. Next: `parkbridge feed try {given.name} {sheet}` shows what becomes of its rows")
    if guessed.missing or guessed.doubts or (guessed.left_over and guessed.unfed):
        asked = "".join(f" --column {name}=…" for name in guessed.missing or guessed.doubts or guessed.unfed[:1])
        print(
            "Where another column is meant, or all rows have one code, begin again with what you know in place of …:\n"
            f"  parkbridge feed new {given.name} --subject {given.subject} --from {sheet} --again{asked}\n"
            "Where a value has to be reckoned, edit feed.yml and stage.sql: docs/feeds.md says how"
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
        "  parkbridge feed new water_meters --subject utility_use --from sample.xlsx --column utility_code=water",
    )
    one.add_argument("name")
    one.add_argument("--from", dest="sheet", metavar="FILE", help="a file of the office; its columns are guessed")
    one.add_argument("--subject", required=True, help="what its rows are about; `parkbridge subjects` lists them")
    one.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="COLUMN=NAME",
        help="a column of the subject, and the file's column that feeds it, or the one code that all rows have",
    )
    one.add_argument("--again", action="store_true", help="replace the folder that is there")
