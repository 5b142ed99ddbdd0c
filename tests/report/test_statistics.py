"""The page of an edition that shows no enterprise: which of its figures are the park's own."""

from __future__ import annotations

import pytest

from report.statistics import _is_park


@pytest.mark.parametrize(
    ("part", "signal", "is_park"),
    [
        ("park", "headcount", True),
        ("park", "tax_paid", False),
        ("industry_section", "headcount", False),
        ("industry_section", "tax_paid", False),
    ],
)
def test_a_chart_of_the_park_has_no_part_and_no_other_signal(part: str, signal: str, is_park: bool) -> None:
    assert _is_park({"part_kind": part, "signal_code": signal}, "headcount") == is_park
