"""Make the site of one published night: a folder of pages that opens by itself.

published/report is a link to sites/<night_id>-<n>/, moved together with park.duckdb (warehouse/published_nights.py). A site is written
into <folder>.part first: a folder without that ending is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import vl_convert

from report import candidates, dictionary, enterprises, groups, park, quality, statistics, trade
from report.sentences import sentence
from report.source import HERE, Page, Source, page_of
from report.words import FILTERS, GLOBALS, chart_codes
from warehouse.connection import open_read_only
from warehouse.declared import read_yaml
from warehouse.durable import writable_by_us_alone
from warehouse.errors import ParkBridgeError
from warehouse.settings import Settings

CHARTS: dict[str, dict[str, Any]] = read_yaml((HERE / "charts.yml").read_text(encoding="utf-8"))["charts"]

NAVIGATION = (
    ("index.html", "园区", "Park"),
    ("worklist.html", "工作清单", "Work list"),
    ("alerts.html", "预警", "Alerts"),
    ("enterprises.html", "企业", "Enterprises"),
    ("buildings.html", "楼栋", "Buildings"),
    ("industries.html", "行业", "Industries"),
    ("candidates.html", "招引", "Attraction"),
    ("trade.html", "交易", "Trade"),
    ("quality.html", "数据质量", "Data quality"),
    ("dictionary.html", "数据字典", "Dictionary"),
)
# pages of the whole night alone: trade is the tax secret of both sides, and which firms the park wants is its own
ONLY_OF_ALL = ("candidates.html", "trade.html", "quality.html")


@writable_by_us_alone()
def build(file: Path, settings: Settings) -> Path:
    """Write the site of a night's file.

    Args:
        file: The published file, or one that is about to be.
        settings: Where to: published/sites/.

    Returns:
        The finished folder, whole and with a name that no site has yet; nothing shows it so far.

    Raises:
        ParkBridgeError: The disk is full, or the file is of an earlier version and lacks what pages show. No half site is left.
    """
    part: Path | None = None
    try:
        with open_read_only(file) as connection:
            source = Source(connection, settings)
            folder = _unused(settings.published / "sites", source.night["night_id"])
            part = folder.with_name(folder.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            _write_assets(part, settings.home / "cache")
            environment = _environment(source)
            for page in _pages(source):
                _write(part, page, environment, source)
        part.rename(folder)
    except OSError as error:
        raise ParkBridgeError(
            "report",
            f"the site cannot be written: {error.strerror or error}",
            next_step="make room on the disk of PARKBRIDGE_HOME, then run this again; what readers see is unchanged",
        ) from error
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise ParkBridgeError(
            "report",
            f"{file.name} lacks what pages show: {str(error).splitlines()[0]}",
            next_step="publish a night with this version (`parkbridge sync`)",
        ) from error
    finally:
        if part:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _unused(sites: Path, night_id: str) -> Path:
    """The folder after the last one of this night, of which the newest is shown."""
    taken = [path.name.rpartition("-")[2] for path in sites.glob(f"{night_id}-*")]
    return sites / f"{night_id}-{max((int(number) for number in taken if number.isdigit()), default=0) + 1}"


def _pages(source: Source) -> Iterator[Page]:
    if "statistics.month" in source.held:
        yield from statistics.pages(source)
    else:
        yield from park.pages(source)
        yield from enterprises.pages(source)
        yield from groups.pages(source)
    if source.is_whole:
        for module in (candidates, trade, quality):
            yield from module.pages(source)
    yield from dictionary.pages(source)


def _navigation(source: Source) -> list[tuple[str, str, str]]:
    if "statistics.month" in source.held:
        return [("index.html", "公开统计", "Figures"), NAVIGATION[-1]]
    return [entry for entry in NAVIGATION if source.is_whole or entry[0] not in ONLY_OF_ALL]


def _environment(source: Source) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, sentence=sentence)
    environment.globals.update(
        GLOBALS,
        charts=CHARTS,
        page_of=page_of,
        is_whole=source.is_whole,
        audience=source.settings.audience,
        navigation=_navigation(source),
    )
    return environment


def _write(part: Path, page: Page, environment: jinja2.Environment, source: Source) -> None:
    path = part / page.path
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = {
        "night": source.night,
        "up": "../" * page.path.count("/"),
        "heading": page.heading,
        "current": page.current,
    }
    path.write_text(environment.get_template(page.template).render(shown | dict(page.shown)), encoding="utf-8")


def _write_assets(part: Path, kept: Path) -> None:
    folder = part / "assets"
    folder.mkdir(parents=True)
    for path in (HERE / "assets").iterdir():
        shutil.copyfile(path, folder / path.name)
    script = (
        f"window.parkbridgeCharts={json.dumps(CHARTS, ensure_ascii=False, separators=(',', ':'))};\n"
        f"window.parkbridgeCodes={json.dumps(chart_codes(CHARTS), ensure_ascii=False, separators=(',', ':'))};\n"
    )
    (folder / "charts.js").write_text(script, encoding="utf-8")
    bundle = _bundle(kept)
    try:
        os.link(bundle, folder / "vega.js")
    except OSError:  # a file system without hard links
        shutil.copyfile(bundle, folder / "vega.js")


def _checksum(text: bytes) -> bytes:
    """The last line of a script that is kept: a damaged one would be in every site from then on."""
    return f"// SHA-256 {hashlib.sha256(text).hexdigest()}\n".encode()


def _is_whole(path: Path) -> bool:
    if not path.is_file():
        return False
    *lines, last = path.read_bytes().splitlines(keepends=True) or [b""]
    return last == _checksum(b"".join(lines))


def _bundle(kept: Path) -> Path:
    """Vega, Vega-Lite and vega-embed as one script. It costs 1.7 s of CPU, so it is kept for each version of vl-convert."""
    path = kept / f"vega-{version('vl-convert-python')}.js"
    if not _is_whole(path):
        kept.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            # the bundle declares names of one letter: within a function they are its own
            bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # without a snippet it is all of Vega
            text = f"(()=>{{{bundle}\n}})()\n".encode()
            part.write_bytes(text + _checksum(text))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return path
