"""Feeds are folders: found in every feed folder, sorted, and none hides the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.feed import Feed
from connectors.registry import declared_feeds, feed_named, feeds
from tests.conftest import STAFF, STAFF_SQL, Park
from warehouse.errors import DeclarationError


def another(park: Park, folder: Path, name: str) -> None:
    elsewhere = Park(park.home, park.offices, folder, park.transforms)
    elsewhere.declare(name, STAFF.replace("feed: staff", f"feed: {name}"), STAFF_SQL)


def test_feeds_of_all_folders_sorted_by_name(park: Park, tmp_path: Path) -> None:
    another(park, tmp_path / "of_the_park", "doors")
    another(park, tmp_path / "of_the_park", "zebra")
    found = feeds([tmp_path / "of_the_park", park.feed_folder])
    assert list(found) == ["doors", "leases", "payments", "staff", "zebra"]
    assert found["doors"].folder == tmp_path / "of_the_park" / "doors"


def test_a_folder_without_a_declaration_is_no_feed(park: Park) -> None:
    (park.feed_folder / "notes").mkdir()
    (park.feed_folder / "README.md").write_text("what is here", encoding="utf-8")
    assert list(feeds([park.feed_folder])) == ["leases", "payments", "staff"]


def test_a_broken_one_does_not_hide_the_others(park: Park) -> None:
    park.change("leases", "replaces: everything", "replaces: all")
    found = declared_feeds([park.feed_folder])
    assert list(found) == ["leases", "payments", "staff"]
    assert isinstance(found["leases"], DeclarationError)
    assert str(found["leases"]).startswith("leases/feed.yml: replaces is 'all'")
    assert isinstance(found["payments"], Feed)
    assert isinstance(found["staff"], Feed)
    with pytest.raises(DeclarationError, match=r"leases/feed.yml: replaces is 'all'"):
        feeds([park.feed_folder])


def test_a_name_in_two_folders_is_neither_s(park: Park, tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b", tmp_path / "c"):
        another(park, folder, "staff")
    found = declared_feeds([park.feed_folder, tmp_path / "a", tmp_path / "b", tmp_path / "c"])
    assert str(found["staff"]) == "staff: two feed folders have this name. Next: rename one of them"
    assert isinstance(found["leases"], Feed)


def test_one_by_its_name(park: Park) -> None:
    assert feed_named([park.feed_folder], "leases").name == "leases"
    with pytest.raises(DeclarationError) as unknown:
        feed_named([park.feed_folder], "lease")
    assert str(unknown.value) == "lease: no such feed. Next: use one of leases, payments, staff"
    with pytest.raises(DeclarationError, match=r"\(none declared\)"):
        feed_named([], "lease")


def test_one_by_its_name_though_another_is_broken(park: Park) -> None:
    park.change("leases", "replaces: everything", "replaces: all")
    assert feed_named([park.feed_folder], "staff").name == "staff"
    with pytest.raises(DeclarationError, match="replaces is 'all'"):
        feed_named([park.feed_folder], "leases")


def test_a_feed_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"this feed folder does not exist. Next: correct PARKBRIDGE_FEEDS"):
        declared_feeds([tmp_path / "nowhere"])
