"""The page of enterprises elsewhere that might come."""

from __future__ import annotations

from collections.abc import Iterator

from report.source import Page, Source


def pages(source: Source) -> Iterator[Page]:
    """candidates.html."""
    found = source.rows("candidate")
    shown = {
        "candidates": [row for row in found if row["candidate_rank"]],
        "excluded": [row for row in found if row["excluded_code"]],
    }
    yield Page("candidates.html", "candidates.html", ("招引对象", "Attraction"), shown, "candidates.html")
