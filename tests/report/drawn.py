"""What a page must be in a real browser, at a telephone's width and at a desk's: tests of any site call it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.browser import DESK, PHONE, Browser
from tests.report.pages import Page

# what sticks out of the screen to the right though it cannot be scrolled to: lists scroll within their box
STICKING_OUT = """[...document.querySelectorAll("main *, header *")].filter(one =>
  !one.closest(".box, nav, .vega-embed, .skip, details:not([open])") && one.getClientRects().length &&
  one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 120))"""
# axes of figures without the name of what they measure
UNNAMED_AXES = """[...document.querySelectorAll("figure")].filter(one => one.querySelector(".chart svg") &&
  !one.querySelector(".mark-text.role-axis-title text")).map(one => one.dataset.chart)"""
SENTENCE = re.compile(r"\b[a-z]+ [a-z]+ [a-z]+\b")


def is_well_drawn(browser: Browser, site: Path, paths: list[str], pictures: Path) -> int:
    """Open pages at both widths, take their pictures, and hold each against what every page must be.

    Returns:
        How many charts were drawn.
    """
    charts = 0
    for path in paths:
        page = Page(site / path)
        expected = len([one for one in page.all("figure") if page.rows.get(one["data-rows"])])
        for size in (PHONE, DESK):
            browser.resize(size)
            seen = browser.open(f"file://{site / path}?lang=zh")
            where = f"{path} at {size[0]} pixels"
            browser.picture(pictures / f"{path.replace('/', '_')}.{size[0]}.png")
            assert seen.failed == [], where
            assert seen.errors == [], where
            assert [one for one in seen.asked if not one.startswith(("file:", "data:"))] == [], where
            assert browser.evaluate("document.documentElement.scrollWidth") <= size[0], f"{where}: scrolls sideways"
            assert browser.evaluate(STICKING_OUT) == [], where
            assert browser.evaluate('document.querySelectorAll(".chart svg").length') == expected, where
            assert browser.evaluate(UNNAMED_AXES) == [], where
            # what somebody wrote is in the language in which it was written
            browser.evaluate('document.querySelectorAll("main q").forEach(one => { one.hidden = true })')
            text = browser.evaluate('document.querySelector("main").innerText')
            assert SENTENCE.findall(text) == [], f"{where}: English in the Chinese page"
            assert "undefined" not in text, where
            charts += expected
    return charts
