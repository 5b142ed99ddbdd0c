"""Go back and correct: rebuild, past snapshots, earlier nights, batches left out."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.options import Commands, may_confirm, short
from warehouse.holds import account
from warehouse.settings import Settings
from warehouse.terminal import running


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
    for line in in_words(snapshot, short(snapshot.path)):
        print(line)
    return 0


def command_rollback(settings: Settings, given: argparse.Namespace) -> int:
    """Put an earlier night back."""
    from warehouse.published_nights import nights, rollback

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
    from warehouse import holds
    from warehouse.batches import clear_stopped, discard

    # between its steps a run of the feed would accept the batch, or move it away as an attempt
    with holds.all_of(settings, [holds.of_feed(given.feed)]):
        batch = discard(settings.raw, given.feed, given.batch, who=given.who, why=given.why)
        clear_stopped(settings.raw, given.feed)
    after = "; `parkbridge rebuild` takes its rows out" if batch.accepted_at else ""
    print(
        f"{given.feed} {given.batch} ({batch.manifest.delivery}) is left out{after}. Next: `parkbridge sync {given.feed}`"
    )
    return 0


def add(commands: Commands) -> None:
    """Declare these commands."""
    one = commands(
        "rebuild", command_rebuild, "make the warehouse again from the landed batches", "  parkbridge rebuild"
    )
    may_confirm(one, "accept-change", "go on although raw/ lacks batches that were accepted")
    one = commands(
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
    one = commands(
        "rollback",
        command_rollback,
        "put an earlier night back in place",
        "  parkbridge rollback\n  parkbridge rollback --list",
    )
    one.add_argument("night", nargs="?", help="which night; the one before by default")
    one.add_argument("--list", action="store_true", help="the nights that are kept")
    one = commands(
        "discard",
        command_discard,
        "leave a landed batch out for good",
        '  parkbridge discard lease 20261101T160000Z-0000 --why "sent by mistake"',
    )
    one.add_argument("feed")
    one.add_argument("batch")
    one.add_argument("--why", required=True)
    one.add_argument("--who", default=account())
