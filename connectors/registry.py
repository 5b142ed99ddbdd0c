"""Finds the feeds that this park declares: every folder with a feed.yml in the feed folders of the settings, sorted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.feed import Feed, read_feed
from warehouse.errors import DeclarationError


def declared_feeds(folders: Sequence[Path]) -> dict[str, Feed | DeclarationError]:
    """Every feed folder by name, sorted: the feed, or what is wrong with its declaration."""
    found: dict[str, Feed | DeclarationError] = {}
    for folder in folders:
        if not folder.is_dir():
            raise DeclarationError(
                str(folder), "this feed folder does not exist", next_step="correct PARKBRIDGE_FEEDS or make the folder"
            )
        for declaration in sorted(folder.glob("*/feed.yml")):
            name = declaration.parent.name
            if name in found:
                # a name means one feed: batches, rows and DAG go by it
                found[name] = DeclarationError(name, "two feed folders have this name", next_step="rename one of them")
                continue
            try:
                found[name] = read_feed(declaration.parent)
            except DeclarationError as error:
                found[name] = error
    return dict(sorted(found.items()))


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
    known = declared_feeds(folders)
    if name not in known:
        raise DeclarationError(name, "no such feed", next_step=f"use one of {', '.join(known) or '(none declared)'}")
    if isinstance(feed := known[name], DeclarationError):
        raise feed
    return feed
