"""The page of an edition that shows no enterprise: its published figures, as charts and as one list."""

from __future__ import annotations

from collections.abc import Iterator

from report.groups import SERIES
from report.source import Page, Source, Words, caption

CHARTS = {signal: f"total_{signal}" for signal in SERIES}


def pages(source: Source) -> Iterator[Page]:
    """index.html."""
    found = source.rows("statistics")
    rows = {signal: [[row["month"], row["total_value"]] for row in found if _is_park(row, signal)] for signal in CHARTS}
    captions: dict[str, Words | None] = {
        signal: caption(rows[signal], unit, divide=divide, digits=digits)
        for signal, (unit, divide, digits) in SERIES.items()
    }
    heading: Words = ("公开统计", "Published figures")
    shown = {"figures": found[::-1], "rows": rows, "captions": captions, "spec_of": CHARTS}
    yield Page("index.html", "statistics.html", heading, shown, "index.html")


def _is_park(row: dict[str, object], signal: str) -> bool:
    return row["part_kind"] == "park" and row["signal_code"] == signal
