"""published/report moves with park.duckdb: a reader has the pages and the file of one night, whole, whatever goes wrong."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Park, day, staff
from tests.warehouse.test_faults import KINDS, Faults, Killed
from warehouse.connection import open_read_only, writer
from warehouse.errors import ParkBridgeError
from warehouse.publish import publish
from warehouse.published_nights import current_manifest, nights, rollback, show_site
from warehouse.settings import Settings


def site(file: Path, settings: Settings) -> Path:
    """A site of two pages, as report.site.build makes one of hundreds."""
    with open_read_only(file) as connection:
        row = connection.execute("select night_id from ops.night").fetchone()
    assert row is not None
    sites = settings.published / "sites"
    number = 1 + max((int(path.name.rpartition("-")[2]) for path in sites.glob(f"{row[0]}-[0-9]*")), default=0)
    folder = sites / f"{row[0]}-{number}"
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    (part / "enterprise").mkdir(parents=True)
    for name in ("index.html", "enterprise/a.html"):
        (part / name).write_text(row[0], encoding="utf-8")
    part.rename(folder)
    return folder


def broken_site(file: Path, settings: Settings) -> Path:
    raise ParkBridgeError("report", "the site cannot be written: No space left on device", next_step="make room")


def publish_night(park: Park, number: int, make_site: Callable[[Path, Settings], Path] | None = site) -> None:
    park.drop("staff", f"{number}.csv", staff({"U1": number}, at=f"2026-03-0{number} 12:00:00"), day(number - 0.5))
    park.sync("staff", day(number))
    park.publish(day(number), make_site=make_site)


def begin_second_night(park: Park) -> None:
    """All of a night but its publish."""
    park.drop("staff", "2.csv", staff({"U1": 2}, at="2026-03-02 12:00:00"), day(1.5))
    park.sync("staff", day(2))
    park.begin(day(2), ("staff", "leases", "payments"))
    with writer(park.settings) as connection:
        park.build(connection)


def shown(park: Park) -> tuple[str, set[str]]:
    """The night of park.duckdb, and what the pages of the report say."""
    with open_read_only(park.settings.published_file) as connection:
        row = connection.execute("select night_id from ops.night").fetchone()
    assert row is not None
    pages = {path.read_text(encoding="utf-8") for path in (park.settings.published / "report").rglob("*.html")}
    return row[0], pages


def sites(park: Park) -> list[str]:
    return sorted(path.name for path in (park.settings.published / "sites").iterdir())


def test_pages_and_file_are_of_one_night_forward_and_back(park: Park) -> None:
    first, _, third, fourth = (f"2026030{day}T000000Z" for day in (2, 3, 4, 5))
    link = park.settings.published / "report"
    publish_night(park, 1)
    assert shown(park) == (first, {first})
    assert not link.readlink().is_absolute(), "the folder may be copied elsewhere"

    # a site that cannot be written leaves yesterday as it was
    file = park.settings.published_file.read_bytes()
    with pytest.raises(ParkBridgeError, match="No space left on device"):
        publish_night(park, 2, broken_site)
    assert (shown(park), park.settings.published_file.read_bytes()) == ((first, {first}), file)
    assert [night["night_id"] for night in nights(park.settings)] == [first], "no hidden night"

    # a home that was copied by a program that follows links
    copied = link.resolve()
    link.unlink()
    shutil.copytree(copied, link)
    current_manifest(park.settings)
    assert link.is_symlink()
    assert shown(park) == (first, {first})

    # a night without a site shows no other night's pages
    publish_night(park, 3, None)
    assert not link.exists()
    rollback(park.settings)
    assert shown(park) == (first, {first})

    # a site that is made again takes the first one's place, and the newest of each kept night stays
    for number in (2, 3):
        assert site(park.settings.published_file, park.settings).name == f"{first}-{number}"
        show_site(park.settings, first)
    publish_night(park, 4)
    assert shown(park) == (fourth, {fourth})
    assert sites(park) == [f"{first}-3", f"{fourth}-1"]
    publish_night(park, 5)
    assert [night["night_id"] for night in nights(park.settings)] == ["20260306T000000Z", fourth, third]
    assert sites(park) == [f"{fourth}-1", "20260306T000000Z-1"], "as many as nights are kept"
    rollback(park.settings)
    assert shown(park) == (fourth, {fourth})


@KINDS
def test_publishing_fails_anywhere_and_pages_and_file_are_of_one_night(park: Park, tmp_path: Path, kind: str) -> None:
    """Killed or out of disk at every operation of writing the site and of putting both in place."""
    publish_night(park, 1)
    begin_second_night(park)
    prepared = tmp_path / "before"
    shutil.copytree(park.home, prepared, symlinks=True)

    def run() -> None:
        with writer(park.settings) as connection:
            publish(connection, park.settings, park.models, None, site)

    count = Faults(park.home)
    with count.injected():
        run()
    placed = [
        number
        for number, what in enumerate(count.seen)
        if "park.duckdb.part" in what or "report" in what or "-1.part" in what
    ]
    assert len(placed) >= 4, count.seen
    for number in placed:
        shutil.rmtree(park.home)
        shutil.copytree(prepared, park.home, symlinks=True)
        faults = Faults(park.home, number, kind)
        with faults.injected(), contextlib.suppress(Killed, OSError, ParkBridgeError):
            run()
        current_manifest(park.settings)  # any command, or the next night
        night, pages = shown(park)
        assert pages == {night}, f"{kind} at {count.seen[number]}"
        run()
        assert shown(park) == ("20260303T000000Z", {"20260303T000000Z"}), f"{kind} at {count.seen[number]}"
        assert not list((park.settings.published / "sites").glob("*.part"))


def test_readers_never_find_a_page_gone_or_half(park: Park) -> None:
    ids = ["20260302T000000Z", "20260303T000000Z"]
    for night in ids:
        (park.settings.published / "sites" / f"{night}-1" / "enterprise").mkdir(parents=True)
        (park.settings.published / "sites" / f"{night}-1" / "enterprise" / "a.html").write_text(night, encoding="utf-8")
    show_site(park.settings, ids[0])
    wrong: list[object] = []
    read, stop = [0], threading.Event()
    page = park.settings.published / "report" / "enterprise" / "a.html"

    def look() -> None:
        while not stop.is_set():
            try:
                text = page.read_text(encoding="utf-8")
            except OSError as error:
                wrong.append(error)
            else:
                read[0] += 1
                if text not in ids:
                    wrong.append(text)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(100):
        show_site(park.settings, ids[number % 2])
    stop.set()
    reader.join()
    assert wrong == []
    assert read[0] > 20
