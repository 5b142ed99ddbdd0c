"""The site of parks that are unlike the demo's: hostile names, one enterprise, no tax, nothing at all, a full disk."""

from __future__ import annotations

import errno
import html
import json
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import vl_convert

from report.park import FIGURES
from report.site import CHARTS, _bundle, build
from report.source import page_of
from report.words import chart_codes
from tests.browser import Browser
from tests.conftest import at
from tests.report.conftest import Rows
from tests.report.drawn import is_well_drawn
from tests.report.pages import Page, Site
from warehouse.errors import ParkBridgeError

MakeSite = Callable[[Rows], Site]
HOSTILE = {
    "E000000000000001": "<script>alert(1)</script><img src=x onerror=alert(2)>有限公司",
    "E000000000000002": "\"'`{{ 7*7 }}{% raw %}&amp;</title></textarea><!--",
    "E000000000000003": "上下\n两行\r\n与\t制表",
    "E000000000000004": "长" * 200,
    "E000000000000005": "\u202e司公限有\u202c\u200f甲",
    "E000000000000006": "</script><script>alert(3)</script>",
    "../../../tmp/E7": "javascript:alert(4)",
    "E8/..\\x?#": "甲公司",
}


def enterprise(key: str, name: str | None, **more: Any) -> Rows:
    """The rows that an enterprise has wherever it is known."""
    yield "snapshots.enterprise_current", {"enterprise_id": key, "enterprise_name": name, "feed_count": 1} | more
    yield "snapshots.enterprise_label", {"enterprise_id": key, "enterprise_name": name, "short_name": name}
    yield "resolved.enterprise", {"enterprise_id": key, "enterprise_name": name}


def hostile() -> Rows:
    """An enterprise of each hostile name, with an alert, a month and a succession."""
    for key, name in HOSTILE.items():
        yield from enterprise(key, name, registered_address=name)
        yield "signals.alert", {
            "enterprise_id": key, "enterprise_name": name, "alert_code": "arrears", "level_code": "precise",
            "score": 1, "reasons_zh": name, "reasons_en": name, "next_step_zh": name, "next_step_en": name,
        }  # fmt: skip
        yield "signals.signal", {
            "enterprise_id": key, "signal_code": "headcount", "month": date(2026, 10, 1), "period_months": 1,
            "value": 5, "is_provisional": False,
        }  # fmt: skip
        yield "signals.succession", {
            "predecessor_enterprise_id": key, "successor_enterprise_id": key, "succession_code": "merged",
            "standing_code": "fact", "effective_month": date(2026, 10, 1),
        }  # fmt: skip


def test_a_name_can_do_nothing_and_is_read_as_it_is(site_of: MakeSite) -> None:
    site = site_of(hostile())
    # a name adds no element, no attribute that a browser obeys, and leads nowhere
    for page in site.pages:
        scripts = [given for given in page.all("script") if "src" not in given]
        assert all(given == {"type": "application/json", "id": "rows"} for given in scripts), page.path
        assert not [tag for tag, _ in page.elements if tag in ("img", "textarea", "iframe")], page.path
        assert not [name for _, given in page.elements for name in given if name.startswith("on")], page.path
        assert not [target for target in page.targets if ":" in target and target != "data:,"], page.path
    listed = site.page("enterprises.html")
    for key, name in HOSTILE.items():
        own = site.page(f"enterprise/{page_of(key)}.html")
        shown = name.replace("\r\n", "\n")
        assert shown in own.text, key
        assert shown in listed.text, key
        event = own.rows["events"][0][1]
        assert name in event[0], "the chart's data has the name itself"
    assert site.page("alerts.html").text.count("甲公司") >= 3
    written = {path.relative_to(site.folder) for path in site.folder.rglob("*")}
    inside = {path for path in written if path.parts[0] == "enterprise"}
    assert len(inside) == len(HOSTILE) + 1
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+\.html", path.name) for path in inside if path.suffix), inside
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", path.name) for path in written), (
        "no name that somebody wrote is a file's"
    )


@pytest.mark.nights
def test_hostile_names_and_empty_parks_are_well_drawn(site_of: MakeSite, browser: Browser, tmp_path: Path) -> None:
    for site in (site_of(hostile()), site_of([]), site_of(enterprise("E00000000000000b", None))):
        found = [str(page.path.relative_to(site.folder)) for page in site.pages]
        paths = [path for path in found if not path.startswith("dictionary/")]
        is_well_drawn(browser, site.folder, paths, tmp_path / "pictures")


@pytest.mark.parametrize("rows", [[], list(enterprise("E00000000000000b", None))])
def test_a_park_with_one_enterprise_or_none_has_every_page(site_of: MakeSite, rows: Rows) -> None:
    site = site_of(rows)
    keys = [row["enterprise_id"] for table, row in rows if table == "resolved.enterprise"]
    for name in ("index", "alerts", "enterprises", "buildings", "industries", "quality", "dictionary"):
        assert site.page(f"{name}.html").all("main"), name
    for key in keys:
        page = site.page(f"enterprise/{key}.html")
        assert page.rows == {"events": []}
        assert page.text.count("没有数据") == 5, "each chart says that it has no figures"
        has_a_table_behind_every_chart(page)
    has_a_table_behind_every_chart(site.page("index.html"))
    leads_inside(site)


def test_a_park_without_a_tax_feed_says_none_rather_than_zero(site_of: MakeSite) -> None:
    month = date(2026, 10, 1)
    current = {"month": month, "on_site_count": 12, "headcount_month": month, "insured_headcount": 1234}
    site = site_of(
        [("snapshots.park_current", current), *enterprise("E00000000000000a", "甲公司", insured_headcount=1234)]
    )
    values = re.findall(r'class="v">([^<]*)<', (site.folder / "index.html").read_text(encoding="utf-8"))
    shown = dict(zip([column for column, *_ in FIGURES], values, strict=True))
    assert (shown["on_site_count"], shown["insured_headcount"]) == ("12", "1,234")
    assert shown["tax_received_12m_amount"] == shown["occupancy_pct"] == "–"


def test_the_parks_own_chains_are_shown_where_a_node_is_signed(site_of: MakeSite) -> None:
    node = {
        "chain_code": "ev", "chain_title_en": "Vehicles", "chain_title_zh": "汽车", "node_number": 2, "node_title_en": "Batteries",
        "node_title_zh": "<b>电池</b>", "industry_codes": "3841", "wanted_count": 11, "present_count": 4, "missing_count": 7,
        "outsider_count": 13, "signed_by": "招商局", "signed_date": date(2026, 1, 15),
    }  # fmt: skip
    text = "".join(site_of([("industry.chain_node", node)]).page("industries.html").text.split())
    for shown in ("产业链节点", "2<b>电池</b>", "3841114713招商局2026-01-15"):
        assert shown in text, shown
    assert "产业链节点" not in site_of([]).page("industries.html").text


def leads_inside(site: Site) -> None:
    """Every page loads and leads to what is in the folder, and nothing is asked of a network."""
    folder, ids, led = site.folder.resolve(), {}, set()
    for path in sorted(folder.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        ids[path] = set(re.findall(r'\bid="([^"]*)"', text))
        led |= {(path.parent, html.unescape(target)) for target in re.findall(r'\b(?:href|src)="([^"#]+)', text)}
        assert set(re.findall(r'\bhref="#([^"]*)"', text)) <= ids[path], path
    assert len(led) > 10
    for parent, target in led - {(parent, "data:,") for parent, _ in led}:
        assert not re.match(r"[a-z]+:|//|/", target), f"{parent}: {target}"
        found = (parent / target.partition("?")[0]).resolve()
        assert found.is_file(), f"{parent}: {target}"
        assert found.is_relative_to(folder), f"{parent}: {target}"
    for name in ("report.css", "report.js", "charts.js"):
        text = (site.folder / "assets" / name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", text), name


def has_a_table_behind_every_chart(page: Page) -> None:
    """Every chart is a figure with its description, and a table to open."""
    charts = [given for given in page.all("figure") if "data-chart" in given]
    assert len(charts) == len(page.all("figure"))
    order = [name for name, _ in page.elements]
    for place, (name, given) in enumerate(page.elements):
        if name == "figure":
            assert given["data-chart"] in CHARTS
            within = order[place + 1 : (order.index("figure", place + 1) if "figure" in order[place + 1 :] else None)]
            assert {"details", "summary", "table"} <= set(within), f"{page.path}: {given}"


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("language", [0, 1])
def test_every_specification_is_one_that_vega_lite_draws(name: str, language: int) -> None:
    """What report.js makes of it, over one row of each code."""
    spec = json.loads(json.dumps(CHARTS[name]))
    columns = spec.pop("usermeta")["columns"]
    words = chart_codes(CHARTS)

    def written(part: Any) -> Any:
        if isinstance(part, list):
            return [written(one) for one in part]
        if not isinstance(part, dict):
            return part
        if set(part) == {"zh", "en"}:
            return part["en" if language else "zh"]
        for kind in ("words_of", "colours_of"):
            if kind in part:
                column = next(column for column in columns if column["name"] == part[kind])
                known = words[column["codes"]]
                return [
                    known[code][language] if kind == "words_of" else column["colours"][code]
                    for code in column["colours"]
                ]
        return {key: written(one) for key, one in part.items()}

    for column in columns:
        assert {"name", "zh", "en"} <= set(column)
        if "colours" in column:
            assert set(column["colours"]) <= set(words[column["codes"]])
    drawn = written(spec) | {"width": 300, "datasets": {"rows": [{"month": 0, "value": 1}], "events": []}}
    vega = vl_convert.vegalite_to_vega(drawn)
    assert vega["marks"]
    fields = {one["field"] for one in nested(spec) if isinstance(one.get("field"), str)}
    named = (
        {column["name"] for column in columns} | {f"{c['name']}_code" for c in columns} | {"place", "event", "month"}
    )
    assert fields <= named, f"{name} draws {fields - named}, which no row has"


def nested(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, dict):
        return [part, *(one for value in part.values() for one in nested(value))]
    return [one for value in part for one in nested(value)] if isinstance(part, list) else []


def test_a_full_disk_leaves_no_half_site(empty_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = at(tmp_path).settings
    first = build(empty_file, settings)
    real, left = Path.write_text, [40]

    def full(path: Path, *given: Any, **more: Any) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return real(path, *given, **more)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ParkBridgeError) as stopped:
        build(empty_file, settings)
    assert "\n" not in str(stopped.value)
    assert "No space left on device" in str(stopped.value)
    assert "Next: make room" in str(stopped.value)
    assert sorted((settings.published / "sites").iterdir()) == [first]


def test_a_file_of_an_earlier_version_says_what_it_lacks(empty_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "old.duckdb"
    shutil.copyfile(empty_file, file)
    with duckdb.connect(str(file)) as connection:
        connection.execute('drop schema "园区" cascade')
        connection.execute('drop schema "核对" cascade')
        connection.execute("drop table snapshots.assessment")
    with pytest.raises(ParkBridgeError, match=r"lacks what pages show.*parkbridge sync"):
        build(file, at(tmp_path).settings)
    assert list((tmp_path / "home" / "published" / "sites").iterdir()) == []


def test_a_damaged_script_of_charts_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda: "let a = 1")
    path = _bundle(tmp_path)
    whole = path.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole.replace(b"a = 1", b"a = 2")):
        path.write_bytes(damaged)
        assert _bundle(tmp_path).read_bytes() == whole
