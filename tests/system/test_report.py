"""The report of the demo park: the same figures as the published file, in pages that lead to each other, drawn by a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from report.park import FIGURES
from report.words import wan
from tests.browser import Browser
from tests.report.drawn import is_well_drawn
from tests.report.pages import Page, Site
from tests.report.test_site import has_a_table_behind_every_chart, leads_inside
from tests.system.conftest import Park

pytestmark = [pytest.mark.airflow, pytest.mark.nights]


@pytest.fixture(scope="module")
def site(first_run: tuple[Park, str]) -> Site:
    park, _ = first_run
    return Site(park.home / "published" / "report", park.published)


def one_to_one(park: Park, sql: str) -> dict[Any, Any]:
    """A query of two columns, as a mapping."""
    return {key: value for key, value in park.ask(sql)}  # noqa: C416 - each row is of two


def test_the_night_made_it_and_the_summary_ends_with_it(first_run: tuple[Park, str], site: Site) -> None:
    last = first_run[1].rstrip().splitlines()[-1]
    assert last == f"Report       {site.folder / 'index.html'}"
    assert (site.folder / "index.html").is_file()
    night = str(first_run[0].ask("select night_id from ops.night")[0][0])
    assert site.folder.resolve().name.startswith(f"{night}-")
    assert night in site.page("index.html").text


def test_every_page_leads_to_pages_and_every_chart_has_a_table(site: Site) -> None:
    leads_inside(site)
    enterprises = sorted((site.folder / "enterprise").iterdir())
    others = [*site.folder.glob("*.html"), *(site.folder / "building").iterdir(), *(site.folder / "industry").iterdir()]
    for path in [*others, *enterprises[::20]]:
        has_a_table_behind_every_chart(Page(path))


def test_the_park_page_has_the_files_figures(park: Park, site: Site) -> None:
    shown = re.findall(r'class="v">([^<]*)<', (site.folder / "index.html").read_text(encoding="utf-8"))
    by_column = dict(zip([column for column, *_ in FIGURES], shown, strict=True))
    ((on_site, staff, tax, occupancy, area),) = park.ask(
        "select on_site_count, insured_headcount, round(tax_received_12m_amount / 10000)::bigint, round(occupancy_pct, 1), "
        "round(leased_area_m2)::bigint from snapshots.park_current"
    )
    assert by_column["on_site_count"] == f"{on_site:,}"
    assert by_column["insured_headcount"] == f"{staff:,}"
    assert by_column["tax_received_12m_amount"] == f"{tax:,}"
    assert by_column["occupancy_pct"] == f"{occupancy:,.1f}"
    assert by_column["leased_area_m2"] == f"{area:,}"
    rows = site.page("index.html").rows
    # as the operators' view has it, which is not what the page is made from
    views = one_to_one(park, 'select 指标, 数值 from "园区"."园区概况"')
    assert by_column["tenant_count"] == f"{views['在租企业']:,.0f}"
    taxes = one_to_one(
        park, "select strftime(month, '%Y-%m'), sum(received_amount) from monthly.tax_receipt group by 1"
    )
    by_month: dict[str, float] = {}
    for month, _, value, *_ in rows["tax"]:
        by_month[month] = by_month.get(month, 0) + value
    assert by_month == pytest.approx({month: float(value) for month, value in taxes.items() if month in by_month})
    assert len(by_month) > 30
    counts = one_to_one(park, "select assessment_code, count(*) from snapshots.assessment group by 1")
    assert dict(rows["assessment"]) == counts
    ((gained, lost),) = park.ask(
        "select sum(open_value) + sum(move_in_value) + sum(expand_value), "
        "-sum(close_value) - sum(move_out_value) - sum(contract_value) "
        "from snapshots.park_month where signal_code = 'headcount'"
    )
    assert sum(value for _, _, value in rows["jobs"] if value > 0) == gained
    assert sum(value for _, _, value in rows["jobs"] if value < 0) == lost


def test_every_enterprise_has_its_own_figures(park: Park, site: Site) -> None:
    keys = [str(key) for (key,) in park.ask("select enterprise_id from resolved.enterprise")]
    assert {path.stem for path in (site.folder / "enterprise").iterdir()} == set(keys)
    months: dict[str, list[list[object]]] = {}
    for key, month, value in park.ask(
        "select enterprise_id, strftime(month, '%Y-%m'), insured_headcount from monthly.headcount order by 1, 2"
    ):
        months.setdefault(str(key), []).append([month, value])
    suspect = set(
        park.ask(
            "select enterprise_id, strftime(month, '%Y-%m') from signals.plausibility where signal_code = 'headcount'"
        )
    )
    alerts = one_to_one(park, "select enterprise_id, count(*) from signals.alert group by 1")
    pages = {key: site.page(f"enterprise/{key}.html") for key in keys}
    marked = set()
    for key, page in pages.items():
        drawn = page.rows.get("headcount", [])
        assert [row[:2] for row in drawn] == months.get(key, []), key
        marked |= {(key, row[0]) for row in drawn if row[2] == "suspect"}
        found = [given for given in page.all("div") if re.fullmatch("alert (precise|watchful)", given.get("class", ""))]
        gaps = park_gaps(park).get(key, 0)
        assert len(found) == alerts.get(key, 0) + gaps, key
    assert suspect
    assert marked == suspect
    merged = park.ask(
        "select predecessor_enterprise_id, successor_enterprise_id, strftime(effective_month, '%Y-%m') from signals.succession "
        "where standing_code = 'fact'"
    )
    assert merged
    for before, after, month in merged:
        for key in (before, after):
            if key in pages:
                assert month in [event[0] for event in pages[str(key)].rows["events"]], key


_gaps: dict[Path, dict[str, int]] = {}


def park_gaps(park: Park) -> dict[str, int]:
    """How many gaps each enterprise has."""
    if park.home not in _gaps:
        found = park.ask("select enterprise_id, count(*) from snapshots.presence_gap group by 1")
        _gaps[park.home] = {str(key): int(str(count)) for key, count in found}
    return _gaps[park.home]


def test_quality_names_what_was_put_aside(park: Park, site: Site) -> None:
    text = " ".join(site.page("quality.html").text.split())
    for reason, count in park.ask("select reason, count(*) from ops.quarantine group by 1"):
        assert f"{reason}{count}" in text
    assert "全部检查通过" in text


def test_the_dictionary_has_every_table_and_where_columns_come_from(park: Park, site: Site) -> None:
    listed = site.page("dictionary.html").text
    for (name,) in park.ask("select schema_name || '.' || table_name from duckdb_tables()"):
        assert str(name) in listed
    page = site.page("dictionary/snapshots-enterprise_current.html")
    assert "monthly.main_building" not in page.text
    targets = [target for target in page.targets if "#" in target]
    assert any("signals-growth.html#value" in target for target in targets)


def test_the_report_made_again_is_the_same(park: Park, site: Site) -> None:
    before = {path.relative_to(site.folder): path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
    done = park.run("report")
    assert str(site.folder / "index.html").endswith(done.stdout.strip())
    after = {path.relative_to(site.folder): path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
    assert before == after


@pytest.mark.nights
def test_every_kind_of_page_is_well_drawn_at_two_widths(
    park: Park, site: Site, browser: Browser, tmp_path: Path
) -> None:
    ((successor,),) = park.ask(
        "select successor_enterprise_id from signals.succession where standing_code = 'fact' "
        "order by people_count desc nulls last, 1 limit 1"
    )
    ((urgent,),) = park.ask("select enterprise_id from signals.alert group by 1 order by count(*) desc, 1 limit 1")
    silent = park.ask(
        "select enterprise_id from resolved.enterprise where enterprise_id not in (select enterprise_id from signals.signal) "
        "order by 1 limit 1"
    )
    assert silent, "the demo has an enterprise without any month"
    buildings = sorted(path.name for path in (site.folder / "building").iterdir())
    industries = sorted(path.name for path in (site.folder / "industry").iterdir())
    paths = [
        *sorted(path.name for path in site.folder.glob("*.html")),
        *(f"building/{name}" for name in {buildings[0], buildings[-1]}),
        *(f"industry/{name}" for name in ("division-39.html", "division-unknown.html", "section-C.html")),
        "dictionary/snapshots-enterprise_current.html",
        *(f"enterprise/{key}.html" for key in (successor, urgent, silent[0][0])),
    ]
    kinds = {path.rpartition("/")[0] for path in paths}
    assert kinds == {""} | {path.name for path in site.folder.iterdir() if path.is_dir() and path.name != "assets"}
    assert "division-39.html" in industries
    assert is_well_drawn(browser, site.folder, paths, tmp_path) > 40


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_chart_has_its_rows_in_a_table(park: Park, site: Site, browser: Browser, language: str) -> None:
    ((key,),) = park.ask(
        "select successor_enterprise_id from signals.succession where standing_code = 'fact' "
        "order by people_count desc nulls last, 1 limit 1"
    )
    for path in ("index.html", f"enterprise/{key}.html", "enterprises.html", "quality.html"):
        browser.open(f"file://{site.folder / path}?lang={language}")
        page = site.page(path)
        with_rows = [given for given in page.all("figure") if page.rows.get(given["data-rows"])]
        assert browser.evaluate("document.querySelectorAll('svg[role=img][aria-label]').length") == len(with_rows), path
        cells = sum(len(row) for given in page.all("figure") for row in page.rows.get(given["data-rows"], ()))
        written = page.all("td")
        assert browser.evaluate("document.querySelectorAll('td').length") == len(written) + cells, path
        assert browser.evaluate("document.documentElement.dataset.show") == language


def test_a_long_list_begins_with_its_first_rows_in_any_order(park: Park, site: Site, browser: Browser) -> None:
    ((found_count, found_largest, found_smallest),) = park.ask(
        "select count(*), arg_max(enterprise_id, (tax_received_12m_amount, enterprise_id)), "
        "arg_min(enterprise_name, (tax_received_12m_amount, enterprise_id)) "
        "from snapshots.enterprise_current where tax_received_12m_amount is not null"
    )
    count, largest, smallest = int(str(found_count)), str(found_largest), str(found_smallest)
    shown = "[...document.querySelectorAll('#list tbody tr')].filter(row => row.getClientRects().length)"
    seen = browser.open(f"file://{site.folder / 'enterprises.html'}?lang=zh")
    total = browser.evaluate("document.querySelectorAll('#list tbody tr').length")
    assert int(str(total)) > count > 50
    assert browser.evaluate(f"{shown}.length") == 50
    assert browser.evaluate("document.querySelector('.more').textContent") == f"显示全部 {total} 行"
    browser.evaluate("document.querySelectorAll('#list th button')[5].click()")
    assert largest in str(browser.evaluate(f"{shown}[0].innerHTML")), "the order is of all rows, not of those in sight"
    find = "document.querySelector('input[data-find]')"
    browser.evaluate(f"{find}.value = {json.dumps(smallest)}; {find}.dispatchEvent(new Event('input'))")
    found = browser.evaluate(f"{shown}.map(row => row.innerText).join()")
    assert smallest in str(found), "a row out of sight is found"
    assert browser.evaluate("document.querySelector('.more').hidden")
    browser.evaluate(f"{find}.value = ''; {find}.dispatchEvent(new Event('input'))")
    assert browser.evaluate(f"{shown}.length") == 50
    browser.evaluate("document.querySelector('.more').click()")
    assert browser.evaluate(f"{shown}.length") == total
    assert seen.errors == []


def test_amounts_of_the_list_are_the_files(park: Park, site: Site) -> None:
    text = (site.folder / "enterprises.html").read_text(encoding="utf-8")
    for key, amount in park.ask(
        "select enterprise_id, tax_received_12m_amount from snapshots.enterprise_current "
        "where tax_received_12m_amount is not null order by 2 desc limit 20"
    ):
        row = next(line for line in text.splitlines() if f"enterprise/{key}.html" in line)
        assert f'data-v="{amount}">{wan(amount)}<' in row


def test_a_page_is_small(site: Site) -> None:
    sizes = [path.stat().st_size for path in (site.folder / "enterprise").iterdir()]
    assert sum(sizes) / len(sizes) < 40_000
    assert isinstance(site.page("index.html"), Page)
