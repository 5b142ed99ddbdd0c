"""What readers have: the night that park.duckdb is, the nights that are kept beside it, and their sites.

published/park.duckdb is what clients open. published/nights/<night_id>.duckdb are the last nights, for rollback; each has
its manifest beside it (<night_id>.json): tables, rows, columns, and what changed since the night before. An open reader
keeps the night it opened. A reconstructed past night is kept there, and readers keep the later one.

published/report is a link to the night's static site, published/sites/<night_id>-<n>/, and moves with park.duckdb.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import alone, open_read_only
from warehouse.durable import put, read_json, sha256_of, sync, writable_by_us_alone, write_json
from warehouse.errors import ParkBridgeError
from warehouse.settings import Settings


def current_manifest(settings: Settings) -> dict[str, Any] | None:
    """The manifest of what park.duckdb holds; None before the first night.

    Where a publish was killed between its two renames, or park.json is damaged or gone, park.json is written anew.
    """
    file, path = settings.published_file, settings.published / "park.json"
    if not file.exists():
        return None
    try:
        said = read_json(path, next_step="")
    except ParkBridgeError:
        said = None
    kept = nights(settings)
    folder = settings.published / "nights"
    own = [m for m in kept if (night := folder / f"{m['night_id']}.duckdb").exists() and night.samefile(file)]
    if not own:
        digest = sha256_of(file)
        own = [m for m in ([said] if said else []) + kept if m.get("sha256") == digest]
        if not own and said:  # damaged, or put there by hand: park.json goes on to say what was published
            return _read_manifest(file, digest)
        own = own or [_read_manifest(file, digest)]
    with contextlib.suppress(OSError):  # a reader without write access gets the right answer all the same
        if said != own[0]:
            write_json(path, own[0])
        _settle_site(settings, str(own[0]["night_id"]))
    return own[0]


def _read_manifest(file: Path, digest: str) -> dict[str, Any]:
    """A manifest made from the file itself.

    Raises:
        ParkBridgeError: It is damaged.
    """
    try:
        with open_read_only(file) as connection:
            found = connection.execute("select night_id, as_of, park_name from ops.night").fetchone()
            tables = connection.execute(
                "select schema_name || '.' || table_name, estimated_size from duckdb_tables() where database_name = 'park'"
            ).fetchall()
    except duckdb.Error:
        found = None
    if found is None:
        raise ParkBridgeError(
            str(file),
            "it is damaged: not a published night",
            next_step="`parkbridge rollback --list` shows the nights that are kept, `parkbridge rollback NIGHT` puts one in place",
        )
    return {
        "night_id": found[0],
        "as_of": found[1].isoformat() + "Z",
        "published_at": datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds"),
        "park_name": found[2],
        "sha256": digest,
        "tables": {name: {"rows": rows} for name, rows in tables},
    }


def nights(settings: Settings) -> list[dict[str, Any]]:
    """The manifests of the nights that are kept, newest first; a night without a manifest that can be read is not kept."""
    found = []
    for path in (settings.published / "nights").glob("*.json"):
        with contextlib.suppress(ParkBridgeError):
            found.append(read_json(path, next_step=""))
    return sorted((m for m in found if "night_id" in m), key=lambda m: str(m["night_id"]), reverse=True)


@writable_by_us_alone()
def rollback(settings: Settings, night_id: str | None = None) -> dict[str, Any]:
    """Put an earlier night back in place, by the same rename; the night that is left stays among the kept ones.

    Args:
        settings: Where.
        night_id: Which night; the one before the current by default.

    Raises:
        ParkBridgeError: There is no such night, or its file is damaged.
        WarehouseBusy: A night is being published.
    """
    with alone(settings):
        return _roll_back(settings, night_id)


def _roll_back(settings: Settings, night_id: str | None) -> dict[str, Any]:
    kept = nights(settings)
    try:
        current = current_manifest(settings)
    except ParkBridgeError:  # what readers have is damaged: any night that is kept is better
        current = None
    ids = [str(m["night_id"]) for m in kept]
    earlier = [i for i in ids if current is None or i < current["night_id"]]
    wanted = night_id or (earlier[0] if earlier else None)
    if wanted is None or wanted not in ids:
        raise ParkBridgeError(
            "rollback",
            f"there is no night {wanted}" if wanted else "there is no earlier night",
            next_step=f"choose one that is kept: {', '.join(ids) or '(none)'}",
        )
    path = settings.published / "nights" / f"{wanted}.duckdb"
    manifest = kept[ids.index(wanted)]
    if not path.exists() or sha256_of(path) != manifest["sha256"]:
        raise ParkBridgeError(
            f"night {wanted}", "its file is missing or not what its manifest says", next_step="choose another night"
        )
    with open_read_only(path) as connection:
        connection.execute("select night_id from ops.night").fetchone()
    put_in_place(settings, path)
    for place in audiences_kept(settings):
        own = place.published / "nights" / path.name
        said = [one for one in nights(place) if one["night_id"] == wanted]
        if said and own.exists() and sha256_of(own) == said[0]["sha256"]:
            put_in_place(place, own)
    return manifest


def put_in_place(settings: Settings, night: Path) -> None:
    """Three renames, and that of exports/, with nothing between them that can fail for lack of space.

    `current_manifest` settles a kill there.

    Whoever opens park.duckdb, or a page of the report, gets the old night or the new one, whole.
    """
    workbook = settings.published / "exports" / "园区.xlsx"
    fresh = workbook.with_suffix(".part")
    if settings.exports:
        from warehouse.export import write_operators_workbook

        workbook.parent.mkdir(exist_ok=True)
        write_operators_workbook(night, fresh)
    part, beside = settings.published / "park.duckdb.part", settings.published / "park.json.part"
    part.unlink(missing_ok=True)
    try:
        os.link(night, part)
    except OSError:  # a file system without hard links
        shutil.copyfile(night, part)
        part.chmod(0o444)
    shutil.copyfile(night.with_suffix(".json"), beside)
    for path in (part, beside):
        sync(path)
    show = _prepare_site(settings, night.stem)
    part.replace(settings.published_file)
    show()
    beside.replace(settings.published / "park.json")
    if settings.exports:
        put(fresh, workbook)
    else:
        workbook.unlink(missing_ok=True)  # of an earlier night, beside this one it would mislead
    sync(settings.published)
    part.unlink(missing_ok=True)  # a rename onto itself, where this night is in place already, leaves both names


def site_of(settings: Settings, night_id: str) -> Path | None:
    """The newest finished site of a night; None where it has none."""
    sites = [(int(number), path) for path, night, number in _sites(settings) if night == night_id]
    return max(sites)[1] if sites else None


def _sites(settings: Settings) -> list[tuple[Path, str, str]]:
    """Finished sites: the folder, its night, and which of that night's it is."""
    found = []
    for path in (settings.published / "sites").glob("*-*"):
        night, _, number = path.name.rpartition("-")
        if number.isdigit():
            found.append((path, night, number))
    return found


def show_site(settings: Settings, night_id: str) -> Path | None:
    """Let published/report show the site of a night, in one step; a night without a site has no report, not another's.

    Returns:
        The link; None where the night has no site.
    """
    _prepare_site(settings, night_id)()
    link = settings.published / "report"
    return link if link.is_symlink() else None


def _prepare_site(settings: Settings, night_id: str) -> Callable[[], None]:
    """What needs space is done here: what is returned moves the link."""
    site, link = site_of(settings, night_id), settings.published / "report"
    if link.is_dir() and not link.is_symlink():  # a copy of the park's folder that followed the link
        shutil.rmtree(link)
    if site is None:
        return lambda: link.unlink() if link.is_symlink() else None
    # a name of this process: a reader that settles a killed publish may be at the same place
    part = settings.published / f"report.{os.getpid()}.part"
    part.unlink(missing_ok=True)
    part.symlink_to(Path("sites", site.name))

    def show() -> None:
        part.replace(link)

    return show


def _settle_site(settings: Settings, night_id: str) -> None:
    """Where a publish was killed between its renames, the report is of another night than park.duckdb."""
    link, site = settings.published / "report", site_of(settings, night_id)
    shown = link.readlink() if link.is_symlink() else None
    if shown != (Path("sites", site.name) if site else None):
        show_site(settings, night_id)


def keep(part: Path, manifest: dict[str, Any]) -> Path:
    """Give a finished file its name among the nights that are kept, with its manifest beside it."""
    final = part.with_suffix(".duckdb")
    part.chmod(0o444)
    put(part, final)
    write_json(final.with_suffix(".json"), manifest)
    return final


def unsound(place: Settings) -> Iterator[tuple[Path, str]]:
    """What an audience has that is not what was written: kept nights, and the file that readers open.

    Yields:
        The file, and what is wrong with it.
    """
    kept = nights(place)
    for manifest in kept:
        file = place.published / "nights" / f"{manifest['night_id']}.duckdb"
        if not file.exists() or sha256_of(file) != manifest.get("sha256"):
            yield file, "is not what was written (SHA-256)" if file.exists() else "is gone"
    if place.published_file.exists():
        try:
            current_manifest(place)  # puts park.json right where a publish was killed
            said = read_json(place.published / "park.json", next_step="")
        except ParkBridgeError as error:
            yield place.published_file, error.fact
        else:
            if said.get("sha256") != sha256_of(place.published_file):
                yield place.published_file, "is not what was published (SHA-256)"
    elif kept:
        yield place.published_file, "is gone"


def audiences_kept(settings: Settings) -> list[Settings]:
    """Every audience besides the director with a folder of its own, whether or not readers find a file in it."""
    found = (settings.home / "published" / "editions").glob("*/nights")
    return [settings.of_audience(folder.parent.name) for folder in sorted(found)]


def editions(settings: Settings) -> list[Settings]:
    """The editions that are published besides the director's, as settings of their audiences."""
    found = (settings.home / "published" / "editions").glob("*/park.duckdb")
    return [settings.of_audience(file.parent.name) for file in sorted(found)]


def forget_old_nights(settings: Settings, newest: str) -> None:
    """Keep the newest nights, as many as the park keeps, and this one."""
    folder = settings.published / "nights"
    old = [str(manifest["night_id"]) for manifest in nights(settings)]
    # and what a killed publish or a damaged manifest left without one
    kept = {*old[: settings.keep_nights], newest}
    for path in folder.iterdir():
        if path.suffix in (".duckdb", ".json") and path.stem not in kept:
            path.unlink(missing_ok=True)
    forget_old_sites(settings, kept)


def forget_old_sites(settings: Settings, kept: set[str]) -> None:
    """Keep the newest site of each of these nights; one that is shown is kept too."""
    link = settings.published / "report"
    shown = link.readlink().name if link.is_symlink() else ""
    for path, night, _ in _sites(settings):
        if path.name != shown and (night not in kept or path != site_of(settings, night)):
            shutil.rmtree(path, ignore_errors=True)


def forget_parts(settings: Settings) -> None:
    """What killed runs left half-written: no other process writes here meanwhile."""
    for path in (
        settings.released.with_suffix(".part"),
        *(settings.published / "nights").glob("*.part*"),
        *settings.published.glob("*.part"),
        *(settings.published / "exports").glob("*.part*"),
    ):
        path.unlink(missing_ok=True)
    for path in (settings.published / "sites").glob("*.part"):
        shutil.rmtree(path, ignore_errors=True)


def moment_of(manifest: dict[str, Any]) -> datetime:
    """As of when a night is, naive UTC."""
    return datetime.fromisoformat(str(manifest["as_of"]).removesuffix("Z"))
