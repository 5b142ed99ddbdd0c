"""Finds the feeds that this park declares: every folder with a feed.yml in the feed folders of the settings, sorted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.feed import Feed, read_feed
from warehouse.errors import DeclarationError

TWICE, RENAME = "two feed folders have this name", "rename one of them"


def declared_feeds(folders: Sequence[Path]) -> dict[str, Feed | DeclarationError]:
    """Every feed folder by name, sorted: the feed, or what is wrong with its declaration."""
    found: dict[str, Feed | DeclarationError] = {}
    for folder in _feed_folders(folders):
        if folder.name in found:
            # a name means one feed: batches, rows and DAG go by it
            found[folder.name] = DeclarationError(folder.name, TWICE, next_step=RENAME)
            continue
        try:
            found[folder.name] = read_feed(folder)
        except DeclarationError as error:
            found[folder.name] = error
    return dict(sorted(found.items()))


def _feed_folders(folders: Sequence[Path]) -> list[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise DeclarationError(
                str(folder), "this feed folder does not exist", next_step="correct PARKBRIDGE_FEEDS or make the folder"
            )
    return [path.parent for folder in folders for path in sorted(folder.glob("*/feed.yml"))]


def feeds(folders: Sequence[Path]) -> dict[str, Feed]:
    """All declared feeds by name, sorted; the first wrong declaration is raised."""
    found = {}
    for name, feed in declared_feeds(folders).items():
        if isinstance(feed, DeclarationError):
            raise feed
        found[name] = feed
    return found


def feed_named(folders: Sequence[Path], name: str) -> Feed:
    """One feed by its name, whatever is wrong with others; an unknown name raises DeclarationError listing them."""
    there = _feed_folders(folders)
    match [folder for folder in there if folder.name == name]:
        case [folder]:
            return read_feed(folder)
        case []:
            listed = ", ".join(sorted({folder.name for folder in there})) or "(none declared)"
            raise DeclarationError(name, "no such feed", next_step=f"use one of {listed}")
    raise DeclarationError(name, TWICE, next_step=RENAME)
