"""Finds the feeds that this park declares: every folder with a feed.yml in the feed folders of the settings, sorted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.feed import Feed, read_feed
from warehouse.errors import DeclarationError


def feeds(folders: Sequence[Path]) -> dict[str, Feed]:
    """All declared feeds by name, sorted. Two folders of one name raise DeclarationError: a name means one feed."""
    found: dict[str, Feed] = {}
    for folder in folders:
        if not folder.is_dir():
            raise DeclarationError(
                str(folder), "this feed folder does not exist", next_step="correct PARKBRIDGE_FEEDS or make the folder"
            )
        for declaration in sorted(folder.glob("*/feed.yml")):
            feed = read_feed(declaration.parent)
            if feed.name in found:
                raise DeclarationError(
                    feed.name, f"declared in {found[feed.name].folder.parent} and in {folder}", next_step="rename one"
                )
            found[feed.name] = feed
    return dict(sorted(found.items()))


def feed_named(folders: Sequence[Path], name: str) -> Feed:
    """One feed by its name; an unknown name raises DeclarationError listing those there are."""
    known = feeds(folders)
    if name not in known:
        raise DeclarationError(name, "no such feed", next_step=f"use one of {', '.join(known) or '(none declared)'}")
    return known[name]
